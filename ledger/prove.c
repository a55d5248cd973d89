/* The proof of one record: its payload, the way from it to the root, and a signed root. */
#include <cordon/ledger_read.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/json.h>
#include <cordon/mem.h>

#include "base64.h"

#define PROOF_MAX (64u * 1024)

struct proving {
	struct cordon_ledger_proof proof;
	char payload[CORDON_LEDGER_PAYLOAD_MAX];
	size_t payload_size;
	struct cordon_ledger_checkpoint checkpoint;
	char note[CORDON_LEDGER_NOTE_MAX];
	size_t note_size;
};

/* Has the last checkpoint, and verifies that one. */
static int
take_checkpoint(struct proving *p, int directory, const uint8_t key[CORDON_SIGN_PUBLIC],
	struct cordon_error *err)
{
	struct cordon_ledger_notes *notes = cordon_ledger_notes_create(directory, -1, err);
	enum cordon_ledger_found found = CORDON_LEDGER_RECORD;
	const char *text;
	size_t size;

	if (notes == NULL)
		return -1;
	while (found == CORDON_LEDGER_RECORD) {
		found = cordon_ledger_notes_next(notes, NULL, &p->checkpoint, &text, &size, err);
		if (found == CORDON_LEDGER_RECORD) {
			memcpy(p->note, text, size);
			p->note_size = size;
		}
	}
	cordon_ledger_notes_destroy(notes);
	if (found == CORDON_LEDGER_DAMAGED || found == CORDON_LEDGER_FAILED)
		return -1;
	if (p->note_size == 0 || p->proof.index >= p->checkpoint.tree_size)
		return cordon_fail(err, CORDON_ENOTFOUND, 0,
			"no checkpoint covers record %" PRIu64
			"; one is made each second while something is recorded",
			p->proof.index);
	return cordon_ledger_note_verify(p->note, p->note_size, key, &p->checkpoint, &size, err);
}

/* Reads all that the checkpoint covers. */
static int
take_path(struct proving *p, int directory, struct cordon_error *err)
{
	struct cordon_ledger_reader *reader = cordon_ledger_reader_create(directory, err);
	enum cordon_ledger_found found = CORDON_LEDGER_RECORD;
	struct cordon_ledger_record record;
	uint8_t root[CORDON_DIGEST_SIZE];
	int result = 0;

	if (reader == NULL)
		return -1;
	for (uint64_t i = 0; i < p->checkpoint.tree_size && found == CORDON_LEDGER_RECORD; i++) {
		found = cordon_ledger_reader_next(reader, &record, &p->proof, err);
		if (found == CORDON_LEDGER_RECORD && record.sequence == p->proof.index) {
			memcpy(p->payload, record.payload, record.payload_size);
			p->payload_size = record.payload_size;
		}
	}
	if (found == CORDON_LEDGER_FAILED)
		result = -1;
	else if (found != CORDON_LEDGER_RECORD ||
		 cordon_ledger_tree_root(
			 &cordon_ledger_reader_state(reader)->tree, &p->proof, root) < 0 ||
		 memcmp(root, p->checkpoint.root, sizeof(root)) != 0)
		result = cordon_fail(err, CORDON_EPEER, 0,
			"the records are not those that the last checkpoint was made of; "
			"cordon ledger verify says more");
	cordon_ledger_reader_destroy(reader);
	return result;
}

static char *
write_proof(const struct proving *p, const char *public, struct cordon_error *err)
{
	struct cordon_json *j = cordon_json_create(PROOF_MAX);
	char text[BASE64_SIZE(CORDON_DIGEST_SIZE) + 1];
	char *result = NULL;

	if (j != NULL) {
		cordon_json_object(j, NULL);
		cordon_json_u64(j, "cordonProof", 1);
		cordon_json_u64(j, "index", p->proof.index);
		cordon_json_bytes(j, "payload", p->payload, p->payload_size);
		cordon_json_u64(j, "treeSize", p->checkpoint.tree_size);
		cordon_json_array(j, "path");
		for (size_t i = 0; i < p->proof.count; i++) {
			ledger_base64_put(p->proof.path[i], CORDON_DIGEST_SIZE, text);
			cordon_json_string(j, NULL, text);
		}
		cordon_json_end(j);
		cordon_json_bytes(j, "checkpoint", p->note, p->note_size);
		cordon_json_string(j, "publicKey", public);
		cordon_json_end(j);
		result = cordon_json_take(j, NULL);
	}
	if (result == NULL)
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not write the proof");
	return result;
}

char *
cordon_ledger_prove(int directory, const uint8_t key[CORDON_SIGN_PUBLIC], uint64_t sequence,
	struct cordon_error *err)
{
	CORDON_FREE struct proving *p = cordon_array(1, sizeof(*p));
	char public[CORDON_LEDGER_PUBLIC_MAX];

	if (p == NULL) {
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not prove a record");
		return NULL;
	}
	p->proof.index = sequence;
	if (cordon_ledger_public_encode(key, public, err) < 0 ||
		take_checkpoint(p, directory, key, err) < 0 || take_path(p, directory, err) < 0)
		return NULL;
	return write_proof(p, public, err);
}
