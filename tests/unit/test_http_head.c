#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_head.h"

static struct http h;

/* What came of a client's bytes, which came in pieces of so many. */
struct course {
	enum http_answer last;
	unsigned requests;
	size_t passed;
	size_t heads[4]; /* up to where each head reaches */
	char names[4][HOSTNAME_ROOM];
};

static struct course
run_of(const char *data, size_t size, size_t piece)
{
	struct course c = { .last = HTTP_MORE };
	size_t have = 0, pass;

	while (have < size && c.last != HTTP_REFUSED) {
		have += size - have < piece ? size - have : piece;
		do {
			/* A copy that ends where the bytes do, for the sanitizer. */
			uint8_t *exact = malloc(have - c.passed + 1);

			memcpy(exact, data + c.passed, have - c.passed);
			c.last = http_look(&h, exact, have - c.passed, &pass);
			free(exact);
			cr_assert(le(sz, pass, have - c.passed));
			c.passed += pass;
			if (c.last == HTTP_REQUEST) {
				cr_assert(lt(u32, c.requests, 4));
				c.heads[c.requests] = c.passed;
				strcpy(c.names[c.requests++], h.host.name);
			}
		} while (c.last == HTTP_REQUEST);
	}
	return c;
}

static struct course
run_text(const char *text)
{
	http_begin(&h, HTTP_UPGRADE_REFUSED);
	return run_of(text, strlen(text), 100000);
}

static void
expect_refusal_of(const char *data, size_t size, enum http_refusal why)
{
	static const size_t pieces[] = { 1, 7, 1000000 };

	for (size_t i = 0; i < 3; i++) {
		if (pieces[i] < 8 && size > 5000)
			continue;
		http_begin(&h, HTTP_UPGRADE_REFUSED);
		struct course c = run_of(data, size, pieces[i]);

		cr_assert(eq(int, (int)c.last, HTTP_REFUSED), "in pieces of %zu: '%.60s'",
			pieces[i], data);
		cr_assert(eq(int, (int)h.refusal, (int)why), "%s for '%.60s'",
			http_refusal_name(h.refusal), data);
		/* And stays so. */
		size_t pass = 1;
		cr_assert(
			eq(int, (int)http_look(&h, (const uint8_t *)"G", 1, &pass), HTTP_REFUSED));
		cr_assert(eq(sz, pass, 0));
	}
}

static void
expect_refusal(const char *text, enum http_refusal why)
{
	expect_refusal_of(text, strlen(text), why);
}

/* One request with these lines behind the first. */
static void
expect_lines(const char *lines, enum http_refusal why)
{
	char text[2000];

	snprintf(text, sizeof(text), "POST /a HTTP/1.1\r\n%s\r\n\r\n", lines);
	if (why != HTTP_FINE) {
		expect_refusal(text, why);
		return;
	}
	struct course c = run_text(text);
	cr_assert(eq(u32, c.requests, 1), "%s for '%s'", http_refusal_name(h.refusal), lines);
}

static void
expect_host(const char *host, const char *name, unsigned port)
{
	char text[500];

	snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", host);
	if (name == NULL) {
		expect_refusal(text, HTTP_BAD_HOST);
		return;
	}
	struct course c = run_text(text);
	cr_assert(eq(u32, c.requests, 1), "'%s'", host);
	cr_assert(eq(str, h.host.name, (char *)name));
	cr_assert(eq(u16, h.host.port, (uint16_t)port));
}

TestSuite(http_head, .timeout = 60);

/* What clients sent to a listener on loopback. */
static const char by_curl[] =
	"POST /a?b=c HTTP/1.1\r\nHost: example.org:4443\r\nUser-Agent: curl/7.88.1\r\n"
	"Accept: */*\r\nContent-Length: 7\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\nx=1&y=2";
static const char by_curl_chunked[] =
	"PUT /a?b=c HTTP/1.1\r\nHost: example.org:4443\r\nUser-Agent: curl/7.88.1\r\n"
	"Accept: */*\r\nTransfer-Encoding: chunked\r\n\r\n21\r\nhello worldhello worldhello world\r\n0\r\n\r\n";
static const char by_curl_proxied[] =
	"GET http://example.org/a HTTP/1.1\r\nHost: example.org\r\n"
	"User-Agent: curl/7.88.1\r\nAccept: */*\r\nProxy-Connection: Keep-Alive\r\n\r\n";
static const char by_curl_connect[] =
	"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n"
	"User-Agent: curl/7.88.1\r\nProxy-Connection: Keep-Alive\r\n\r\n";
static const char by_curl_h2[] =
	"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\4\0\0\0\0\0\0\3\0\0\0d\0\4\2\0\0\0";
static const char by_curl_h2c[] =
	"GET /a?b=c HTTP/1.1\r\nHost: example.org:4443\r\nUser-Agent: curl/7.88.1\r\n"
	"Accept: */*\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
	"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n";
static const char by_curl_10[] =
	"GET /a?b=c HTTP/1.0\r\nHost: example.org:4443\r\nUser-Agent: curl/7.88.1\r\n"
	"Accept: */*\r\n\r\n";
static const char by_wget[] =
	"GET /a HTTP/1.1\r\nHost: 127.0.0.1:4443\r\nUser-Agent: Wget/1.21.3\r\nAccept: */*\r\n"
	"Accept-Encoding: identity\r\nConnection: Keep-Alive\r\n\r\n";
static const char by_python[] =
	"GET /a HTTP/1.1\r\nAccept-Encoding: identity\r\nHost: 127.0.0.1:4443\r\n"
	"User-Agent: Python-urllib/3.11\r\nConnection: close\r\n\r\n";
static const char by_node[] = "POST /p HTTP/1.1\r\nhost: example.org\r\nConnection: keep-alive\r\n"
			      "Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n";

Test(http_head, of_real_clients_is_read_however_it_is_cut)
{
	static const struct {
		const char *text, *host;
		unsigned port;
		int minor, chunked;
		uint64_t length;
	} rows[] = {
		{ by_curl, "example.org", 4443, 1, 0, 7 },
		{ by_curl_chunked, "example.org", 4443, 1, 1, 0 },
		{ by_curl_proxied, "example.org", 80, 1, 0, 0 },
		{ by_curl_10, "example.org", 4443, 0, 0, 0 },
		{ by_wget, "127.0.0.1", 4443, 1, 0, 0 },
		{ by_python, "127.0.0.1", 4443, 1, 0, 0 },
		{ by_node, "example.org", 80, 1, 1, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (size_t piece = 1; piece <= strlen(rows[i].text); piece++) {
			http_begin(&h, HTTP_UPGRADE_REFUSED);
			struct course c = run_of(rows[i].text, strlen(rows[i].text), piece);

			cr_assert(eq(u32, c.requests, 1), "%zu in pieces of %zu", i, piece);
			cr_assert(eq(sz, c.passed, strlen(rows[i].text)));
			cr_assert(eq(str, h.host.name, (char *)rows[i].host));
			cr_assert(eq(u16, h.host.port, (uint16_t)rows[i].port));
			cr_assert(eq(int, h.minor, rows[i].minor));
			cr_assert(eq(int, h.chunked, rows[i].chunked));
			cr_assert(eq(u64, h.length, rows[i].length));
		}
}

Test(http_head, gives_method_and_target)
{
	size_t pass;

	http_begin(&h, HTTP_UPGRADE_REFUSED);
	cr_assert(eq(int, (int)http_look(&h, (const uint8_t *)by_curl, sizeof(by_curl) - 1, &pass),
		HTTP_REQUEST));
	cr_assert(eq(sz, h.method_size, 4));
	cr_assert(eq(int, memcmp(h.method, "POST", 4), 0));
	cr_assert(eq(sz, h.target_size, 6));
	cr_assert(eq(int, memcmp(h.target, "/a?b=c", 6), 0));
	cr_assert(eq(sz, pass, sizeof(by_curl) - 1 - 7));
}

Test(http_head, agrees_with_one_host_and_port)
{
	run_text("GET / HTTP/1.1\r\nHost: WWW.Example.org\r\n\r\n");
	cr_assert(eq(int, http_agrees(&h, "www.example.org", 80), 1));
	cr_assert(eq(int, http_agrees(&h, "www.example.org", 8080), 0));
	cr_assert(eq(int, http_agrees(&h, "example.org", 80), 0));
	run_text("GET / HTTP/1.1\r\nHost: www.example.org:8080\r\n\r\n");
	cr_assert(eq(int, http_agrees(&h, "www.example.org", 8080), 1));
	cr_assert(eq(int, http_agrees(&h, "www.example.org", 80), 0));
	http_begin(&h, HTTP_UPGRADE_REFUSED);
	cr_assert(eq(int, http_agrees(&h, "", 80), 0));
}

Test(http_head, a29_every_request_of_a_connection_is_read)
{
	static const char pipelined[] =
		"GET /1 HTTP/1.1\r\nHost: one.org\r\n\r\n"
		"POST /2 HTTP/1.1\r\nHost: two.org\r\nContent-Length: 41\r\n\r\n"
		"GET /no HTTP/1.1\r\nHost: nobody.org\r\n\r\n..."
		"POST /3 HTTP/1.1\r\nHost: three.org\r\nTransfer-Encoding: Chunked\r\n\r\n"
		"29\r\nGET /no HTTP/1.1\r\nHost: nobody.org\r\n\r\n...\r\n0\r\nX-Sum: 1\r\n\r\n"
		"GET /4 HTTP/1.1\r\nHost: four.org\r\n\r\n";
	static const char *const names[] = { "one.org", "two.org", "three.org", "four.org" };

	cr_assert(eq(sz, strlen("GET /no HTTP/1.1\r\nHost: nobody.org\r\n\r\n..."), 0x29));
	for (size_t piece = 1; piece < sizeof(pipelined); piece++) {
		http_begin(&h, HTTP_UPGRADE_REFUSED);
		struct course c = run_of(pipelined, sizeof(pipelined) - 1, piece);

		cr_assert(eq(u32, c.requests, 4), "%s", http_refusal_name(h.refusal));
		for (size_t i = 0; i < 4; i++)
			cr_assert(eq(str, c.names[i], (char *)names[i]));
		cr_assert(eq(sz, c.passed, sizeof(pipelined) - 1));
	}
}

Test(http_head, is_not_passed_on_before_all_of_it_was_read)
{
	size_t pass;

	for (size_t size = 0; size < sizeof(by_wget) - 1; size++) {
		http_begin(&h, HTTP_UPGRADE_REFUSED);
		cr_assert(eq(
			int, (int)http_look(&h, (const uint8_t *)by_wget, size, &pass), HTTP_MORE));
		cr_assert(eq(sz, pass, 0));
	}
	/* A body goes on as it comes. */
	http_begin(&h, HTTP_UPGRADE_REFUSED);
	struct course c = run_of(by_curl, sizeof(by_curl) - 1 - 3, 1000);
	cr_assert(eq(sz, c.passed, sizeof(by_curl) - 1 - 3));
}

Test(http_head, of_another_protocol_is_refused_at_the_first_byte)
{
	static const char *const starts[] = { "\x16\x03\x01", "\r\nGET / HTTP/1.1\r\n", " GET",
		"\n", "\xff", ":" };

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		expect_refusal(starts[i], HTTP_NOT_HTTP);
	expect_refusal_of("", 1, HTTP_NOT_HTTP);
}

Test(http_head, of_http_2_is_refused)
{
	expect_refusal_of(by_curl_h2, sizeof(by_curl_h2) - 1, HTTP_VERSION_2);
	expect_refusal(by_curl_h2c, HTTP_SWITCH);
}

Test(http_head, lines_end_in_crlf_and_nothing_else)
{
	expect_refusal("GET / HTTP/1.1\nHost: a.org\n\n", HTTP_BARE_LF);
	expect_refusal("GET / HTTP/1.1\r\nHost: a.org\n\r\n", HTTP_BARE_LF);
	expect_refusal("GET / HTTP/1.1\r\nHost: a.org\rHost: b.org\r\n\r\n", HTTP_BARE_CR);
	expect_refusal("GET / HTTP/1.1\r\nHost: a.org\r\r\n\r\n", HTTP_BARE_CR);
	expect_refusal("GET / HTTP/1.1\r\nX: a\nHost: b.org\r\nHost: a.org\r\n\r\n", HTTP_BARE_LF);
}

Test(http_head, has_no_control_characters)
{
	for (unsigned c = 0; c < 256; c++) {
		char text[] = "GET / HTTP/1.1\r\nHost: a.org\r\nX: a.b\r\n\r\n";

		*strstr(text, ".b") = (char)c;
		if (c == '\r')
			expect_refusal(text, HTTP_BARE_CR);
		else if (c == '\n')
			expect_refusal(text, HTTP_BARE_LF);
		else if ((c < ' ' && c != '\t') || c == 0x7f)
			expect_refusal_of(text, sizeof(text) - 1, HTTP_BAD_BYTE);
		else
			cr_assert(eq(u32, run_text(text).requests, 1));
	}
}

Test(http_head, may_be_64_kib_long_and_no_longer)
{
	static char text[70000];

	for (size_t more = 0; more < 2; more++) {
		size_t size = (size_t)snprintf(
			text, sizeof(text), "GET / HTTP/1.1\r\nHost: a.org\r\nX: ");

		memset(text + size, 'x', 65536 - 4 - size + more);
		strcpy(text + 65536 - 4 + more, "\r\n\r\n");
		if (more)
			expect_refusal(text, HTTP_HEAD_TOO_LONG);
		else
			cr_assert(eq(u32, run_text(text).requests, 1));
	}
	memset(text, 'G', sizeof(text) - 1);
	expect_refusal(text, HTTP_HEAD_TOO_LONG);
}

Test(http_head, has_100_fields_and_no_more)
{
	static char text[5000];

	for (int fields = 100; fields <= 101; fields++) {
		strcpy(text, "GET / HTTP/1.1\r\nHost: a.org\r\n");
		for (int i = 1; i < fields; i++)
			strcat(text, "X: x\r\n");
		strcat(text, "\r\n");
		if (fields > 100)
			expect_refusal(text, HTTP_TOO_MANY_FIELDS);
		else
			cr_assert(eq(u32, run_text(text).requests, 1));
	}
}

Test(http_head, request_line_has_three_words)
{
	static const struct {
		const char *line;
		enum http_refusal why;
	} rows[] = {
		{ "GET", HTTP_BAD_REQUEST_LINE },
		{ "GET /", HTTP_BAD_REQUEST_LINE },
		{ "G(T / HTTP/1.1", HTTP_BAD_REQUEST_LINE },
		{ "GET\t/ HTTP/1.1", HTTP_BAD_REQUEST_LINE },
		{ "AMETHODOFMORETHANTHIRTYTWOLETTERS / HTTP/1.1", HTTP_BAD_REQUEST_LINE },
		{ "GET  / HTTP/1.1", HTTP_BAD_VERSION },
		{ "GET / HTTP/1.1 ", HTTP_BAD_VERSION },
		{ "GET /  HTTP/1.1", HTTP_BAD_VERSION },
		{ "GET / a HTTP/1.1", HTTP_BAD_VERSION },
		{ "GET / HTTP/1.2", HTTP_BAD_VERSION },
		{ "GET / HTTP/0.9", HTTP_BAD_VERSION },
		{ "GET / HTTP/2.0", HTTP_BAD_VERSION },
		{ "GET / http/1.1", HTTP_BAD_VERSION },
		{ "GET / HTTP/1.10", HTTP_BAD_VERSION },
		{ "GET / RTSP/1.1", HTTP_BAD_VERSION },
		{ "CONNECT a.org:80 HTTP/1.1", HTTP_TUNNEL },
		{ "connect / HTTP/1.1", HTTP_TUNNEL },
		{ "GET  HTTP/1.1", HTTP_BAD_TARGET },
		{ "GET a.org HTTP/1.1", HTTP_BAD_TARGET },
		{ "GET a.org:80 HTTP/1.1", HTTP_BAD_TARGET },
		{ "GET * HTTP/1.1", HTTP_BAD_TARGET },
		{ "GET \\\\b.org/ HTTP/1.1", HTTP_BAD_TARGET },
		{ "GET /#x HTTP/1.1", HTTP_BAD_TARGET },
		{ "GET /\t HTTP/1.1", HTTP_BAD_TARGET },
		{ "GET https://a.org/ HTTP/1.1", HTTP_BAD_TARGET },
		{ "GET ftp://a.org/ HTTP/1.1", HTTP_BAD_TARGET },
		{ "GET http:/a.org HTTP/1.1", HTTP_BAD_TARGET },
		{ "GET http:///a.org HTTP/1.1", HTTP_BAD_HOST },
		{ "GET http:// HTTP/1.1", HTTP_BAD_HOST },
		{ "GET http://b.org@a.org/ HTTP/1.1", HTTP_BAD_HOST },
		{ "GET http://a.org\\@b.org/ HTTP/1.1", HTTP_BAD_HOST },
		{ "GET http://a.org:/ HTTP/1.1", HTTP_BAD_HOST },
	};
	char text[200];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(text, sizeof(text), "%s\r\nHost: a.org\r\n\r\n", rows[i].line);
		expect_refusal(text, rows[i].why);
	}
	expect_refusal(by_curl_connect, HTTP_TUNNEL);
	cr_assert(eq(u32, run_text("OPTIONS * HTTP/1.1\r\nHost: a.org\r\n\r\n").requests, 1));
	cr_assert(eq(u32, run_text("GET /\xc3\xbc HTTP/1.1\r\nHost: a.org\r\n\r\n").requests, 1));
}

Test(http_head, target_and_host_are_the_same)
{
	static const struct {
		const char *target, *host;
		int fine;
	} rows[] = {
		{ "http://a.org", "a.org", 1 },
		{ "HTTP://A.org:80?x", "a.ORG", 1 },
		{ "http://a.org:8080/", "a.org:8080", 1 },
		{ "http://b.org/", "a.org", 0 },
		{ "http://a.org:8080/", "a.org", 0 },
		{ "http://a.org/", "a.org:8080", 0 },
		{ "http://a.org.b.org/", "a.org", 0 },
	};
	char text[200];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", rows[i].target,
			rows[i].host);
		if (rows[i].fine)
			cr_assert(eq(u32, run_text(text).requests, 1));
		else
			expect_refusal(text, HTTP_HOSTS_DIFFER);
	}
}

Test(http_head, has_exactly_one_host)
{
	expect_refusal("GET / HTTP/1.1\r\n\r\n", HTTP_NO_HOST);
	expect_refusal("GET / HTTP/1.0\r\n\r\n", HTTP_NO_HOST);
	expect_refusal("GET http://a.org/ HTTP/1.1\r\nX: a.org\r\n\r\n", HTTP_NO_HOST);
	expect_lines("Host: a.org\r\nHost: a.org", HTTP_HOST_TWICE);
	expect_lines("Host: a.org\r\nX: x\r\nhOST: b.org", HTTP_HOST_TWICE);
}

Test(http_head, host_is_a_host)
{
	expect_host("A.org", "a.org", 80);
	expect_host("a.org:8080", "a.org", 8080);
	expect_host("127.0.0.1:5432", "127.0.0.1", 5432);
	expect_host("[::1]", "::1", 80);
	expect_host("[2001:DB8::1]:8080", "2001:db8::1", 8080);
	expect_host("\t a.org \t", "a.org", 80);
	static const char *const bad[] = { "", "a.org.", ".a.org", "a..org", "a.org:", "a.org:0",
		"a.org:080", "a.org:65536", "a.org:80:80", "a.org:8a", "a.org:+80", "a.org: 80",
		"a.org :80", "a.org, b.org", "a.org b.org", "a.org/", "b@a.org", "a%2eorg",
		"b\xc3\xbc.de", "[::1", "[127.0.0.1]", "[abc.de]", "[::1]80", "[::1]x:80", "[]",
		"[a.org]", "[::1%25lo]", "::1", "*.a.org", "0x7f.1", "http://a.org", "a.org:100000",
		":80", "[::1]:" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		expect_host(bad[i], NULL, 0);
}

Test(http_head, fields_are_a_name_and_a_value)
{
	expect_lines("Host : a.org", HTTP_BAD_FIELD);
	expect_lines("Host\t: a.org", HTTP_BAD_FIELD);
	expect_lines("Host", HTTP_BAD_FIELD);
	expect_lines(": a.org", HTTP_BAD_FIELD);
	expect_lines("Ho st: a.org", HTTP_BAD_FIELD);
	expect_lines("Host: a.org\r\nX(: y", HTTP_BAD_FIELD);
	expect_lines("Host: a.org\r\nX\xc3\xbc: y", HTTP_BAD_FIELD);
	expect_lines("Host:a.org\r\nX:\r\nY: :\r\nZ:\t", HTTP_FINE);
}

Test(http_head, fields_are_not_folded)
{
	expect_lines("Host: a.org\r\n b.org", HTTP_FOLDED);
	expect_lines("Host: a.org\r\nX: y\r\n\tHost: b.org", HTTP_FOLDED);
	expect_lines(" Host: a.org", HTTP_FOLDED);
	expect_lines("Host: a.org\r\n ", HTTP_FOLDED);
}

Test(http_head, names_that_matter_are_not_imitated)
{
	expect_lines("Host: a.org\r\nContent_Length: 5", HTTP_BAD_FIELD);
	expect_lines("Host: a.org\r\nTRANSFER_encoding: chunked", HTTP_BAD_FIELD);
	expect_lines("Host: a.org\r\nX_Forwarded_For: b", HTTP_FINE);
}

Test(http_head, length_is_digits_once)
{
	static const char *const bad[] = { "", "+5", "-5", "5 5", "5,5", "5, 5", "0x5", "5.0",
		"5\xa0", "9223372036854775808", "18446744073709551616", "99999999999999999999999" };
	char lines[200];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(lines, sizeof(lines), "Host: a.org\r\nContent-Length: %s", bad[i]);
		expect_lines(lines, HTTP_BAD_LENGTH);
	}
	expect_lines("Host: a.org\r\nContent-Length: 5\r\nContent-Length: 5", HTTP_TWO_FRAMINGS);
	expect_lines("Host: a.org\r\nContent-Length: 5\r\ncontent-length: 6", HTTP_TWO_FRAMINGS);
	expect_lines("Host: a.org\r\nContent-Length: 9223372036854775807", HTTP_FINE);
	cr_assert(eq(u64, h.length, 9223372036854775807u));
	expect_lines("Host: a.org\r\nContent-Length: 0005", HTTP_FINE);
	cr_assert(eq(u64, h.length, 5));
}

Test(http_head, encoding_is_chunked_alone)
{
	static const char *const bad[] = { "", "identity", "gzip, chunked", "chunked, chunked",
		"chunked, identity", "xchunked", "chunked;q=1", "\"chunked\"", "chunked," };
	char lines[200];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(lines, sizeof(lines), "Host: a.org\r\nTransfer-Encoding: %s", bad[i]);
		expect_lines(lines, HTTP_BAD_ENCODING);
	}
	expect_lines("Host: a.org\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
		HTTP_TWO_FRAMINGS);
	expect_lines("Host: a.org\r\nTransfer-Encoding: chunked\r\nContent-Length: 5",
		HTTP_TWO_FRAMINGS);
	expect_lines("Content-Length: 0\r\nTransfer-Encoding: chunked\r\nHost: a.org",
		HTTP_TWO_FRAMINGS);
	expect_refusal("POST / HTTP/1.0\r\nHost: a.org\r\nTransfer-Encoding: chunked\r\n\r\n",
		HTTP_BAD_ENCODING);
	expect_lines("Host: a.org\r\nTransfer-Encoding:\tCHUNKED ", HTTP_FINE);
}

Test(http_head, connection_names_nothing_that_matters)
{
	expect_lines("Host: a.org\r\nConnection: Host", HTTP_HOP);
	expect_lines("Host: a.org\r\nConnection: close, content-length", HTTP_HOP);
	expect_lines("Host: a.org\r\nConnection: close,\t Transfer-Encoding ,x", HTTP_HOP);
	expect_lines("Host: a.org\r\nConnection: close, hosts, ,", HTTP_FINE);
}

static const char websocket[] =
	"GET /chat HTTP/1.1\r\nHost: a.org\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n"
	"Sec-WebSocket-Version: 13\r\n\r\n";

Test(http_head, a29_other_protocols_are_refused_unless_allowed)
{
	static const char *const bad[] = {
		"GET / HTTP/1.1\r\nHost: a.org\r\nUpgrade: h2c\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a.org\r\nUpgrade: websocket, h2c\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a.org\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a.org\r\nUpgrade: h2c\r\nUpgrade: websocket\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a.org\r\nUpgrade: websocket\r\nUpgrade: websocket\r\n\r\n",
		"GET / HTTP/1.0\r\nHost: a.org\r\nUpgrade: websocket\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a.org\r\nUpgrade: websocket\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a.org\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a.org\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n\r\n",
	};
	struct course c;

	expect_refusal(websocket, HTTP_SWITCH);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		http_begin(&h, HTTP_UPGRADE_ALLOWED);
		c = run_of(bad[i], strlen(bad[i]), 1000);
		cr_assert(eq(int, (int)c.last, HTTP_REFUSED), "'%s'", bad[i]);
		cr_assert(eq(int, (int)h.refusal, HTTP_SWITCH));
	}
	http_begin(&h, HTTP_UPGRADE_ALLOWED);
	c = run_of(websocket, sizeof(websocket), 5); /* a byte of what follows, too */
	cr_assert(eq(u32, c.requests, 1));
	cr_assert(eq(int, (int)c.last, HTTP_OPEN));
	cr_assert(eq(sz, c.passed, sizeof(websocket)));
}

static void
expect_chunks(const char *body, enum http_refusal why)
{
	char text[1000];

	snprintf(text, sizeof(text),
		"POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding: chunked\r\n\r\n%s"
		"GET / HTTP/1.1\r\nHost: b.org\r\n\r\n",
		body);
	if (why != HTTP_FINE) {
		expect_refusal(text, why);
		return;
	}
	struct course c = run_text(text);
	cr_assert(eq(u32, c.requests, 2), "%s for '%s'", http_refusal_name(h.refusal), body);
	cr_assert(eq(str, h.host.name, "b.org"));
}

Test(http_head, chunks_are_followed)
{
	static const char *const bad[] = { "\r\n", ";a\r\n", "x\r\n", "0x3\r\nabc\r\n",
		"+3\r\nabc\r\n", " 3\r\nabc\r\n", "3 \r\nabc\r\n", "3;a=b\r\nabc\r\n", "3\nabc\r\n",
		"3\rabc\r\n", "3\r\nabcd\r\n", "3\r\nabc\n", "3\r\nabc\rx", "3\r\nabc0\r\n",
		"-1\r\n", "8000000000000000\r\n", "ffffffffffffffff\r\n",
		"00000000000000003\r\nabc\r\n", "3\r\r\nabc" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		expect_chunks(bad[i], HTTP_BAD_CHUNK);
	expect_chunks("3\r\nabc\r\n0\r\n\r\n", HTTP_FINE);
	expect_chunks(
		"0000000000000003\r\nabc\r\nA\r\n0123456789\r\na\r\n0\r\n\r\n0\r\n\r\n\r\n000\r\n\r\n",
		HTTP_FINE);
}

Test(http_head, fields_behind_a_body_are_others)
{
	expect_chunks("0\r\nX-Sum: 5\r\nY: z\r\n\r\n", HTTP_FINE);
	expect_chunks("0\r\nHost: b.org\r\n\r\n", HTTP_BAD_TRAILER);
	expect_chunks("0\r\nX: y\r\ncontent-length: 4\r\n\r\n", HTTP_BAD_TRAILER);
	expect_chunks("0\r\nTransfer_Encoding: chunked\r\n\r\n", HTTP_BAD_TRAILER);
	expect_chunks("0\r\nConnection: close\r\n\r\n", HTTP_BAD_TRAILER);
	expect_chunks("0\r\nUpgrade: h2c\r\n\r\n", HTTP_BAD_TRAILER);
	expect_chunks("0\r\nX : y\r\n\r\n", HTTP_BAD_FIELD);
	expect_chunks("0\r\nX: y\r\n z\r\n\r\n", HTTP_FOLDED);
	expect_chunks("0\r\nX: y\n\r\n", HTTP_BARE_LF);
	expect_chunks("0\r\nGET /smuggled HTTP/1.1\r\n\r\n", HTTP_BAD_FIELD);
}

Test(http_head, fields_behind_a_body_are_counted)
{
	static char text[70000];
	static const char head[] =
		"POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";

	for (int fields = 100; fields <= 101; fields++) {
		strcpy(text, head);
		for (int i = 0; i < fields; i++)
			strcat(text, "X: x\r\n");
		strcat(text, "\r\n");
		if (fields > 100)
			expect_refusal(text, HTTP_TOO_MANY_FIELDS);
		else
			cr_assert(eq(sz, run_text(text).passed, strlen(text)));
	}
	strcpy(text, head);
	memset(text + sizeof(head) - 1, 'x', sizeof(text) - sizeof(head));
	expect_refusal(text, HTTP_HEAD_TOO_LONG);
}

Test(http_head, refusals_have_words)
{
	for (int i = 0; i < HTTP_REFUSALS; i++) {
		cr_assert(eq(int, strncmp(http_refusal_name(i), "http.", 5), 0));
		cr_assert(gt(sz, strlen(http_refusal_text(i)), 10));
	}
	cr_assert(eq(str, (char *)http_refusal_name(99), "http.unknown"));
	cr_assert(eq(str, (char *)http_refusal_text(99), "the request is refused"));
}
