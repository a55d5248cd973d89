#include "liar.h"

#include <criterion/criterion.h>

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/launcher.h>
#include <cordon/link.h>
#include <cordon/profile.h>

#include "../../supervisor/environ.h"
#include "../../supervisor/plan_build.h"
#include "../../supervisor/resolve.h"
#include "../../supervisor/workspace.h"

#define ANSWER_MS 60000 /* far beyond what a launch takes: something hangs */
#define MARKER    "it-ran"

static struct scene {
	char directory[64], marker[96];
	struct config config;
	struct workspace workspace;
	struct cordon_plan plan;
	struct command command;
	char **env;
} scene;

static char *command_line[] = { (char *)"/bin/sh", (char *)"-c", (char *)": >" MARKER, NULL };

void
liar_scene_make(void)
{
	const struct cordon_profile_places places = { .builtin_only = 1 };
	struct cordon_error err = { 0 };
	struct cordon_profile *profile = cordon_profile_load(&places, "default", &err);

	cr_assert(profile != NULL, "%s", err.text);
	snprintf(scene.directory, sizeof(scene.directory), "/tmp/liar.XXXXXX");
	cr_assert(mkdtemp(scene.directory) != NULL);
	snprintf(scene.marker, sizeof(scene.marker), "%s/" MARKER, scene.directory);
	cr_assert(workspace_open(scene.directory, NULL, &scene.config, &scene.workspace, &err) == 0,
		"%s", err.text);
	cr_assert(plan_build(profile, scene.workspace.path, &scene.config, &scene.plan, &err) == 0,
		"%s", err.text);
	scene.env = environ_build(profile, NULL, 0, scene.workspace.cwd, &err);
	cr_assert(scene.env != NULL, "%s", err.text);
	cr_assert(resolve_command(command_line[0], environ_get(scene.env, "PATH"), &scene.plan,
			  &scene.workspace, &scene.command, &err) == 0,
		"%s", err.text);
	cordon_profile_destroy(profile);
}

void
liar_scene_drop(void)
{
	(void)liar_command_ran();
	(void)rmdir(scene.directory);
	cordon_plan_finish(&scene.plan);
	environ_free(scene.env);
}

void
liar_start(struct liar *l)
{
	struct cordon_error err = { 0 };
	int output[2];

	*l = (struct liar){ .plan = scene.plan,
		.launch = { .run = 1,
			.plan = 1,
			.argv = command_line,
			.env = scene.env,
			.exe = scene.command.path,
			.exe_identity = scene.command.identity,
			.script = scene.command.script,
			.cwd = scene.workspace.cwd,
			.cwd_identity = scene.workspace.cwd_identity,
			.workspace = scene.workspace.path,
			.workspace_identity = scene.workspace.identity,
			.umask = 022 } };
	l->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	cr_assert(l->null >= 0 && pipe2(l->lifeline, O_CLOEXEC) == 0 &&
		  pipe2(output, O_CLOEXEC) == 0);
	l->streams[0] = l->null;
	l->streams[1] = output[1];
	l->streams[2] = output[1];
	close(output[0]);
	cr_assert(cordon_launcher_exec(CORDON_LAUNCHER, &l->link, &l->pidfd, &err) == 0, "%s",
		err.text);
}

void
liar_finish(struct liar *l)
{
	siginfo_t info;

	cordon_fd_close_p(&l->link);
	cordon_fd_close_p(&l->lifeline[0]);
	cordon_fd_close_p(&l->lifeline[1]);
	cr_assert(waitid(P_PIDFD, (id_t)l->pidfd, &info, WEXITED) == 0);
	cordon_fd_close_p(&l->pidfd);
	cordon_fd_close_p(&l->null);
	cordon_fd_close_p(&l->streams[1]);
}

int
liar_send(struct liar *l, uint16_t number, const void *body, size_t size, const int *fds,
	unsigned fd_count)
{
	struct cordon_error ignored;

	return cordon_link_send(l->link, number, body, size, fds, fd_count, &ignored);
}

void
liar_hello(struct liar *l)
{
	cr_assert(liar_send(l, CORDON_LAUNCH_HELLO, NULL, 0, &l->lifeline[0], 1) == 0);
}

enum liar_outcome
liar_hear(struct liar *l)
{
	struct cordon_launch_event event;
	struct cordon_error err = { 0 };
	struct pollfd p = { .fd = l->link, .events = POLLIN };
	siginfo_t info = { 0 };

	for (;;) {
		int got;

		cr_assert(poll(&p, 1, ANSWER_MS) == 1, "the launcher does not answer");
		got = cordon_launch_receive(l->link, &event, &err);
		cr_assert(got >= 0, "%s", err.text);
		if (got == 0)
			break;
		if (event.message == CORDON_LAUNCH_FAILED) {
			l->failure = event.failure;
			return LIAR_REFUSED;
		}
		if (event.message == CORDON_LAUNCH_STARTED)
			l->ahead = event.started.ahead != 0;
		if (event.message == CORDON_LAUNCH_EXITED) {
			cr_assert(event.exited.status == 0, "the command failed: 0x%x",
				event.exited.status);
			return LIAR_RAN;
		}
	}
	/* A launcher that hung up goes, and by its own will. */
	cr_assert(waitid(P_PIDFD, (id_t)l->pidfd, &info, WEXITED | WNOWAIT) == 0);
	cr_assert(info.si_code == CLD_EXITED && info.si_status == 1, "code %d, status %d",
		info.si_code, info.si_status);
	return LIAR_ENDED;
}

enum liar_outcome
liar_ask(struct liar *l, const int *fds, unsigned fd_count)
{
	struct cordon_error ignored;

	liar_hello(l);
	/* A launcher that has gone by now is heard of below. */
	(void)!cordon_launch_send_plan(l->link, 1, &l->plan, &ignored);
	(void)!cordon_launch_send_launch(l->link, &l->launch, fds, fd_count, &ignored);
	return liar_hear(l);
}

int
liar_command_ran(void)
{
	return unlink(scene.marker) == 0;
}
