#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdlib.h>
#include <string.h>

#include <cordon/sign.h>

struct vector {
	const char *seed, *key, *message, *signature;
};

/* RFC 8032, 7.1: TEST 1 to 3. */
static const struct vector vectors[] = {
	{ "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39"
		"701cf9b46bd25bf5f0595bbe24655141438e7a100b" },
	{ "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
		"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f36"
		"13d0f11d8c387b2eaeb4302aeeb00d291612bb0c00" },
	{ "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
		"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f7"
		"60984dc6594a7c15e9716ed28dc027beceea1ec40a" },
};

static size_t
unhex(const char *text, uint8_t *out)
{
	const size_t size = strlen(text) / 2;

	for (size_t i = 0; i < size; i++) {
		const char digits[] = { text[2 * i], text[2 * i + 1], '\0' };
		char *end;

		out[i] = (uint8_t)strtoul(digits, &end, 16);
		cr_assert(zero(int, *end));
	}
	return size;
}

Test(sign, is_ed25519)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		uint8_t seed[32], key[32], made_key[32], message[8], expected[64], made[64];
		struct cordon_error err = { 0 };
		size_t size;

		unhex(vectors[i].seed, seed);
		unhex(vectors[i].key, key);
		unhex(vectors[i].signature, expected);
		size = unhex(vectors[i].message, message);

		cr_assert(zero(int, cordon_sign_public(seed, made_key, &err)));
		cr_assert(zero(int, cordon_sign(seed, message, size, made, &err)));

		cr_assert(zero(int, memcmp(made_key, key, sizeof(key))));
		cr_assert(zero(int, memcmp(made, expected, sizeof(made))));
		cr_assert(eq(int, cordon_sign_verify(key, message, size, made), 1));
	}
}

Test(sign, refuses_another_message_key_or_signature)
{
	uint8_t seed[32], key[32], other[32], signature[64], message[] = "message";
	struct cordon_error err = { 0 };

	cr_assert(zero(int, cordon_sign_make_seed(seed, &err)));
	cr_assert(zero(int, cordon_sign_public(seed, key, &err)));
	cr_assert(zero(int, cordon_sign(seed, message, sizeof(message), signature, &err)));
	cr_assert(zero(int, cordon_sign_make_seed(seed, &err)));
	cr_assert(zero(int, cordon_sign_public(seed, other, &err)));

	cr_assert(eq(int, cordon_sign_verify(key, message, sizeof(message), signature), 1));
	cr_assert(eq(int, cordon_sign_verify(other, message, sizeof(message), signature), 0));
	cr_assert(eq(int, cordon_sign_verify(key, message, sizeof(message) - 1, signature), 0));
	for (size_t bit = 0; bit < 512; bit++) {
		signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_assert(eq(int, cordon_sign_verify(key, message, sizeof(message), signature), 0));
		signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}
