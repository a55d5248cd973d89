#include "local.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "action_build.h"
#include "environ.h"
#include "plan_build.h"
#include "relays.h"

int
local_add_env(struct local_options *o, char *pair, struct cordon_error *err)
{
	if (o->env_count == LOCAL_ENV_MAX)
		return cordon_fail(
			err, CORDON_EINPUT, 0, "--env was given more than %d times", LOCAL_ENV_MAX);
	o->env[o->env_count++] = pair;
	return 0;
}

int
local_configure(const struct local_options *o, struct local *p, struct cordon_error *err)
{
	return config_load(o->config, &p->config, err);
}

static int
load_profile(const struct local_options *o, struct local *p, struct cordon_error *err)
{
	struct cordon_profile_places places;

	places = config_places(&p->config);
	p->profile = cordon_profile_load(&places, o->profile, err);
	if (p->profile != NULL)
		return 0;
	/* An unknown profile is bad input, not an unknown command. */
	if (err->code == CORDON_ENOTFOUND)
		err->code = CORDON_EINPUT;
	return -1;
}

/* Without a workspace the run starts in its own home. */
static int
choose_workspace(const struct local_options *o, struct local *p, struct cordon_error *err)
{
	if (p->profile->workspace != CORDON_ACCESS_NONE)
		return workspace_open(o->workspace, o->cwd, &p->config, &p->workspace, err);
	if (o->cwd != NULL || o->workspace != NULL)
		return cordon_fail(err, CORDON_EINPUT, 0,
			"%s: the profile '%s' grants no workspace (filesystem.workspace)",
			o->cwd != NULL ? "--cwd" : "--workspace", o->profile);
	snprintf(p->workspace.cwd, sizeof(p->workspace.cwd), "/home/user");
	return 0;
}

static int
find_command(const struct local_options *o, struct local *p, struct cordon_error *err)
{
	p->env = environ_build(p->profile, o->env, o->env_count, p->workspace.cwd, err);
	if (p->env == NULL || resolve_check_size(o->command, p->env, err) < 0)
		return -1;
	return resolve_command(o->command[0], environ_get(p->env, "PATH"), &p->plan, &p->workspace,
		&p->command, err);
}

/* The run gets a terminal of its own when it would talk to ours: input and output are one. */
static uint32_t
choose_tty(void)
{
	uint32_t tty = 0;

	if (!isatty(0) || !isatty(1))
		return 0;
	for (uint32_t i = 0; i < 3; i++)
		if (isatty((int)i))
			tty |= 1u << i;
	return tty;
}

static void
look_at_ourselves(const struct local_options *o, struct local *p)
{
	const mode_t mask = umask(0);

	(void)umask(mask);
	p->umask = mask & 0777;
	p->tty = choose_tty();
	p->wall_ms = p->profile->limits.wall_ms;
	if (o->timeout_ms < p->wall_ms)
		p->wall_ms = o->timeout_ms;
}

static int
describe(const struct local_options *o, struct local *p, struct cordon_error *err)
{
	uint8_t plan_digest[CORDON_DIGEST_SIZE];
	char caller[32];
	struct action_source source = { .profile = p->profile,
		.plan_digest = plan_digest,
		.workspace = &p->workspace,
		.command = &p->command,
		.argv = o->command,
		.env = p->env,
		.caller = caller,
		.session = o->session,
		.umask = p->umask,
		.limits = action_limits(p->profile),
		.key = &p->key };

	snprintf(caller, sizeof(caller), "uid %u", (unsigned)getuid());
	source.limits.wall_ms = p->wall_ms;
	for (int i = 0; i < 3; i++)
		source.streams[i] = (p->tty & 1u << i) != 0              ? CORDON_STREAM_PTY
				    : relays_is_null(i, o->count_output) ? CORDON_STREAM_NULL
									 : CORDON_STREAM_PIPE;
	if (action_plan_digest(&p->plan, plan_digest, err) < 0 ||
		cordon_action_make_key(&p->key, err) < 0)
		return -1;
	return action_build(&source, &p->action, err) < 0
		       ? -1
		       : action_digest_of(&p->action, p->digest, err);
}

int
local_prepare(const struct local_options *o, struct local *p, struct cordon_error *err)
{
	if (load_profile(o, p, err) < 0 || choose_workspace(o, p, err) < 0 ||
		plan_build(p->profile, p->workspace.path, &p->config, &p->plan, err) < 0 ||
		find_command(o, p, err) < 0)
		return -1;
	look_at_ourselves(o, p);
	if (describe(o, p, err) < 0)
		return -1;
	p->decision = decide(&p->action, p->profile, NULL);
	p->decided = 1;
	return 0;
}

void
local_finish(struct local *p)
{
	cordon_action_finish(&p->action);
	environ_free(p->env);
	cordon_plan_finish(&p->plan);
	cordon_profile_destroy(p->profile);
	config_finish(&p->config);
	explicit_bzero(&p->key, sizeof(p->key));
}
