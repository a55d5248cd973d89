#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdio.h>
#include <string.h>

#include <cordon/guard_proto.h>
#include <cordon/wire.h>

static struct cordon_writer w;
static struct cordon_error err;

static void
begin(void)
{
	cordon_writer_init(&w, 1u << 20);
}

static void
end(void)
{
	cordon_writer_finish(&w);
}

TestSuite(guard_proto, .init = begin, .fini = end, .timeout = 20);

static const struct cordon_address some = { .family = 4, .bytes = { 9, 9, 9, 9 } };

static struct cordon_host
a_name(const char *text)
{
	struct cordon_host host = { .kind = CORDON_HOST_NAME };

	snprintf(host.text, sizeof(host.text), "%s", text);
	return host;
}

typedef int take_fn(const void *data, size_t size);

#define TAKE(name, type)                                                  \
	static int take_##name(const void *data, size_t size)             \
	{                                                                 \
		struct cordon_guard_##type it;                            \
                                                                          \
		return cordon_guard_decode_##name(data, size, &it, &err); \
	}
TAKE(ask, ask)
TAKE(allow, allow)
TAKE(refuse, refuse)
TAKE(traffic, traffic)
TAKE(unlisted, unlisted)
TAKE(servers, servers)
TAKE(look_up, look_up)
TAKE(found, found)

static int
take_serve(const void *data, size_t size)
{
	struct cordon_guard_serve it;
	const int result = cordon_guard_decode_serve(data, size, &it, &err);

	if (result == 0)
		cordon_guard_serve_finish(&it);
	return result;
}

static int
take_run(const void *data, size_t size)
{
	uint64_t run;

	return cordon_guard_decode_run(data, size, &run, &err);
}

/* What is in w is taken whole, and neither cut nor longer. */
static void
whole(take_fn *take)
{
	cr_assert(eq(int, take(w.data, w.size), 0), "%s", err.text);
	for (size_t size = 0; size < w.size; size++) {
		cr_assert(eq(int, take(w.data, size), -1), "cut at %zu", size);
		cr_assert(eq(int, (int)err.code, CORDON_EPEER));
	}
	cordon_put_u8(&w, 0);
	cr_assert(eq(int, take(w.data, w.size), -1));
	w.size = 0;
}

/* With the byte at that place changed it is refused. */
static void
wrong(take_fn *take, size_t at, uint8_t value)
{
	const uint8_t before = w.data[at];

	w.data[at] = value;
	cr_expect(eq(int, take(w.data, w.size), -1), "byte %zu as %u", at, value);
	w.data[at] = before;
	cr_assert(eq(int, take(w.data, w.size), 0));
}

static struct cordon_dial_grant
some_grant(void)
{
	return (struct cordon_dial_grant){ .id = 5,
		.asker = 1,
		.kind = CORDON_DIAL_PUBLIC,
		.port = 443,
		.timeout_ms = 1000,
		.addresses = { some },
		.count = 1 };
}

Test(guard_proto, every_message_is_taken_whole_or_not)
{
	const struct cordon_guard_name names[] = { { .text = "a.example" },
		{ .text = "b.example", .below = 1, .refused = 1 } };
	const struct cordon_guard_serve serve = { .run = 1, .list = names, .count = 2 };
	struct cordon_guard_ask ask = { .run = 1,
		.to = { .host = a_name("a.example"), .port = 1 } };
	const struct cordon_guard_allow allow = { .as = CORDON_GUARD_TLS, .grant = some_grant() };
	const struct cordon_guard_refuse refuse = { .reason = "net.not_listed" };
	const struct cordon_guard_traffic traffic = { .reason = "", .begun = 7 };
	const struct cordon_guard_unlisted unlisted = { .name = "c.example" };
	const struct cordon_guard_servers servers = { .all = { { .address = some, .port = 53 } },
		.count = 1 };
	const struct cordon_guard_look_up look_up = { .name = a_name("a.example") };
	const struct cordon_guard_found found = { .addresses = { some }, .count = 1 };
	const struct cordon_guard_found none = { .reason = "net.dns_timeout", .text = "no" };

	cordon_guard_encode_serve(&serve, &w);
	whole(take_serve);
	cordon_guard_encode_ask(&ask, &w);
	whole(take_ask);
	ask.to.host = (struct cordon_host){ .kind = CORDON_HOST_ADDRESS, .address = some };
	cordon_guard_encode_ask(&ask, &w);
	whole(take_ask);
	cordon_guard_encode_allow(&allow, &w);
	whole(take_allow);
	cordon_guard_encode_refuse(&refuse, &w);
	whole(take_refuse);
	cordon_guard_encode_traffic(&traffic, &w);
	whole(take_traffic);
	cordon_guard_encode_unlisted(&unlisted, &w);
	whole(take_unlisted);
	cordon_guard_encode_run(9, &w);
	whole(take_run);
	cordon_guard_encode_servers(&servers, &w);
	whole(take_servers);
	cordon_guard_encode_look_up(&look_up, &w);
	whole(take_look_up);
	cordon_guard_encode_found(&found, &w);
	whole(take_found);
	cordon_guard_encode_found(&none, &w);
	whole(take_found);
}

Test(guard_proto, a_list_of_names_is_read_as_it_was_written)
{
	const struct cordon_guard_name names[] = { { .text = "a.example" },
		{ .text = "b.example", .below = 1 }, { .text = "c.example", .refused = 1 } };
	const struct cordon_guard_serve serve = { .run = 77,
		.others = 1,
		.connections = 2,
		.rate = 3,
		.bytes_out = CORDON_GUARD_NO_LIMIT,
		.bytes_in = 5,
		.names = 6,
		.list = names,
		.count = 3 };
	struct cordon_guard_serve read;

	cordon_guard_encode_serve(&serve, &w);
	cr_assert(eq(int, cordon_guard_decode_serve(w.data, w.size, &read, &err), 0));

	cr_expect(eq(u64, read.run, 77));
	cr_expect(eq(int, read.others, 1));
	cr_expect(eq(u64, read.connections, 2));
	cr_expect(eq(u64, read.rate, 3));
	cr_expect(eq(u64, read.bytes_out, CORDON_GUARD_NO_LIMIT));
	cr_expect(eq(u64, read.bytes_in, 5));
	cr_expect(eq(u64, read.names, 6));
	cr_assert(eq(sz, read.count, 3));
	for (size_t i = 0; i < 3; i++) {
		cr_expect(eq(int, strcmp(read.list[i].text, names[i].text), 0));
		cr_expect(eq(int, read.list[i].below, names[i].below));
		cr_expect(eq(int, read.list[i].refused, names[i].refused));
	}
	cordon_guard_serve_finish(&read);
}

Test(guard_proto, there_are_as_many_names_as_may_be)
{
	static struct cordon_guard_name names[CORDON_GUARD_NAMES + 1];
	struct cordon_guard_serve serve = { .list = names, .count = CORDON_GUARD_NAMES };

	for (size_t i = 0; i <= CORDON_GUARD_NAMES; i++)
		names[i].text = "a.example";
	cordon_guard_encode_serve(&serve, &w);
	cr_expect(eq(int, take_serve(w.data, w.size), 0));
	serve.count++;
	w.size = 0;
	cordon_guard_encode_serve(&serve, &w);
	cr_expect(eq(int, take_serve(w.data, w.size), -1));
}

Test(guard_proto, what_is_no_value_of_a_field_is_refused)
{
	const struct cordon_guard_name names[] = { { .text = "a.example" } };
	const struct cordon_guard_serve serve = { .list = names, .count = 1 };
	const struct cordon_guard_ask ask = { .to = { .host = a_name("a.example"), .port = 1 } };
	const struct cordon_guard_allow allow = { .as = CORDON_GUARD_TLS, .grant = some_grant() };
	const struct cordon_guard_traffic traffic = { .reason = "net.budget" };

	cordon_guard_encode_serve(&serve, &w);
	wrong(take_serve, 48, 2); /* others */
	wrong(take_serve, 53, 2); /* refused */
	wrong(take_serve, 54, 2); /* below */
	wrong(take_serve, 59, 'A'); /* another spelling */
	wrong(take_serve, 59, 0);
	wrong(take_serve, 60, 0);
	wrong(take_serve, w.size - 1, 'e'); /* no NUL */
	w.size = 0;
	cordon_guard_encode_ask(&ask, &w);
	wrong(take_ask, 9, 0x10); /* destination */
	wrong(take_ask, 12, 0); /* kind of host */
	wrong(take_ask, 12, 3);
	wrong(take_ask, 17, 'A');
	wrong(take_ask, 18, '/');
	wrong(take_ask, w.size - 2, 0); /* port */
	w.size = 0;
	cordon_guard_encode_allow(&allow, &w);
	wrong(take_allow, 12, 0); /* as */
	wrong(take_allow, 12, CORDON_GUARD_AS_COUNT);
	wrong(take_allow, 13, 2); /* ech */
	w.size = 0;
	cordon_guard_encode_traffic(&traffic, &w);
	wrong(take_traffic, 60, CORDON_GUARD_VERIFIED_COUNT);
	wrong(take_traffic, 65, 'N'); /* reason */
	wrong(take_traffic, 68, 'x'); /* without its dot */
	wrong(take_traffic, 65, '.');
}

Test(guard_proto, a_reason_and_addresses_exclude_each_other)
{
	struct cordon_guard_found found = {
		.reason = "net.dns_timeout", .addresses = { some }, .count = 1
	};

	cordon_guard_encode_found(&found, &w);
	cr_expect(eq(int, take_found(w.data, w.size), -1));
	w.size = 0;
	found.reason[0] = '\0';
	found.count = 0;
	cordon_guard_encode_found(&found, &w);
	cr_expect(eq(int, take_found(w.data, w.size), -1));
}

Test(guard_proto, a_mapped_address_is_ipv4_or_none)
{
	const struct cordon_guard_found found = {
		.addresses = { { .family = 6, .bytes = { [10] = 255, [11] = 255, [12] = 9 } } },
		.count = 1
	};

	cordon_guard_encode_found(&found, &w);
	cr_expect(eq(int, take_found(w.data, w.size), -1));
}
