/* calls: memfd_create write ftruncate fcntl mmap munmap close */
#include "fetch_page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cordon/digest.h>
#include <cordon/fd.h>
#include <cordon/text.h>

#include "fetch_html.h"
#include "fetch_wrap.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008u
#endif

static int
fail(const char *what, struct cordon_error *err)
{
	cordon_fail(err, CORDON_ESYS, errno, "could not keep what was fetched: %s", what);
	return cordon_because(err, "limit.memory");
}

static int
make(struct cordon_error *err)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create("cordon-fetch", flags | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL) /* before Linux 6.3 */
		fd = memfd_create("cordon-fetch", flags);
	return fd < 0 ? fail("no file in memory", err) : fd;
}

static int
seal(int fd, struct cordon_error *err)
{
	return fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0
		       ? fail("it cannot be sealed", err)
		       : 0;
}

int
fetch_page_begin(struct fetch_page *p, size_t max, struct cordon_error *err)
{
	*p = (struct fetch_page){ .fd = make(err), .max = max };
	return p->fd < 0 ? -1 : 0;
}

int
fetch_page_add(struct fetch_page *p, const void *data, size_t size, struct cordon_error *err)
{
	const size_t fits = size < p->max - p->size ? size : p->max - p->size;

	if (cordon_fd_write_all(p->fd, data, fits) < 0) {
		p->truncated = 1;
		return fail("it cannot be written", err);
	}
	p->size += fits;
	p->truncated |= fits < size;
	return fits < size ? -1 : 0;
}

void
fetch_page_finish(struct fetch_page *p)
{
	cordon_fd_close_p(&p->fd);
}

static int
keep_wrapped(const struct fetch_wrapped *w, struct cordon_fetch_result *ret, int *ret_wrapped,
	struct cordon_error *err)
{
	CORDON_CLOSE int fd = make(err);

	if (fd < 0)
		return -1;
	if (cordon_fd_write_all(fd, w->text, w->size) < 0)
		return fail("it cannot be wrapped", err);
	if (seal(fd, err) < 0)
		return -1;
	memcpy(ret->boundary, w->boundary, sizeof(ret->boundary));
	ret->wrapped_bytes = w->size;
	ret->neutralised = w->neutralised;
	ret->invisible = w->invisible;
	*ret_wrapped = cordon_fd_take(&fd);
	return 0;
}

static int
wrap(const char *text, size_t size, const struct fetch_wish *wish, struct cordon_fetch_result *ret,
	int *ret_wrapped, struct cordon_error *err)
{
	struct fetch_source source = { .url = wish->url,
		.digest = ret->digest,
		.bytes = size,
		.is_html = fetch_is_html(wish->headers, text, size),
		.earlier = wish->request->earlier,
		.earlier_count = wish->request->earlier_count };
	struct fetch_html html = { 0 };
	struct fetch_wrapped w = { 0 };
	int result = -1;

	if (!source.is_html || fetch_html_read(text, size, &html, err) == 0)
		result = fetch_wrap(source.is_html ? html.text : text,
			source.is_html ? html.size : size, &source, &w, err);
	free(html.text);
	if (result == 0)
		result = keep_wrapped(&w, ret, ret_wrapped, err);
	free(w.text);
	ret->hidden = html.hidden;
	return result;
}

static int
look(struct fetch_page *p, const char *text, const struct fetch_wish *wish,
	struct cordon_fetch_result *ret, int *ret_wrapped, struct cordon_error *err)
{
	const size_t whole = p->truncated ? cordon_text_whole(text, p->size) : p->size;

	ret->is_text = cordon_text_is_utf8(text, whole);
	if (ret->is_text && whole < p->size) {
		if (ftruncate(p->fd, (off_t)whole) < 0)
			return fail("it cannot be cut", err);
		p->size = whole;
	}
	ret->bytes = p->size;
	ret->truncated = p->truncated;
	if (cordon_digest_of(text, p->size, ret->digest, err) < 0)
		return cordon_because(err, "limit.memory");
	return wish->request->wrap && ret->is_text
		       ? wrap(text, p->size, wish, ret, ret_wrapped, err)
		       : 0;
}

int
fetch_page_end(struct fetch_page *p, const struct fetch_wish *wish, struct cordon_fetch_result *ret,
	int *ret_wrapped, struct cordon_error *err)
{
	const size_t size = p->size;
	void *text = (void *)(uintptr_t) "";
	int result;

	*ret_wrapped = -1;
	if (size > 0)
		text = mmap(NULL, size, PROT_READ, MAP_PRIVATE, p->fd, 0);
	if (text == MAP_FAILED)
		return fail("it cannot be read", err);
	result = look(p, text, wish, ret, ret_wrapped, err);
	if (size > 0)
		(void)munmap(text, size);
	return result < 0 ? -1 : seal(p->fd, err);
}
