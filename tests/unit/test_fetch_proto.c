#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdlib.h>
#include <string.h>

#include <cordon/fetch_proto.h>
#include <cordon/mem.h>
#include <cordon/wire.h>

static struct cordon_writer w, again;
static struct cordon_error err;

static void
begin(void)
{
	cordon_writer_init(&w, 1u << 22);
	cordon_writer_init(&again, 1u << 22);
}

static void
end(void)
{
	cordon_writer_finish(&w);
	cordon_writer_finish(&again);
}

TestSuite(fetch_proto, .init = begin, .fini = end, .timeout = 20);

static char *headers[] = { (char *)(uintptr_t) "A", (char *)(uintptr_t) "b", NULL };

static void
same(void)
{
	cr_assert(eq(sz, again.size, w.size));
	cr_assert(eq(int, memcmp(again.data, w.data, w.size), 0));
}

static struct cordon_fetch_request
some_request(void)
{
	return (struct cordon_fetch_request){ .url = "http://a/",
		.url_size = 9,
		.method = "POST",
		.headers = headers,
		.body = "x\0y",
		.body_size = 3,
		.max_bytes = CORDON_FETCH_BODY_MAX,
		.timeout_ms = 1,
		.redirects = 10,
		.wrap = 1 };
}

static int
decode_request(void)
{
	struct cordon_fetch_request read;
	const int result = cordon_fetch_decode_request(w.data, w.size, &read, &err);

	if (result == 0) {
		cordon_fetch_encode_request(&read, &again);
		cordon_fetch_request_finish(&read);
	}
	return result;
}

Test(fetch_proto, a_request_is_read_as_it_was_written_and_not_longer_or_shorter)
{
	struct cordon_fetch_request request = some_request();
	size_t size;

	cordon_fetch_encode_request(&request, &w);
	cr_assert(eq(int, decode_request(), 0));
	same();
	size = w.size;
	for (w.size = 0; w.size < size; w.size++)
		cr_assert(eq(int, decode_request(), -1));
	cordon_put_u8(&w, 0);
	cr_assert(eq(int, decode_request(), -1));
}

Test(fetch_proto, a_request_beyond_the_bounds_is_refused)
{
	struct cordon_fetch_request request;
	static char long_url[CORDON_FETCH_URL + 1];
	static char *odd[] = { (char *)(uintptr_t) "A", NULL };

#define WITH(change)                                               \
	do {                                                       \
		request = some_request();                          \
		change;                                            \
		w.size = 0;                                        \
		cordon_fetch_encode_request(&request, &w);         \
		cr_expect(eq(int, decode_request(), -1), #change); \
	} while (0)
	WITH(request.timeout_ms = 0);
	WITH(request.timeout_ms = CORDON_FETCH_TIME_MAX + 1);
	WITH(request.max_bytes = CORDON_FETCH_BODY_MAX + 1);
	WITH(request.redirects = CORDON_FETCH_HOPS);
	WITH(request.headers = odd);
	WITH(request.url = long_url; request.url_size = sizeof(long_url));
#undef WITH
}

static struct cordon_fetch_result
some_result(enum cordon_fetch_outcome outcome)
{
	struct cordon_fetch_result r = { .outcome = outcome,
		.step_count = 2,
		.headers = headers,
		.headers_dropped = 3,
		.bytes = 4,
		.truncated = 1,
		.is_text = 1,
		.digest = { 1, 2, 3 },
		.boundary = "0123456789abcdef0123456789abcdef",
		.wrapped_bytes = 5,
		.neutralised = 6,
		.invisible = 7 };

	if (outcome != CORDON_FETCH_DONE)
		memcpy(r.reason, "net.timeout", 12);
	r.steps[0] = (struct cordon_fetch_step){ .url = (char *)(uintptr_t) "http://a/",
		.port = 80,
		.has_address = 1,
		.address = { .family = 4, .bytes = { 1, 2, 3, 4 } },
		.status = 302 };
	r.steps[1] =
		(struct cordon_fetch_step){ .url = (char *)(uintptr_t) "http://b/", .port = 1 };
	return r;
}

static int
decode_result(void)
{
	struct cordon_fetch_result read;
	const int result = cordon_fetch_decode_result(w.data, w.size, &read, &err);

	if (result == 0) {
		cordon_fetch_encode_result(&read, &again);
		cordon_fetch_result_finish(&read);
	}
	return result;
}

Test(fetch_proto, a_result_is_read_as_it_was_written_and_not_longer_or_shorter)
{
	for (int outcome = CORDON_FETCH_DONE; outcome < CORDON_FETCH_OUTCOMES; outcome++) {
		struct cordon_fetch_result r = some_result(outcome);
		size_t size;

		w.size = again.size = 0;
		cordon_fetch_encode_result(&r, &w);
		cr_assert(eq(int, decode_result(), 0));
		same();
		size = w.size;
		for (w.size = 0; w.size < size; w.size++)
			cr_assert(eq(int, decode_result(), -1));
		cordon_put_u8(&w, 0);
		cr_assert(eq(int, decode_result(), -1));
	}
}

Test(fetch_proto, a_result_that_contradicts_itself_is_refused)
{
	struct cordon_fetch_result r;

#define WITH(with, change)                                        \
	do {                                                      \
		r = some_result(with);                            \
		change;                                           \
		w.size = 0;                                       \
		cordon_fetch_encode_result(&r, &w);               \
		cr_expect(eq(int, decode_result(), -1), #change); \
	} while (0)
	WITH(CORDON_FETCH_DONE, memcpy(r.reason, "net.x", 6));
	WITH(CORDON_FETCH_DONE, r.step_count = 0);
	WITH(CORDON_FETCH_DONE, r.bytes = CORDON_FETCH_BODY_MAX + 1);
	WITH(CORDON_FETCH_DONE, r.boundary[3] = 'g');
	WITH(CORDON_FETCH_DONE, r.boundary[31] = '\0');
	WITH(CORDON_FETCH_DONE, r.boundary[0] = '\0');
	WITH(CORDON_FETCH_DONE, r.steps[0].status = 99);
	WITH(CORDON_FETCH_DONE, r.steps[0].port = 0);
	WITH(CORDON_FETCH_DONE, r.steps[0].url = (char *)(uintptr_t) "http://a/\x1b");
	WITH(CORDON_FETCH_DONE, memcpy(r.text, "\x1b", 2));
	WITH(CORDON_FETCH_FAILED, r.reason[0] = '\0');
	WITH(CORDON_FETCH_FAILED, memcpy(r.reason, "timeout", 8));
	WITH(0, (void)0);
	WITH(CORDON_FETCH_OUTCOMES, (void)0);
#undef WITH
}

Test(fetch_proto, a_hop_and_a_refusal_are_read_as_they_were_written)
{
	static struct cordon_fetch_hop hop = { .scheme = CORDON_URL_HTTPS,
		.to = { .host = { .kind = CORDON_HOST_NAME, .text = "www.example.org" },
			.port = 443 },
		.url = "https://www.example.org/" };
	static struct cordon_fetch_hop read;
	const struct cordon_fetch_refuse refuse = { "net.not_listed", "nobody has listed it" };
	struct cordon_fetch_refuse refused;

	cordon_fetch_encode_hop(&hop, &w);
	cr_assert(eq(int, cordon_fetch_decode_hop(w.data, w.size, &read, &err), 0));
	cordon_fetch_encode_hop(&read, &again);
	same();
	for (size_t size = 0; size < w.size; size++)
		cr_assert(eq(int, cordon_fetch_decode_hop(w.data, size, &read, &err), -1));
	w.size = 0;
	memcpy(hop.to.host.text, "WWW", 3);
	cordon_fetch_encode_hop(&hop, &w);
	cr_assert(eq(int, cordon_fetch_decode_hop(w.data, w.size, &read, &err), -1));
	w.size = 0;
	cordon_fetch_encode_refuse(&refuse, &w);
	for (size_t size = 0; size < w.size; size++)
		cr_assert(eq(int, cordon_fetch_decode_refuse(w.data, size, &refused, &err), -1));
	cr_assert(eq(int, cordon_fetch_decode_refuse(w.data, w.size, &refused, &err), 0));
	cr_assert(eq(str, refused.text, "nobody has listed it"));
}
