/* libcrypto is started without its configuration: a file that a variable of the environment names, which tells it
 * what to load.
 *
 * calls: getrandom */
#include <cordon/sign.h>

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/random.h>

/* To be called before anything else here, and of no effect the second time. The tables of all ciphers and digests,
 * and of what errors are called, are two thirds of what a signature costs, and nobody here looks into them. */
static int
start(void)
{
	return OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ADD_ALL_CIPHERS |
					   OPENSSL_INIT_NO_ADD_ALL_DIGESTS |
					   OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS,
		NULL);
}

static EVP_PKEY *
load_seed(const uint8_t seed[CORDON_SIGN_SEED])
{
	if (start() != 1)
		return NULL;
	return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, CORDON_SIGN_SEED);
}

int
cordon_sign_make_seed(uint8_t out[CORDON_SIGN_SEED], struct cordon_error *err)
{
	/* getrandom(2) gives up to 256 bytes in one go, whatever signals come. */
	if (getrandom(out, CORDON_SIGN_SEED, 0) != CORDON_SIGN_SEED)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make a key for signatures");
	return 0;
}

int
cordon_sign_public(const uint8_t seed[CORDON_SIGN_SEED], uint8_t out[CORDON_SIGN_PUBLIC],
	struct cordon_error *err)
{
	EVP_PKEY *key = load_seed(seed);
	size_t size = CORDON_SIGN_PUBLIC;
	const int ok = key != NULL && EVP_PKEY_get_raw_public_key(key, out, &size) == 1 &&
		       size == CORDON_SIGN_PUBLIC;

	EVP_PKEY_free(key);
	if (!ok)
		return cordon_fail(
			err, CORDON_ENOSUPPORT, 0, "could not derive an ed25519 public key");
	return 0;
}

int
cordon_sign(const uint8_t seed[CORDON_SIGN_SEED], const void *data, size_t size,
	uint8_t out[CORDON_SIGN_SIGNATURE], struct cordon_error *err)
{
	EVP_PKEY *key = load_seed(seed);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t written = CORDON_SIGN_SIGNATURE;
	/* PureEdDSA: no digest is named, and all of data in one call (EVP_SIGNATURE-ED25519(7)). */
	const int ok = key != NULL && context != NULL &&
		       EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
		       EVP_DigestSign(context, out, &written, data, size) == 1 &&
		       written == CORDON_SIGN_SIGNATURE;

	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key); /* wipes the seed it holds */
	if (!ok)
		return cordon_fail(err, CORDON_ENOSUPPORT, 0, "could not sign with ed25519");
	return 0;
}

int
cordon_sign_verify(const uint8_t key[CORDON_SIGN_PUBLIC], const void *data, size_t size,
	const uint8_t signature[CORDON_SIGN_SIGNATURE])
{
	EVP_PKEY *loaded = start() != 1 ? NULL
					: EVP_PKEY_new_raw_public_key(
						  EVP_PKEY_ED25519, NULL, key, CORDON_SIGN_PUBLIC);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	const int ok = loaded != NULL && context != NULL &&
		       EVP_DigestVerifyInit(context, NULL, NULL, NULL, loaded) == 1 &&
		       EVP_DigestVerify(context, signature, CORDON_SIGN_SIGNATURE, data, size) == 1;

	EVP_MD_CTX_free(context);
	EVP_PKEY_free(loaded);
	return ok;
}
