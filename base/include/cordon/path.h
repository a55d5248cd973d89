/* Paths: opened once, then used by descriptor. See openat2(2), path_resolution(7). */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cordon/error.h>

/* What a file is, apart from its name. */
struct cordon_identity {
	uint64_t dev; /* st_dev */
	uint64_t ino; /* st_ino */
};

/* Opens path below the directory dirfd, following no link and never leaving dirfd.
 * flags: as for open(2); O_CLOEXEC is always added. mode: for O_CREAT, else 0.
 * Returns a descriptor the caller owns, or -1 with *err set:
 *   CORDON_EPOLICY     path leaves dirfd or meets a link
 *   CORDON_ENOTFOUND   no such file or directory
 *   CORDON_ENOSUPPORT  the kernel has no openat2(2) (before 5.6)
 *   CORDON_ESYS        anything else openat2(2) reports
 * See openat2(2), RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS. */
int cordon_open_beneath(int dirfd, const char *path, uint64_t flags, uint32_t mode,
	struct cordon_error *err) CORDON_CHECKED;

/* Opens path as if dirfd were the root directory: links are followed and stay inside
 * (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS). Returns and errors as above; no EPOLICY: a loop of links
 * or a magic link is CORDON_ESYS with sys ELOOP. */
int cordon_open_in_root(
	int dirfd, const char *path, uint64_t flags, struct cordon_error *err) CORDON_CHECKED;

/* openat2(2) itself, with O_CLOEXEC added. Returns a descriptor or -1 with errno set. It allocates
 * nothing and may be used between clone and exec. */
int cordon_openat2(int dirfd, const char *path, uint64_t flags, uint32_t mode, uint64_t resolve);

struct stat;

/* lstat(2) of a path below dirfd that follows no link on the way either and never leaves dirfd: a
 * directory that is swapped for a link meanwhile leads nowhere. Returns 0, or -1 with errno set. */
int cordon_stat_beneath(int dirfd, const char *path, struct stat *ret);

/* Opens the directory that path is in, below dirfd, following no link and never leaving dirfd;
 * *ret_name is the last component, in path. What is done to that name by the descriptor happens there
 * and nowhere else. Returns an O_PATH descriptor that the caller owns, or -1 with errno set. */
int cordon_open_parent(int dirfd, const char *path, const char **ret_name);

/* Fills *ret with dev and ino of fd. Returns 0, or -1 with errno set. */
int cordon_identify(int fd, struct cordon_identity *ret);

/* Lexical cleaning of an absolute path: collapses "//", "/./" and a trailing "/", and refuses "..",
 * an empty or relative path and one longer than PATH_MAX. out has PATH_MAX bytes. It looks at no
 * file. Returns 0, or -1 with CORDON_EINPUT. */
int cordon_path_clean(const char *path, char *out, struct cordon_error *err) CORDON_CHECKED;

/* True when path is base or below it; both are absolute and clean. */
int cordon_path_within(const char *path, const char *base);

/* Matches a slash-separated relative path with a pattern: '*' and '?' and '[…]' stay inside one
 * component, a component "**" stands for any number of components, also for none and at the
 * end. A pattern without a slash matches only at the top; '[' without its ']' is a plain character.
 * Time at most in proportion to length times pattern length; no recursion. Returns 1 or 0. */
int cordon_path_match(const char *pattern, const char *path);
