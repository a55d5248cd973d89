#include "prepare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

#include "action_build.h"
#include "conduct.h"
#include "environ.h"

void
prepared_finish(struct prepared *p)
{
	cordon_vector_free(p->env);
	cordon_action_finish(&p->action);
}

/* Which names a caller may set is the profile's to say: others could change what a program does. */
static int
check_env(const struct cordon_profile *profile, const struct rpc_start *r, struct cordon_error *err)
{
	for (size_t i = 0; r->env[i] != NULL; i++) {
		const size_t length = strcspn(r->env[i], "=");
		int passes = 0;

		for (size_t k = 0; k < profile->pass.count; k++)
			passes |= strlen(profile->pass.items[k]) == length &&
				  memcmp(profile->pass.items[k], r->env[i], length) == 0;
		if (!passes) {
			cordon_fail(err, CORDON_EPOLICY, 0,
				"the profile '%s' does not let a caller set the variable '%.*s' "
				"(environment.pass)",
				profile->name, (int)(length < 100 ? length : 100), r->env[i]);
			return cordon_because(err, "env.not_listed");
		}
	}
	return 0;
}

static void
unset(char **env, const char *name)
{
	const size_t length = strlen(name);
	char **to = env;

	for (char **from = env; *from != NULL; from++) {
		if (strncmp(*from, name, length) == 0 && (*from)[length] == '=')
			free(*from);
		else
			*to++ = *from;
	}
	*to = NULL;
}

static int
prepare_env(struct prepared *p, const struct rpc_start *r, struct cordon_error *err)
{
	size_t count = 0;

	if (check_env(p->profile, r, err) < 0)
		return -1;
	while (r->env[count] != NULL)
		count++;
	p->env = environ_build(p->profile, r->env, count, p->workspace.cwd, err);
	if (p->env == NULL)
		return -1;
	for (size_t i = 0; r->unset[i] != NULL; i++)
		unset(p->env, r->unset[i]);
	return resolve_check_size(r->argv, p->env, err);
}

static int
prepare_workspace(
	struct caller *c, struct prepared *p, const struct rpc_start *r, struct cordon_error *err)
{
	const char *cwd = r->cwd[0] == '\0' ? NULL : r->cwd;

	if (p->profile->workspace == CORDON_ACCESS_NONE) {
		if (cwd != NULL || r->workspace[0] != '\0')
			return cordon_fail(err, CORDON_EINPUT, 0,
				"the profile '%s' grants no workspace (filesystem.workspace), so "
				"that "
				"there is no cwd in it",
				p->profile->name);
		p->workspace = (struct workspace){ .cwd = "/home/user" };
		return 0;
	}
	if (r->workspace[0] != '\0')
		return workspace_name(r->workspace, cwd, &c->serve->workspace, c->serve->config,
			&p->workspace, err);
	return workspace_enter(&p->session->workspace, cwd, &p->workspace, err);
}

/* A value above the profile's asks for more than there is to give. */
static int
check_limits(
	const struct cordon_profile *profile, const struct rpc_start *r, struct cordon_error *err)
{
	const struct {
		const char *name;
		uint64_t wanted, given;
	} limits[] = { { "memory", r->memory, profile->limits.memory },
		{ "processes", r->processes, profile->limits.processes },
		{ "cpu", r->cpu_ms, profile->limits.cpu_ms },
		{ "openFiles", r->open_files, profile->limits.open_files },
		{ "fileSize", r->file_bytes, profile->limits.file_size },
		{ "output", r->output_bytes, profile->limits.output } };

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		if (limits[i].wanted == UINT64_MAX)
			continue;
		if (limits[i].wanted == 0 ||
			(strcmp(limits[i].name, "openFiles") == 0 && limits[i].wanted < 8))
			return cordon_fail(err, CORDON_EINPUT, 0,
				"limits.%s is too low for any command", limits[i].name);
		if (limits[i].wanted > limits[i].given) {
			cordon_fail(err, CORDON_EPOLICY, 0,
				"limits.%s: the profile '%s' gives %llu, and a caller can only "
				"lower it",
				limits[i].name, profile->name, (unsigned long long)limits[i].given);
			return cordon_because(err, "limits.raised");
		}
	}
	return 0;
}

/* Those that the launch will have: check_limits has seen that none is higher than the profile's. */
static struct cordon_action_limits
lowered_limits(const struct cordon_profile *profile, const struct rpc_start *r)
{
	struct cordon_action_limits limits = action_limits(profile);
	const struct {
		uint64_t *limit, wanted;
	} lowered[] = { { &limits.memory, r->memory }, { &limits.processes, r->processes },
		{ &limits.cpu_ms, r->cpu_ms }, { &limits.open_files, r->open_files },
		{ &limits.file_size, r->file_bytes }, { &limits.output, r->output_bytes },
		{ &limits.wall_ms, r->timeout_ms } };

	for (size_t i = 0; i < sizeof(lowered) / sizeof(lowered[0]); i++)
		if (lowered[i].wanted < *lowered[i].limit)
			*lowered[i].limit = lowered[i].wanted;
	return limits;
}

static int
judge(struct caller *c, struct prepared *p, const struct rpc_start *r, struct cordon_error *err)
{
	const struct decide_state state = conduct_state(c, p->session);
	char who[32];
	struct action_source source = { .profile = p->profile,
		.plan_digest = p->plan->digest,
		.workspace = &p->workspace,
		.command = &p->command,
		.argv = r->argv,
		.env = p->env,
		.caller = who,
		.session = p->session->key[0] == '\0' ? NULL : p->session->key,
		.umask = c->serve->umask & 0777,
		.limits = lowered_limits(p->profile, r),
		.key = &c->serve->key };

	snprintf(who, sizeof(who), "uid %u", (unsigned)c->uid);
	for (int i = 0; i < 3; i++)
		source.streams[i] = r->tty                     ? CORDON_STREAM_PTY
				    : i == 0 && !r->stdin_pipe ? CORDON_STREAM_NULL
							       : CORDON_STREAM_PIPE;
	if (action_build(&source, &p->action, err) < 0 ||
		action_digest_of(&p->action, p->digest, err) < 0)
		return -1;
	p->decision = decide(&p->action, p->profile, &state);
	p->decided = 1;
	return 0;
}

int
prepare(struct caller *c, const struct rpc_start *r, struct prepared *p, struct cordon_error *err)
{
	struct serve *s = c->serve;

	if (conduct_check_serving(c, err) < 0)
		return -1;
	p->session = sessions_open(&c->sessions, r->session, err);
	if (p->session == NULL || conduct_check(c, p->session, err) < 0)
		return -1;
	p->profile = r->profile[0] == '\0' ? p->session->profile
					   : conduct_profile(c, p->session, r->profile, err);
	if (p->profile == NULL || check_limits(p->profile, r, err) < 0 ||
		prepare_workspace(c, p, r, err) < 0 || prepare_env(p, r, err) < 0)
		return -1;
	p->plan = plans_get(s, p->profile, p->workspace.path, err);
	if (p->plan == NULL)
		return -1;
	if (resolve_command(r->argv[0], environ_get(p->env, "PATH"), &p->plan->plan, &p->workspace,
		    &p->command, err) < 0)
		return -1;
	return judge(c, p, r, err);
}
