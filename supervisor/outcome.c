#include "outcome.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "cmd.h"
#include "decide.h"

const char *
run_reason_name(enum run_reason reason)
{
	static const char *const names[] = { "exit", "signal", "timeout", "memory", "output",
		"refused-call", "killed", "refused", "setup" };
	_Static_assert(sizeof(names) / sizeof(names[0]) == REASON_COUNT, "a reason has no name");

	return names[reason];
}

void
outcome_decide(struct run_outcome *o, const struct decision *d)
{
	o->decided = 1;
	o->decision = d->verdict;
	snprintf(o->rule, sizeof(o->rule), "%s", d->rule == NULL ? "" : d->rule);
}

void
outcome_fail(struct run_outcome *o, const struct cordon_error *err)
{
	o->error = *err;
	o->reason = REASON_SETUP;
	o->exit_code = EXIT_SETUP;
	if (err->code == CORDON_ENOTFOUND) {
		o->exit_code = EXIT_NOT_FOUND;
	} else if (err->code == CORDON_EPOLICY && strncmp(err->reason, "floor.", 6) != 0) {
		o->exit_code = EXIT_REFUSED;
		o->reason = REASON_REFUSED;
	}
}

static void
end_by_limit(struct run_outcome *o, int exit_code, const char *rule)
{
	o->exit_code = exit_code;
	(void)cordon_because(&o->error, rule);
}

static void
end_by_watch(struct run_outcome *o, const char *what, const char *rule)
{
	cordon_fail(&o->error, CORDON_EFLOOR, 0,
		"the run was ended: a %s file was replaced or appeared while it ran", what);
	o->reason = REASON_KILLED;
	o->exit_code = EXIT_SETUP;
	(void)cordon_because(&o->error, rule);
}

static void
end_by_us(struct run_outcome *o, enum run_reason why, uint64_t wall_ms_limit, uint64_t output_limit)
{
	o->reason = why;
	if (why == REASON_TIMEOUT) {
		cordon_fail(&o->error, CORDON_ELIMIT, 0,
			"the run reached its time limit of %llu ms (--timeout or timeoutMs, or "
			"limits.wall of the profile)",
			(unsigned long long)wall_ms_limit);
		end_by_limit(o, EXIT_TIMEOUT, "limit.wall");
	} else if (why == REASON_OUTPUT) {
		cordon_fail(&o->error, CORDON_ELIMIT, 0,
			"the run printed more than %llu bytes (limits.output of the profile)",
			(unsigned long long)output_limit);
		end_by_limit(o, EXIT_SETUP, "limit.output");
	} else {
		o->exit_code = 128 + SIGKILL;
	}
}

/* The command's own end. */
static void
end_by_itself(struct run_outcome *o, int status)
{
	if (!WIFSIGNALED(status)) {
		o->reason = REASON_EXIT;
		o->exit_code = WEXITSTATUS(status);
		return;
	}
	o->exit_code = 128 + WTERMSIG(status);
	o->reason = REASON_SIGNAL;
	if (WTERMSIG(status) == SIGSYS) {
		o->reason = REASON_REFUSED_CALL;
		cordon_fail(&o->error, CORDON_EPOLICY, 0,
			"the command was killed for a system call that no run may make (a foreign "
			"architecture, or a rule of the profile)");
	}
}

void
outcome_end(struct run_outcome *o, const struct cordon_exited *exited, enum run_reason ended_by_us,
	uint64_t wall_ms_limit, uint64_t output_limit)
{
	const int status = exited->status;

	o->exited = *exited;
	if (exited->end == CORDON_END_MEMORY) {
		o->reason = REASON_MEMORY;
		cordon_fail(&o->error, CORDON_ELIMIT, 0,
			"the run reached its memory limit (limits.memory of the profile)");
		end_by_limit(o, 128 + (WIFSIGNALED(status) ? WTERMSIG(status) : SIGKILL),
			"limit.memory");
	} else if (exited->end == CORDON_END_HIDE) {
		end_by_watch(o, "hidden", "floor.hide");
	} else if (exited->end == CORDON_END_PROTECT) {
		end_by_watch(o, "protected", "floor.protect");
	} else if (ended_by_us != REASON_EXIT) {
		end_by_us(o, ended_by_us, wall_ms_limit, output_limit);
	} else if (exited->end == CORDON_END_KILLED) {
		o->reason = REASON_KILLED;
		o->exit_code = 128 + SIGKILL;
	} else {
		end_by_itself(o, status);
	}
}
