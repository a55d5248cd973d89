#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <string.h>

#include "inspect.h"

static struct inspect inspect;
static const char *reason;
static size_t pass;

static void
begin(void)
{
	inspect_begin(&inspect, CORDON_GUARD_HTTP, 0);
	reason = NULL;
}

TestSuite(inspect, .init = begin, .timeout = 10);

static const struct cordon_endpoint name = {
	.host = { .kind = CORDON_HOST_NAME, .text = "a.example" }, .port = 80
};
static const struct cordon_endpoint address = {
	.host = { .kind = CORDON_HOST_ADDRESS, .text = "9.9.9.9" }, .port = 8080
};

static enum inspect_answer
look(const struct cordon_endpoint *to, const char *said)
{
	return inspect_look(&inspect, to, (const uint8_t *)said, strlen(said), &pass, &reason);
}

Test(inspect, every_head_in_the_data_is_looked_at)
{
	const char two[] = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
			   "POST / HTTP/1.1\r\nHost: A.Example:80\r\nContent-Length: 3\r\n\r\nabc";

	cr_expect(eq(int, (int)look(&name, two), INSPECT_MORE));
	cr_expect(eq(sz, pass, sizeof(two) - 1));
	cr_expect(inspect.agreed);
	cr_expect(eq(int, (int)look(&name, "GET / HTTP/1.1\r\n"), INSPECT_MORE));
	cr_expect(eq(sz, pass, 0));
}

Test(inspect, the_first_that_does_not_agree_ends_it_and_passes_nothing)
{
	cr_expect(eq(int,
		(int)look(&name, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
				 "GET / HTTP/1.1\r\nHost: b.example\r\n\r\n"),
		INSPECT_REFUSED));
	cr_expect(eq(sz, pass, 0));
	cr_expect(eq(str, (char *)(uintptr_t)reason, "net.name_mismatch"));
}

Test(inspect, an_address_is_named_by_http_with_its_port)
{
	cr_expect(eq(int, (int)look(&address, "GET / HTTP/1.1\r\nHost: 9.9.9.9:8080\r\n\r\n"),
		INSPECT_MORE));
	cr_expect(inspect.agreed);
	begin();
	cr_expect(eq(int, (int)look(&address, "GET / HTTP/1.1\r\nHost: 9.9.9.9\r\n\r\n"),
		INSPECT_REFUSED));
	begin();
	cr_expect(eq(int, (int)look(&address, "GET / HTTP/1.1\r\nHost: a.example:8080\r\n\r\n"),
		INSPECT_REFUSED));
}

static void
refused(const char *said, const char *why)
{
	begin();
	cr_expect(eq(int, (int)look(&name, said), INSPECT_REFUSED), "%s", said);
	cr_expect(eq(str, (char *)(uintptr_t)reason, (char *)(uintptr_t)why), "%s", said);
}

Test(inspect, many_words_of_refusal_are_few_codes)
{
	refused("\x16\x03\x01", "net.not_http");
	refused("GET / HTTP/1.1\r\n\r\n", "net.name_mismatch");
	refused("GET http://b.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n", "net.name_mismatch");
	refused("GET / HTTP/1.1\r\nHost: a.example\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
		"net.http_upgrade");
	refused("CONNECT a.example:80 HTTP/1.1\r\nHost: a.example:80\r\n\r\n", "net.http_upgrade");
	refused("GET / HTTP/1.1\r\nHost: a.example\r\nA: b\r\n c\r\n\r\n", "net.bad_http");
	inspect_begin(&inspect, CORDON_GUARD_TLS, 0);
	cr_expect(eq(int, (int)look(&name, "GET / HTTP/1.1\r\n"), INSPECT_REFUSED));
	cr_expect(eq(str, (char *)(uintptr_t)reason, "net.not_tls"));
	inspect_begin(&inspect, CORDON_GUARD_TLS, 0);
	cr_expect(eq(int, (int)look(&name, "\x16\x03\x01\x40\x01"), INSPECT_REFUSED));
	cr_expect(eq(str, (char *)(uintptr_t)reason, "net.bad_tls"));
}
