/* The file of checkpoints, and the public key. Those that are written later are not read: what they cover
 * may be behind what the reader of segments has seen.
 *
 * calls: close; at start: openat2 fcntl fstat read */
#include <cordon/ledger_read.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/mem.h>
#include <cordon/path.h>

#define WINDOW (64u * 1024)
#define SECTOR 512u /* what a disk writes whole, or not */

struct cordon_ledger_notes {
	int file; /* -1: there is none */
	uint64_t left; /* bytes of it that are not read yet */
	uint64_t count; /* notes that were given out */
	uint64_t offset; /* of window, in the file */
	size_t used, filled; /* of window */
	char window[WINDOW];
};

struct cordon_ledger_notes *
cordon_ledger_notes_create(int directory, int witness, struct cordon_error *err)
{
	struct cordon_ledger_notes *n = cordon_array(1, sizeof(*n));
	struct stat st = { 0 };

	if (n == NULL) {
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not read the checkpoints");
		return NULL;
	}
	n->file = witness >= 0 ? fcntl(witness, F_DUPFD_CLOEXEC, 3)
			       : cordon_openat2(directory, CORDON_LEDGER_CHECKPOINTS,
					 O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, 0);
	if ((n->file < 0 && errno != ENOENT) || (n->file >= 0 && fstat(n->file, &st) < 0)) {
		cordon_fail(
			err, CORDON_ESYS, errno, "could not open the checkpoints of the ledger");
		cordon_ledger_notes_destroy(n);
		return NULL;
	}
	n->left = n->file < 0 ? 0 : (uint64_t)st.st_size;
	return n;
}

void
cordon_ledger_notes_destroy(struct cordon_ledger_notes *n)
{
	if (n == NULL)
		return;
	cordon_fd_close_p(&n->file);
	free(n);
}

/* Has a whole note in the window, when there is one. */
static int
fill(struct cordon_ledger_notes *n)
{
	size_t wanted;
	ssize_t got;

	if (n->left == 0 || n->filled - n->used >= CORDON_LEDGER_NOTE_MAX)
		return 0;
	memmove(n->window, n->window + n->used, n->filled - n->used);
	n->filled -= n->used;
	n->offset += n->used;
	n->used = 0;
	wanted = n->left < WINDOW - n->filled ? (size_t)n->left : WINDOW - n->filled;
	got = cordon_fd_read_full(n->file, n->window + n->filled, wanted);
	if (got < 0)
		return -1;
	n->left = (size_t)got < wanted ? 0 : n->left - (size_t)got;
	n->filled += (size_t)got;
	return 0;
}

/* Whether sectors are missing, and nothing but sectors: what has zeroes has no other bytes. offset: of at, in the file. */
static int
has_lost_sectors(uint64_t offset, const char *at, size_t left)
{
	int lost = 0;

	for (size_t i = 0; i < left;) {
		const size_t whole = SECTOR - (size_t)((offset + i) % SECTOR),
			     size = whole < left - i ? whole : left - i;
		size_t zeroes = 0;

		for (size_t k = 0; k < size; k++)
			zeroes += at[i + k] == '\0';
		if (zeroes != 0 && zeroes != size)
			return 0;
		lost |= zeroes != 0;
		i += size;
	}
	return lost;
}

/* A crash leaves less of the last note, or not all of its sectors: each is on disk before the next is written. */
static int
has_zeroes_and_no_note(uint64_t offset, const char *at, size_t left)
{
	struct cordon_ledger_checkpoint ignored;
	struct cordon_error why;
	size_t size;

	if (left >= CORDON_LEDGER_NOTE_MAX || !has_lost_sectors(offset, at, left))
		return 0;
	for (size_t i = 0; i < left; i++)
		if (cordon_ledger_note_verify(at + i, left - i, NULL, &ignored, &size, &why) == 0)
			return 0;
	return 1;
}

enum cordon_ledger_found
cordon_ledger_notes_next(struct cordon_ledger_notes *n, const uint8_t key[CORDON_SIGN_PUBLIC],
	struct cordon_ledger_checkpoint *ret, const char **ret_text, size_t *ret_size,
	struct cordon_error *err)
{
	const char *at;
	size_t left;

	if (fill(n) < 0) {
		cordon_fail(
			err, CORDON_ESYS, errno, "could not read the checkpoints of the ledger");
		return CORDON_LEDGER_FAILED;
	}
	at = n->window + n->used;
	left = n->filled - n->used;
	/* A file that grew, and whose bytes were lost, ends in zeroes. */
	while (n->left == 0 && left > 0 && at[left - 1] == '\0')
		left--;
	if (left == 0)
		return CORDON_LEDGER_END;
	if (cordon_ledger_note_verify(at, left, key, ret, ret_size, err) < 0) {
		const int torn = n->left == 0 &&
				 (err->code == CORDON_ELIMIT ||
					 has_zeroes_and_no_note(n->offset + n->used, at, left));

		cordon_while(err, "checkpoint %llu", (unsigned long long)n->count + 1);
		return torn ? CORDON_LEDGER_TORN : CORDON_LEDGER_DAMAGED;
	}
	*ret_text = at;
	n->used += *ret_size;
	n->count++;
	return CORDON_LEDGER_RECORD;
}

int
cordon_ledger_read_public(int directory, uint8_t out[CORDON_SIGN_PUBLIC], struct cordon_error *err)
{
	CORDON_CLOSE int file = cordon_openat2(
		directory, CORDON_LEDGER_PUBLIC, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, 0);
	CORDON_FREE char *text = NULL;
	size_t size;

	if (file < 0)
		return cordon_fail(err, errno == ENOENT ? CORDON_ENOTFOUND : CORDON_ESYS, errno,
			"could not open '%s', the public key of the ledger", CORDON_LEDGER_PUBLIC);
	if (cordon_fd_slurp(file, CORDON_LEDGER_PUBLIC_MAX, &text, &size, err) < 0 ||
		cordon_ledger_public_decode(text, size, out, err) < 0)
		return cordon_while(err, "'%s'", CORDON_LEDGER_PUBLIC);
	return 0;
}
