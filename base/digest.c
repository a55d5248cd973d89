#include <cordon/digest.h>

#include <openssl/evp.h>

struct cordon_digest *
cordon_digest_create(struct cordon_error *err)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (context == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
		EVP_MD_CTX_free(context);
		cordon_fail(err, CORDON_ENOSUPPORT, 0, "could not begin a SHA-256 digest");
		return NULL;
	}
	return (struct cordon_digest *)context;
}

void
cordon_digest_destroy(struct cordon_digest *d)
{
	EVP_MD_CTX_free((EVP_MD_CTX *)d);
}

int
cordon_digest_add(struct cordon_digest *d, const void *data, size_t size)
{
	return EVP_DigestUpdate((EVP_MD_CTX *)d, data, size) == 1 ? 0 : -1;
}

int
cordon_digest_end(struct cordon_digest *d, uint8_t out[CORDON_DIGEST_SIZE])
{
	return EVP_DigestFinal_ex((EVP_MD_CTX *)d, out, NULL) == 1 ? 0 : -1;
}

int
cordon_digest_of(const void *data, size_t size, uint8_t out[CORDON_DIGEST_SIZE],
	struct cordon_error *err)
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
