/* calls: none */
/* libcrypto's low-level SHA-256: the EVP interface would link all of the library's algorithms into a
 * static executable, whose relocations cost more than a launch's digests do. It is deprecated in
 * OpenSSL 3 in favour of EVP, and there to stay within it. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <cordon/digest.h>

#include <errno.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

struct cordon_digest {
	SHA256_CTX context;
};

struct cordon_digest *
cordon_digest_create(struct cordon_error *err)
{
	struct cordon_digest *d = malloc(sizeof(*d));

	if (d == NULL || SHA256_Init(&d->context) != 1) {
		free(d);
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not begin a SHA-256 digest");
		return NULL;
	}
	return d;
}

void
cordon_digest_destroy(struct cordon_digest *d)
{
	free(d);
}

int
cordon_digest_add(struct cordon_digest *d, const void *data, size_t size)
{
	return SHA256_Update(&d->context, data, size) == 1 ? 0 : -1;
}

int
cordon_digest_end(struct cordon_digest *d, uint8_t out[CORDON_DIGEST_SIZE])
{
	return SHA256_Final(out, &d->context) == 1 ? 0 : -1;
}

int
cordon_digest_of(
	const void *data, size_t size, uint8_t out[CORDON_DIGEST_SIZE], struct cordon_error *err)
{
	struct cordon_digest *d = cordon_digest_create(err);
	int result;

	if (d == NULL)
		return -1;
	result = cordon_digest_add(d, data, size) < 0 || cordon_digest_end(d, out) < 0 ? -1 : 0;
	cordon_digest_destroy(d);
	if (result < 0)
		return cordon_fail(err, CORDON_ENOSUPPORT, 0, "could not make a SHA-256 digest");
	return 0;
}

int
cordon_digest_parts(
	const struct cordon_digest_part *parts, size_t count, uint8_t out[CORDON_DIGEST_SIZE])
{
	SHA256_CTX context;
	int ok = SHA256_Init(&context);

	for (size_t i = 0; i < count; i++)
		ok &= SHA256_Update(&context, parts[i].data, parts[i].size);
	ok &= SHA256_Final(out, &context);
	return ok == 1 ? 0 : -1;
}

/* RFC 2104, 2: H(key xor opad, H(key xor ipad, data)); a key longer than a block is hashed first. */
int
cordon_digest_keyed(const void *key, size_t key_size, const void *data, size_t size,
	uint8_t out[CORDON_DIGEST_SIZE])
{
	uint8_t block[SHA256_CBLOCK] = { 0 }, inner[CORDON_DIGEST_SIZE];
	SHA256_CTX context;
	int ok = SHA256_Init(&context);

	if (key_size > sizeof(block))
		ok &= SHA256_Update(&context, key, key_size) & SHA256_Final(block, &context) &
		      SHA256_Init(&context);
	else if (key_size > 0)
		memcpy(block, key, key_size);
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] ^= 0x36;
	ok &= SHA256_Update(&context, block, sizeof(block)) & SHA256_Update(&context, data, size) &
	      SHA256_Final(inner, &context) & SHA256_Init(&context);
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] ^= 0x36 ^ 0x5c;
	ok &= SHA256_Update(&context, block, sizeof(block)) &
	      SHA256_Update(&context, inner, sizeof(inner)) & SHA256_Final(out, &context);
	explicit_bzero(block, sizeof(block));
	explicit_bzero(&context, sizeof(context));
	return ok == 1 ? 0 : -1;
}

void
cordon_digest_hex(const uint8_t digest[CORDON_DIGEST_SIZE], char out[CORDON_DIGEST_HEX])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < CORDON_DIGEST_SIZE; i++) {
		out[2 * i] = digits[digest[i] >> 4];
		out[2 * i + 1] = digits[digest[i] & 15];
	}
	out[2 * CORDON_DIGEST_SIZE] = '\0';
}
