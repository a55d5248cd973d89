#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cordon/bpf.h>
#include <cordon/fd.h>
#include <cordon/mem.h>

#include "environ.h"
#include "plan_build.h"

void
command_line_add(struct command_line *line, const char *text)
{
	if (line->count + 1 < ARGUMENTS_MAX)
		line->items[line->count++] = strdup(text);
}

void
command_line_add3(
	struct command_line *line, const char *first, const char *second, const char *third)
{
	command_line_add(line, first);
	command_line_add(line, second);
	command_line_add(line, third);
}

static int
write_file(const char *path, const void *data, size_t size, struct cordon_error *err)
{
	CORDON_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || cordon_fd_write_all(fd, data, size) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not write '%s'", path);
	return 0;
}

static int
add_files(struct peer *p, struct cordon_error *err)
{
	for (size_t i = 0; i < p->plan.file_count; i++) {
		const char *text = p->plan.files[i].text;
		char path[PATH_MAX + 32];

		snprintf(path, sizeof(path), "%s/file%zu", p->scratch, i);
		if (write_file(path, text, strlen(text), err) < 0)
			return -1;
		command_line_add3(&p->line, "--ro-bind", path, p->plan.files[i].target);
	}
	return 0;
}

static int
add_environment(struct peer *p, struct cordon_error *err)
{
	for (size_t i = 0; p->env[i] != NULL; i++) {
		CORDON_FREE char *pair = strdup(p->env[i]);
		char *value = pair == NULL ? NULL : strchr(pair, '=');

		if (value == NULL)
			return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not copy a variable");
		*value = '\0';
		command_line_add3(&p->line, "--setenv", pair, value + 1);
	}
	return 0;
}

/* The plan of profile default, in bubblewrap's words. */
static int
make_line(struct peer *p, struct cordon_error *err)
{
	static const char *const fixed[] = { "--unshare-user", "--unshare-ipc", "--unshare-pid",
		"--unshare-net", "--unshare-uts", "--unshare-cgroup", "--uid", "1000", "--gid",
		"1000", "--hostname", "cordon", "--die-with-parent", "--new-session", "--cap-drop",
		"ALL", "--clearenv", "--tmpfs", "/home/user", "--tmpfs", "/tmp", "--proc", "/proc",
		"--dev", "/dev" };
	const struct cordon_plan *plan = &p->plan;
	struct command_line *line = &p->line;

	command_line_add(line, p->bwrap);
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		command_line_add(line, fixed[i]);
	for (size_t i = 0; i < plan->mount_count; i++)
		command_line_add3(line,
			(plan->mounts[i].flags & CORDON_MOUNT_WRITE) != 0 ? "--bind" : "--ro-bind",
			plan->mounts[i].source, plan->mounts[i].target);
	for (size_t i = 0; i < plan->link_count; i++)
		command_line_add3(line, "--symlink", plan->links[i].text, plan->links[i].target);
	if (add_files(p, err) < 0)
		return -1;
	command_line_add3(line, "--bind", p->workspace.path, p->workspace.path);
	if (add_environment(p, err) < 0)
		return -1;
	command_line_add3(line, "--chdir", p->workspace.path, "--seccomp");
	command_line_add3(line, "3", "--", "/bin/true");
	return 0;
}

/* The same bytes that a run would get, without a listener: bubblewrap has nobody to answer there. */
static int
write_filter(struct peer *p, struct cordon_error *err)
{
	const size_t size = p->plan.filter_count * sizeof(*p->plan.filter);
	CORDON_FREE struct sock_filter *copy = cordon_array(1, size);
	char path[PATH_MAX + 32];

	if (copy == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not copy the filter");
	memcpy(copy, p->plan.filter, size);
	cordon_bpf_loadable(copy, p->plan.filter_count, 0);
	snprintf(path, sizeof(path), "%s/filter", p->scratch);
	return write_file(path, copy, size, err);
}

static int
make_plan(struct peer *p, struct cordon_error *err)
{
	struct cordon_profile_places places = { .builtin_only = 1 };

	if (config_load(NULL, &p->config, err) < 0)
		return -1;
	p->profile = cordon_profile_load(&places, "default", err);
	if (p->profile == NULL ||
		workspace_open(p->workspace_name, NULL, &p->config, &p->workspace, err) < 0 ||
		plan_build(p->profile, p->workspace.path, &p->config, &p->plan, err) < 0)
		return -1;
	p->env = environ_build(p->profile, NULL, 0, p->workspace.cwd, err);
	if (p->env == NULL)
		return -1;
	return resolve_command("/bin/true", environ_get(p->env, "PATH"), &p->plan, &p->workspace,
		&p->command, err);
}

int
peer_begin(struct peer *p, struct cordon_error *err)
{
	snprintf(p->scratch, sizeof(p->scratch), "/tmp/bench.XXXXXX");
	if (mkdtemp(p->scratch) == NULL)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make a directory");
	p->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (p->null < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not open /dev/null");
	if (make_plan(p, err) < 0 || write_filter(p, err) < 0)
		return -1;
	return make_line(p, err);
}

/* The generated files and the filter are small and known by name. */
void
peer_finish(struct peer *p)
{
	char path[PATH_MAX + 32];

	for (size_t i = 0; i < p->plan.file_count; i++) {
		snprintf(path, sizeof(path), "%s/file%zu", p->scratch, i);
		(void)unlink(path);
	}
	snprintf(path, sizeof(path), "%s/filter", p->scratch);
	(void)unlink(path);
	(void)rmdir(p->scratch);
	cordon_fd_close_p(&p->null);
}

pid_t
peer_spawn(const struct peer *p, enum peer_kind kind, char *const *argv, int output,
	struct cordon_error *err)
{
	posix_spawn_file_actions_t actions;
	char filter[PATH_MAX + 32];
	pid_t pid = -1;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, p->null, 0);
	posix_spawn_file_actions_adddup2(&actions, output >= 0 ? output : p->null, 1);
	if (kind == PEER_BWRAP) {
		snprintf(filter, sizeof(filter), "%s/filter", p->scratch);
		posix_spawn_file_actions_addopen(&actions, 3, filter, O_RDONLY, 0);
	}
	error = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (error != 0)
		return cordon_fail(err, CORDON_ESYS, error, "could not start '%s'", argv[0]);
	return pid;
}

pid_t
peer_begin_true(const struct peer *p, enum peer_kind kind, struct cordon_error *err)
{
	char *bare[] = { (char *)(uintptr_t) "/bin/true", NULL };

	return peer_spawn(p, kind, kind == PEER_BARE ? bare : p->line.items, -1, err);
}

int
peer_await(pid_t pid, struct cordon_error *err)
{
	int status = 0;

	if (waitpid(pid, &status, 0) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not wait");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return cordon_fail(err, CORDON_ESYS, 0, "it ended with wait status 0x%x", (unsigned)status);
}
