#include "decide.h"

#include <string.h>

#include <cordon/path.h>

struct views {
	struct cordon_command
		items[2]; /* what was given, and of a script what the kernel makes of it */
	size_t count;
	uint64_t marks; /* of all names */
};

static void
add_view(struct views *views, const struct cordon_action_file *file, const char *argv0)
{
	struct cordon_command *v = &views->items[views->count++];

	v->files[0] = cordon_program(file->path);
	v->files[1] = cordon_program(file->real);
	views->marks |= v->files[0].mark | v->files[1].mark;
	v->has_argv0 = argv0 != NULL;
	if (!v->has_argv0)
		return;
	v->argv0 = cordon_program(argv0);
	views->marks |= v->argv0.mark;
}

static void
make_views(const struct cordon_action *a, struct views *ret)
{
	const char *front[2];
	size_t front_count = 0, count = 0;

	while (a->argv[1 + count] != NULL)
		count++;
	ret->count = 0;
	ret->marks = 0;
	add_view(ret, a->has_script ? &a->script : &a->executable, a->argv[0]);
	cordon_words_init(&ret->items[0].words, NULL, 0, a->argv + 1, count);
	if (!a->has_script)
		return;
	add_view(ret, &a->executable, NULL);
	if (a->script_argument != NULL)
		front[front_count++] = a->script_argument;
	front[front_count++] = a->script.path;
	cordon_words_init(&ret->items[1].words, front, front_count, a->argv + 1, count);
}

static int
restricts(const struct cordon_pattern *pattern, const struct views *views)
{
	for (size_t i = 0; i < views->count; i++)
		if (cordon_pattern_fits_command(pattern, &views->items[i]))
			return 1;
	return 0;
}

/* Nobody but root can change the file or put another in its place (A06). */
static int
is_roots(const struct cordon_action_file *file)
{
	return file->owner == 0 && (file->mode & 022) == 0;
}

static int
allows(const struct cordon_pattern *pattern, const struct cordon_action *a,
	const struct views *views)
{
	const struct cordon_command *given = &views->items[0];

	return is_roots(&a->executable) && (!a->has_script || is_roots(&a->script)) &&
	       cordon_pattern_fits_words(pattern, &given->words) &&
	       (cordon_pattern_fits_program(pattern, &given->files[0]) ||
		       cordon_pattern_fits_program(pattern, &given->files[1])) &&
	       cordon_pattern_fits_argv0(pattern, &given->argv0);
}

/* The first of the most severe rules that fit, or NULL. */
static const struct cordon_exec_rule *
find_rule(const struct cordon_approvals *approvals, const struct cordon_action *a)
{
	const struct cordon_exec_rule *found = NULL;
	struct views views;

	make_views(a, &views);
	for (size_t i = 0; i < approvals->count; i++) {
		const struct cordon_exec_rule *rule = &approvals->rules[i];

		if ((rule->pattern.programs & views.marks) == 0 || rule->only_marks ||
			(found != NULL && rule->decision >= found->decision))
			continue;
		if (rule->decision == CORDON_ALLOW ? allows(&rule->pattern, a, &views)
						   : restricts(&rule->pattern, &views))
			found = rule;
		if (found == rule && rule->decision == CORDON_REFUSE)
			break;
	}
	return found;
}

/* Where the kernel would let it be executed: the place is that of the file, not of a link to it. */
static int
is_listed(const struct cordon_profile *profile, const struct cordon_action *a,
	const struct cordon_action_file *file)
{
	for (size_t i = 0; i < profile->exec.count; i++)
		if (cordon_path_within(file->real, profile->exec.items[i]))
			return 1;
	for (size_t i = 0; i < profile->write_count; i++)
		if (profile->write[i].exec &&
			cordon_path_within(file->real, profile->write[i].path))
			return 1;
	return profile->workspace_exec && a->workspace != NULL &&
	       cordon_path_within(file->real, a->workspace);
}

static struct decision
refuse(const char *reason)
{
	return (struct decision){ .verdict = CORDON_REFUSE, .reason = reason };
}

static struct decision
by_default(const struct cordon_profile *profile)
{
	switch (profile->approvals.otherwise) {
	case CORDON_ALLOW:
		return (struct decision){ .verdict = CORDON_ALLOW, .reason = "" };
	case CORDON_HOLD:
		return (struct decision){ .verdict = CORDON_HOLD, .reason = "approval.required" };
	default:
		return refuse("exec.not_listed");
	}
}

static struct decision
by_rule(const struct cordon_exec_rule *rule)
{
	struct decision d = refuse("exec.rule");

	if (rule->decision == CORDON_ALLOW || rule->decision == CORDON_HOLD)
		d.verdict = rule->decision;
	if (d.verdict == CORDON_ALLOW)
		d.reason = "";
	if (d.verdict == CORDON_HOLD)
		d.reason = "approval.required";
	d.rule = rule->id;
	d.why = rule->why;
	return d;
}

struct decision
decide_session(const struct decide_state *state)
{
	struct decision d = { .verdict = CORDON_ALLOW, .reason = "" };

	if (state != NULL && state->suspected)
		return refuse("probe.suspected");
	if (state != NULL && state->wait_ms > 0) {
		d = refuse("breaker.loop");
		d.wait_ms = state->wait_ms;
	}
	return d;
}

struct decision
decide(const struct cordon_action *a, const struct cordon_profile *profile,
	const struct decide_state *state)
{
	const struct cordon_exec_rule *rule;
	const struct decision d = decide_session(state);

	if (d.verdict != CORDON_ALLOW)
		return d;
	if (a->kind != CORDON_ACTION_EXEC || a->argv == NULL || a->argv[0] == NULL ||
		a->executable.real == NULL || (a->has_script && a->script.real == NULL) ||
		memcmp(a->profile_digest, profile->digest, sizeof(profile->digest)) != 0)
		return refuse("input.invalid");
	if (!is_listed(profile, a, &a->executable) ||
		(a->has_script && !is_listed(profile, a, &a->script)))
		return refuse("exec.not_listed");
	rule = find_rule(&profile->approvals, a);
	if (rule != NULL && rule->decision != CORDON_ALLOW && rule->decision != CORDON_HOLD)
		return by_rule(rule);
	if (state != NULL && state->runs >= state->runs_max)
		return refuse("limit.runs");
	return rule == NULL ? by_default(profile) : by_rule(rule);
}

size_t
decide_secrets(
	const struct cordon_action *a, const struct cordon_profile *profile, uint64_t *ret_bits)
{
	struct views views;

	make_views(a, &views);
	return cordon_secrets_find(&profile->approvals, views.items, views.count, ret_bits);
}

struct decision
decide_unanswered(const struct decision *hold)
{
	struct decision d = *hold;

	d.verdict = CORDON_REFUSE;
	d.reason = "approval.unreachable";
	return d;
}

/* The file that an execution is refused for. */
static const char *
not_listed(const struct cordon_action *a, const struct cordon_profile *profile)
{
	if (a->has_script && is_listed(profile, a, &a->executable))
		return a->script.real;
	return a->executable.real;
}

static const char *
started_path(const struct cordon_action *a)
{
	return a->has_script ? a->script.path : a->executable.path;
}

static int
say_rule(const struct decision *d, const struct cordon_action *a,
	const struct cordon_profile *profile, struct cordon_error *err)
{
	const char *why = d->why == NULL ? "" : d->why, *colon = d->why == NULL ? "" : ": ";

	if (d->verdict == CORDON_HOLD)
		return cordon_fail(err, CORDON_EPOLICY, 0,
			"'%s' with these arguments waits for somebody to allow it, by rule '%s' of "
			"the profile '%s'%s%.150s",
			started_path(a), d->rule, profile->name, colon, why);
	if (strcmp(d->reason, "approval.unreachable") == 0)
		return cordon_fail(err, CORDON_EPOLICY, 0,
			"'%s' with these arguments needs somebody to allow it, by rule '%s' of the "
			"profile '%s'%s%.150s; this build has no approver to ask, so run it yourself "
			"or with a profile that allows it",
			started_path(a), d->rule, profile->name, colon, why);
	return cordon_fail(err, CORDON_EPOLICY, 0,
		"'%s' with these arguments is refused by rule '%s' of the profile '%s'%s%.150s",
		started_path(a), d->rule, profile->name, colon, why);
}

static int
say_session(const struct decision *d, struct cordon_error *err)
{
	if (strcmp(d->reason, "breaker.loop") == 0)
		return cordon_fail(err, CORDON_ELIMIT, 0,
			"the session is paused for another %llu ms, since the same call has failed "
			"in the same way again and again: do something else then, or close the "
			"session",
			(unsigned long long)d->wait_ms);
	return cordon_fail(err, CORDON_EPOLICY, 0,
		"the session is frozen, since it asked for too many profiles or runs that are not "
		"its own: connect anew");
}

int
decide_enforce_session(const struct decision *d, struct cordon_error *err)
{
	if (d->verdict == CORDON_ALLOW)
		return 0;
	(void)say_session(d, err);
	return cordon_because(err, d->reason);
}

static int
say_default(const struct decision *d, const struct cordon_action *a,
	const struct cordon_profile *profile, struct cordon_error *err)
{
	if (strcmp(d->reason, "input.invalid") == 0)
		return cordon_fail(err, CORDON_EINPUT, 0,
			"this is not an action that the profile '%s' can judge", profile->name);
	if (strcmp(d->reason, "limit.runs") == 0)
		return cordon_fail(err, CORDON_ELIMIT, 0,
			"as many runs are live as there may be; end one, or wait");
	if (d->verdict == CORDON_HOLD)
		return cordon_fail(err, CORDON_EPOLICY, 0,
			"'%s' with these arguments waits for somebody to allow it: no rule of the "
			"profile '%s' allows it (approvals.default is hold)",
			started_path(a), profile->name);
	if (strcmp(d->reason, "approval.unreachable") == 0)
		return cordon_fail(err, CORDON_EPOLICY, 0,
			"'%s' with these arguments needs somebody to allow it: no rule of the "
			"profile '%s' allows it (approvals.default is hold); this build has no "
			"approver to ask, so run it yourself or with a profile that allows it",
			started_path(a), profile->name);
	if (is_listed(profile, a, &a->executable) &&
		(!a->has_script || is_listed(profile, a, &a->script)))
		return cordon_fail(err, CORDON_EPOLICY, 0,
			"no rule of the profile '%s' allows '%s' with these arguments "
			"(approvals.default is refuse)",
			profile->name, started_path(a));
	return cordon_fail(err, CORDON_EPOLICY, 0,
		"the profile '%s' does not let '%s' be executed (exec.allow)", profile->name,
		not_listed(a, profile));
}

int
decide_enforce(const struct decision *d, const struct cordon_action *a,
	const struct cordon_profile *profile, struct cordon_error *err)
{
	if (d->verdict == CORDON_ALLOW)
		return 0;
	if (strcmp(d->reason, "breaker.loop") == 0 || strcmp(d->reason, "probe.suspected") == 0)
		return decide_enforce_session(d, err);
	(void)(d->rule != NULL ? say_rule(d, a, profile, err) : say_default(d, a, profile, err));
	return cordon_because(err, d->reason);
}
