/* A process that locks itself with a directory keeps the files of that directory, and no others: cordon-ledger
 * taken over finds nothing else. The control is the same call before it locks itself. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cordon/selfjail.h>

static char place[] = "/tmp/selfjail.XXXXXX";
static int directory;

static void
prepare(void)
{
	cr_assert(ne(ptr, mkdtemp(place), NULL));
	directory = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert(ge(int, directory, 0));
}

static void
finish(void)
{
	(void)unlinkat(directory, "made", 0);
	(void)unlinkat(directory, "before", 0);
	(void)rmdir(place);
}

TestSuite(selfjail_below, .init = prepare, .fini = finish, .timeout = 30);

/* Opens name in a child that has locked itself, or has not. Returns errno, or 0. */
static int
open_in_child(int at, const char *name, int flags, int locked)
{
	static const uint32_t calls[] = { SYS_openat, SYS_exit_group, SYS_close };
	const struct cordon_selfjail jail = { .calls = calls,
		.call_count = sizeof(calls) / sizeof(calls[0]),
		.data_bytes = 64u << 20,
		.files = 100,
		.below = &directory };
	struct cordon_error err;
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		if (locked && cordon_selfjail_enter(&jail, &err) < 0)
			_exit(99);
		_exit(openat(at, name, flags, 0600) < 0 ? errno : 0);
	}
	cr_assert(eq(int, waitpid(pid, &status, 0), pid));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

Test(selfjail_below, files_of_the_directory_may_be_made_and_opened)
{
	cr_expect(eq(int, open_in_child(directory, "before", O_RDWR | O_CREAT, 0), 0), "control");
	cr_expect(eq(int, open_in_child(directory, "made", O_RDWR | O_CREAT, 1), 0));
	cr_expect(eq(int, open_in_child(directory, "before", O_RDWR, 1), 0));
}

Test(selfjail_below, all_others_may_not)
{
	if (CORDON_SANITIZED || CORDON_COVERED)
		cr_skip_test("sanitizers and counters of coverage open files of their own");
	cr_expect(eq(int, open_in_child(AT_FDCWD, "/etc/passwd", O_RDONLY, 0), 0), "control");
	cr_expect(eq(int, open_in_child(AT_FDCWD, "/etc/passwd", O_RDONLY, 1), EACCES));
	cr_expect(eq(
		int, open_in_child(directory, "../selfjail-beside", O_RDWR | O_CREAT, 1), EACCES));
	cr_expect(eq(int, open_in_child(AT_FDCWD, "/dev/null", O_RDONLY, 1), EACCES));
}
