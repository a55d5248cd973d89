#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../helpers/hello_captures.h"
#include "hello.h"

/* The linker's --wrap leads here. */
static int no_memory;
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *
__wrap_malloc(size_t size)
{
	return no_memory ? NULL : __real_malloc(size);
}

/* A message under construction, and the records that carry it. */
struct bytes {
	uint8_t data[300000];
	size_t size;
};

static struct bytes inside, stream;
static struct hello h;

static void
add(struct bytes *b, const void *data, size_t size)
{
	cr_assert(le(sz, size, sizeof(b->data) - b->size));
	memcpy(b->data + b->size, data, size);
	b->size += size;
}

static void
add_number(struct bytes *b, size_t width, size_t v)
{
	while (width-- > 0) {
		const uint8_t byte = (uint8_t)(v >> 8 * width);

		add(b, &byte, 1);
	}
}

static void
begin_message(void)
{
	static const uint8_t head[] = { 3, 3 }, random[32] = { 9 };
	static const uint8_t tail[] = { 0, 0, 2, 0x13, 0x01, 1, 0 };

	inside.size = 0;
	add(&inside, head, sizeof(head));
	add(&inside, random, sizeof(random));
	add(&inside, tail, sizeof(tail));
	add_number(&inside, 2, 0); /* of all extensions, see end_message */
}

#define BEFORE_EXTENSIONS 43u

static void
add_extension(unsigned type, const void *data, size_t size)
{
	add_number(&inside, 2, type);
	add_number(&inside, 2, size);
	add(&inside, data, size);
}

static void
add_name(const char *name)
{
	uint8_t data[70000];
	const size_t size = strlen(name);

	data[0] = (uint8_t)((size + 3) >> 8);
	data[1] = (uint8_t)(size + 3);
	data[2] = 0;
	data[3] = (uint8_t)(size >> 8);
	data[4] = (uint8_t)size;
	memcpy(data + 5, name, size);
	add_extension(0, data, size + 5);
}

static void
add_versions(void)
{
	add_extension(43, "\x06\x1a\x1a\x03\x04\x03\x03", 7);
}

/* Into records of at most piece bytes of message. */
static void
send_message(unsigned type, size_t piece)
{
	uint8_t head[4] = { (uint8_t)type, (uint8_t)(inside.size >> 16),
		(uint8_t)(inside.size >> 8), (uint8_t)inside.size };
	static struct bytes message;

	message.size = 0;
	add(&message, head, sizeof(head));
	add(&message, inside.data, inside.size);
	for (size_t at = 0; at < message.size; at += piece) {
		const size_t now = message.size - at < piece ? message.size - at : piece;

		add(&stream, "\x16\x03\x01", 3);
		add_number(&stream, 2, now);
		add(&stream, message.data + at, now);
	}
}

static void
end_message(size_t piece)
{
	const size_t size = inside.size - BEFORE_EXTENSIONS;

	inside.data[BEFORE_EXTENSIONS - 2] = (uint8_t)(size >> 8);
	inside.data[BEFORE_EXTENSIONS - 1] = (uint8_t)size;
	send_message(1, piece);
}

static void
add_record(unsigned type, const void *data, size_t size)
{
	add_number(&stream, 1, type);
	add_number(&stream, 2, 0x0303);
	add_number(&stream, 2, size);
	add(&stream, data, size);
}

static void
hello_for(const char *name)
{
	begin_message();
	add_name(name);
	add_versions();
	end_message(16384);
}

/* What a whole client got to: its bytes come in pieces of so many. */
struct course {
	enum hello_answer last;
	unsigned hellos;
	size_t first_pass, passed;
};

static struct course
run_of(const uint8_t *data, size_t size, size_t piece)
{
	struct course c = { .last = HELLO_MORE };
	size_t have = 0, pass;

	while (have < size && c.last != HELLO_REFUSED) {
		have += size - have < piece ? size - have : piece;
		do {
			/* A copy that ends where the bytes do, for the sanitizer. */
			uint8_t *exact = malloc(have - c.passed + 1);

			memcpy(exact, data + c.passed, have - c.passed);
			c.last = hello_look(&h, exact, have - c.passed, &pass);
			free(exact);
			cr_assert(le(sz, pass, have - c.passed));
			c.passed += pass;
			if (c.last == HELLO_DONE && c.hellos++ == 0)
				c.first_pass = c.passed;
		} while (c.last == HELLO_DONE);
	}
	return c;
}

static void
expect_refusal_of(const uint8_t *data, size_t size, enum hello_refusal why)
{
	static const size_t pieces[] = { 1, 7, 1000000 };

	for (size_t i = 0; i < 3; i++) {
		if (pieces[i] < 8 && size > 5000)
			continue;
		hello_begin(&h, HELLO_ECH_REFUSED);
		struct course c = run_of(data, size, pieces[i]);

		cr_assert(eq(int, (int)c.last, HELLO_REFUSED), "in pieces of %zu: %d", pieces[i],
			(int)c.last);
		cr_assert(eq(int, (int)h.refusal, (int)why), "%s", hello_refusal_name(h.refusal));
		/* And stays so. */
		size_t pass = 1;
		cr_assert(eq(int, (int)hello_look(&h, hello_by_curl, sizeof(hello_by_curl), &pass),
			HELLO_REFUSED));
		cr_assert(eq(sz, pass, 0));
	}
}

static void
expect_refusal(enum hello_refusal why)
{
	expect_refusal_of(stream.data, stream.size, why);
}

static struct course
expect_done(void)
{
	hello_begin(&h, HELLO_ECH_REFUSED);
	struct course c = run_of(stream.data, stream.size, 100000);

	cr_assert(ge(u32, c.hellos, 1), "%s", hello_refusal_name(h.refusal));
	return c;
}

static void
begin_test(void)
{
	stream.size = 0;
}

TestSuite(hello, .init = begin_test, .timeout = 60);

Test(hello, of_real_clients_is_read_however_it_is_cut)
{
	static const struct {
		const uint8_t *data;
		size_t size;
		const char *name;
		uint16_t version;
		size_t alpn_size;
	} rows[] = {
		{ hello_by_openssl, sizeof(hello_by_openssl), "example.org", 0x0304, 0 },
		{ hello_by_openssl_12, sizeof(hello_by_openssl_12), "example.org", 0x0303, 0 },
		{ hello_by_openssl_unnamed, sizeof(hello_by_openssl_unnamed), "", 0x0304, 0 },
		{ hello_by_curl, sizeof(hello_by_curl), "example.org", 0x0304, 12 },
		{ hello_by_node, sizeof(hello_by_node), "example.org", 0x0304, 12 },
		{ hello_by_java, sizeof(hello_by_java), "example.org", 0x0304, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (size_t piece = 1; piece <= rows[i].size; piece++) {
			hello_begin(&h, HELLO_ECH_REFUSED);
			struct course c = run_of(rows[i].data, rows[i].size, piece);

			cr_assert(eq(u32, c.hellos, 1), "%zu in pieces of %zu", i, piece);
			cr_assert(eq(sz, c.first_pass, rows[i].size));
			cr_assert(eq(str, h.name, (char *)rows[i].name));
			cr_assert(eq(u16, h.version, rows[i].version));
			cr_assert(eq(sz, h.alpn_size, rows[i].alpn_size));
			cr_assert(eq(int, h.ech, 0));
		}
}

Test(hello, agrees_with_one_name_alone)
{
	hello_for("WWW.Example.org");
	expect_done();
	cr_assert(eq(int, hello_agrees(&h, "www.example.org"), 1));
	cr_assert(eq(int, hello_agrees(&h, "www.example.or"), 0));
	cr_assert(eq(int, hello_agrees(&h, "example.org"), 0));
	cr_assert(eq(int, hello_agrees(&h, "www.example.org."), 0));
	hello_begin(&h, HELLO_ECH_REFUSED);
	cr_assert(eq(int, hello_agrees(&h, ""), 0));
}

Test(hello, has_its_protocols_one_by_one)
{
	const uint8_t *protocol;
	size_t at = 0, size;

	hello_begin(&h, HELLO_ECH_REFUSED);
	run_of(hello_by_node, sizeof(hello_by_node), 10000);
	cr_assert(eq(int, hello_protocol(&h, &at, &protocol, &size), 1));
	cr_assert(eq(sz, size, 2));
	cr_assert(eq(int, memcmp(protocol, "h2", 2), 0));
	cr_assert(eq(int, hello_protocol(&h, &at, &protocol, &size), 1));
	cr_assert(eq(sz, size, 8));
	cr_assert(eq(int, memcmp(protocol, "http/1.1", 8), 0));
	cr_assert(eq(int, hello_protocol(&h, &at, &protocol, &size), 0));
}

Test(hello, in_many_records_is_put_together)
{
	for (size_t piece = 1; piece < 90; piece++) {
		stream.size = 0;
		begin_message();
		add_name("www.example.org");
		add_versions();
		end_message(piece);
		add_record(23, "data", 4);
		struct course c = expect_done();
		cr_assert(eq(str, h.name, "www.example.org"));
		cr_assert(eq(sz, c.first_pass, stream.size - 9));
		cr_assert(eq(int, (int)c.last, HELLO_OPEN));
		cr_assert(eq(sz, c.passed, stream.size));
	}
}

Test(hello, may_be_64_kib_long_and_no_longer)
{
	static uint8_t zeroes[66000];

	for (size_t more = 0; more < 2; more++) {
		stream.size = 0;
		begin_message();
		add_name("a.org");
		/* Four records of message in 65536 bytes. */
		add_extension(21, zeroes, 65536 - 4 * 5 - 4 - inside.size - 4 + more);
		end_message(16384);
		cr_assert(eq(sz, stream.size, 65536 + more));
		if (more)
			expect_refusal(HELLO_TOO_LONG);
		else
			expect_done();
	}
}

Test(hello, that_says_it_is_too_long_is_refused_at_once)
{
	expect_refusal_of(
		(const uint8_t *)"\x16\x03\x01\x00\x04\x01\x01\x00\x01", 9, HELLO_TOO_LONG);
	expect_refusal_of(
		(const uint8_t *)"\x16\x03\x01\x00\x04\x01\xff\xff\xff", 9, HELLO_TOO_LONG);
}

Test(hello, of_another_protocol_is_refused_at_the_first_byte)
{
	static const char *const starts[] = { "GET / HTTP/1.1\r\n", "SSH-2.0-x\r\n", "\x15\x03\x01",
		"\x17\x03\x03", "\x80\x2e\x02\x03", "\xff\xff\xff" };

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		expect_refusal_of((const uint8_t *)starts[i], strlen(starts[i]), HELLO_NOT_TLS);
	hello_begin(&h, HELLO_ECH_REFUSED);
	size_t pass;
	cr_assert(eq(int, (int)hello_look(&h, (const uint8_t *)"G", 1, &pass), HELLO_REFUSED));
}

Test(hello, of_ssl_2_is_refused)
{
	expect_refusal_of((const uint8_t *)"\x80\x2e\x01\x03\x01\x00\x15", 7, HELLO_SSLV2);
	expect_refusal_of((const uint8_t *)"\x80\x2e\x01", 3, HELLO_SSLV2);
}

Test(hello, has_records_of_handshake)
{
	static const struct {
		const char *bytes;
		size_t size;
	} rows[] = {
		{ "\x16\x02\x01\x00\x04", 5 }, /* a version that is not 3 */
		{ "\x16\x03\x01\x00\x00", 5 }, /* empty */
		{ "\x16\x03\x01\x40\x01", 5 }, /* longer than records are */
		{ "\x16\x03\x01\x00\x01\x01\x17\x03\x01\x00\x01", 11 }, /* data amid the hello */
		{ "\x16\x03\x01\x00\x01\x01\x14\x03\x01\x00\x01", 11 }, /* ChangeCipherSpec */
		{ "\x16\x03\x01\x00\x01\x01\x16\x03\x01\x00\x00", 11 }, /* an empty piece */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		expect_refusal_of((const uint8_t *)rows[i].bytes, rows[i].size, HELLO_BAD_RECORD);
}

Test(hello, comes_first)
{
	for (unsigned type = 0; type < 256; type++) {
		if (type == 1)
			continue;
		stream.size = 0;
		begin_message();
		send_message(type, 16384);
		expect_refusal(HELLO_NO_HELLO);
	}
}

Test(hello, shares_its_record_with_nothing)
{
	hello_for("a.org");
	stream.data[4]++;
	add(&stream, "", 1);
	expect_refusal(HELLO_MORE_IN_RECORD);
}

Test(hello, has_lengths_that_fit)
{
	/* Every length of the hello, one more and one less; records and message stay as they are. */
	static const size_t lengths[] = { 34, 36, 39, 42, 46, 48, 51, 66, 67 };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++)
		for (int more = -1; more < 2; more += 2) {
			stream.size = 0;
			hello_for("www.example");
			stream.data[9 + lengths[i]] = (uint8_t)(stream.data[9 + lengths[i]] + more);
			hello_begin(&h, HELLO_ECH_REFUSED);
			struct course c = run_of(stream.data, stream.size, 100000);
			cr_assert(eq(int, (int)c.last, HELLO_REFUSED), "%zu", lengths[i]);
		}
	/* Cut inside, the record's and the message's lengths being right. */
	for (size_t size = 0; size < 70; size++) {
		stream.size = 0;
		begin_message();
		add_name("www.example.org");
		add_versions();
		inside.data[BEFORE_EXTENSIONS - 1] = (uint8_t)(inside.size - BEFORE_EXTENSIONS);
		inside.size = size;
		if (size == BEFORE_EXTENSIONS - 2)
			continue; /* no extensions at all, see below */
		send_message(1, 16384);
		expect_refusal(HELLO_MALFORMED);
	}
}

Test(hello, may_have_no_extensions)
{
	begin_message();
	inside.size -= 2;
	send_message(1, 16384);
	expect_done();
	cr_assert(eq(str, h.name, ""));
	cr_assert(eq(u16, h.version, 0x0303));
}

Test(hello, has_fields_of_legal_size)
{
	static const struct {
		const char *tail;
		size_t size;
	} rows[] = {
		{ "\x21"
		  "012345678901234567890123456789012"
		  "\0\2\x13\1\1\0",
			40 }, /* session of 33 */
		{ "\0\0\0\1\0", 5 }, /* no ciphers */
		{ "\0\0\3\x13\1\x13\1\0", 8 }, /* one and a half */
		{ "\0\0\2\x13\1\0", 6 }, /* no compressions */
		{ "\0\0\2\x13\1\1\1", 7 }, /* not "none" among them */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		stream.size = 0;
		begin_message();
		inside.size = 34;
		add(&inside, rows[i].tail, rows[i].size);
		send_message(1, 16384);
		expect_refusal(HELLO_MALFORMED);
	}
}

Test(hello, offers_a_version_of_tls)
{
	static const unsigned old[] = { 0x0002, 0x0200, 0x0300, 0x0400, 0xfefd };

	for (size_t i = 0; i < sizeof(old) / sizeof(*old); i++) {
		stream.size = 0;
		begin_message();
		inside.data[0] = (uint8_t)(old[i] >> 8);
		inside.data[1] = (uint8_t)old[i];
		end_message(16384);
		expect_refusal(HELLO_OLD_VERSION);
	}
	/* In the list, too: GREASE and SSL 3 alone. */
	stream.size = 0;
	begin_message();
	add_extension(43, "\x04\x1a\x1a\x03\x00", 5);
	end_message(16384);
	expect_refusal(HELLO_OLD_VERSION);
}

Test(hello, versions_are_a_list)
{
	static const struct {
		const char *data;
		size_t size;
	} rows[] = { { "", 0 }, { "\0", 1 }, { "\1\3", 2 }, { "\3\3\4\3", 4 }, { "\2\3\4\3", 4 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		stream.size = 0;
		begin_message();
		add_extension(43, rows[i].data, rows[i].size);
		end_message(16384);
		expect_refusal(HELLO_MALFORMED);
	}
}

Test(hello, has_no_extension_twice)
{
	static const unsigned types[] = { 0, 16, 43, 1234, 0xffff };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		stream.size = 0;
		begin_message();
		for (int twice = 0; twice < 2; twice++) {
			if (types[i] == 0)
				add_name("a.org");
			else if (types[i] == 16)
				add_extension(16, "\0\3\2h2", 5);
			else if (types[i] == 43)
				add_versions();
			else
				add_extension(types[i], "x", 1);
			add_extension(99 + twice, "", 0);
		}
		end_message(16384);
		expect_refusal(HELLO_EXTENSION_TWICE);
	}
}

Test(hello, has_its_pre_shared_key_last)
{
	begin_message();
	add_extension(41, "x", 1);
	add_name("a.org");
	end_message(16384);
	expect_refusal(HELLO_EXTENSION_ORDER);
	stream.size = 0;
	begin_message();
	add_name("a.org");
	add_extension(41, "x", 1);
	end_message(16384);
	expect_done();
}

Test(hello, early_data_says_nothing_more)
{
	begin_message();
	add_extension(42, "x", 1);
	end_message(16384);
	expect_refusal(HELLO_MALFORMED);
}

Test(hello, names_one_server)
{
	static const struct {
		const char *data;
		size_t size;
		enum hello_refusal why;
	} rows[] = {
		{ "", 0, HELLO_MALFORMED }, { "\0\0", 2, HELLO_BAD_NAME }, /* nobody */
		{ "\0\3\0\0\0", 5, HELLO_BAD_NAME }, /* an empty name */
		{ "\0\4\1\0\1a", 6, HELLO_BAD_NAME }, /* another type */
		{ "\0\10\0\0\1a\0\0\1b", 10, HELLO_BAD_NAME }, /* two */
		{ "\0\10\0\0\1a\1\0\1b", 10, HELLO_BAD_NAME }, /* two, one of another type */
		{ "\0\4\0\0\2a", 6, HELLO_BAD_NAME }, /* longer than its list */
		{ "\0\4\0\0\1ab", 7, HELLO_MALFORMED }, /* a byte behind the list */
		{ "\0\5\0\0\1a", 6, HELLO_MALFORMED }, /* a list longer than the extension */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		stream.size = 0;
		begin_message();
		add_extension(0, rows[i].data, rows[i].size);
		end_message(16384);
		expect_refusal(rows[i].why);
	}
}

Test(hello, name_is_a_host_name)
{
	static const char *const names[] = { "a.org.", "127.0.0.1", "::1", "[::1]", "a..b", "a b",
		"a.org:443", "*.a.org", "a\xff.org", "0x7f.1", "a.org/x" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		stream.size = 0;
		hello_for(names[i]);
		expect_refusal(HELLO_BAD_NAME);
	}
	stream.size = 0;
	begin_message();
	add_extension(0, "\0\10\0\0\5a\0.bc", 10);
	end_message(16384);
	expect_refusal(HELLO_BAD_NAME);
}

Test(hello, protocols_are_a_list)
{
	static const struct {
		const char *data;
		size_t size;
		enum hello_refusal why;
	} rows[] = {
		{ "", 0, HELLO_MALFORMED },
		{ "\0\0", 2, HELLO_BAD_ALPN },
		{ "\0\1\0", 3, HELLO_BAD_ALPN }, /* an empty one */
		{ "\0\3\3h2", 5, HELLO_BAD_ALPN },
		{ "\0\3\2h2x", 6, HELLO_MALFORMED },
	};
	uint8_t list[258] = { 0, 0, 254 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		stream.size = 0;
		begin_message();
		add_extension(16, rows[i].data, rows[i].size);
		end_message(16384);
		expect_refusal(rows[i].why);
	}
	for (size_t more = 0; more < 2; more++) {
		list[1] = (uint8_t)(255 + more);
		list[0] = (uint8_t)(more);
		list[2] = (uint8_t)(254 + more);
		stream.size = 0;
		begin_message();
		add_extension(16, list, 257 + more);
		end_message(16384);
		if (more)
			expect_refusal(HELLO_BAD_ALPN);
		else
			expect_done();
	}
}

Test(hello, a29_that_may_hide_another_is_refused_unless_allowed)
{
	/* The number of RFC 9849, its drafts', the forerunner's, and what stands in hidden ones. GREASE has the
	 * same number, and cannot be told from the real one. */
	static const unsigned types[] = { 0xfe0d, 0xfe08, 0xfe09, 0xfe0a, 0xfe0b, 0xfe0c, 0xffce,
		0xfd00 };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		stream.size = 0;
		begin_message();
		add_name("a.org");
		add_extension(types[i], "\0\0\1\0\1\x2a\0\0\0\1x", 11);
		add_versions();
		end_message(16384);
		expect_refusal(HELLO_HIDDEN);
		hello_begin(&h, HELLO_ECH_ALLOWED);
		struct course c = run_of(stream.data, stream.size, 100000);
		cr_assert(eq(u32, c.hellos, 1));
		cr_assert(eq(int, h.ech, 1));
		cr_assert(eq(str, h.name, "a.org"));
	}
	/* The control. */
	stream.size = 0;
	hello_for("a.org");
	expect_done();
	cr_assert(eq(int, h.ech, 0));
}

Test(hello, a29_second_one_is_read_too)
{
	static const struct {
		const uint8_t *data;
		size_t size, first, second;
	} rows[] = {
		{ hello_repeated, sizeof(hello_repeated), 301, 301 + 6 + 402 },
		{ hello_early_repeated, sizeof(hello_early_repeated), 424, 424 + 6 + 72 + 497 },
	};

	for (size_t i = 0; i < 2; i++)
		for (size_t piece = 1; piece < rows[i].size; piece++) {
			uint8_t other[2000];
			struct course c;

			hello_begin(&h, HELLO_ECH_REFUSED);
			c = run_of(rows[i].data, rows[i].size, piece);
			cr_assert(eq(u32, c.hellos, 2), "%zu in pieces of %zu", i, piece);
			cr_assert(eq(sz, c.first_pass, rows[i].first));
			cr_assert(eq(int, (int)c.last, HELLO_OPEN));
			cr_assert(eq(sz, c.passed, rows[i].size));
			/* And with another name in the second, which a server would serve. */
			memcpy(other, rows[i].data, rows[i].size);
			uint8_t *name = memmem(other + rows[i].first,
				rows[i].second - rows[i].first, "example.org", 11);
			cr_assert(ne(ptr, name, NULL));
			memcpy(name, "example.com", 11);
			hello_begin(&h, HELLO_ECH_REFUSED);
			c = run_of(other, rows[i].size, piece);
			cr_assert(eq(int, (int)c.last, HELLO_REFUSED));
			cr_assert(eq(int, (int)h.refusal, HELLO_OTHER_NAME));
			cr_assert(lt(sz, c.passed, rows[i].second - 400));
		}
}

Test(hello, a29_second_one_is_not_overlooked)
{
	/* In pieces of a byte; without a name; hiding one; too long; malformed; with something amid it. */
	hello_for("a.org");
	const size_t first = stream.size;
	begin_message();
	add_name("b.org");
	end_message(1);
	expect_refusal(HELLO_OTHER_NAME);
	stream.size = first;
	begin_message();
	end_message(16384);
	expect_refusal(HELLO_OTHER_NAME);
	stream.size = first;
	begin_message();
	add_name("a.org");
	add_extension(0xfe0d, "x", 1);
	end_message(16384);
	expect_refusal(HELLO_HIDDEN);
	stream.size = first;
	static const uint8_t piece[16384] = { 1, 3, 0xff, 0xff }, long_record[18433];
	for (size_t i = 0; i < 4; i++)
		add_record(22, piece, sizeof(piece));
	expect_refusal(HELLO_TOO_LONG);
	stream.size = first;
	add_record(22, "\1\0\0\1x", 5);
	expect_refusal(HELLO_MALFORMED);
	stream.size = first;
	add_record(22, "\1", 1);
	add_record(20, "\1", 1);
	expect_refusal(HELLO_BAD_RECORD);
	stream.size = first;
	add_record(24, "x", 1);
	expect_refusal(HELLO_BAD_RECORD);
	stream.size = first;
	add_record(20, long_record, sizeof(long_record));
	expect_refusal(HELLO_BAD_RECORD);
	/* The control. */
	stream.size = first;
	hello_for("a.org");
	struct course c = expect_done();
	cr_assert(eq(u32, c.hellos, 2));
}

Test(hello, resumed_session_is_let_go_on)
{
	for (size_t piece = 1; piece < sizeof(hello_resumed); piece++) {
		hello_begin(&h, HELLO_ECH_REFUSED);
		struct course c = run_of(hello_resumed, sizeof(hello_resumed), piece);

		cr_assert(eq(u32, c.hellos, 1));
		cr_assert(eq(int, (int)c.last, HELLO_OPEN));
		cr_assert(eq(sz, c.passed, sizeof(hello_resumed)));
	}
}

Test(hello, encrypted_message_that_begins_like_one_is_let_go_on_when_data_follow)
{
	hello_for("a.org");
	add_record(20, "\1", 1);
	const size_t before = stream.size;
	add_record(22, "\1\3\3\4 and the rest of forty encrypted bytes", 40);
	hello_begin(&h, HELLO_ECH_REFUSED);
	struct course c = run_of(stream.data, stream.size, 100000);
	cr_assert(eq(int, (int)c.last, HELLO_MORE));
	cr_assert(eq(sz, c.passed, before));
	add_record(23, "data", 4);
	c = expect_done();
	cr_assert(eq(int, (int)c.last, HELLO_OPEN));
	cr_assert(eq(sz, c.passed, stream.size));
}

Test(hello, other_messages_and_long_records_end_the_watch)
{
	hello_for("a.org");
	const size_t first = stream.size;

	for (size_t length = 1; length <= 18432; length = length == 1 ? 16385 : length + 2047) {
		stream.size = first;
		add_record(22, length == 1 ? "\x10" : "\1", 1);
		stream.data[first + 3] = (uint8_t)(length >> 8);
		stream.data[first + 4] = (uint8_t)length;
		struct course c = expect_done();
		cr_assert(eq(int, (int)c.last, HELLO_OPEN), "%zu", length);
	}
}

Test(hello, data_that_were_announced_are_passed_on_and_do_not_end_the_watch)
{
	hello_begin(&h, HELLO_ECH_REFUSED);
	struct course c = run_of(hello_early, sizeof(hello_early), 3);
	cr_assert(eq(u32, c.hellos, 1));
	cr_assert(eq(int, h.early_data, 1));
	cr_assert(eq(int, (int)c.last, HELLO_MORE));
	cr_assert(eq(sz, c.passed, sizeof(hello_early)));
}

Test(hello, without_tls_1_3_is_the_only_one)
{
	uint8_t data[sizeof(hello_by_openssl_12) + 1];
	size_t pass;

	memcpy(data, hello_by_openssl_12, sizeof(hello_by_openssl_12));
	data[sizeof(data) - 1] = 0xff;
	hello_begin(&h, HELLO_ECH_REFUSED);
	cr_assert(eq(int, (int)hello_look(&h, data, sizeof(data), &pass), HELLO_DONE));
	cr_assert(eq(sz, pass, sizeof(data) - 1));
	cr_assert(eq(int, (int)hello_look(&h, data + pass, 1, &pass), HELLO_OPEN));
	cr_assert(eq(sz, pass, 1));
}

Test(hello, without_memory_is_refused)
{
	size_t pass;

	begin_message();
	add_name("a.org");
	end_message(20);
	hello_begin(&h, HELLO_ECH_REFUSED);
	no_memory = 1;
	const enum hello_answer answer = hello_look(&h, stream.data, stream.size, &pass);
	no_memory = 0;
	cr_assert(eq(int, (int)answer, HELLO_REFUSED));
	cr_assert(eq(int, (int)h.refusal, HELLO_NO_MEMORY));
	cr_assert(eq(sz, pass, 0));
}

Test(hello, refusals_have_words)
{
	for (int i = 0; i < HELLO_REFUSALS; i++) {
		cr_assert(eq(int, strncmp(hello_refusal_name(i), "hello.", 6), 0));
		cr_assert(gt(sz, strlen(hello_refusal_text(i)), 10));
	}
	cr_assert(eq(str, (char *)hello_refusal_name(99), "hello.unknown"));
	cr_assert(eq(str, (char *)hello_refusal_text(99), "the hello is refused"));
}
