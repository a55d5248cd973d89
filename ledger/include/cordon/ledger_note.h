/* Checkpoints: what a ledger held at some time, signed, as a C2SP tlog-checkpoint, which is a C2SP
 * signed-note with one ed25519 signature (type 0x01):
 *
 *	cordon-ledger-0123456789abcdef          origin: from the first 8 bytes of SHA-256 of the public key
 *	102                                     tree size: the number of records
 *	<base64>                                root hash
 *	sequence 101                            of the last record
 *	chain <base64>                          chain value of the last record
 *	segment 0                               that the last record is in
 *	                                        (an empty line)
 *	— cordon-ledger-0123456789abcdef <base64 of the key hash and the signature>
 *
 * One note has one spelling: what parses is what would be written. The file of checkpoints is such notes one
 * after the other, each as cordon_ledger_note_sign made it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/digest.h>
#include <cordon/error.h>
#include <cordon/sign.h>

#define CORDON_LEDGER_NOTE_MAX   640u /* with NUL */
#define CORDON_LEDGER_ORIGIN     32u /* with NUL */
#define CORDON_LEDGER_PUBLIC_MAX 128u /* with NUL */

struct cordon_ledger_checkpoint {
	uint64_t tree_size; /* at least 1; the last record's sequence is one less */
	uint8_t root[CORDON_DIGEST_SIZE];
	uint8_t chain[CORDON_DIGEST_SIZE];
	uint32_t segment;
};

/* The name of the ledger with this public key. Returns 0, or -1 when libcrypto fails. */
int cordon_ledger_origin(
	const uint8_t key[CORDON_SIGN_PUBLIC], char out[CORDON_LEDGER_ORIGIN]) CORDON_CHECKED;
/* The key as C2SP signed-note writes it: name, "+", key hash, "+", base64; no line end. */
int cordon_ledger_public_encode(const uint8_t key[CORDON_SIGN_PUBLIC],
	char out[CORDON_LEDGER_PUBLIC_MAX], struct cordon_error *err) CORDON_CHECKED;
/* text: with or without one line end. Returns 0, or -1 with CORDON_EINPUT. */
int cordon_ledger_public_decode(const char *text, size_t size, uint8_t out[CORDON_SIGN_PUBLIC],
	struct cordon_error *err) CORDON_CHECKED;

/* Writes the note, with its line ends and a NUL. Returns its length, or -1 with *err set. */
ptrdiff_t cordon_ledger_note_sign(const struct cordon_ledger_checkpoint *checkpoint,
	const uint8_t seed[CORDON_SIGN_SEED], char out[CORDON_LEDGER_NOTE_MAX],
	struct cordon_error *err) CORDON_CHECKED;

/* Reads the note at the begin of text and verifies it with key; with NULL the signature is not looked at, and
 * the note proves nothing. *ret_used is its length. Returns 0, or -1
 * with *err set and nothing written:
 *   CORDON_ELIMIT  text ends before the note does: the last one, torn
 *   CORDON_EPEER   this is no note of a ledger
 *   CORDON_EPOLICY the note is of another ledger, or its signature is not by key */
int cordon_ledger_note_verify(const char *text, size_t size, const uint8_t key[CORDON_SIGN_PUBLIC],
	struct cordon_ledger_checkpoint *ret, size_t *ret_used,
	struct cordon_error *err) CORDON_CHECKED;
