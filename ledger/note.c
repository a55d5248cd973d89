/* Checkpoints as signed notes: see ledger_note.h, and C2SP signed-note and tlog-checkpoint. calls: none */
#include <cordon/ledger_note.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base64.h"

#define ED25519        "\1" /* signature type of signed-note */
#define DASH           "\xe2\x80\x94 " /* U+2014 and a space begin a signature line */
#define KEY_HASH       4
#define HASH_TEXT      (BASE64_SIZE(CORDON_DIGEST_SIZE) + 1)
#define SIGNATURE_BLOB (KEY_HASH + CORDON_SIGN_SIGNATURE)

int
cordon_ledger_origin(const uint8_t key[CORDON_SIGN_PUBLIC], char out[CORDON_LEDGER_ORIGIN])
{
	const struct cordon_digest_part part = { key, CORDON_SIGN_PUBLIC };
	uint8_t digest[CORDON_DIGEST_SIZE];
	char hex[CORDON_DIGEST_HEX];

	if (cordon_digest_parts(&part, 1, digest) < 0)
		return -1;
	cordon_digest_hex(digest, hex);
	snprintf(out, CORDON_LEDGER_ORIGIN, "cordon-ledger-%.16s", hex);
	return 0;
}

/* SHA-256(name, line end, type, key), the first four bytes. */
static int
hash_key(const char *origin, const uint8_t key[CORDON_SIGN_PUBLIC], uint8_t out[KEY_HASH])
{
	const struct cordon_digest_part parts[] = { { origin, strlen(origin) }, { "\n" ED25519, 2 },
		{ key, CORDON_SIGN_PUBLIC } };
	uint8_t digest[CORDON_DIGEST_SIZE];

	if (cordon_digest_parts(parts, 3, digest) < 0)
		return -1;
	memcpy(out, digest, KEY_HASH);
	return 0;
}

int
cordon_ledger_public_encode(const uint8_t key[CORDON_SIGN_PUBLIC],
	char out[CORDON_LEDGER_PUBLIC_MAX], struct cordon_error *err)
{
	char origin[CORDON_LEDGER_ORIGIN], text[BASE64_SIZE(1 + CORDON_SIGN_PUBLIC) + 1];
	uint8_t hash[KEY_HASH], typed[1 + CORDON_SIGN_PUBLIC] = ED25519;

	if (cordon_ledger_origin(key, origin) < 0 || hash_key(origin, key, hash) < 0)
		return cordon_fail(err, CORDON_ENOSUPPORT, 0, "could not make a SHA-256 digest");
	memcpy(typed + 1, key, CORDON_SIGN_PUBLIC);
	ledger_base64_put(typed, sizeof(typed), text);
	snprintf(out, CORDON_LEDGER_PUBLIC_MAX, "%s+%02x%02x%02x%02x+%s", origin, hash[0], hash[1],
		hash[2], hash[3], text);
	return 0;
}

int
cordon_ledger_public_decode(
	const char *text, size_t size, uint8_t out[CORDON_SIGN_PUBLIC], struct cordon_error *err)
{
	char again[CORDON_LEDGER_PUBLIC_MAX];
	const size_t key_text = BASE64_SIZE(1 + CORDON_SIGN_PUBLIC);
	uint8_t typed[1 + CORDON_SIGN_PUBLIC];

	if (size > 0 && text[size - 1] == '\n')
		size--;
	/* Name and key hash follow from the key: it is right when it would be written like this. */
	if (size < key_text ||
		ledger_base64_get(text + size - key_text, typed, sizeof(typed)) < 0 ||
		cordon_ledger_public_encode(typed + 1, again, err) < 0 || strlen(again) != size ||
		memcmp(again, text, size) != 0)
		return cordon_fail(err, CORDON_EINPUT, 0,
			"this is not the public key of a ledger, as its key.pub has it");
	memcpy(out, typed + 1, CORDON_SIGN_PUBLIC);
	return 0;
}

/* The signed text: all before the empty line. Returns its length. */
static int
write_text(const struct cordon_ledger_checkpoint *c, const char *origin,
	char out[CORDON_LEDGER_NOTE_MAX])
{
	char root[HASH_TEXT], chain[HASH_TEXT];

	ledger_base64_put(c->root, sizeof(c->root), root);
	ledger_base64_put(c->chain, sizeof(c->chain), chain);
	return snprintf(out, CORDON_LEDGER_NOTE_MAX,
		"%s\n%" PRIu64 "\n%s\nsequence %" PRIu64 "\nchain %s\nsegment %" PRIu32 "\n",
		origin, c->tree_size, root, c->tree_size - 1, chain, c->segment);
}

/* What comes after the text. Returns the length of the note. */
static ptrdiff_t
write_signature(char out[CORDON_LEDGER_NOTE_MAX], int size, const char *origin,
	const uint8_t blob[SIGNATURE_BLOB])
{
	char text[BASE64_SIZE(SIGNATURE_BLOB) + 1];

	ledger_base64_put(blob, SIGNATURE_BLOB, text);
	return size + snprintf(out + size, CORDON_LEDGER_NOTE_MAX - (size_t)size,
			      "\n" DASH "%s %s\n", origin, text);
}

ptrdiff_t
cordon_ledger_note_sign(const struct cordon_ledger_checkpoint *checkpoint,
	const uint8_t seed[CORDON_SIGN_SEED], char out[CORDON_LEDGER_NOTE_MAX],
	struct cordon_error *err)
{
	uint8_t key[CORDON_SIGN_PUBLIC], blob[SIGNATURE_BLOB];
	char origin[CORDON_LEDGER_ORIGIN];
	int size;

	if (checkpoint->tree_size == 0)
		return cordon_fail(err, CORDON_EINPUT, 0, "an empty ledger has no checkpoint");
	if (cordon_sign_public(seed, key, err) < 0)
		return -1;
	if (cordon_ledger_origin(key, origin) < 0 || hash_key(origin, key, blob) < 0)
		return cordon_fail(err, CORDON_ENOSUPPORT, 0, "could not make a SHA-256 digest");
	size = write_text(checkpoint, origin, out);
	if (cordon_sign(seed, out, (size_t)size, blob + KEY_HASH, err) < 0)
		return -1;
	return write_signature(out, size, origin, blob);
}

/* reading: what is read is written again and compared, so that it has one spelling */

struct lines {
	const char *at, *end;
	int cut; /* the text ends inside of a line, which is no longer than it would be */
};

#define NUMBER_TEXT 20 /* digits of UINT64_MAX */

/* The rest of the next line after prefix, at most max bytes. Returns 0 or -1. */
static int
take_line(struct lines *l, const char *prefix, size_t max, const char **ret, size_t *ret_size)
{
	const size_t skip = strlen(prefix), left = (size_t)(l->end - l->at);
	const char *stop = memchr(l->at, '\n', left);

	/* A line end that was changed is not taken for one that is missing: what follows is too long. */
	l->cut = stop == NULL && left <= skip + max;
	if (stop == NULL || (size_t)(stop - l->at) < skip || (size_t)(stop - l->at) > skip + max ||
		memcmp(l->at, prefix, skip) != 0)
		return -1;
	*ret = l->at + skip;
	*ret_size = (size_t)(stop - *ret);
	l->at = stop + 1;
	return 0;
}

static int
take_number(struct lines *l, const char *prefix, uint64_t max, uint64_t *ret)
{
	const char *text;
	uint64_t number = 0;
	size_t size;

	if (take_line(l, prefix, NUMBER_TEXT, &text, &size) < 0 || size == 0)
		return -1;
	for (size_t i = 0; i < size; i++) {
		const unsigned digit = (unsigned)(text[i] - '0');

		if (digit > 9 || __builtin_mul_overflow(number, (uint64_t)10, &number) ||
			__builtin_add_overflow(number, (uint64_t)digit, &number))
			return -1;
	}
	*ret = number;
	return number <= max ? 0 : -1;
}

static int
take_base64(struct lines *l, const char *prefix, void *out, size_t out_size)
{
	const char *text;
	size_t size;

	if (take_line(l, prefix, BASE64_SIZE(out_size), &text, &size) < 0 ||
		size != BASE64_SIZE(out_size))
		return -1;
	return ledger_base64_get(text, out, out_size);
}

static int
take_note(struct lines *l, struct cordon_ledger_checkpoint *c, char origin[CORDON_LEDGER_ORIGIN],
	uint8_t blob[SIGNATURE_BLOB])
{
	char dashed[CORDON_LEDGER_ORIGIN + 8];
	uint64_t sequence, segment;
	const char *text;
	size_t size;

	if (take_line(l, "", CORDON_LEDGER_ORIGIN - 1, &text, &size) < 0)
		return -1;
	memcpy(origin, text, size);
	origin[size] = '\0';
	snprintf(dashed, sizeof(dashed), DASH "%s ", origin);
	if (take_number(l, "", UINT64_MAX, &c->tree_size) < 0 || c->tree_size == 0 ||
		take_base64(l, "", c->root, sizeof(c->root)) < 0 ||
		take_number(l, "sequence ", UINT64_MAX, &sequence) < 0 ||
		sequence != c->tree_size - 1 ||
		take_base64(l, "chain ", c->chain, sizeof(c->chain)) < 0 ||
		take_number(l, "segment ", UINT32_MAX, &segment) < 0 ||
		take_line(l, "", 0, &text, &size) < 0 ||
		take_base64(l, dashed, blob, SIGNATURE_BLOB) < 0)
		return -1;
	c->segment = (uint32_t)segment;
	return 0;
}

static int
check_signature(const char *text, size_t size, const char *origin,
	const uint8_t key[CORDON_SIGN_PUBLIC], const uint8_t blob[SIGNATURE_BLOB],
	struct cordon_error *err)
{
	char expected[CORDON_LEDGER_ORIGIN];
	uint8_t hash[KEY_HASH];

	if (cordon_ledger_origin(key, expected) < 0 || hash_key(expected, key, hash) < 0)
		return cordon_fail(err, CORDON_ENOSUPPORT, 0, "could not make a SHA-256 digest");
	if (strcmp(origin, expected) != 0)
		return cordon_fail(err, CORDON_EPOLICY, 0,
			"it is of '%s', and the key is that of '%s'", origin, expected);
	if (memcmp(blob, hash, KEY_HASH) != 0 ||
		!cordon_sign_verify(key, text, size, blob + KEY_HASH))
		return cordon_fail(err, CORDON_EPOLICY, 0,
			"its signature is not by the key of '%s'", expected);
	return 0;
}

int
cordon_ledger_note_verify(const char *text, size_t size, const uint8_t key[CORDON_SIGN_PUBLIC],
	struct cordon_ledger_checkpoint *ret, size_t *ret_used, struct cordon_error *err)
{
	struct lines l = { text, text + size, 0 };
	struct cordon_ledger_checkpoint c;
	char origin[CORDON_LEDGER_ORIGIN], again[CORDON_LEDGER_NOTE_MAX];
	uint8_t blob[SIGNATURE_BLOB];
	ptrdiff_t length;
	int signed_size;

	if (take_note(&l, &c, origin, blob) < 0)
		return l.cut ? cordon_fail(err, CORDON_ELIMIT, 0, "it is cut")
			     : cordon_fail(err, CORDON_EPEER, 0, "it is no checkpoint of a ledger");
	signed_size = write_text(&c, origin, again);
	length = write_signature(again, signed_size, origin, blob);
	if (length != l.at - text || memcmp(again, text, (size_t)length) != 0)
		return cordon_fail(err, CORDON_EPEER, 0, "it is spelled as no checkpoint is");
	if (key != NULL && check_signature(text, (size_t)signed_size, origin, key, blob, err) < 0)
		return -1;
	*ret = c;
	*ret_used = (size_t)length;
	return 0;
}
