/* The ledger's bytes: segments, records and the tree over them (cordon-ledger(5)). No file is touched here;
 * the writer, what verifies, the tests and the fuzzer share this.
 *
 * A ledger is a directory of segments of CORDON_LEDGER_SEGMENT bytes, each one page of header and then
 * records. All integers are little-endian.
 *
 *	header   magic, format, index of the segment, sequence of its first record, tree size and chain
 *	         value before it, the roots of the tree before it, CRC; one page
 *	record   u16 length of the payload
 *	         u16 position: records before this one in its batch
 *	         u32 CRC-32C of all of the record but this field
 *	         u64 sequence, from 0 on, without a gap over all segments
 *	         payload, one line of JSON without its line end
 *	         32 bytes chain
 *	         zeroes up to a multiple of 8
 *
 * MUST 1 A record is in one page, so a page that was written is a record that was written: before one that
 *        does not fit, zeroes fill the page. A payload that fits no page does not exist: who makes one cuts
 *        its lists first (ledger_payload.h).
 * MUST 2 The leaf hash of a payload is SHA-256(0x00, payload), as in RFC 6962, 2.1; the chain value is
 *        SHA-256(0x02, chain value before, sequence, leaf hash). No record can be changed, removed, added or
 *        moved without changing all chain values after it, and the tree of every later checkpoint.
 * MUST 3 What a crash leaves can be told from what somebody changed. Records are written in batches, and a
 *        batch begins after the one before is on disk. A power failure may lose any pages of the last batch
 *        and keep others. So a bad record is a torn tail (never acknowledged) unless a good one after it is
 *        of a later batch, which is what position tells; or a checkpoint covers it, which is for the caller
 *        to compare. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/digest.h>
#include <cordon/error.h>

#define CORDON_LEDGER_FORMAT      1u
#define CORDON_LEDGER_PAGE        4096u
#define CORDON_LEDGER_SEGMENT     (64u << 20)
#define CORDON_LEDGER_HEAD        16u /* bytes of a record before its payload */
#define CORDON_LEDGER_ALIGN       8u
#define CORDON_LEDGER_PAYLOAD_MAX (CORDON_LEDGER_PAGE - CORDON_LEDGER_HEAD - CORDON_DIGEST_SIZE)
#define CORDON_LEDGER_BATCH_MAX   65536u /* records in one batch */
#define CORDON_LEDGER_LEVELS      64

/* Files in the directory of a ledger. */
#define CORDON_LEDGER_SEGMENT_NAME "segment-%08u" /* uint32_t index, from 0 on */
#define CORDON_LEDGER_CHECKPOINTS  "checkpoints" /* notes, oldest first (ledger_note.h) */
#define CORDON_LEDGER_KEY          "key" /* the seed, 32 bytes, mode 0600 */
#define CORDON_LEDGER_PUBLIC       "key.pub" /* the verifier key of C2SP signed-note, one line */

/* The RFC 6962 tree over size leaves, as the roots of its full subtrees: nodes[k], of 2^k leaves, is there
 * when bit k of size is set, and stands left of those with a smaller k. */
struct cordon_ledger_tree {
	uint64_t size;
	uint8_t nodes[CORDON_LEDGER_LEVELS][CORDON_DIGEST_SIZE];
};

/* The audit path of one leaf (RFC 6962, 2.1.1), from the leaf up. */
struct cordon_ledger_proof {
	uint64_t index;
	size_t count;
	uint8_t path[CORDON_LEDGER_LEVELS][CORDON_DIGEST_SIZE];
};

/* SHA-256(0x00, payload). */
int cordon_ledger_leaf(
	const void *payload, size_t size, uint8_t out[CORDON_DIGEST_SIZE]) CORDON_CHECKED;
/* Appends a leaf. proof: NULL, or one whose index is set and all else zero, and to which each leaf of the
 * tree is shown here, from the first on. Returns 0, or -1 when libcrypto fails. */
int cordon_ledger_tree_add(struct cordon_ledger_tree *tree, const uint8_t leaf[CORDON_DIGEST_SIZE],
	struct cordon_ledger_proof *proof) CORDON_CHECKED;
/* The root; of the empty tree SHA-256 of nothing. It ends proof, when there is one: the path is complete
 * then, and of no use with a larger tree. */
int cordon_ledger_tree_root(const struct cordon_ledger_tree *tree,
	struct cordon_ledger_proof *proof, uint8_t out[CORDON_DIGEST_SIZE]) CORDON_CHECKED;
/* The root that a tree of size leaves has when leaf stands at proof->index (RFC 9162, 2.1.3.2). Returns 0,
 * or -1 when the path has the wrong length or the index is not below size. */
int cordon_ledger_proof_root(const struct cordon_ledger_proof *proof, uint64_t size,
	const uint8_t leaf[CORDON_DIGEST_SIZE], uint8_t out[CORDON_DIGEST_SIZE]) CORDON_CHECKED;

/* Where a ledger is after a number of records: tree.size of them, which is the next sequence. All zero for
 * the empty ledger. */
struct cordon_ledger_state {
	struct cordon_ledger_tree tree;
	uint8_t chain[CORDON_DIGEST_SIZE];
};

/* segments */

/* Writes the header of segment index, which goes on from state. */
void cordon_ledger_segment_encode(
	uint32_t index, const struct cordon_ledger_state *state, uint8_t out[CORDON_LEDGER_PAGE]);
/* Reads one. size: of what is there of the segment. Returns 0, or -1 with *err set and nothing written:
 * CORDON_ENOSUPPORT for another format, CORDON_EPEER for what is no header, or a damaged one. */
int cordon_ledger_segment_decode(const void *data, size_t size, uint32_t *ret_index,
	struct cordon_ledger_state *ret_state, struct cordon_error *err) CORDON_CHECKED;

/* records, writing */

/* Bytes that a record takes which is appended at offset of its segment, with the zeroes before and after
 * it; offset is a multiple of CORDON_LEDGER_ALIGN. 0 when the payload is empty or too long. Whether that is
 * beyond the segment is the caller's to see. */
size_t cordon_ledger_record_room(uint64_t offset, size_t payload_size);
/* Writes the record that follows state to out, which has at least that much room, and moves state on.
 * position: records before it in its batch, below CORDON_LEDGER_BATCH_MAX. The payload is one line: bytes
 * below 0x20 are refused. Returns the bytes written; or -1 with *err set, and state as it was: CORDON_ELIMIT
 * for what does not fit, CORDON_EINPUT for what is no line. */
ptrdiff_t cordon_ledger_record_encode(struct cordon_ledger_state *state, uint64_t offset,
	uint32_t position, const void *payload, size_t payload_size, uint8_t *out, size_t room,
	struct cordon_error *err) CORDON_CHECKED;

/* records, reading */

enum cordon_ledger_found {
	CORDON_LEDGER_RECORD,
	CORDON_LEDGER_END, /* nothing but zeroes, or nothing, follows */
	CORDON_LEDGER_TORN, /* what follows was written and never acknowledged; *err says what is wrong */
	CORDON_LEDGER_DAMAGED, /* what follows was changed after it was written; *err says what is wrong */
	CORDON_LEDGER_FAILED, /* it could not be read (only where files are); *err says why */
};

struct cordon_ledger_record {
	uint64_t sequence;
	uint32_t position;
	size_t offset; /* of the record in its segment */
	const uint8_t *payload; /* borrowed from the segment */
	size_t payload_size;
};

/* Reads a segment from its begin to its end. state and at are where it is: after the header, then after
 * each record. */
struct cordon_ledger_cursor {
	const uint8_t *data; /* borrowed */
	size_t size, at;
	uint32_t index;
	struct cordon_ledger_state state;
};

/* Reads the header. Returns as cordon_ledger_segment_decode. */
int cordon_ledger_cursor_init(struct cordon_ledger_cursor *c, const void *data, size_t size,
	struct cordon_error *err) CORDON_CHECKED;
/* The next record: its length, CRC, sequence and chain are as they must be, and c->state has moved on
 * (proof: as for cordon_ledger_tree_add). Otherwise c stays where it is, *ret is not written, and c->at is
 * where the torn or damaged part begins; for CORDON_LEDGER_END it is where the next record goes. The
 * sequence of what is bad is c->state.tree.size. */
enum cordon_ledger_found cordon_ledger_cursor_next(struct cordon_ledger_cursor *c,
	struct cordon_ledger_record *ret, struct cordon_ledger_proof *proof,
	struct cordon_error *err) CORDON_CHECKED;

/* As cordon_ledger_cursor_next, but what links the records is not looked at, and of c->state only tree.size moves on:
 * for who trusts what is there, and looks for something. */
enum cordon_ledger_found cordon_ledger_cursor_skip(struct cordon_ledger_cursor *c,
	struct cordon_ledger_record *ret, struct cordon_error *err) CORDON_CHECKED;

/* What it means that no record can be read at c->at: torn or damaged, as above. */
enum cordon_ledger_found cordon_ledger_cursor_judge(const struct cordon_ledger_cursor *c);

/* CRC-32C (RFC 3720, appendix B.4) of data, going on from before; 0 to begin. */
uint32_t cordon_ledger_crc(uint32_t before, const void *data, size_t size);
