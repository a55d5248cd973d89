#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdio.h>
#include <string.h>

#include <cordon/ledger_note.h>

static const uint8_t seed[CORDON_SIGN_SEED] = { 7 };
static uint8_t key[CORDON_SIGN_PUBLIC];
static char note[CORDON_LEDGER_NOTE_MAX];
static size_t note_size;
static struct cordon_ledger_checkpoint written = {
	.tree_size = 102, .root = { 1 }, .chain = { 2 }, .segment = 3
};

static void
make_note(void)
{
	struct cordon_error err = { 0 };

	cr_assert(zero(int, cordon_sign_public(seed, key, &err)));
	note_size = (size_t)cordon_ledger_note_sign(&written, seed, note, &err);
	cr_assert(lt(sz, note_size, sizeof(note)));
}

TestSuite(ledger_note, .init = make_note);

Test(ledger_note, is_spelled_as_a_tlog_checkpoint)
{
	char origin[CORDON_LEDGER_ORIGIN], expected[CORDON_LEDGER_NOTE_MAX];
	const char *root = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	const char *chain = "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	int size;

	cr_assert(zero(int, cordon_ledger_origin(key, origin)));
	size = snprintf(expected, sizeof(expected),
		"%s\n102\n%s\nsequence 101\nchain %s\nsegment 3\n\n\xe2\x80\x94 %s ", origin, root,
		chain, origin);

	cr_assert(zero(int, memcmp(note, expected, (size_t)size)));
	/* Four bytes of key hash and 64 of signature. */
	cr_assert(eq(sz, note_size, (size_t)size + 92 + 1));
	cr_assert(eq(chr, note[note_size - 1], '\n'));
}

Test(ledger_note, is_read_as_it_was_written)
{
	struct cordon_ledger_checkpoint read;
	struct cordon_error err = { 0 };
	size_t used;

	note[note_size] = 'x'; /* the next one */
	cr_assert(
		zero(int, cordon_ledger_note_verify(note, note_size + 1, key, &read, &used, &err)));

	cr_assert(eq(sz, used, note_size));
	cr_assert(eq(u64, read.tree_size, 102));
	cr_assert(eq(u32, read.segment, 3));
	cr_assert(zero(int, memcmp(read.root, written.root, sizeof(read.root))));
	cr_assert(zero(int, memcmp(read.chain, written.chain, sizeof(read.chain))));
}

Test(ledger_note, is_refused_with_any_bit_changed)
{
	for (size_t bit = 0; bit < note_size * 8; bit++) {
		struct cordon_ledger_checkpoint read;
		struct cordon_error err = { 0 };
		size_t used;

		note[bit / 8] ^= (char)(1 << bit % 8);
		cr_assert(eq(int,
			cordon_ledger_note_verify(note, note_size, key, &read, &used, &err), -1));
		cr_assert(ne(int, err.code, CORDON_ELIMIT), "bit %zu: %s", bit, err.text);
		note[bit / 8] ^= (char)(1 << bit % 8);
	}
}

Test(ledger_note, is_cut_wherever_it_ends)
{
	for (size_t size = 0; size < note_size; size++) {
		struct cordon_ledger_checkpoint read;
		struct cordon_error err = { 0 };
		size_t used;

		cr_assert(eq(
			int, cordon_ledger_note_verify(note, size, key, &read, &used, &err), -1));
		cr_assert(eq(int, err.code, CORDON_ELIMIT));
	}
}

Test(ledger_note, of_another_key_is_refused)
{
	const uint8_t other_seed[CORDON_SIGN_SEED] = { 8 };
	uint8_t other[CORDON_SIGN_PUBLIC];
	struct cordon_ledger_checkpoint read;
	struct cordon_error err = { 0 };
	size_t used;

	cr_assert(zero(int, cordon_sign_public(other_seed, other, &err)));
	cr_assert(
		eq(int, cordon_ledger_note_verify(note, note_size, other, &read, &used, &err), -1));

	cr_assert(eq(int, err.code, CORDON_EPOLICY));
	cr_assert(ne(ptr, strstr(err.text, "and the key is that of"), NULL));
}

Test(ledger_note, key_is_read_as_it_was_written)
{
	char text[CORDON_LEDGER_PUBLIC_MAX];
	uint8_t read[CORDON_SIGN_PUBLIC];
	struct cordon_error err = { 0 };

	cr_assert(zero(int, cordon_ledger_public_encode(key, text, &err)));
	cr_assert(zero(int, cordon_ledger_public_decode(text, strlen(text), read, &err)));
	cr_assert(zero(int, memcmp(read, key, sizeof(key))));
	for (size_t bit = 0; bit < strlen(text) * 8; bit++) {
		text[bit / 8] ^= (char)(1 << bit % 8);
		cr_assert(eq(int, cordon_ledger_public_decode(text, strlen(text), read, &err), -1));
		text[bit / 8] ^= (char)(1 << bit % 8);
	}
}
