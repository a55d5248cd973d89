#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <string.h>

#include "fetch_redirect.h"

static struct cordon_url base, url;
static struct cordon_error err;

static void
begin(void)
{
	static const char text[] = "http://a/b/c/d;p?q";

	cr_assert(eq(int, cordon_url_parse(text, strlen(text), &base, &err), 0));
}

TestSuite(fetch_redirect, .init = begin, .timeout = 10);

static void
leads(const char *location, const char *expected)
{
	static char text[CORDON_URL_TEXT];

	cr_assert(eq(int, fetch_redirect(&base, location, &url, &err), 0), "%s: %s", location,
		err.text);
	cordon_url_print(&url, text);
	cr_expect(eq(str, text, (char *)(uintptr_t)expected), "%s", location);
}

/* RFC 3986, 5.4, as far as it leads to http; "g:h" and "http:g" are below. */
Test(fetch_redirect, the_examples_of_rfc_3986_lead_where_it_says)
{
	static const char *const examples[][2] = { { "g", "http://a/b/c/g" },
		{ "./g", "http://a/b/c/g" }, { "g/", "http://a/b/c/g/" }, { "/g", "http://a/g" },
		{ "//g", "http://g/" }, { "?y", "http://a/b/c/d;p?y" },
		{ "g?y", "http://a/b/c/g?y" }, { "#s", "http://a/b/c/d;p?q" },
		{ "g#s", "http://a/b/c/g" }, { "g?y#s", "http://a/b/c/g?y" },
		{ ";x", "http://a/b/c/;x" }, { "g;x", "http://a/b/c/g;x" },
		{ "", "http://a/b/c/d;p?q" }, { ".", "http://a/b/c/" }, { "./", "http://a/b/c/" },
		{ "..", "http://a/b/" }, { "../", "http://a/b/" }, { "../g", "http://a/b/g" },
		{ "../..", "http://a/" }, { "../../", "http://a/" }, { "../../g", "http://a/g" },
		{ "../../../g", "http://a/g" }, { "g.", "http://a/b/c/g." },
		{ "..g", "http://a/b/c/..g" }, { "./../g", "http://a/b/g" },
		{ "./g/.", "http://a/b/c/g/" }, { "g/./h", "http://a/b/c/g/h" },
		{ "g/../h", "http://a/b/c/h" }, { "g?y/../x", "http://a/b/c/g?y/../x" },
		{ "g#s/../x", "http://a/b/c/g" },
		{ "https://other:8443/x", "https://other:8443/x" } };

	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
		leads(examples[i][0], examples[i][1]);
}

Test(fetch_redirect, what_is_no_http_url_is_refused_with_the_reason_of_the_parser)
{
	static const char *const all[][2] = { { "g:h", "net.scheme" }, { "http:g", "net.scheme" },
		{ "file:///etc/passwd", "net.scheme" }, { "data:,x", "net.scheme" },
		{ "//user@b/", "net.userinfo" }, { "//127.1/", "net.host" },
		{ "//b:0/", "net.port" }, { "/a b", "net.url" }, { "\\\\b\\c", "net.url" },
		{ "/%zz", "net.url" } };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		cr_expect(
			eq(int, fetch_redirect(&base, all[i][0], &url, &err), -1), "%s", all[i][0]);
		cr_expect(eq(str, err.reason, (char *)(uintptr_t)all[i][1]), "%s", all[i][0]);
	}
}

Test(fetch_redirect, one_that_is_too_long_is_refused_and_a_long_base_is_no_trouble)
{
	static char longest[3 * CORDON_URL_MAX];

	memset(longest, 'x', sizeof(longest) - 1);
	cr_assert(eq(int, fetch_redirect(&base, longest, &url, &err), -1));
	cr_assert(eq(str, err.reason, "net.url"));
	memset(base.target, '/', CORDON_URL_MAX);
	longest[CORDON_URL_MAX] = '\0';
	cr_assert(eq(int, fetch_redirect(&base, longest, &url, &err), -1));
	longest[10] = '\0';
	cr_assert(eq(int, fetch_redirect(&base, longest, &url, &err), -1));
	leads("/x", "http://a/x");
}

Test(fetch_redirect, an_origin_is_scheme_host_and_port)
{
	static const char *const others[] = { "https://a/", "http://b/", "http://a:81/" };

	leads("http://a:80/other", "http://a/other");
	cr_assert(ne(int, fetch_same_origin(&base, &url), 0));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		cr_assert(eq(int, fetch_redirect(&base, others[i], &url, &err), 0));
		cr_expect(eq(int, fetch_same_origin(&base, &url), 0), "%s", others[i]);
	}
}
