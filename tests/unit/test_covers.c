#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "covers.h"
#include "watch.h"

static char directory[64];
static int workspace;

static void
make_workspace(void)
{
	snprintf(directory, sizeof(directory), "/tmp/cordon-test-XXXXXX");
	cr_assert(ne(ptr, mkdtemp(directory), NULL));
	workspace = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	cr_assert(workspace >= 0);
}

static void
drop_workspace(void)
{
	char command[128];

	close(workspace);
	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	cr_assert(eq(int, system(command), 0)); /* a test's own scratch */
}

TestSuite(covers, .init = make_workspace, .fini = drop_workspace, .timeout = 20);

static struct cordon_plan
plan_of(char **protect, size_t protect_count, char **hide, size_t hide_count)
{
	return (struct cordon_plan){ .workspace = CORDON_WORKSPACE_WRITE,
		.protect = protect,
		.protect_count = protect_count,
		.hide = hide,
		.hide_count = hide_count };
}

static int
make_covers(struct sandbox_covers *covers, int directory_fd, const struct cordon_plan *plan,
	struct cordon_error *err)
{
	return covers_find(covers, directory_fd, plan, err) < 0
		       ? -1
		       : covers_hold(covers, directory_fd, err);
}

static const struct sandbox_cover *
find(const struct sandbox_covers *covers, const char *path)
{
	for (size_t i = 0; i < covers->count; i++)
		if (strcmp(covers->items[i].path, path) == 0)
			return &covers->items[i];
	return NULL;
}

static int
exists(const char *path)
{
	struct stat st;

	return fstatat(workspace, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

Test(covers, a03_pins_parents_and_protects_what_exists)
{
	char *protect[] = { (char *)"a/b/c" };
	const struct cordon_plan plan = plan_of(protect, 1, NULL, 0);
	struct sandbox_covers covers = { 0 };
	struct cordon_error err = { 0 };
	mkdirat(workspace, "a", 0755);
	mkdirat(workspace, "a/b", 0755);
	mkdirat(workspace, "a/b/c", 0755);

	cr_assert(eq(int, make_covers(&covers, workspace, &plan, &err), 0));

	cr_assert(eq(sz, covers.count, 3));
	cr_assert(eq(int, find(&covers, "a")->kind, COVER_PIN));
	cr_assert(eq(int, find(&covers, "a/b")->kind, COVER_PIN));
	cr_assert(eq(int, find(&covers, "a/b/c")->kind, COVER_READ_ONLY));
	covers_finish(&covers, workspace, NULL);
}

Test(covers, a03_holds_an_absent_name_and_takes_the_placeholder_away)
{
	char *protect[] = { (char *)".envrc", (char *)".git/hooks" };
	const struct cordon_plan plan = plan_of(protect, 2, NULL, 0);
	struct sandbox_covers covers = { 0 };
	struct cordon_error err = { 0 };

	cr_assert(eq(int, make_covers(&covers, workspace, &plan, &err), 0));

	cr_assert(exists(".envrc"));
	cr_assert(not(exists(".git")), "git init must work");
	cr_assert(eq(sz, covers.count, 1));
	covers_finish(&covers, workspace, NULL);
	cr_assert(not(exists(".envrc")));
}

Test(covers, the_last_of_two_runs_takes_the_placeholder_away)
{
	char *protect[] = { (char *)".envrc" };
	const struct cordon_plan plan = plan_of(protect, 1, NULL, 0);
	struct sandbox_covers first = { 0 }, second = { 0 };
	struct cordon_error err = { 0 };

	cr_assert(eq(int, make_covers(&first, workspace, &plan, &err), 0));
	cr_assert(eq(int, make_covers(&second, workspace, &plan, &err), 0));
	covers_finish(&first, workspace, NULL);
	cr_assert(exists(".envrc"));
	covers_finish(&second, workspace, NULL);
	cr_assert(not(exists(".envrc")));
}

/* Removes the placeholder "held" as another run would that lost the processor in the middle of it. */
static _Noreturn void
remove_slowly(int ready)
{
	const int held = openat(workspace, "held", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (held < 0 || flock(held, LOCK_EX | LOCK_NB) < 0 || write(ready, "", 1) != 1)
		_exit(1);
	(void)poll(NULL, 0, 30);
	_exit(unlinkat(workspace, "held", AT_REMOVEDIR) < 0);
}

Test(covers, a_placeholder_that_is_being_removed_is_waited_for)
{
	int ready[2], status = -1, placeholder;
	char byte;
	pid_t other;
	mkdirat(workspace, "held", 0);
	fchmodat(workspace, "held", 01555, 0);
	cr_assert(zero(int, pipe(ready)));
	other = fork();
	if (other == 0)
		remove_slowly(ready[1]);
	cr_assert(eq(int, (int)read(ready[0], &byte, 1), 1));

	placeholder = placeholder_take(workspace, "held");

	cr_assert(ge(int, placeholder, 0));
	cr_assert(eq(int, waitpid(other, &status, 0), other));
	cr_expect(zero(int, status));
	cr_expect(exists("held"));
	placeholder_release(workspace, "held", placeholder);
	cr_expect(not(exists("held")));
}

Test(covers, a_directory_of_the_user_is_not_taken_for_a_placeholder)
{
	char *protect[] = { (char *)".vscode" };
	const struct cordon_plan plan = plan_of(protect, 1, NULL, 0);
	struct sandbox_covers covers = { 0 };
	struct cordon_error err = { 0 };
	mkdirat(workspace, ".vscode", 0755);

	cr_assert(eq(int, make_covers(&covers, workspace, &plan, &err), 0));
	covers_finish(&covers, workspace, NULL);
	cr_assert(eq(sz, covers_sweep(workspace, protect, 1), 0));

	cr_assert(exists(".vscode"));
}

Test(covers, a_placeholder_of_a_killed_run_is_swept)
{
	char *protect[] = { (char *)".envrc", (char *)"a/*/c" };
	mkdirat(workspace, "a", 0755);
	mkdirat(workspace, "a/b", 0755);
	int held = placeholder_take(workspace, ".envrc");
	int below = placeholder_take(workspace, "a/b/c");

	cr_assert(held >= 0);
	cr_assert(below >= 0);
	cr_assert(eq(sz, covers_sweep(workspace, protect, 2), 2));
	cr_assert(exists(".envrc"), "a live run holds it");
	close(held); /* as a kill would */
	close(below);
	cr_assert(eq(sz, covers_sweep(workspace, protect, 2), 0));
	cr_assert(not(exists(".envrc")));
	cr_assert(not(exists("a/b/c")));
}

/* What a racing thread would hit by luck: the parent is a link by the time the name is used. */
Test(covers, a_placeholder_is_not_made_or_removed_through_a_link)
{
	mkdirat(workspace, "real", 0755);
	mkdirat(workspace, "outside", 0755);
	int held = placeholder_take(workspace, "real/name");
	cr_assert(held >= 0);
	cr_assert(eq(int, renameat(workspace, "real", workspace, "moved"), 0));
	cr_assert(eq(int, symlinkat("outside", workspace, "real"), 0));
	mkdirat(workspace, "outside/name", 01555);

	cr_assert(eq(int, placeholder_take(workspace, "real/name"), -1));
	placeholder_release(workspace, "real/name", held);
	cr_assert(eq(int, placeholder_sweep(workspace, "real/name"), 0));

	cr_assert(exists("outside/name"));
	cr_assert(exists("moved/name"));
}

/* A run can bring its user's processes to that. */
Test(covers, a03_a_lack_of_descriptors_is_not_taken_for_absence)
{
	char *protect[] = { (char *)"a/b/config", (char *)"a/*/hooks", (char *)"**/.git/config" };
	char *hide[] = { (char *)"**/.env" };
	struct cordon_error err = { 0 };
	struct rlimit before;
	mkdirat(workspace, "a", 0755);
	mkdirat(workspace, "a/b", 0755);
	mkdirat(workspace, "a/b/config", 0755);
	getrlimit(RLIMIT_NOFILE, &before);
	for (size_t i = 0; i < 4; i++) {
		const struct cordon_plan plan =
			i < 3 ? plan_of(&protect[i], 1, NULL, 0) : plan_of(NULL, 0, hide, 1);
		struct sandbox_covers covers = { 0 };
		int result;

		setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 0, before.rlim_max });
		result = covers_find(&covers, workspace, &plan, &err);
		setrlimit(RLIMIT_NOFILE, &before);

		cr_expect(eq(int, result, -1), "%zu", i);
		cr_expect(eq(int, err.sys, EMFILE));
		covers_finish(&covers, workspace, NULL);
	}
}

Test(covers, nothing_opens_what_a_parent_protects)
{
	char *protect[] = { (char *)"a", (char *)"a/b/c" };
	const struct cordon_plan plan = plan_of(protect, 2, NULL, 0);
	struct sandbox_covers covers = { 0 };
	struct cordon_error err = { 0 };
	mkdirat(workspace, "a", 0755);
	mkdirat(workspace, "a/b", 0755);
	mkdirat(workspace, "a/b/c", 0755);

	cr_assert(eq(int, make_covers(&covers, workspace, &plan, &err), 0));

	cr_assert(eq(sz, covers.count, 1));
	cr_assert(eq(int, covers.items[0].kind, COVER_READ_ONLY));
	covers_finish(&covers, workspace, NULL);
}

Test(covers, a_star_is_every_entry)
{
	char *protect[] = { (char *)"m/*/config" };
	const struct cordon_plan plan = plan_of(protect, 1, NULL, 0);
	struct sandbox_covers covers = { 0 };
	struct cordon_error err = { 0 };
	mkdirat(workspace, "m", 0755);
	mkdirat(workspace, "m/one", 0755);
	mkdirat(workspace, "m/two", 0755);
	mkdirat(workspace, "m/two/config", 0755);

	cr_assert(eq(int, make_covers(&covers, workspace, &plan, &err), 0));

	cr_assert(ne(ptr, (void *)find(&covers, "m/two/config"), NULL));
	cr_assert(ne(ptr, (void *)find(&covers, "m/one/config"), NULL), "held");
	covers_finish(&covers, workspace, NULL);
	cr_assert(not(exists("m/one/config")));
}

/* Submodules have names with slashes: .git/modules/third_party/lib. */
Test(covers, a03_two_stars_find_repositories_at_any_depth)
{
	char *protect[] = { (char *)"m/**/config" };
	const struct cordon_plan plan = plan_of(protect, 1, NULL, 0);
	struct sandbox_covers covers = { 0 };
	struct cordon_error err = { 0 };
	static const char *const directories[] = { "m", "m/one", "m/one/objects",
		"m/one/objects/aa", "m/one/modules", "m/one/modules/sub", "m/deep", "m/deep/two",
		"m/plain" };
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		mkdirat(workspace, directories[i], 0755);
	static const char *const files[] = { "m/one/HEAD", "m/one/config",
		"m/one/objects/aa/config", "m/one/modules/sub/HEAD", "m/deep/two/HEAD",
		"m/deep/two/config" };
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		close(openat(workspace, files[i], O_CREAT | O_WRONLY, 0644));

	cr_assert(eq(int, make_covers(&covers, workspace, &plan, &err), 0));

	char found[500] = "";
	for (size_t i = 0; i < covers.count; i++)
		if (covers.items[i].kind == COVER_READ_ONLY) {
			strcat(found, covers.items[i].path);
			strcat(found, covers.items[i].missing ? " held\n" : "\n");
		}
	cr_assert(eq(str, found,
		(char *)"m/deep/two/config\nm/one/config\nm/one/modules/sub/config held\n"));
	covers_finish(&covers, workspace, NULL);
}

Test(covers, a04_hides_what_matches_and_follows_no_link)
{
	char *hide[] = { (char *)"**/.env" };
	const struct cordon_plan plan = plan_of(NULL, 0, hide, 1);
	struct sandbox_covers covers = { 0 };
	struct cordon_error err = { 0 };
	mkdirat(workspace, "a", 0755);
	close(openat(workspace, "a/.env", O_CREAT | O_WRONLY, 0600));
	cr_assert(eq(int, symlinkat("/", workspace, "root"), 0));

	cr_assert(eq(int, make_covers(&covers, workspace, &plan, &err), 0));

	cr_assert(eq(sz, covers.count, 1));
	cr_assert(eq(str, covers.items[0].path, "a/.env"));
	cr_assert(eq(int, covers.items[0].kind, COVER_BLANK_FILE));
	covers_finish(&covers, workspace, NULL);
}

Test(covers, a03_a_protected_link_protects_what_it_leads_to)
{
	char *protect[] = { (char *)"CLAUDE.md" };
	const struct cordon_plan plan = plan_of(protect, 1, NULL, 0);
	struct sandbox_covers covers = { 0 };
	struct cordon_error err = { 0 };
	mkdirat(workspace, "docs", 0755);
	close(openat(workspace, "docs/agents.md", O_CREAT | O_WRONLY, 0600));
	cr_assert(eq(int, symlinkat("docs/agents.md", workspace, "CLAUDE.md"), 0));

	cr_assert(eq(int, make_covers(&covers, workspace, &plan, &err), 0));

	cr_assert(eq(int, find(&covers, "CLAUDE.md")->kind, COVER_READ_ONLY));
	cr_assert(eq(int, find(&covers, "docs/agents.md")->kind, COVER_READ_ONLY));
	cr_assert(eq(int, find(&covers, "docs")->kind, COVER_PIN));
	covers_finish(&covers, workspace, NULL);
}

/* More happens than inotify(7) keeps, so that what follows is not told. */
static void
lose_events(void)
{
	FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
	unsigned most = 0;

	cr_assert(ne(ptr, file, NULL));
	cr_assert(eq(int, fscanf(file, "%u", &most), 1));
	fclose(file);
	for (unsigned i = 0; i < most / 2 + 16; i++) {
		close(openat(workspace, "noise", O_CREAT | O_WRONLY, 0600));
		unlinkat(workspace, "noise", 0);
	}
}

static void
put_in_place(const char *path)
{
	close(openat(workspace, "fresh", O_CREAT | O_WRONLY, 0600));
	cr_assert(eq(int, renameat(workspace, "fresh", workspace, path), 0));
}

/* Each is one that was there, one that was not and may not be, and one that is new. */
Test(covers, a04_what_happens_among_lost_events_is_found)
{
	static const struct {
		const char *replaced;
		enum cordon_end end;
	} cases[] = {
		{ NULL, CORDON_END_EXIT },
		{ "harmless", CORDON_END_EXIT },
		{ "AGENTS.md", CORDON_END_PROTECT },
		{ ".git/commondir", CORDON_END_PROTECT },
		{ ".env", CORDON_END_HIDE },
		{ ".git/.env", CORDON_END_HIDE },
	};
	char *protect[] = { (char *)"AGENTS.md", (char *)".git/commondir" };
	char *hide[] = { (char *)"**/.env" };
	const struct cordon_plan plan = plan_of(protect, 2, hide, 1);
	struct watches watches;
	watches_init(&watches);
	mkdirat(workspace, ".git", 0755);
	put_in_place("AGENTS.md");
	put_in_place(".env");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sandbox_covers covers = { 0 };
		struct cordon_error err = { 0 };
		struct watch *watch;

		cr_assert(eq(int, make_covers(&covers, workspace, &plan, &err), 0));
		cr_assert(
			eq(int, watch_create(workspace, &plan, &covers, &watches, &watch, &err), 0),
			"%s", err.text);
		lose_events();
		if (cases[i].replaced != NULL)
			put_in_place(cases[i].replaced);

		watches_read(&watches);
		cr_expect(
			eq(int, (int)watch_end(watch), (int)cases[i].end), "%s", cases[i].replaced);
		watch_destroy(watch);
		covers_finish(&covers, workspace, NULL);
	}
	cr_expect(not(exists(".git/commondir")));
	watches_finish(&watches);
}

/* Reads on, and says what this watch has to say. */
static enum cordon_end
heard(struct watches *watches, const struct watch *watch)
{
	watches_read(watches);
	return watch_end(watch);
}

Test(covers, a04_a_watch_knows_nothing_of_what_was_before_it)
{
	char *protect[] = { (char *)"AGENTS.md" };
	const struct cordon_plan plan = plan_of(protect, 1, NULL, 0);
	struct watches watches;
	struct sandbox_covers covers[2] = { { 0 }, { 0 } };
	struct cordon_error err = { 0 };
	struct watch *first, *second;
	watches_init(&watches);
	put_in_place("AGENTS.md");
	cr_assert(zero(int, make_covers(&covers[0], workspace, &plan, &err)));
	cr_assert(zero(int, watch_create(workspace, &plan, &covers[0], &watches, &first, &err)));
	put_in_place("AGENTS.md"); /* nobody has read of it */

	cr_assert(zero(int, make_covers(&covers[1], workspace, &plan, &err)));
	cr_assert(zero(int, watch_create(workspace, &plan, &covers[1], &watches, &second, &err)));

	cr_expect(eq(int, (int)watch_end(first), CORDON_END_PROTECT));
	cr_expect(eq(int, (int)heard(&watches, second), CORDON_END_EXIT));
	watch_destroy(first); /* they have one inotify watch together */
	put_in_place("AGENTS.md");
	cr_expect(eq(int, (int)heard(&watches, second), CORDON_END_PROTECT));
	watch_destroy(second);
	covers_finish(&covers[0], workspace, NULL);
	covers_finish(&covers[1], workspace, NULL);
	watches_finish(&watches);
}

/* What nobody waits for: only what is removed, so that no lock is held any longer. */
Test(covers, a_removed_placeholder_may_be_closed_later)
{
	struct sandbox_covers covers = { 0 }, other = { 0 };
	struct cordon_error err = { 0 };
	struct trash trash = { .count = 0 };

	cr_assert(eq(int, covers_add(&covers, "held", COVER_READ_ONLY, 1, &err), 0));
	cr_assert(eq(int, covers_add(&other, "held", COVER_READ_ONLY, 1, &err), 0));
	cr_assert(eq(int, covers_hold(&covers, workspace, &err), 0));
	cr_assert(eq(int, covers_hold(&other, workspace, &err), 0));
	covers_finish(&covers, workspace, &trash);
	cr_expect(eq(uint, trash.count, 0), "another run holds it");
	cr_expect(exists("held"));
	covers_finish(&other, workspace, &trash);
	cr_expect(not(exists("held")));
	cr_assert(eq(uint, trash.count, 1));
	trash_close_one(&trash);
	cr_expect(eq(uint, trash.count, 0));
}

Test(covers, all_that_is_left_is_closed_at_once)
{
	struct trash trash = { .count = 0 };
	const unsigned counts[] = { 0, 1, 7, 40 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct trash copy;
		struct stat st;
		int closed = 0;

		for (unsigned k = 0; k < counts[i]; k++)
			trash_put(&trash, open("/", O_PATH | O_CLOEXEC));
		cr_assert(eq(uint, trash.count, counts[i]));
		copy = trash;
		trash_close_all(&trash);
		cr_expect(eq(uint, trash.count, 0));
		for (unsigned k = 0; k < counts[i]; k++)
			closed += fstat(copy.fds[k], &st) < 0 && errno == EBADF;
		cr_expect(eq(int, closed, (int)counts[i]));
	}
	cr_expect(eq(int, waitpid(-1, NULL, WNOHANG), -1), "nobody is left");
}
