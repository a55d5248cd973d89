/* URLs: every form of tests/unit/urls.tsv gets its verdict, for its reason. M5, T-EXFIL-001. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/url.h>

#define FIELDS 5

struct form {
	char *verdict, *reason, *url, *spelled, *why;
	size_t url_size;
};

/* What cordon_text_escape has written, in place. */
static size_t
unescape(char *text)
{
	size_t length = 0;

	for (const char *at = text; *at != '\0';) {
		unsigned value;

		if (at[0] == '\\' && at[1] == '\\') {
			text[length++] = '\\';
			at += 2;
		} else if (at[0] == '\\') {
			cr_assert(eq(int, sscanf(at, "\\x%2x", &value), 1));
			text[length++] = (char)value;
			at += 4;
		} else {
			text[length++] = *at++;
		}
	}
	text[length] = '\0';
	return length;
}

static void
read_form(char *line, struct form *form)
{
	char **fields[FIELDS] = { &form->verdict, &form->reason, &form->url, &form->spelled,
		&form->why };

	line[strcspn(line, "\n")] = '\0';
	for (int i = 0; i < FIELDS; i++) {
		cr_assert(ne(ptr, line, NULL));
		*fields[i] = line;
		line = strchr(line, '\t');
		if (line != NULL)
			*line++ = '\0';
	}
	cr_assert(eq(ptr, line, NULL));
	form->url_size = unescape(form->url);
}

/* The verdict of what a form is, and the reason of it. */
static const char *
judge(const struct form *form, struct cordon_url *url, struct cordon_error *err)
{
	strcpy(err->reason, "-");
	if (cordon_url_parse(form->url, form->url_size, url, err) < 0)
		return "invalid";
	return cordon_host_judge(&url->to.host, NULL, 0, err) < 0 ? "block" : "allow";
}

Test(url, every_form_gets_its_verdict_for_its_reason)
{
	FILE *file = fopen(CORDON_SOURCE_DIR "/tests/unit/urls.tsv", "re");
	char *line = NULL;
	size_t room = 0;
	int count[3] = { 0 };

	cr_assert(ne(ptr, file, NULL));
	while (getline(&line, &room, file) > 0) {
		struct cordon_url url = { 0 }, again = { 0 };
		struct cordon_error err = { 0 }, why;
		struct form form;
		const char *verdict;

		if (line[0] == '#' || line[0] == '\n')
			continue;
		read_form(line, &form);
		verdict = judge(&form, &url, &err);
		cr_expect(eq(str, (char *)verdict, form.verdict), "%s: %s (%s)", form.url, form.why,
			err.text);
		cr_expect(eq(str, err.reason, form.reason), "%s: %s (%s)", form.url, form.why,
			err.text);
		count[verdict[0] == 'a' ? 0 : verdict[0] == 'b' ? 1 : 2]++;
		if (verdict[0] != 'i') {
			char spelled[CORDON_URL_TEXT];

			cordon_url_print(&url, spelled);
			cr_expect(eq(str, spelled, form.spelled), "%s", form.why);
			cr_expect(eq(
				int, cordon_url_parse(spelled, strlen(spelled), &again, &why), 0));
			cr_expect(eq(int, url.scheme, again.scheme));
			cr_expect(cordon_host_equal(&url.to.host, &again.to.host));
			cr_expect(eq(int, url.to.port, again.to.port));
			cr_expect(eq(str, url.target, again.target));
		} else {
			cr_expect(eq(int, url.scheme, 0), "an error leaves the result alone");
			cr_expect(ne(str, err.text, ""));
		}
	}
	cr_expect(count[0] > 80 && count[1] > 80 && count[2] > 300, "%d %d %d", count[0], count[1],
		count[2]);
	free(line);
	fclose(file);
}

Test(url, parts_are_what_they_are)
{
	static const char text[] = "https://EXAMPLE.com.:8443/a/b?c=d#e";
	struct cordon_url url;
	struct cordon_error err;

	cr_assert(eq(int, cordon_url_parse(text, strlen(text), &url, &err), 0));
	cr_assert(eq(int, url.scheme, CORDON_URL_HTTPS));
	cr_assert(eq(int, url.to.host.kind, CORDON_HOST_NAME));
	cr_assert(eq(str, url.to.host.text, "example.com"));
	cr_assert(eq(int, url.to.port, 8443));
	cr_assert(eq(str, url.target, "/a/b?c=d"));
}

Test(url, the_longest_is_read_and_no_longer_one)
{
	static char text[CORDON_URL_MAX + 2] = "http://a/";
	struct cordon_url url;
	struct cordon_error err;

	memset(text + 9, 'x', CORDON_URL_MAX - 8);
	cr_assert(eq(int, cordon_url_parse(text, CORDON_URL_MAX, &url, &err), 0));
	cr_assert(eq(sz, strlen(url.target), CORDON_URL_MAX - 8));
	cr_assert(eq(int, cordon_url_parse(text, CORDON_URL_MAX + 1, &url, &err), -1));
	cr_assert(eq(str, err.reason, "net.url"));
}

Test(url, a_target_that_only_encoding_makes_too_long_is_refused)
{
	static char text[CORDON_URL_MAX] = "http://a/";
	struct cordon_url url;
	struct cordon_error err;
	size_t size = 9;

	for (; size + 2 < 5500; size += 2)
		memcpy(text + size, "\xc3\xa4", 2);
	cr_assert(eq(int, cordon_url_parse(text, size, &url, &err), -1));
	cr_assert(eq(str, err.reason, "net.url"));
	cr_assert(
		eq(int, cordon_url_parse(text, 9 + 2 * ((CORDON_URL_MAX - 1) / 6), &url, &err), 0));
}
