#include "action_build.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <cordon/mem.h>

#include "file_way.h"

#define PLAN_MAX (8u << 20)

static int
no_memory(struct cordon_error *err)
{
	return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not describe the action");
}

static int
copy_text(const char *text, char **ret, struct cordon_error *err)
{
	*ret = text == NULL ? NULL : strdup(text);
	return text != NULL && *ret == NULL ? no_memory(err) : 0;
}

static int
copy_argv(char *const *argv, struct cordon_action *a, struct cordon_error *err)
{
	size_t count = 0;

	while (argv[count] != NULL)
		count++;
	a->argv = cordon_array(count + 1, sizeof(*a->argv));
	if (a->argv == NULL)
		return no_memory(err);
	for (size_t i = 0; i < count; i++)
		if (copy_text(argv[i], &a->argv[i], err) < 0)
			return -1;
	return 0;
}

/* The kernel looks for a relative interpreter from the working directory. */
static int
look_at_interpreter(
	const struct action_source *s, struct cordon_action *a, struct cordon_error *err)
{
	const char *name = s->command->interpreter;
	char path[PATH_MAX];

	if (name[0] == '/')
		return file_way_look(name, &a->executable, err);
	if (snprintf(path, sizeof(path), "%s/%s", s->workspace->cwd, name) >= (int)sizeof(path))
		return cordon_fail(
			err, CORDON_EPOLICY, 0, "the path of an interpreter is too long");
	return file_way_look(path, &a->executable, err);
}

static int
add_files(const struct action_source *s, struct cordon_action *a, struct cordon_error *err)
{
	const struct command *command = s->command;
	struct cordon_action_file *started = command->script ? &a->script : &a->executable;

	a->has_script = command->script != 0;
	if (file_way_look(command->path, started, err) < 0)
		return -1;
	if (started->identity.dev != command->identity.dev ||
		started->identity.ino != command->identity.ino) {
		cordon_fail(err, CORDON_EPOLICY, 0, "'%s' was replaced while it was looked at",
			command->path);
		return cordon_because(err, "exec.digest_changed");
	}
	if (!command->script)
		return 0;
	if (look_at_interpreter(s, a, err) < 0)
		return cordon_while(err, "the interpreter of '%s'", command->path);
	return copy_text(
		command->argument[0] == '\0' ? NULL : command->argument, &a->script_argument, err);
}

static int
fill(const struct action_source *s, struct cordon_action *a, struct cordon_error *err)
{
	a->kind = CORDON_ACTION_EXEC;
	memcpy(a->profile_digest, s->profile->digest, sizeof(a->profile_digest));
	memcpy(a->plan_digest, s->plan_digest, sizeof(a->plan_digest));
	a->cwd_identity = s->workspace->cwd_identity;
	memcpy(a->streams, s->streams, sizeof(a->streams));
	for (int i = 0; i < 3; i++)
		a->tty |= s->streams[i] == CORDON_STREAM_PTY;
	a->umask = s->umask;
	a->limits = s->limits;
	if (s->workspace->path[0] != '\0') {
		a->workspace_identity = s->workspace->identity;
		if (copy_text(s->workspace->path, &a->workspace, err) < 0)
			return -1;
	}
	if (copy_text(s->caller, &a->caller, err) < 0 ||
		copy_text(s->session, &a->session, err) < 0 ||
		copy_text(s->profile->name, &a->profile, err) < 0 ||
		copy_text(s->workspace->cwd, &a->cwd, err) < 0 || copy_argv(s->argv, a, err) < 0)
		return -1;
	return add_files(s, a, err);
}

int
action_build(const struct action_source *s, struct cordon_action *ret, struct cordon_error *err)
{
	*ret = (struct cordon_action){ 0 };
	if (fill(s, ret, err) < 0)
		return -1;
	return cordon_action_set_environment(ret, s->env, s->key, err);
}

int
action_plan_digest(
	const struct cordon_plan *plan, uint8_t out[CORDON_DIGEST_SIZE], struct cordon_error *err)
{
	struct cordon_writer w;
	int result;

	cordon_writer_init(&w, PLAN_MAX);
	cordon_put_string(&w, "cordon effective plan");
	cordon_plan_encode(plan, &w);
	result = cordon_writer_check(&w, err);
	if (result == 0)
		result = cordon_digest_of(w.data, w.size, out, err);
	cordon_writer_finish(&w);
	return result;
}

struct cordon_action_limits
action_limits(const struct cordon_profile *profile)
{
	const struct cordon_limits *l = &profile->limits;

	return (struct cordon_action_limits){ .memory = l->memory,
		.processes = l->processes,
		.wall_ms = l->wall_ms,
		.cpu_ms = l->cpu_ms,
		.output = l->output,
		.open_files = l->open_files,
		.file_size = l->file_size,
		.memory_enforced = l->memory_enforced != 0 };
}

int
action_digest_of(const struct cordon_action *action, uint8_t out[CORDON_DIGEST_SIZE],
	struct cordon_error *err)
{
	struct cordon_writer w;
	int result;

	cordon_writer_init(&w, CORDON_ACTION_MAX);
	result = cordon_action_encode(action, &w, err);
	if (result == 0)
		result = cordon_action_digest(w.data, w.size, out, err);
	cordon_writer_finish(&w);
	return result;
}
