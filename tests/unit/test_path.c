#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/path.h>

static char directory[64];
static int workspace;

static void
make_workspace(void)
{
	snprintf(directory, sizeof(directory), "/tmp/cordon-test-XXXXXX");
	cr_assert(ne(ptr, mkdtemp(directory), NULL));
	workspace = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	cr_assert(workspace >= 0);
	cr_assert(eq(int, mkdirat(workspace, "sub", 0755), 0));
}

static void
drop_workspace(void)
{
	unlinkat(workspace, "notes", 0);
	unlinkat(workspace, "sub/up", 0);
	unlinkat(workspace, "sub", AT_REMOVEDIR);
	close(workspace);
	rmdir(directory);
}

TestSuite(open_beneath, .init = make_workspace, .fini = drop_workspace, .timeout = 5);
TestSuite(parent, .init = make_workspace, .fini = drop_workspace, .timeout = 5);
TestSuite(open_in_root, .init = make_workspace, .fini = drop_workspace, .timeout = 5);

Test(open_beneath, refuses_a_symlink_that_points_outside_the_workspace)
{
	struct cordon_error err = { 0 };
	cr_assert(eq(int, symlinkat("/etc/passwd", workspace, "notes"), 0));

	int fd = cordon_open_beneath(workspace, "notes", O_RDONLY, 0, &err);

	cr_assert(eq(int, fd, -1));
	cr_assert(eq(str, err.text, "'notes' leaves the workspace"));
	cr_assert(eq(int, err.code, CORDON_EPOLICY));
}

Test(open_beneath, refuses_to_climb)
{
	struct cordon_error err = { 0 };

	cr_assert(eq(int, cordon_open_beneath(workspace, "../", O_PATH, 0, &err), -1));
	cr_assert(eq(int, err.code, CORDON_EPOLICY));
	cr_assert(eq(int, cordon_open_beneath(workspace, "sub/../../x", O_PATH, 0, &err), -1));
	cr_assert(eq(int, cordon_open_beneath(workspace, "/etc", O_PATH, 0, &err), -1));
}

Test(open_beneath, says_that_something_is_missing)
{
	struct cordon_error err = { 0 };

	cr_assert(eq(int, cordon_open_beneath(workspace, "nothing", O_PATH, 0, &err), -1));
	cr_assert(eq(int, err.code, CORDON_ENOTFOUND));
}

Test(open_in_root, keeps_an_absolute_link_inside)
{
	struct cordon_error err = { 0 };
	struct stat link_target, sub;
	cr_assert(eq(int, symlinkat("/sub", workspace, "sub/up"), 0));

	int fd = cordon_open_in_root(workspace, "sub/up", O_PATH, &err);

	cr_assert(fd >= 0);
	cr_assert(eq(int, fstat(fd, &link_target), 0));
	cr_assert(eq(int, fstatat(workspace, "sub", &sub, 0), 0));
	cr_assert(eq(u64, link_target.st_ino, sub.st_ino));
	close(fd);
	unlinkat(workspace, "sub/up", 0);
}

Test(path, clean_collapses_and_refuses)
{
	struct cordon_error err = { 0 };
	char out[4096];

	cr_assert(eq(int, cordon_path_clean("//a/./b//c/", out, &err), 0));
	cr_assert(eq(str, out, "/a/b/c"));
	cr_assert(eq(int, cordon_path_clean("/", out, &err), 0));
	cr_assert(eq(str, out, "/"));
	cr_assert(eq(int, cordon_path_clean("/a/../b", out, &err), -1));
	cr_assert(eq(int, cordon_path_clean("a", out, &err), -1));
	cr_assert(eq(int, cordon_path_clean("", out, &err), -1));
}

Test(path, within_is_by_component)
{
	cr_assert(cordon_path_within("/a/b", "/a"));
	cr_assert(cordon_path_within("/a", "/a"));
	cr_assert(cordon_path_within("/a", "/"));
	cr_assert(not(cordon_path_within("/ab", "/a")));
	cr_assert(not(cordon_path_within("/", "/a")));
}

Test(path, match_has_stars_within_and_across_components)
{
	static const struct {
		const char *pattern, *path;
		int matches;
	} table[] = {
		{ ".env", ".env", 1 },
		{ ".env", "a/.env", 0 },
		{ "**/.env", ".env", 1 },
		{ "**/.env", "a/b/.env", 1 },
		{ "**/.env", "a/b/.envrc", 0 },
		{ "a/**", "a/b/c", 1 },
		{ "a/**/z", "a/z", 1 },
		{ "a/**/z", "a/b/c/z", 1 },
		{ "a/**/z", "a/b/c/zz", 0 },
		{ "*.key", "id.key", 1 },
		{ "*.key", "x/id.key", 0 },
		{ "a?c", "abc", 1 },
		{ "a?c", "a/c", 0 },
		{ "[a-c]x", "bx", 1 },
		{ "[!a-c]x", "bx", 0 },
		{ "*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0 },
		{ "**/**/**/x", "a/a/a/a/a/a/a/a/a/a/a/a/y", 0 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		cr_expect(eq(int, cordon_path_match(table[i].pattern, table[i].path),
				  table[i].matches),
			"%s with %s", table[i].path, table[i].pattern);
}

Test(fd, only_anonymous_pipes_may_be_passed_straight)
{
	int ends[2], null = open("/dev/null", O_RDWR);

	cr_assert(eq(int, pipe(ends), 0));
	cr_assert(cordon_fd_is_anonymous_pipe(ends[0]));
	cr_assert(not(cordon_fd_is_anonymous_pipe(null)));
	close(ends[0]);
	close(ends[1]);
	close(null);
}

Test(parent, is_opened_and_the_last_name_is_left)
{
	const char *name = NULL;
	struct stat st;

	int parent = cordon_open_parent(workspace, "sub/up", &name);
	cr_assert(parent >= 0);
	cr_assert(eq(str, (char *)name, "up"));
	cr_assert(eq(int, mkdirat(parent, name, 0700), 0));
	cr_assert(eq(int, cordon_stat_beneath(workspace, "sub/up", &st), 0));
	cr_assert(eq(int, st.st_mode &S_IFMT, S_IFDIR));
	unlinkat(parent, name, AT_REMOVEDIR);
	close(parent);

	parent = cordon_open_parent(workspace, "top", &name);
	cr_assert(parent >= 0);
	cr_assert(eq(str, (char *)name, "top"));
	close(parent);
}

Test(parent, is_no_link_and_not_outside)
{
	const char *name = NULL;
	struct stat st;
	cr_assert(eq(int, symlinkat("/etc", workspace, "notes"), 0));

	cr_assert(eq(int, cordon_open_parent(workspace, "notes/passwd", &name), -1));
	cr_assert(eq(int, cordon_open_parent(workspace, "../x", &name), -1));
	cr_assert(eq(int, cordon_stat_beneath(workspace, "notes/passwd", &st), -1));
	cr_assert(eq(int, cordon_stat_beneath(workspace, "notes", &st), 0), "the link itself");
	cr_assert(eq(int, st.st_mode &S_IFMT, S_IFLNK));
}
