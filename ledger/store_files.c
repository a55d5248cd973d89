/* calls: pwrite64 write fallocate openat unlinkat lseek pread64 fdatasync close; at start: fstat fstatat
 *	faccessat renameat2 read fsync */
#include "store_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/fd.h>

#include "bytes.h"

#define MODE (O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)

static int
unopened(struct cordon_error *err, const char *name)
{
	cordon_fail(err, CORDON_EFLOOR, errno, "could not open '%s' of the ledger", name);
	return cordon_because(
		err, errno == ENOSPC || errno == EDQUOT ? "ledger.full" : "ledger.failed");
}

static int
open_one(const struct store *s, const char *name, int flags, int *ret, struct cordon_error *err)
{
	*ret = openat(s->directory, name, flags | O_CREAT | MODE, 0600);
	return *ret < 0 ? unopened(err, name) : 0;
}

int
files_open(struct store *s, struct cordon_error *err)
{
	if (open_one(s, "lock", O_RDWR, &s->lock, err) < 0 ||
		open_one(s, "position", O_RDWR, &s->hint, err) < 0 ||
		open_one(s, CORDON_LEDGER_CHECKPOINTS, O_RDWR | O_APPEND, &s->checkpoints, err) < 0)
		return -1;
	return 0;
}

/* A new file with this content, which is on disk before it has its name, and its name before anybody relies on
 * it. The lock is held: what is left of it is of one who was killed. */
static int
write_new(const struct store *s, const char *name, const void *data, size_t size,
	struct cordon_error *err)
{
	CORDON_CLOSE int fd = -1;
	char fresh[64];

	snprintf(fresh, sizeof(fresh), "%s.new", name);
	(void)unlinkat(s->directory, fresh, 0);
	fd = openat(s->directory, fresh, O_WRONLY | O_CREAT | O_EXCL | MODE, 0600);
	if (fd < 0 || cordon_fd_write_all(fd, data, size) < 0 || fsync(fd) < 0 ||
		renameat2(s->directory, fresh, s->directory, name, RENAME_NOREPLACE) < 0 ||
		fsync(s->directory) < 0)
		return unopened(err, name);
	return 0;
}

static int
write_public(const struct store *s, struct cordon_error *err)
{
	uint8_t key[CORDON_SIGN_PUBLIC];
	char text[CORDON_LEDGER_PUBLIC_MAX + 1];
	size_t size;

	if (cordon_sign_public(s->seed, key, err) < 0 ||
		cordon_ledger_public_encode(key, text, err) < 0)
		return -1;
	size = strlen(text);
	text[size++] = '\n'; /* a line of a text file */
	return write_new(s, CORDON_LEDGER_PUBLIC, text, size, err);
}

/* A key that is lost is not replaced: what was signed with it could be signed again. */
static int
make_key(struct store *s, struct cordon_error *err)
{
	struct stat st;

	if (fstatat(s->directory, CORDON_LEDGER_PUBLIC, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		cordon_fail(err, CORDON_EFLOOR, 0,
			"the ledger has lost its key; move its directory away to begin a new one");
		return cordon_because(err, "ledger.failed");
	}
	if (cordon_sign_make_seed(s->seed, err) < 0 ||
		write_new(s, CORDON_LEDGER_KEY, s->seed, sizeof(s->seed), err) < 0)
		return -1;
	return write_public(s, err);
}

int
files_key(struct store *s, struct cordon_error *err)
{
	CORDON_CLOSE int fd = openat(s->directory, CORDON_LEDGER_KEY, O_RDONLY | MODE);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return make_key(s, err);
	if (fd < 0 || fstat(fd, &st) < 0)
		return unopened(err, CORDON_LEDGER_KEY);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0 ||
		cordon_fd_read_full(fd, s->seed, sizeof(s->seed)) != (ssize_t)sizeof(s->seed)) {
		cordon_fail(err, CORDON_EFLOOR, 0,
			"the key of the ledger is not a file of ours that nobody else can read");
		return cordon_because(err, "floor.file_mode");
	}
	/* Killed between the two. */
	if (faccessat(s->directory, CORDON_LEDGER_PUBLIC, F_OK, 0) < 0 && errno == ENOENT)
		return write_public(s, err);
	return 0;
}

void
files_say(const char *format, ...)
{
	char line[640];
	va_list words;
	int size;

	va_start(words, format);
	size = vsnprintf(line, sizeof(line), format, words);
	va_end(words);
	if (size > 0)
		(void)!cordon_fd_write_all(STDERR_FILENO, line,
			(size_t)size < sizeof(line) ? (size_t)size : sizeof(line) - 1);
}

int
files_reserve(int fd, size_t size, size_t wanted)
{
	static const uint8_t zeroes[64 * 1024];

	if (fallocate(fd, 0, 0, (off_t)wanted) == 0)
		return 0;
	/* Not every file system can promise space: it has to be used. */
	if (errno != EOPNOTSUPP)
		return -1;
	while (size < wanted) {
		const size_t part = wanted - size < sizeof(zeroes) ? wanted - size : sizeof(zeroes);
		const ssize_t put = pwrite(fd, zeroes, part, (off_t)size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return -1;
		size += (size_t)put;
	}
	return 0;
}

#define UNFLUSHED \
	"unflushed" /* need not reach the disk: what the kernel believes is forgotten with it */

void
files_mark_unflushed(const struct store *s)
{
	const int fd = openat(s->directory, UNFLUSHED, O_WRONLY | O_CREAT | MODE, 0600);

	if (fd >= 0)
		(void)close(fd);
}

/* Not access(2): which call glibc makes of it is its own to choose. */
int
files_is_unflushed(const struct store *s)
{
	const int fd = openat(s->directory, UNFLUSHED, O_RDONLY | MODE);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0 || errno != ENOENT;
}

/* By a descriptor of its own: pwrite(2) to one with O_APPEND appends. */
int
files_rewrite(const struct store *s)
{
	CORDON_CLOSE int fd = openat(s->directory, CORDON_LEDGER_CHECKPOINTS, O_RDWR | MODE);
	char last[2 * CORDON_LEDGER_NOTE_MAX];
	const off_t end = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	const off_t from = end > (off_t)sizeof(last) ? end - (off_t)sizeof(last) : 0;
	const ssize_t got = end < 0 ? -1 : pread(fd, last, sizeof(last), from);

	if (got < 0 || pwrite(fd, last, (size_t)got, from) != got || fdatasync(fd) < 0)
		return -1;
	return unlinkat(s->directory, UNFLUSHED, 0);
}

struct hint {
	uint8_t magic[8];
	uint64_t at;
	uint32_t index, settled, crc, unused;
	uint8_t boot[16];
	uint8_t checkpoint[CORDON_DIGEST_SIZE];
	struct cordon_ledger_state state;
};

static const uint8_t magic[8] = "cordonp3";

static uint32_t
hint_crc(const struct hint *h)
{
	struct hint zeroed = *h;

	zeroed.crc = 0;
	return cordon_ledger_crc(0, &zeroed, sizeof(zeroed));
}

void
files_put_hint(const struct store *s)
{
	struct hint h = { .at = s->cursor.at,
		.index = s->cursor.index,
		.settled = s->settled,
		.state = s->cursor.state };

	memcpy(h.magic, magic, sizeof(magic));
	if (s->same_kernel)
		memcpy(h.boot, s->kernel, sizeof(h.boot));
	memcpy(h.checkpoint, s->checkpoint, sizeof(h.checkpoint));
	h.crc = hint_crc(&h);
	(void)!pwrite(s->hint, &h, sizeof(h), 0);
}

static const uint8_t unknown_boot[16];

/* Since when this kernel runs. */
static void
read_kernel(struct store *s)
{
	CORDON_CLOSE int fd =
		openat(AT_FDCWD, "/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	char text[36];
	size_t digits = 0;

	if (fd < 0 || cordon_fd_read_full(fd, text, sizeof(text)) != (ssize_t)sizeof(text))
		return;
	for (size_t i = 0; i < sizeof(text) && digits < 32; i++) {
		const char *hex = "0123456789abcdef", *at = memchr(hex, text[i], 16);

		if (at == NULL)
			continue;
		s->kernel[digits / 2] = (uint8_t)(s->kernel[digits / 2] << 4 | (at - hex));
		digits++;
	}
}

int
files_get_hint(struct store *s, struct cordon_ledger_cursor *ret)
{
	struct hint h;

	read_kernel(s);
	if (pread(s->hint, &h, sizeof(h), 0) != (ssize_t)sizeof(h) ||
		memcmp(h.magic, magic, sizeof(magic)) != 0 || h.crc != hint_crc(&h) ||
		h.at > CORDON_LEDGER_SEGMENT || h.at < CORDON_LEDGER_PAGE ||
		h.at % CORDON_LEDGER_ALIGN != 0)
		return 0;
	ret->at = (size_t)h.at;
	ret->index = h.index;
	ret->state = h.state;
	memcpy(s->checkpoint, h.checkpoint, sizeof(s->checkpoint));
	s->settled = h.settled;
	s->same_kernel = memcmp(h.boot, s->kernel, sizeof(h.boot)) == 0 &&
			 memcmp(h.boot, unknown_boot, sizeof(h.boot)) != 0;
	return 1;
}
