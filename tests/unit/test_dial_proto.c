#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>
#include <string.h>

#include <cordon/dial_proto.h>
#include <cordon/wire.h>

static struct cordon_writer w;
static struct cordon_error err;

static void
begin(void)
{
	cordon_writer_init(&w, 4096);
}

static void
end(void)
{
	cordon_writer_finish(&w);
}

TestSuite(dial_proto, .init = begin, .fini = end, .timeout = 10);

static struct cordon_dial_grant
some_grant(unsigned count)
{
	struct cordon_dial_grant g = { .id = 0x0102030405060708,
		.asker = 0xfffffffe,
		.kind = CORDON_DIAL_PUBLIC,
		.port = 443,
		.timeout_ms = 5000,
		.count = count };

	for (unsigned i = 0; i < count; i++)
		g.addresses[i] = (struct cordon_address){ .family = i % 2 ? 6 : 4,
			.bytes = { 32 + i, 1, 2, 3 } };
	return g;
}

static int
decode(struct cordon_dial_grant *ret)
{
	return cordon_dial_decode_grant(w.data, w.size, ret, &err);
}

Test(dial_proto, a_grant_is_read_as_it_was_written)
{
	for (unsigned count = 1; count <= CORDON_DIAL_ADDRESSES; count++) {
		const struct cordon_dial_grant g = some_grant(count);
		struct cordon_dial_grant read;

		w.size = 0;
		cordon_dial_encode_grant(&g, &w);
		cr_assert(eq(int, decode(&read), 0));
		cr_assert(eq(u64, read.id, g.id));
		cr_assert(eq(u32, read.asker, 0xfffffffe));
		cr_assert(eq(int, (int)read.kind, (int)g.kind));
		cr_assert(eq(u16, read.port, 443));
		cr_assert(eq(u32, read.timeout_ms, 5000));
		cr_assert(eq(uint, read.count, count));
		for (unsigned i = 0; i < count; i++)
			cr_assert(cordon_address_equal(&read.addresses[i], &g.addresses[i]));
	}
}

Test(dial_proto, a_grant_that_is_cut_or_longer_is_refused)
{
	const struct cordon_dial_grant g = some_grant(3);
	struct cordon_dial_grant read = { .id = 77 };

	cordon_dial_encode_grant(&g, &w);
	for (size_t size = 0; size < w.size; size++)
		cr_assert(eq(int, cordon_dial_decode_grant(w.data, size, &read, &err), -1));
	cordon_put_u8(&w, 0);
	cr_assert(eq(int, decode(&read), -1));
	cr_assert(eq(int, (int)err.code, CORDON_EPEER));
	cr_assert(eq(u64, read.id, 77), "what was refused was written");
}

static void
expect_refused(const struct cordon_dial_grant *g, const char *what)
{
	struct cordon_dial_grant read;

	w.size = 0;
	cordon_dial_encode_grant(g, &w);
	cr_assert(eq(int, decode(&read), -1), "%s", what);
}

Test(dial_proto, a_grant_beyond_the_bounds_is_refused)
{
	struct cordon_dial_grant g;

#define WITH(change)                         \
	do {                                 \
		g = some_grant(2);           \
		change;                      \
		expect_refused(&g, #change); \
	} while (0)
	WITH(g.kind = 0);
	WITH(g.kind = CORDON_DIAL_KINDS);
	WITH(g.port = 0);
	WITH(g.timeout_ms = 0);
	WITH(g.timeout_ms = CORDON_DIAL_TIMEOUT_MS_MAX + 1);
	WITH(g.count = 0);
	WITH(g.addresses[1].family = 0);
	WITH(g.addresses[1].family = 5);
	WITH(g.addresses[0].bytes[4] = 1);
	WITH(g.addresses[0].bytes[15] = 1);
#undef WITH
}

Test(dial_proto, an_address_has_one_form)
{
	struct cordon_dial_grant g = some_grant(1);

	g.addresses[0] = (struct cordon_address){ .family = 6,
		.bytes = { [10] = 0xff, 0xff, 127, 0, 0, 1 } };
	expect_refused(&g, "an IPv4-mapped address");
}

Test(dial_proto, more_addresses_than_there_is_room_for_are_refused)
{
	struct cordon_dial_grant g = some_grant(CORDON_DIAL_ADDRESSES), read;

	cordon_dial_encode_grant(&g, &w);
	w.data[19] = CORDON_DIAL_ADDRESSES + 1;
	cordon_put_u8(&w, 4);
	for (unsigned i = 0; i < 16; i++)
		cordon_put_u8(&w, 0);
	cr_assert(eq(int, decode(&read), -1));
}

Test(dial_proto, each_word_is_read_as_it_was_written_and_not_longer_or_shorter)
{
	static const struct {
		uint16_t message;
		struct cordon_dial_word word;
	} all[] = { { CORDON_DIAL_READY, { 0 } }, { CORDON_DIAL_GRANTED, { .id = 9 } },
		{ CORDON_DIAL_UNGRANTED,
			{ .id = 9, .at = 3, .why = CORDON_DIAL_FORBIDDEN, .sys = EINTR } },
		{ CORDON_DIAL_WITHDRAW, { .id = UINT64_MAX } },
		{ CORDON_DIAL_WITHDRAWN, { .id = 1 } }, { CORDON_DIAL_ASKER, { .id = UINT32_MAX } },
		{ CORDON_DIAL_DIAL, { .id = 1, .grant = 2, .at = 255 } },
		{ CORDON_DIAL_HANG_UP, { .id = 1 } }, { CORDON_DIAL_CONNECTED, { .id = 1 } },
		{ CORDON_DIAL_UNCONNECTED,
			{ .id = 1, .why = CORDON_DIAL_BLIND, .sys = ECONNREFUSED } } };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct cordon_dial_word read = { 0 };

		w.size = 0;
		cordon_dial_encode_word(all[i].message, &all[i].word, &w);
		cr_assert(eq(int,
			cordon_dial_decode_word(all[i].message, w.data, w.size, &read, &err), 0));
		cr_assert(eq(int, memcmp(&read, &all[i].word, sizeof(read)), 0), "%u",
			all[i].message);
		for (size_t size = 0; size < w.size; size++)
			cr_assert(eq(int,
				cordon_dial_decode_word(all[i].message, w.data, size, &read, &err),
				-1));
		cordon_put_u8(&w, 0);
		cr_assert(eq(int,
			cordon_dial_decode_word(all[i].message, w.data, w.size, &read, &err), -1));
	}
}

Test(dial_proto, a_refusal_has_a_reason_that_there_is)
{
	const struct cordon_dial_word none = { .id = 1 },
				      other = { .id = 1, .why = CORDON_DIAL_WHYS },
				      below = { .id = 1, .why = CORDON_DIAL_FAILED, .sys = -1 };
	struct cordon_dial_word read;

	for (unsigned i = 0; i < 3; i++) {
		w.size = 0;
		cordon_dial_encode_word(CORDON_DIAL_UNCONNECTED,
			i == 0   ? &none
			: i == 1 ? &other
				 : &below,
			&w);
		cr_assert(eq(int,
			cordon_dial_decode_word(
				CORDON_DIAL_UNCONNECTED, w.data, w.size, &read, &err),
			-1));
	}
}

Test(dial_proto, the_number_of_an_asker_has_32_bits)
{
	const struct cordon_dial_word longer = { .id = UINT32_MAX + 1ull };
	struct cordon_dial_word read;

	cordon_dial_encode_word(CORDON_DIAL_ASKER, &longer, &w);
	cr_assert(eq(
		int, cordon_dial_decode_word(CORDON_DIAL_ASKER, w.data, w.size, &read, &err), -1));
}

Test(dial_proto, messages_that_there_are_not_are_refused)
{
	struct cordon_dial_word read;
	unsigned known = 0;

	for (unsigned message = 0; message <= UINT16_MAX; message++)
		known += cordon_dial_decode_word((uint16_t)message, "", 0, &read, &err) == 0;
	cr_assert(eq(uint, known, 1), "READY alone has no bytes");
	cr_assert(eq(int, cordon_dial_decode_word(CORDON_DIAL_GRANT, "", 0, &read, &err), -1));
}

Test(dial_proto, every_reason_has_a_code_and_words)
{
	for (unsigned why = 0; why <= CORDON_DIAL_WHYS; why++) {
		cr_assert(ne(ptr, (void *)strchr(cordon_dial_why_reason(why), '.'), NULL));
		cr_assert(gt(sz, strlen(cordon_dial_why_text(why)), 5));
	}
	cr_assert(eq(int,
		strcmp(cordon_dial_why_reason(CORDON_DIAL_FORBIDDEN), "net.private_address"), 0));
}
