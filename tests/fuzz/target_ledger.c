/* What reads a ledger: segments, checkpoints, payloads and keys. A segment that is read to its end is written
 * again from its records, byte by byte the same; so is a checkpoint. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/ledger_format.h>
#include <cordon/ledger_note.h>
#include <cordon/ledger_payload.h>

#define SIZE_MAX_READ (8u * CORDON_LEDGER_PAGE)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int good)
{
	if (!good)
		abort();
}

/* The header is made here: a fuzzer does not find its CRC. */
static void
read_segment(const uint8_t *data, size_t size)
{
	static uint8_t segment[SIZE_MAX_READ], again[SIZE_MAX_READ];
	struct cordon_ledger_state state = { 0 };
	struct cordon_ledger_cursor c, skipping;
	struct cordon_ledger_record record, skipped;
	struct cordon_error err = { 0 };
	enum cordon_ledger_found found;

	if (size > SIZE_MAX_READ - CORDON_LEDGER_PAGE)
		size = SIZE_MAX_READ - CORDON_LEDGER_PAGE;
	cordon_ledger_segment_encode(0, &state, segment);
	memcpy(segment + CORDON_LEDGER_PAGE, data, size);
	memset(again, 0, sizeof(again));
	must(cordon_ledger_cursor_init(&c, segment, CORDON_LEDGER_PAGE + size, &err) == 0);
	for (;;) {
		const struct cordon_ledger_cursor before = c;
		ptrdiff_t written;

		found = cordon_ledger_cursor_next(&c, &record, NULL, &err);
		if (found != CORDON_LEDGER_RECORD) {
			must(memcmp(&before, &c, sizeof(c)) == 0);
			break;
		}
		must(record.payload + record.payload_size <= segment + c.size && c.at <= c.size);
		written = cordon_ledger_record_encode(&state, before.at, record.position,
			record.payload, record.payload_size, again + before.at,
			sizeof(again) - before.at, &err);
		must(written > 0 && before.at + (size_t)written == c.at);
		must(memcmp(again + before.at, segment + before.at, (size_t)written) == 0);
		must(memcmp(&state, &c.state, sizeof(state)) == 0);
		skipping = before;
		must(cordon_ledger_cursor_skip(&skipping, &skipped, &err) == found);
		must(skipping.at == c.at && skipped.sequence == record.sequence &&
			skipped.offset == record.offset && skipped.payload == record.payload &&
			skipped.payload_size == record.payload_size);
	}
	must(found == CORDON_LEDGER_END || found == CORDON_LEDGER_TORN ||
		found == CORDON_LEDGER_DAMAGED);
}

static void
read_texts(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct cordon_ledger_checkpoint checkpoint;
	struct cordon_ledger_about about;
	struct cordon_error err = { 0 };
	uint8_t key[CORDON_SIGN_PUBLIC];
	char again[CORDON_LEDGER_PUBLIC_MAX], *unescaped;
	size_t used;

	if (cordon_ledger_note_verify(text, size, NULL, &checkpoint, &used, &err) == 0)
		must(used <= size && used < CORDON_LEDGER_NOTE_MAX && checkpoint.tree_size > 0);
	unescaped = malloc(size + 1);
	must(unescaped != NULL && cordon_ledger_unescape(text, size, unescaped) <= size);
	free(unescaped);
	if (cordon_ledger_payload_read(text, size, &about) == 0)
		must(cordon_ledger_kind_name(about.kind) != NULL &&
			(about.run == NULL ||
				(about.run > text && about.run + about.run_size < text + size)));
	if (cordon_ledger_public_decode(text, size, key, &err) == 0)
		must(cordon_ledger_public_encode(key, again, &err) == 0 &&
			memcmp(again, text, strlen(again)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t index;
	struct cordon_ledger_state state;
	struct cordon_error err = { 0 };

	if (cordon_ledger_segment_decode(data, size, &index, &state, &err) == 0)
		must(size >= CORDON_LEDGER_PAGE);
	read_segment(data, size);
	read_texts(data, size);
	return 0;
}
