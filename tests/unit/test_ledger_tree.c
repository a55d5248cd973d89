#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <string.h>

#include <cordon/ledger_format.h>

/* The tree that the implementations of certificate transparency test themselves with: eight inputs, and the
 * roots of the first 1 to 8. */
static const struct {
	const char *text;
	size_t size;
} inputs[] = { { "", 0 }, { "\0", 1 }, { "\x10", 1 }, { "\x20\x21", 2 }, { "\x30\x31", 2 },
	{ "\x40\x41\x42\x43", 4 }, { "\x50\x51\x52\x53\x54\x55\x56\x57", 8 },
	{ "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16 } };
static const char *const roots[] = {
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
	"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
	"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
	"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
	"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
	"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};
/* The path of input 0 among eight. */
static const char *const path[] = {
	"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
	"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
	"6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
};

static void
assert_hex(const uint8_t digest[CORDON_DIGEST_SIZE], const char *expected)
{
	char hex[CORDON_DIGEST_HEX];

	cordon_digest_hex(digest, hex);
	cr_assert(eq(str, hex, (char *)expected));
}

Test(ledger_tree, has_the_roots_and_a_path_of_certificate_transparency)
{
	struct cordon_ledger_tree tree = { 0 };
	struct cordon_ledger_proof proof = { 0 };
	uint8_t leaf[CORDON_DIGEST_SIZE], root[CORDON_DIGEST_SIZE];

	cr_assert(zero(int, cordon_ledger_tree_root(&tree, NULL, root)));
	assert_hex(root, roots[0]);
	for (size_t i = 0; i < 8; i++) {
		cr_assert(zero(int, cordon_ledger_leaf(inputs[i].text, inputs[i].size, leaf)));
		cr_assert(zero(int, cordon_ledger_tree_add(&tree, leaf, &proof)));
		cr_assert(zero(int, cordon_ledger_tree_root(&tree, NULL, root)));
		assert_hex(root, roots[i + 1]);
	}

	cr_assert(zero(int, cordon_ledger_tree_root(&tree, &proof, root)));
	cr_assert(eq(sz, proof.count, 3));
	for (size_t i = 0; i < 3; i++)
		assert_hex(proof.path[i], path[i]);
}

static void
make_leaf(uint64_t number, uint8_t leaf[CORDON_DIGEST_SIZE])
{
	cr_assert(zero(int, cordon_ledger_leaf(&number, sizeof(number), leaf)));
}

/* Builds the tree of size and the proof of index, and checks that it proves this and nothing else. */
static void
check_proof(uint64_t size, uint64_t index)
{
	struct cordon_ledger_tree tree = { 0 };
	struct cordon_ledger_proof proof = { .index = index };
	uint8_t leaf[CORDON_DIGEST_SIZE], root[CORDON_DIGEST_SIZE], found[CORDON_DIGEST_SIZE];

	for (uint64_t i = 0; i < size; i++) {
		make_leaf(i, leaf);
		cr_assert(zero(int, cordon_ledger_tree_add(&tree, leaf, &proof)));
	}
	cr_assert(zero(int, cordon_ledger_tree_root(&tree, &proof, root)));
	make_leaf(index, leaf);

	cr_assert(zero(int, cordon_ledger_proof_root(&proof, size, leaf, found)));
	cr_assert(zero(int, memcmp(root, found, sizeof(root))));
	make_leaf(index + 1, leaf);
	cr_assert(zero(int, cordon_ledger_proof_root(&proof, size, leaf, found)));
	cr_assert(ne(int, memcmp(root, found, sizeof(root)), 0));
	make_leaf(index, leaf);
	proof.count++;
	cr_assert(eq(int, cordon_ledger_proof_root(&proof, size, leaf, found), -1));
	proof.count--;
	if (proof.count > 0) {
		proof.count--;
		cr_assert(eq(int, cordon_ledger_proof_root(&proof, size, leaf, found), -1));
		proof.count++;
	}
	proof.index = size;
	cr_assert(eq(int, cordon_ledger_proof_root(&proof, size, leaf, found), -1));
}

Test(ledger_tree, proves_each_leaf_of_each_size)
{
	for (uint64_t size = 1; size <= 66; size++)
		for (uint64_t index = 0; index < size; index++)
			check_proof(size, index);
}
