#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <string.h>

#include <cordon/digest.h>

/* FIPS 180-4's own examples. */
Test(digest, is_sha256)
{
	struct cordon_error err = { 0 };
	uint8_t digest[CORDON_DIGEST_SIZE];
	char hex[CORDON_DIGEST_HEX];

	cr_assert(eq(int, cordon_digest_of("abc", 3, digest, &err), 0));
	cordon_digest_hex(digest, hex);
	cr_assert(eq(str, hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	cr_assert(eq(int, cordon_digest_of("", 0, digest, &err), 0));
	cordon_digest_hex(digest, hex);
	cr_assert(eq(str, hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
}

/* RFC 4231, cases 1, 2, 6 and an empty message. */
Test(digest, keyed_is_hmac_sha256)
{
	uint8_t key[131], digest[CORDON_DIGEST_SIZE];
	char hex[CORDON_DIGEST_HEX];

	memset(key, 0x0b, 20);
	cr_assert(eq(int, cordon_digest_keyed(key, 20, "Hi There", 8, digest), 0));
	cordon_digest_hex(digest, hex);
	cr_assert(eq(str, hex, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"));
	cr_assert(eq(int,
		cordon_digest_keyed("Jefe", 4, "what do ya want for nothing?", 28, digest), 0));
	cordon_digest_hex(digest, hex);
	cr_assert(eq(str, hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
	memset(key, 0xaa, sizeof(key));
	cr_assert(eq(int,
		cordon_digest_keyed(key, sizeof(key),
			"Test Using Larger Than Block-Size Key - Hash Key First", 54, digest),
		0));
	cordon_digest_hex(digest, hex);
	cr_assert(eq(str, hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
	cr_assert(eq(int, cordon_digest_keyed("", 0, "", 0, digest), 0));
	cordon_digest_hex(digest, hex);
	cr_assert(eq(str, hex, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"));
}
