#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdlib.h>

#include <cordon/wire.h>

Test(wire, gives_back_what_was_put)
{
	struct cordon_writer w;
	struct cordon_error err = { 0 };
	uint8_t a;
	uint16_t b;
	uint32_t c;
	uint64_t d;
	char *text;

	cordon_writer_init(&w, 100);
	cordon_put_u8(&w, 1);
	cordon_put_u16(&w, 0x0203);
	cordon_put_u32(&w, 0x04050607);
	cordon_put_u64(&w, 0x08090a0b0c0d0e0full);
	cordon_put_string(&w, "hello");
	cr_assert(eq(int, cordon_writer_check(&w, &err), 0));
	cr_assert(eq(int, w.data[1], 3), "little-endian");

	struct cordon_reader r = { w.data, w.size };

	cr_assert(eq(int, cordon_get_u8(&r, &a), 0));
	cr_assert(eq(int, cordon_get_u16(&r, &b), 0));
	cr_assert(eq(int, cordon_get_u32(&r, &c), 0));
	cr_assert(eq(int, cordon_get_u64(&r, &d), 0));
	cr_assert(eq(int, cordon_get_string(&r, 5, &text), 0));
	cr_assert(eq(u64, d, 0x08090a0b0c0d0e0full));
	cr_assert(eq(str, text, "hello"));
	cr_assert(eq(sz, r.left, 0));
	free(text);
	cordon_writer_finish(&w);
}

Test(wire, a_writer_keeps_its_maximum)
{
	struct cordon_writer w;
	struct cordon_error err = { 0 };

	cordon_writer_init(&w, 10);
	cordon_put_string(&w, "0123456789");
	cr_assert(eq(int, cordon_writer_check(&w, &err), -1));
	cr_assert(eq(int, err.code, CORDON_ELIMIT));
	cordon_writer_finish(&w);
}

Test(wire, a_reader_refuses_short_long_and_nul)
{
	const uint8_t lies[] = { 9, 0, 0, 0, 'a', 'b' };
	const uint8_t nul[] = { 2, 0, 0, 0, 'a', 0 };
	struct cordon_reader r = { lies, sizeof(lies) };
	struct cordon_bytes bytes;
	uint64_t number;
	char *text = NULL;

	cr_assert(eq(int, cordon_get_bytes(&r, 100, &bytes), -1));
	cr_assert(eq(int, cordon_get_u64(&r, &number), -1));
	cr_assert(eq(sz, r.left, sizeof(lies)), "nothing was taken");
	r = (struct cordon_reader){ nul, sizeof(nul) };
	cr_assert(eq(int, cordon_get_string(&r, 100, &text), -1));
	cr_assert(eq(int, cordon_get_bytes(&r, 1, &bytes), -1), "longer than allowed");
	cr_assert(eq(int, cordon_get_bytes(&r, 2, &bytes), 0));
}
