/* What a server makes of a fetch, by the first byte: lines of an answer, where a redirect leads, a text that is wrapped, a page of
 * HTML. The wrapped text is UTF-8, has its boundary exactly three times and our words exactly twice. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/text.h>

#include "fetch_headers.h"
#include "fetch_html.h"
#include "fetch_redirect.h"
#include "fetch_wrap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned
count(const struct fetch_wrapped *w, const char *what)
{
	const char *at = w->text;
	unsigned found = 0;

	while ((at = memmem(at, (size_t)(w->text + w->size - at), what, strlen(what))) != NULL) {
		found++;
		at++;
	}
	return found;
}

static void
wrap(const char *text, size_t size)
{
	static const uint8_t digest[CORDON_FETCH_DIGEST];
	static const char earlier[][CORDON_FETCH_BOUNDARY] = { "0123456789abcdef0123456789abcdef" };
	const struct fetch_source source = { .url = "http://a/",
		.digest = digest,
		.bytes = size,
		.earlier = earlier,
		.earlier_count = 1 };
	struct fetch_wrapped w;
	struct cordon_error err;

	if (!cordon_text_is_utf8(text, size) || fetch_wrap(text, size, &source, &w, &err) < 0)
		return;
	if (!cordon_text_is_utf8(w.text, w.size) || count(&w, w.boundary) != 3 ||
		count(&w, " UNTRUSTED CONTENT ") != 2 || count(&w, earlier[0]) != 0)
		abort();
	free(w.text);
}

static void
html(const char *text, size_t size)
{
	struct fetch_html h;
	struct cordon_error err;

	if (!cordon_text_is_utf8(text, size) || fetch_html_read(text, size, &h, &err) < 0)
		return;
	if (!cordon_text_is_utf8(h.text, h.size) || strlen(h.text) != h.size)
		abort();
	free(h.text);
}

static void
redirect(const char *text)
{
	static struct cordon_url base, url;
	static char printed[CORDON_URL_TEXT];
	struct cordon_url again;
	struct cordon_error err;

	if (base.target[0] == '\0' && cordon_url_parse("http://a/b/c?d", 14, &base, &err) < 0)
		abort();
	if (fetch_redirect(&base, text, &url, &err) < 0)
		return;
	cordon_url_print(&url, printed);
	if (cordon_url_parse(printed, strlen(printed), &again, &err) < 0 ||
		!fetch_same_origin(&url, &again))
		abort();
}

static void
answer(const char *text, size_t size)
{
	struct fetch_answer a = { 0 };

	while (size > 0) {
		const char *end = memchr(text, '\n', size);
		const size_t its = end == NULL ? size : (size_t)(end + 1 - text);

		fetch_answer_line(&a, text, its);
		text += its;
		size -= its;
	}
	for (size_t i = 0; i < a.count; i++)
		if (!cordon_text_is_utf8(a.headers[i], strlen(a.headers[i])))
			abort();
	if (a.count % 2 != 0 || a.count > 2 * CORDON_FETCH_HEADERS)
		abort();
	fetch_answer_finish(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size == 0)
		return 0;
	text = strndup((const char *)data + 1, size - 1);
	if (text == NULL)
		abort();
	if (data[0] == 'w')
		wrap((const char *)data + 1, size - 1);
	else if (data[0] == 'h')
		html((const char *)data + 1, size - 1);
	else if (data[0] == 'r')
		redirect(text);
	else
		answer((const char *)data + 1, size - 1);
	free(text);
	return 0;
}
