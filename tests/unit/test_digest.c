#include <criterion/criterion.h>
#include <criterion/new/assert.h>

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
