/* A lying monitor, and a host that changes between judgement and use (A01, A02, A14): the launcher is
 * told, over its protocol, of a run in which one thing is not what it was. The control is the same run
 * with nothing changed. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/launch_proto.h>
#include <cordon/launcher.h>
#include <cordon/plan.h>
#include <cordon/profile.h>

#include "config.h"
#include "environ.h"
#include "plan_build.h"
#include "resolve.h"
/* Both parts have a workspace.h. */
#include "../../supervisor/workspace.h"

#include "../../sandbox/workspace.h"

static const struct config no_config;
static char directory[64];
static struct cordon_plan plan;
static struct workspace workspace;
static struct command command;
static char **env;
static char *argv[] = { (char *)"/bin/true", NULL };
static struct cordon_launch launch;
static int null, link_end, pidfd, lifeline;

static void
prepare(void)
{
	const struct cordon_profile_places places = { .builtin_only = 1 };
	struct cordon_error err = { 0 };
	struct cordon_profile *profile = cordon_profile_load(&places, "default", &err);
	int ends[2];

	snprintf(directory, sizeof(directory), "/tmp/cordon-test-XXXXXX");
	cr_assert(ne(ptr, mkdtemp(directory), NULL));
	cr_assert(ne(ptr, profile, NULL), "%s", err.text);
	cr_assert(eq(int, workspace_open(directory, NULL, &no_config, &workspace, &err), 0), "%s",
		err.text);
	cr_assert(eq(int, plan_build(profile, workspace.path, &no_config, &plan, &err), 0), "%s",
		err.text);
	env = environ_build(profile, NULL, 0, workspace.cwd, &err);
	cr_assert(ne(ptr, env, NULL), "%s", err.text);
	cr_assert(eq(int, resolve_command(argv[0], NULL, &plan, &workspace, &command, &err), 0),
		"%s", err.text);
	cordon_profile_destroy(profile);
	launch = (struct cordon_launch){ .run = 1,
		.plan = 1,
		.argv = argv,
		.env = env,
		.exe = command.path,
		.exe_identity = command.identity,
		.cwd = workspace.cwd,
		.cwd_identity = workspace.cwd_identity,
		.workspace = workspace.path,
		.workspace_identity = workspace.identity,
		.umask = 022 };

	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	cr_assert(eq(int, pipe2(ends, O_CLOEXEC), 0));
	lifeline = ends[1];
	cr_assert(eq(int, cordon_launcher_exec(CORDON_LAUNCHER, &link_end, &pidfd, &err), 0), "%s",
		err.text);
	cr_assert(eq(int, cordon_launch_send_hello(link_end, ends[0], &err), 0), "%s", err.text);
	close(ends[0]);
}

static void
let_go(void)
{
	siginfo_t info;

	close(link_end);
	close(lifeline);
	cr_expect(eq(int, waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED), 0));
	close(pidfd);
	close(null);
	environ_free(env);
	cordon_plan_finish(&plan);
	cr_expect(eq(int, rmdir(directory), 0), "%s is not empty", directory);
}

TestSuite(launcher, .init = prepare, .fini = let_go, .timeout = 60);

/* Sends plan and launch, with stream as standard input. Returns the last message about the run. */
static struct cordon_launch_event
outcome_with(int stream)
{
	const int fds[3] = { stream, null, null };
	struct cordon_launch_event event = { 0 };
	struct cordon_error err = { 0 };

	cr_assert(eq(int, cordon_launch_send_plan(link_end, 1, &plan, &err), 0), "%s", err.text);
	cr_assert(eq(int, cordon_launch_send_launch(link_end, &launch, fds, 3, &err), 0), "%s",
		err.text);
	do
		cr_assert(
			eq(int, cordon_launch_receive(link_end, &event, &err), 1), "%s", err.text);
	while (event.message != CORDON_LAUNCH_FAILED && event.message != CORDON_LAUNCH_EXITED);
	return event;
}

static void
expect_failed(const struct cordon_launch_event *event, const char *reason, const char *text)
{
	cr_assert(eq(int, (int)event->message, CORDON_LAUNCH_FAILED), "the command ran");
	cr_expect(eq(str, (char *)event->failure.reason, (char *)reason));
	cr_expect(ne(ptr, strstr(event->failure.text, text), NULL), "'%s' is not in '%s'", text,
		event->failure.text);
}

Test(launcher, control_runs_what_is_as_it_was)
{
	const struct cordon_launch_event event = outcome_with(null);

	cr_assert(eq(int, (int)event.message, CORDON_LAUNCH_EXITED), "%s", event.failure.text);
	cr_assert(eq(int, event.exited.status, 0));
}

Test(launcher, a01_refuses_a_workspace_that_is_another_directory)
{
	launch.workspace_identity.ino++;

	const struct cordon_launch_event event = outcome_with(null);

	expect_failed(&event, "floor.workspace", "' is another directory by now");
}

Test(launcher, a01_refuses_a_workspace_on_another_device)
{
	launch.workspace_identity.dev++;

	const struct cordon_launch_event event = outcome_with(null);

	expect_failed(&event, "floor.workspace", "' is another directory by now");
}

/* The same once more in pid 1, which opens it by name again: only what happens in between gets there. */
Test(launcher, a01_pid_1_binds_no_other_directory)
{
	struct cordon_launch changed = launch;
	const struct sandbox_setup s = { .plan = &plan, .launch = &changed, .workspace_idmap = -1 };
	int tree = -1;
	struct sandbox_fault fault = { STAGE_NONE, 0, 0 };

	(void)!workspace_clone(&s, &tree, &fault);
	cr_expect(ne(int, (int)fault.stage, STAGE_WORKSPACE_IDENTITY), "control");
	cordon_fd_close_p(&tree);
	changed.workspace_identity.ino++;
	cr_expect(eq(int, workspace_clone(&s, &tree, &fault), -1));
	cr_expect(eq(int, (int)fault.stage, STAGE_WORKSPACE_IDENTITY));
	cordon_fd_close_p(&tree);
}

Test(launcher, a01_refuses_a_working_directory_that_is_another)
{
	launch.cwd_identity.ino++;

	const struct cordon_launch_event event = outcome_with(null);

	expect_failed(&event, "floor.workspace", "it is another one by now");
}

Test(launcher, a01_refuses_a_working_directory_by_way_of_a_link)
{
	char link[128];

	snprintf(link, sizeof(link), "%s/link", directory);
	cr_assert(eq(int, symlink(".", link), 0));
	launch.cwd = link; /* the same directory, by device and inode */

	const struct cordon_launch_event event = outcome_with(null);

	cr_expect(eq(int, unlink(link), 0));
	expect_failed(&event, "floor.workspace", "working directory");
}

Test(launcher, a02_refuses_a_command_that_is_another_file)
{
	launch.exe_identity.ino++;

	const struct cordon_launch_event event = outcome_with(null);

	expect_failed(&event, "exec.digest_changed", "it is another file by now");
}

Test(launcher, a02_refuses_a_command_by_way_of_a_magic_link)
{
	launch.exe = (char *)"/proc/self/exe";

	const struct cordon_launch_event event = outcome_with(null);

	expect_failed(&event, "", "/proc/self/exe");
	cr_expect(eq(int, event.failure.sys, ELOOP));
}

Test(launcher, m2_refuses_a_granted_tree_that_is_another)
{
	plan.mounts[0].identity.ino++;

	const struct cordon_launch_event event = outcome_with(null);

	expect_failed(&event, "floor.identity", "it is another file by now");
}

Test(launcher, a14_refuses_a_plan_that_breaks_the_floor)
{
	free(plan.mounts[0].target);
	plan.mounts[0].target = strdup("/proc");

	const struct cordon_launch_event event = outcome_with(null);

	expect_failed(&event, "floor.plan", "/proc");
}

Test(launcher, a02_refuses_a_stream_that_is_a_file_of_the_hosts)
{
	const int file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	const struct cordon_launch_event event = outcome_with(file);

	close(file);
	expect_failed(&event, "floor.plan", "stream");
}

/* Receives the next message, which must be that one. */
static struct cordon_launch_event
await_message(uint32_t message)
{
	struct cordon_launch_event event = { 0 };
	struct cordon_error err = { 0 };

	cr_assert(eq(int, cordon_launch_receive(link_end, &event, &err), 1), "%s", err.text);
	cr_assert(eq(u32, event.message, message), "%s", event.failure.text);
	return event;
}

static void
read_netns(pid_t pid, char *out, size_t room)
{
	char path[64];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	length = readlink(path, out, room - 1);
	cr_assert(gt(int, (int)length, 0), "%s: %s", path, strerrordesc_np(errno));
	out[length] = '\0';
}

/* Root's launcher makes them ahead; an ordinary user's are made with the run, and cannot be seen. */
Test(launcher, runs_that_live_together_have_a_network_namespace_each)
{
	enum { RUNS = 4 };
	char *cat[] = { (char *)"/bin/cat", NULL };
	char names[RUNS + 1][64];
	struct cordon_error err = { 0 };
	int ends[2];
	if (geteuid() != 0)
		return;
	cr_assert(eq(int, resolve_command(cat[0], NULL, &plan, &workspace, &command, &err), 0));
	cr_assert(eq(int, pipe2(ends, O_CLOEXEC), 0));
	launch.argv = cat;
	launch.exe = command.path;
	launch.exe_identity = command.identity;
	cr_assert(eq(int, cordon_launch_send_plan(link_end, 1, &plan, &err), 0), "%s", err.text);
	read_netns(getpid(), names[RUNS], sizeof(names[RUNS]));

	for (int i = 0; i < RUNS; i++) {
		const int fds[3] = { ends[0], null, null };

		launch.run = (uint64_t)i + 1;
		cr_assert(eq(int, cordon_launch_send_launch(link_end, &launch, fds, 3, &err), 0));
		read_netns((pid_t)await_message(CORDON_LAUNCH_STARTED).started.pid, names[i],
			sizeof(names[i]));
	}

	for (int i = 0; i < RUNS; i++)
		for (int k = i + 1; k <= RUNS; k++)
			cr_expect(ne(str, names[i], names[k]));
	close(ends[0]);
	close(ends[1]); /* the commands end */
	for (int i = 0; i < RUNS; i++)
		(void)await_message(CORDON_LAUNCH_EXITED);
}
