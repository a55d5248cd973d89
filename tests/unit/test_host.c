/* Hosts, endpoints and what a profile lists. The many spellings are in tests/unit/urls.tsv. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <string.h>

#include <cordon/host.h>
#include <cordon/host_pattern.h>

static struct cordon_host
host_of(const char *text)
{
	struct cordon_host host = { 0 };
	struct cordon_error err = { 0 };

	cr_assert(eq(int, cordon_host_parse(text, strlen(text), &host, &err), 0), "%s", err.text);
	return host;
}

static int
is_host(const char *text)
{
	struct cordon_host host;
	struct cordon_error err = { 0 };

	if (cordon_host_parse(text, strlen(text), &host, &err) == 0)
		return 1;
	cr_assert(eq(str, err.reason, "net.host"));
	cr_assert(eq(int, err.code, CORDON_EINPUT));
	return 0;
}

Test(host, a_name_has_one_spelling)
{
	const struct cordon_host a = host_of("WWW.Example.COM."), b = host_of("www.example.com"),
				 c = host_of("www.example.org");

	cr_assert(eq(str, (char *)a.text, "www.example.com"));
	cr_assert(cordon_host_equal(&a, &b));
	cr_assert(not(cordon_host_equal(&a, &c)));
}

Test(host, an_address_is_no_name)
{
	const struct cordon_host v4 = host_of("8.8.8.8"), v6 = host_of("2606:4700::1"),
				 mapped = host_of("::ffff:8.8.8.8");

	cr_assert(eq(int, v4.kind, CORDON_HOST_ADDRESS));
	cr_assert(eq(int, v4.address.family, 4));
	cr_assert(eq(int, v6.address.family, 6));
	cr_assert(eq(str, (char *)v6.text, "2606:4700::1"));
	cr_assert(cordon_host_equal(&mapped, &v4));
}

Test(host, a_host_alone_has_no_brackets_and_no_port)
{
	static const char *const forms[] = { "[::1]", "example.com:80", "8.8.8.8:80", "", ".",
		"a b", "a/b", "http://a", "a@b", "*.example.com", "::1%lo" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		cr_assert(not(is_host(forms[i])), "%s", forms[i]);
}

Test(host, a_nul_is_no_end)
{
	struct cordon_host host;
	struct cordon_error err;

	cr_assert(eq(int, cordon_host_parse("localhost\0.example", 18, &host, &err), -1));
	cr_assert(eq(int, cordon_host_parse("127.0.0.1\0", 10, &host, &err), -1));
	cr_assert(eq(int, cordon_host_parse("example.com\0", 12, &host, &err), -1));
}

Test(host, a_refusal_says_why_in_printable_ascii)
{
	struct cordon_host host;
	struct cordon_error err;

	cr_assert(eq(int, cordon_host_parse("0x7f.1\x1b[31m", 11, &host, &err), -1));
	cr_assert(eq(str, err.text, "'0x7f.1\\x1b[31m' is not a host: it has a control character"));
	cr_assert(eq(int, cordon_host_parse("0177.0.0.1", 10, &host, &err), -1));
	cr_assert(eq(str, err.text,
		"'0177.0.0.1' is not a host: it ends in a number, and is not the four decimal "
		"numbers of an IPv4 address"));
}

Test(host, this_host_and_what_is_not_public_are_judged_before_any_name_is_resolved)
{
	static const char *const forbidden[] = { "localhost", "a.localhost", "LocalHost.",
		"127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "::ffff:10.0.0.1" };
	static const char *const allowed[] = { "example.com", "localhost.example", "8.8.8.8",
		"2606:4700::1", "notlocalhost", "localhosts" };
	const struct cordon_host own = host_of("8.8.8.8");

	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		const struct cordon_host host = host_of(forbidden[i]);
		struct cordon_error err = { 0 };

		cr_assert(eq(int, cordon_host_judge(&host, NULL, 0, &err), -1), "%s", forbidden[i]);
		cr_assert(eq(str, err.reason, "net.private_address"));
		cr_assert(eq(int, err.code, CORDON_EPOLICY));
	}
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		const struct cordon_host host = host_of(allowed[i]);
		struct cordon_error err = { 0 };

		cr_assert(eq(int, cordon_host_judge(&host, NULL, 0, &err), 0), "%s", allowed[i]);
	}
	{
		struct cordon_error err = { 0 };

		cr_assert(eq(int, cordon_host_judge(&own, &own.address, 1, &err), -1));
		cr_assert(eq(str, err.text,
			"'8.8.8.8' is not a public address but local (assigned to this host)"));
	}
}

/* endpoints */

static void
check_endpoint(const char *text, uint16_t default_port, const char *printed)
{
	struct cordon_endpoint endpoint = { 0 }, again = { 0 };
	struct cordon_error err = { 0 };
	char out[CORDON_ENDPOINT_TEXT];

	cr_assert(eq(int, cordon_endpoint_parse(text, strlen(text), default_port, &endpoint, &err),
			  0),
		"%s: %s", text, err.text);
	cordon_endpoint_print(&endpoint, out);
	cr_assert(eq(str, out, (char *)printed));
	cr_assert(eq(int, cordon_endpoint_parse(out, strlen(out), 0, &again, &err), 0));
	cr_assert(cordon_host_equal(&endpoint.host, &again.host));
	cr_assert(eq(int, endpoint.port, again.port));
}

Test(endpoint, host_and_port)
{
	check_endpoint("127.0.0.1:5432", 0, "127.0.0.1:5432");
	check_endpoint("[::1]:5432", 0, "[::1]:5432");
	check_endpoint("[::ffff:127.0.0.1]:5432", 0, "127.0.0.1:5432");
	check_endpoint("Example.com.:65535", 0, "example.com:65535");
	check_endpoint("example.com", 80, "example.com:80");
	check_endpoint("[2606:4700::1]", 443, "[2606:4700::1]:443");
	check_endpoint("example.com:1", 80, "example.com:1");
}

Test(endpoint, the_longest_name_fits)
{
	char text[CORDON_HOST_MAX + 8];

	memset(text, 'a', CORDON_HOST_MAX);
	text[63] = text[127] = text[191] = '.';
	memcpy(text + CORDON_HOST_MAX, ":65535", 7);
	check_endpoint(text, 0, text);
}

Test(endpoint, without_a_port_there_has_to_be_a_default)
{
	static const char *const forms[] = { "example.com", "127.0.0.1", "[::1]", "example.com:" };
	struct cordon_endpoint endpoint;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct cordon_error err = { 0 };

		cr_assert(eq(int,
			cordon_endpoint_parse(forms[i], strlen(forms[i]), 0, &endpoint, &err), -1));
		cr_assert(eq(str, err.reason, "net.port"));
	}
}

/* patterns */

static int
parse_pattern(const char *text, struct cordon_host_pattern *pattern, struct cordon_error *err)
{
	return cordon_host_pattern_parse(text, strlen(text), pattern, err);
}

static int
matches(const char *pattern_text, const char *host_text)
{
	const struct cordon_host host = host_of(host_text);
	struct cordon_host_pattern pattern;
	struct cordon_error err;

	cr_assert(eq(int, parse_pattern(pattern_text, &pattern, &err), 0), "%s", err.text);
	return cordon_host_pattern_match(&pattern, &host);
}

Test(host_pattern, an_exact_name_is_that_name)
{
	cr_assert(matches("Example.com", "example.COM."));
	cr_assert(not(matches("example.com", "www.example.com")));
	cr_assert(not(matches("example.com", "example.co")));
	cr_assert(not(matches("example.com", "badexample.com")));
	cr_assert(matches("b\xc3\xbc"
			  "cher.example",
		"xn--bcher-kva.example"));
	cr_assert(matches("db", "db"));
}

Test(host_pattern, a_star_is_what_is_strictly_below)
{
	cr_assert(matches("*.example.com", "www.example.com"));
	cr_assert(matches("*.example.com", "a.b.example.com"));
	cr_assert(matches("*.Example.com.", "WWW.example.com"));
	cr_assert(not(matches("*.example.com", "example.com")));
	cr_assert(not(matches("*.example.com", "badexample.com")));
	cr_assert(not(matches("*.example.com", "example.com.evil.test")));
	cr_assert(not(matches("*.example.com", "com")));
	cr_assert(not(matches("*.example.com", "8.8.8.8")));
	cr_assert(matches("*.internal", "db.internal"));
	cr_assert(matches("*.test", "a.test"));
}

Test(host_pattern, a_literal_is_that_address_however_it_is_written)
{
	cr_assert(matches("8.8.8.8", "::ffff:8.8.8.8"));
	cr_assert(matches("2606:4700:0::1", "2606:4700::1"));
	cr_assert(matches("127.0.0.1", "127.0.0.1"));
	cr_assert(not(matches("8.8.8.8", "8.8.8.9")));
	cr_assert(not(matches("8.8.8.8", "a.example")));
}

Test(host_pattern, what_cannot_be_listed)
{
	static const char *const forms[] = { "", "*", "*.", "*..com", "**.example.com", "a.*.com",
		"www*.example.com", "*example.com", "*.*.example.com", "*.8.8.8.8", "*.::1",
		"[::1]", "8.8.8.8:80", "example.com:443", "0177.0.0.1", "localhost", "*.localhost",
		"a.localhost", "com", "*.com", "co.uk", "*.co.uk", "*.CO.UK.", "*.github.io",
		"*.s3.amazonaws.com", "*.xn--p1ai", "xn--p1ai", "*.ck", "*.anything.ck",
		"*.compute.amazonaws.com", "*.local host", "%2a.example.com",
		"http://example.com" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct cordon_host_pattern pattern;
		struct cordon_error err = { 0 };

		cr_assert(eq(int, parse_pattern(forms[i], &pattern, &err), -1), "%s", forms[i]);
		cr_assert(eq(str, err.reason, "net.host"), "%s", forms[i]);
	}
}

/* For lists of what is refused: anything that is a host. */
Test(host_pattern, any_pattern_is_read_where_its_kind_does_not_matter)
{
	static const char *const good[] = { "*.co.uk", "com", "*.github.io", "localhost",
		"10.0.0.1" };
	static const char *const bad[] = { "*", "*.", "*.1.2.3.4", "a.*.b", "0177.0.0.1", "" };
	struct cordon_host_pattern pattern;
	struct cordon_error err;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		cr_expect(eq(int,
				  cordon_host_pattern_parse_any(
					  good[i], strlen(good[i]), &pattern, &err),
				  0),
			"%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect(eq(int,
				  cordon_host_pattern_parse_any(
					  bad[i], strlen(bad[i]), &pattern, &err),
				  -1),
			"%s", bad[i]);
}

Test(host_pattern, names_beside_public_suffixes_can_be_listed)
{
	static const char *const forms[] = { "example.com", "*.example.com", "*.example.co.uk",
		"github.io", "*.cordon.github.io", "s3.amazonaws.com", "storage.googleapis.com",
		"www.ck", "*.www.ck", "intranet", "*.intranet", "10.0.0.1", "fd00::1" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct cordon_host_pattern pattern;
		struct cordon_error err = { 0 };

		cr_assert(eq(int, parse_pattern(forms[i], &pattern, &err), 0), "%s", err.text);
	}
}
