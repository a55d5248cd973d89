/* Records in a segment: writing one, and reading them one after the other. calls: none */
#include <cordon/ledger_format.h>

#include "bytes.h"

#define AT_POSITION 2
#define AT_CRC      4
#define AT_SEQUENCE 8

/* Bytes of a record, without the zeroes after it. */
static size_t
record_size(size_t payload_size)
{
	return CORDON_LEDGER_HEAD + payload_size + CORDON_DIGEST_SIZE;
}

static size_t
aligned(size_t size)
{
	return (size + CORDON_LEDGER_ALIGN - 1) & ~(size_t)(CORDON_LEDGER_ALIGN - 1);
}

/* Of all but the CRC itself. */
static uint32_t
record_crc(const uint8_t *record, size_t payload_size)
{
	const uint32_t crc = cordon_ledger_crc(0, record, AT_CRC);

	return cordon_ledger_crc(
		crc, record + AT_SEQUENCE, record_size(payload_size) - AT_SEQUENCE);
}

/* The chain value after a record. It takes the payload by its leaf hash, which the tree needs anyway: each
 * payload is hashed once. */
static int
chain_on(const uint8_t before[CORDON_DIGEST_SIZE], uint64_t sequence,
	const uint8_t leaf[CORDON_DIGEST_SIZE], uint8_t out[CORDON_DIGEST_SIZE])
{
	uint8_t number[8];
	const struct cordon_digest_part parts[] = { { "\2", 1 }, { before, CORDON_DIGEST_SIZE },
		{ number, sizeof(number) }, { leaf, CORDON_DIGEST_SIZE } };

	put_le64(number, sequence);
	return cordon_digest_parts(parts, 4, out);
}

/* No byte is below 0x20. Eight at a time: byte by byte, this is a sixth of what verifying takes. */
static int
is_line(const uint8_t *payload, size_t size)
{
	const uint64_t ones = UINT64_MAX / 255;
	uint64_t low = 0, word = 0;

	for (; size >= sizeof(word); payload += sizeof(word), size -= sizeof(word)) {
		memcpy(&word, payload, sizeof(word));
		low |= (word - ones * 0x20) & ~word;
	}
	word = ones * 0x20;
	memcpy(&word, payload, size);
	low |= (word - ones * 0x20) & ~word;
	return (low & ones * 0x80) == 0;
}

/* Zeroes up to the page that the record goes to. */
static size_t
gap(uint64_t offset, size_t payload_size)
{
	const size_t left = CORDON_LEDGER_PAGE - offset % CORDON_LEDGER_PAGE;

	return record_size(payload_size) <= left ? 0 : left;
}

size_t
cordon_ledger_record_room(uint64_t offset, size_t payload_size)
{
	if (payload_size == 0 || payload_size > CORDON_LEDGER_PAYLOAD_MAX)
		return 0;
	return gap(offset, payload_size) + aligned(record_size(payload_size));
}

ptrdiff_t
cordon_ledger_record_encode(struct cordon_ledger_state *state, uint64_t offset, uint32_t position,
	const void *payload, size_t payload_size, uint8_t *out, size_t room,
	struct cordon_error *err)
{
	const size_t need = cordon_ledger_record_room(offset, payload_size);
	struct cordon_ledger_state next = *state;
	uint8_t leaf[CORDON_DIGEST_SIZE], *record;

	if (need == 0)
		return cordon_fail(err, CORDON_ELIMIT, 0,
			"a record of %zu bytes does not fit the ledger, whose records have 1 to %u",
			payload_size, CORDON_LEDGER_PAYLOAD_MAX);
	if (need > room || position >= CORDON_LEDGER_BATCH_MAX || offset % CORDON_LEDGER_ALIGN != 0)
		return cordon_fail(err, CORDON_ELIMIT, 0,
			"a record of %zu bytes does not fit its batch", payload_size);
	if (!is_line(payload, payload_size))
		return cordon_fail(err, CORDON_EINPUT, 0, "what is to be recorded is not one line");
	if (cordon_ledger_leaf(payload, payload_size, leaf) < 0 ||
		chain_on(state->chain, state->tree.size, leaf, next.chain) < 0 ||
		cordon_ledger_tree_add(&next.tree, leaf, NULL) < 0)
		return cordon_fail(err, CORDON_ENOSUPPORT, 0, "could not make a SHA-256 digest");
	memset(out, 0, need);
	record = out + gap(offset, payload_size);
	put_le16(record, (uint16_t)payload_size);
	put_le16(record + AT_POSITION, (uint16_t)position);
	put_le64(record + AT_SEQUENCE, state->tree.size);
	memcpy(record + CORDON_LEDGER_HEAD, payload, payload_size);
	memcpy(record + CORDON_LEDGER_HEAD + payload_size, next.chain, CORDON_DIGEST_SIZE);
	put_le32(record + AT_CRC, record_crc(record, payload_size));
	*state = next;
	return (ptrdiff_t)need;
}

/* reading */

/* True when a whole record stands at offset at: its length and sequence are possible there, its CRC is
 * right, and zeroes fill it up. highest: no sequence above it is possible, which tells most of what is none
 * apart before its CRC is made. */
static int
is_record(const uint8_t *data, size_t size, size_t at, uint64_t highest)
{
	const size_t page_left = CORDON_LEDGER_PAGE - at % CORDON_LEDGER_PAGE;
	const size_t left = size - at < page_left ? size - at : page_left;
	size_t length, whole;

	if (left < record_size(1))
		return 0;
	length = get_le16(data + at);
	whole = record_size(length);
	if (length == 0 || aligned(whole) > left || get_le64(data + at + AT_SEQUENCE) > highest)
		return 0;
	return get_le32(data + at + AT_CRC) == record_crc(data + at, length) &&
	       all_zero(data + at + whole, aligned(whole) - whole);
}

static uint64_t
highest_sequence(const struct cordon_ledger_cursor *c)
{
	const uint64_t more = c->size / record_size(1);

	return c->state.tree.size > UINT64_MAX - more ? UINT64_MAX : c->state.tree.size + more;
}

/* Something that is no record stands at c->at, or behind it. Whole records of later batches say that it was
 * on disk before they were written (ledger_format.h, MUST 3); and the very record that is expected, further
 * on, that something stands where zeroes were written. */
enum cordon_ledger_found
cordon_ledger_cursor_judge(const struct cordon_ledger_cursor *c)
{
	const uint64_t expected = c->state.tree.size, highest = highest_sequence(c);

	for (size_t at = c->at; at < c->size; at += CORDON_LEDGER_ALIGN) {
		uint64_t sequence;

		if (!is_record(c->data, c->size, at, highest))
			continue;
		sequence = get_le64(c->data + at + AT_SEQUENCE);
		if (sequence <= expected ||
			sequence - expected > get_le16(c->data + at + AT_POSITION))
			return CORDON_LEDGER_DAMAGED;
	}
	return CORDON_LEDGER_TORN;
}

static void
say(const struct cordon_ledger_cursor *c, size_t at, const char *why, struct cordon_error *err)
{
	cordon_fail(err, CORDON_EPEER, 0, "%s (byte %zu of segment %u)", why, at, c->index);
}

int
cordon_ledger_cursor_init(
	struct cordon_ledger_cursor *c, const void *data, size_t size, struct cordon_error *err)
{
	struct cordon_ledger_cursor cursor = {
		.data = data, .size = size, .at = CORDON_LEDGER_PAGE
	};

	if (cordon_ledger_segment_decode(data, size, &cursor.index, &cursor.state, err) < 0)
		return -1;
	*c = cursor;
	return 0;
}

/* Where the next record begins: at c->at, or on the next page when zeroes fill this one. Returns RECORD
 * when something begins there. */
static enum cordon_ledger_found
find_next(const struct cordon_ledger_cursor *c, size_t *ret_at, struct cordon_error *err)
{
	const size_t page_left = CORDON_LEDGER_PAGE - c->at % CORDON_LEDGER_PAGE;
	const size_t left = c->size - c->at < page_left ? c->size - c->at : page_left;
	size_t next = c->at;

	if (left < record_size(1) || get_le16(c->data + c->at) == 0) {
		if (!all_zero(c->data + c->at, left)) {
			say(c, c->at, "something stands where zeroes or a record must", err);
			return cordon_ledger_cursor_judge(c);
		}
		next = c->at + left;
		if (next == c->size)
			return CORDON_LEDGER_END;
	}
	if (c->size - next < record_size(1) || get_le16(c->data + next) == 0) {
		if (all_zero(c->data + next, c->size - next))
			return CORDON_LEDGER_END;
		say(c, next, "no record is there, and something follows", err);
		return cordon_ledger_cursor_judge(c);
	}
	*ret_at = next;
	return CORDON_LEDGER_RECORD;
}

/* What is there follows the record before it, in sequence and chain. leaf is written. */
static const char *
check_links(const struct cordon_ledger_cursor *c, size_t at, uint8_t leaf[CORDON_DIGEST_SIZE],
	uint8_t chain[CORDON_DIGEST_SIZE])
{
	const uint8_t *record = c->data + at;
	const size_t length = get_le16(record);

	if (get_le64(record + AT_SEQUENCE) != c->state.tree.size)
		return "another record stands in its place";
	if (at != c->at && gap(c->at, length) == 0)
		return "it does not stand where it was written";
	if (cordon_ledger_leaf(record + CORDON_LEDGER_HEAD, length, leaf) < 0 ||
		chain_on(c->state.chain, c->state.tree.size, leaf, chain) < 0)
		return "libcrypto made no SHA-256 digest";
	if (memcmp(chain, record + CORDON_LEDGER_HEAD + length, CORDON_DIGEST_SIZE) != 0)
		return "its chain value is wrong";
	if (!is_line(record + CORDON_LEDGER_HEAD, length))
		return "its payload is not one line";
	return NULL;
}

/* Finds the next record, whose place and CRC are right. Returns RECORD with *ret written, c stays where it is. */
static enum cordon_ledger_found
find_record(const struct cordon_ledger_cursor *c, struct cordon_ledger_record *ret,
	struct cordon_error *err)
{
	size_t at = 0;
	const enum cordon_ledger_found found = find_next(c, &at, err);

	if (found != CORDON_LEDGER_RECORD)
		return found;
	if (!is_record(c->data, c->size, at, UINT64_MAX)) {
		say(c, at, "its length or CRC is wrong", err);
		return cordon_ledger_cursor_judge(c);
	}
	*ret = (struct cordon_ledger_record){ .sequence = get_le64(c->data + at + AT_SEQUENCE),
		.position = get_le16(c->data + at + AT_POSITION),
		.offset = at,
		.payload = c->data + at + CORDON_LEDGER_HEAD,
		.payload_size = get_le16(c->data + at) };
	return found;
}

enum cordon_ledger_found
cordon_ledger_cursor_skip(
	struct cordon_ledger_cursor *c, struct cordon_ledger_record *ret, struct cordon_error *err)
{
	struct cordon_ledger_record record;
	const enum cordon_ledger_found found = find_record(c, &record, err);

	if (found != CORDON_LEDGER_RECORD)
		return found;
	if (record.sequence != c->state.tree.size) {
		say(c, record.offset, "another record stands in its place", err);
		return CORDON_LEDGER_DAMAGED;
	}
	c->state.tree.size++;
	c->at = record.offset + aligned(record_size(record.payload_size));
	*ret = record;
	return CORDON_LEDGER_RECORD;
}

enum cordon_ledger_found
cordon_ledger_cursor_next(struct cordon_ledger_cursor *c, struct cordon_ledger_record *ret,
	struct cordon_ledger_proof *proof, struct cordon_error *err)
{
	uint8_t leaf[CORDON_DIGEST_SIZE], chain[CORDON_DIGEST_SIZE];
	struct cordon_ledger_record record;
	const char *why;
	const enum cordon_ledger_found found = find_record(c, &record, err);

	if (found != CORDON_LEDGER_RECORD)
		return found;
	why = check_links(c, record.offset, leaf, chain);
	if (why == NULL && cordon_ledger_tree_add(&c->state.tree, leaf, proof) < 0)
		why = "libcrypto made no SHA-256 digest";
	if (why != NULL) {
		say(c, record.offset, why, err);
		/* A page that was lost leaves zeroes before what is out of its turn. Else somebody moved it:
		 * the CRC tells that this is no torn one. */
		return record.offset != c->at ? cordon_ledger_cursor_judge(c)
					      : CORDON_LEDGER_DAMAGED;
	}
	memcpy(c->state.chain, chain, sizeof(chain));
	c->at = record.offset + aligned(record_size(record.payload_size));
	*ret = record;
	return CORDON_LEDGER_RECORD;
}
