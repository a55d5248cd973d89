/* Who could put another file at a path (A06): each directory and each link on the way counts. As root, since
 * only root can make what is to be told apart. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_way.h"

static char top[] = "/run/cordon-way-XXXXXX"; /* below directories that are root's alone */
static struct cordon_error err;

static void
path_to(char out[256], const char *name)
{
	snprintf(out, 256, "%s/%s", top, name);
}

static void
make_file(const char *name)
{
	char path[256];
	FILE *f;

	path_to(path, name);
	f = fopen(path, "w");
	cr_assert(f != NULL);
	fputs("12345", f);
	fclose(f);
	cr_assert(chmod(path, 0755) == 0);
}

static void
make_link(const char *name, const char *text)
{
	char path[256];

	path_to(path, name);
	cr_assert(symlink(text, path) == 0);
}

static void
make_top(void)
{
	char path[256];

	if (geteuid() != 0)
		cr_skip_test("only root can make files of root");
	strcpy(top + strlen(top) - 6, "XXXXXX");
	cr_assert(mkdtemp(top) != NULL);
	chmod(top, 0755);
	path_to(path, "in");
	cr_assert(mkdir(path, 0755) == 0);
	make_file("in/file");
	make_link("link", "in/file");
	make_link("dir", "in");
	make_link("up", "in/../in/./file");
	make_link("loop", "loop");
}

static void
drop_top(void)
{
	char command[300];

	snprintf(command, sizeof(command), "rm -rf '%s'", top);
	if (geteuid() == 0)
		cr_expect(system(command) == 0);
}

TestSuite(file_way, .init = make_top, .fini = drop_top, .timeout = 30);

static int
look(const char *name, struct cordon_action_file *ret)
{
	char path[256];

	memset(ret, 0, sizeof(*ret));
	path_to(path, name);
	return file_way_look(path, ret, &err);
}

static void
drop(struct cordon_action_file *f)
{
	free(f->path);
	free(f->real);
}

static void
expect_owner(const char *name, uint32_t owner, uint32_t mode)
{
	struct cordon_action_file f;

	cr_assert(look(name, &f) == 0, "%s", err.text);
	cr_expect(f.owner == owner && f.mode == mode, "%s: %u %o", name, f.owner, f.mode);
	drop(&f);
}

Test(file_way, links_lead_to_the_file_and_the_name_stays)
{
	static const char *const names[] = { "in/file", "link", "dir/file", "up" };
	struct cordon_action_file f;
	char real[256], named[256];
	struct stat st;

	path_to(real, "in/file");
	cr_assert(stat(real, &st) == 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		path_to(named, names[i]);
		cr_assert(look(names[i], &f) == 0, "%s", err.text);
		cr_expect_str_eq(f.path, named);
		cr_expect_str_eq(f.real, real);
		cr_expect(f.identity.dev == st.st_dev && f.identity.ino == st.st_ino);
		cr_expect(f.size == 5 && f.owner == 0 && f.mode == 0755);
		drop(&f);
	}
}

Test(file_way, what_cannot_be_looked_at_is_refused)
{
	static const char *const names[] = { "in", "loop", "nothing", "in/file/x" };
	struct cordon_action_file f;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		cr_expect(look(names[i], &f) == -1, "%s", names[i]);
		cr_expect(err.code == CORDON_EPOLICY && err.text[0] != '\0');
		drop(&f);
	}
}

static void
change(const char *name, uid_t owner, mode_t mode)
{
	char path[256];

	path_to(path, name);
	cr_assert(lchown(path, owner, owner) == 0 && chmod(path, mode) == 0);
}

Test(file_way, a06_the_files_own_owner_and_mode_count)
{
	change("in/file", 1000, 0755);
	expect_owner("in/file", 1000, 0755);
	change("in/file", 0, 0775);
	expect_owner("link", 0, 0775);
	change("in/file", 0, 0757);
	expect_owner("link", 0, 0757);
}

Test(file_way, a06_every_directory_on_the_way_counts)
{
	change("in", 1000, 0755);
	expect_owner("in/file", 1000, 0755);
	expect_owner("link", 1000, 0755);
	change("in", 0, 01777); /* a sticky one, too */
	expect_owner("dir/file", 0, 0777);
	change("in", 0, 0755);
	chmod(top, 0775);
	expect_owner("in/file", 0, 0775);
	chmod(top, 0755);
	expect_owner("in/file", 0, 0755);
}

/* /usr/bin/tool -> /home/u/tool -> /usr/bin/real: whoever owns the middle decides. */
Test(file_way, a06_what_a_link_leads_through_counts)
{
	char path[256], text[256];

	path_to(path, "theirs");
	cr_assert(mkdir(path, 0755) == 0);
	path_to(text, "in/file");
	make_link("theirs/middle", text);
	make_link("first", "theirs/middle");
	expect_owner("first", 0, 0755);
	change("theirs", 1000, 0755);
	expect_owner("first", 1000, 0755);
	expect_owner("in/file", 0, 0755);
}
