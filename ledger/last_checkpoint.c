/* calls: none; at start: lseek pread64 */
#include "last_checkpoint.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <cordon/digest.h>

#define WINDOW (16u * 1024) /* many times what a note takes */
#define BEGIN  "cordon-ledger-"

static int
fail(struct cordon_error *err)
{
	cordon_fail(err, CORDON_EFLOOR, errno, "could not read the checkpoints of the ledger");
	return cordon_because(err, "ledger.failed");
}

static int
begins_at(const char *text, size_t at, size_t size)
{
	return size - at >= sizeof(BEGIN) && memcmp(text + at, BEGIN, sizeof(BEGIN) - 1) == 0 &&
	       (at == 0 || text[at - 1] == '\n');
}

int
last_checkpoint_tell(const struct store *s, const char *note, size_t size,
	uint8_t out[CORDON_DIGEST_SIZE], struct cordon_error *err)
{
	if (cordon_digest_keyed(s->seed, sizeof(s->seed), note, size, out) < 0)
		return cordon_fail(err, CORDON_ENOSUPPORT, 0, "libcrypto made no SHA-256 digest");
	return 0;
}

/* To start what verifies signatures takes longer than all else of a start, and mostly the last checkpoint is one
 * that was verified before. */
static int
verify(struct store *s, const char *text, size_t size, struct cordon_ledger_checkpoint *ret,
	size_t *ret_used, struct cordon_error *err)
{
	uint8_t told[CORDON_DIGEST_SIZE], key[CORDON_SIGN_PUBLIC];

	if (cordon_ledger_note_verify(text, size, NULL, ret, ret_used, err) < 0 ||
		last_checkpoint_tell(s, text, *ret_used, told, err) < 0)
		return -1;
	if (memcmp(told, s->checkpoint, sizeof(told)) == 0)
		return 0;
	if (cordon_sign_public(s->seed, key, err) < 0 ||
		cordon_ledger_note_verify(text, size, key, ret, ret_used, err) < 0)
		return -1;
	memcpy(s->checkpoint, told, sizeof(told));
	return 0;
}

/* The last note in text that is whole. Returns 1, 0, or -1. */
static int
find(struct store *s, const char *text, size_t size, struct cordon_ledger_checkpoint *ret,
	size_t *ret_end, struct cordon_error *err)
{
	struct cordon_error why = { 0 };
	size_t used;

	for (size_t at = size; at-- > 0;) {
		if (!begins_at(text, at, size))
			continue;
		if (verify(s, text + at, size - at, ret, &used, &why) == 0) {
			*ret_end = at + used;
			return 1;
		}
		if (why.code == CORDON_ELIMIT || memchr(text + at, '\0', size - at) != NULL)
			continue; /* cut, or written in part */
		*err = why;
		(void)cordon_while(err, "the last checkpoint of the ledger");
		return cordon_because(err, "ledger.damaged");
	}
	return 0;
}

int
last_checkpoint(struct store *s, struct cordon_ledger_checkpoint *ret, off_t *ret_end,
	struct cordon_error *err)
{
	char text[WINDOW];
	const off_t size = lseek(s->checkpoints, 0, SEEK_END);
	const off_t from = size > (off_t)WINDOW ? size - (off_t)WINDOW : 0;
	size_t end = 0, left;
	ssize_t got;
	int found;

	if (size < 0)
		return fail(err);
	got = pread(s->checkpoints, text, (size_t)(size - from), from);
	if (got < 0)
		return fail(err);
	/* A file that grew, and whose bytes were lost, ends in zeroes. */
	for (left = (size_t)got; left > 0 && text[left - 1] == '\0'; left--)
		;
	found = find(s, text, left, ret, &end, err);
	if (found == 0 && (from > 0 || left >= CORDON_LEDGER_NOTE_MAX)) {
		cordon_fail(err, CORDON_EPEER, 0,
			"the checkpoints of the ledger do not end in one; look at them with "
			"'cordon ledger verify'");
		return cordon_because(err, "ledger.damaged");
	}
	if (found >= 0)
		*ret_end = from + (off_t)end;
	return found;
}
