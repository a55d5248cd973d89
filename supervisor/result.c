#include "result.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>

#include <cordon/json.h>
#include <cordon/mem.h>

#include "network_report.h"

int
result_make_id(char out[RUN_ID], struct cordon_error *err)
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	struct timespec now;
	uint8_t bytes
		[17]; /* 48 bits of milliseconds, 80 random ones; one spare for the last group */
	uint64_t ms;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	for (int i = 0; i < 6; i++)
		bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
	bytes[16] = 0;
	if (getrandom(bytes + 6, 10, 0) != 10)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make a run id");
	memcpy(out, "r-", 2);
	for (unsigned i = 0; i < 26; i++) {
		/* 130 bits in groups of five, the first two bits are zero (as a ULID's). */
		const unsigned bit = i * 5 < 2 ? 0 : i * 5 - 2;
		const unsigned pair = (unsigned)(bytes[bit / 8] << 8 | bytes[bit / 8 + 1]);

		out[2 + i] = digits[i == 0 ? bytes[0] >> 5 : pair >> (11 - bit % 8) & 31];
	}
	out[28] = '\0';
	return 0;
}

static const char *
kind_name(enum cordon_limit_kind kind)
{
	static const char *const names[] = { "none", "rlimit", "sampled", "cgroup1", "cgroup2" };

	return names[kind];
}

#define COPY(field, text) ((void)snprintf((field), sizeof(field), "%s", (text)))

static void
fill_decision(
	struct run_result *r, const struct cordon_profile *profile, const struct run_outcome *o)
{
	char digest[CORDON_DIGEST_HEX];

	if (profile != NULL) {
		cordon_digest_hex(profile->digest, digest);
		snprintf(r->profile_digest, sizeof(r->profile_digest), "sha256:%s", digest);
	}
	if (o->decided)
		COPY(r->decision, cordon_decision_name(o->decision));
	else if (o->reason == REASON_REFUSED)
		COPY(r->decision, "refuse");
	COPY(r->rule, o->rule[0] != '\0' ? o->rule : o->error.reason);
	COPY(r->reason_code, o->error.reason);
}

static void
fill_end(struct run_result *r, const struct run_outcome *o)
{
	const int status = o->exited.status;

	r->exit_code = o->started && WIFEXITED(status) && o->reason == REASON_EXIT
			       ? WEXITSTATUS(status)
			       : -1;
	if (o->started && WIFSIGNALED(status)) {
		const char *name = sigabbrev_np(WTERMSIG(status));

		snprintf(r->signal, sizeof(r->signal), "SIG%s", name == NULL ? "?" : name);
	}
	COPY(r->reason, run_reason_name(o->reason));
	COPY(r->message, o->error.text);
}

static void
fill_usage(struct run_result *r, const struct run_outcome *o)
{
	r->wall_ms = o->wall_ms;
	r->user_ms = o->exited.user_us / 1000;
	r->system_ms = o->exited.system_us / 1000;
	r->max_rss_bytes = o->exited.max_rss_bytes;
	r->processes = o->started ? o->exited.processes : UINT64_MAX;
	r->stdout_bytes = o->counted ? o->stdout_bytes : UINT64_MAX;
	r->stderr_bytes = o->counted ? o->stderr_bytes : UINT64_MAX;
	COPY(r->memory_limit, kind_name(o->start.memory));
	COPY(r->processes_limit, kind_name(o->start.processes));
	COPY(r->cpu_limit, kind_name(o->start.cpu));
	r->mapped_root = o->start.mapped_root != 0;
	r->intent = o->has_intent ? o->intent : UINT64_MAX;
	r->exit = o->has_exit ? o->exit : UINT64_MAX;
}

static void
fill_refused(
	struct run_result *r, const struct cordon_profile *profile, const struct run_outcome *o)
{
	if (profile == NULL || !o->start.reports_calls)
		return;
	r->reports_calls = 1;
	r->refused_dropped = o->exited.refused_dropped;
	for (uint32_t i = 0; i < o->exited.refused_count && i < RUN_RESULT_REFUSED; i++) {
		const struct cordon_refused *from = &o->exited.refused[i];
		struct run_result_refused *to = &r->refused[r->refused_count++];
		const char *name = cordon_syscall_name(from->nr),
			   *action = strerrorname_np((int)from->error);

		if (name != NULL)
			COPY(to->syscall, name);
		else
			snprintf(to->syscall, sizeof(to->syscall), "%u", from->nr);
		COPY(to->action, action == NULL ? "errno" : action);
		COPY(to->rule, cordon_profile_rule(profile, from->nr, from->args));
		to->argc = (uint8_t)cordon_syscall_argc(from->nr);
		memcpy(to->args, from->args, sizeof(to->args));
		to->count = from->count;
	}
}

static void
fill_network(struct run_result *r, const struct run_outcome *o)
{
	r->has_network = o->network != NULL;
	for (unsigned i = 0; o->network != NULL && i < o->network->count; i++) {
		const struct guard_line *from = &o->network->all[i].line;
		const char *verified = network_verified_name(from->traffic.verified);
		struct run_result_destination *to = &r->network[r->network_count++];

		COPY(to->host, from->host);
		to->port = from->port;
		to->allowed = from->allowed != 0;
		COPY(to->reason, from->reason);
		COPY(to->verified, verified == NULL ? "" : verified);
		to->connections = from->traffic.begun;
		to->refused = from->traffic.refused;
		to->failed = from->traffic.failed;
		to->bytes_in = from->traffic.bytes_in;
		to->bytes_out = from->traffic.bytes_out;
	}
	if (o->network != NULL)
		r->network_dropped = o->network->left_out;
}
_Static_assert(NETWORK_REPORT_LINES <= RUN_RESULT_NETWORK, "a result has room for all of a report");

void
result_fill(struct run_result *r, const char *id, const char *profile_name,
	const struct cordon_profile *profile, const struct run_outcome *o)
{
	memset(r, 0, sizeof(*r));
	COPY(r->run, id);
	COPY(r->profile, profile == NULL ? profile_name : profile->name);
	fill_decision(r, profile, o);
	fill_end(r, o);
	fill_usage(r, o);
	fill_refused(r, profile, o);
	fill_network(r, o);
	for (uint32_t i = 0; i < o->exited.starts_code_count && i < RUN_RESULT_STARTS; i++)
		COPY(r->starts_code[r->starts_code_count++], o->exited.starts_code[i]);
}

char *
result_json(const char *id, const char *profile_name, const struct cordon_profile *profile,
	const struct run_outcome *o)
{
	struct cordon_json *j = cordon_json_create(1u << 20);
	struct run_result *r = cordon_array(1, sizeof(*r));
	char *text = NULL;

	if (j != NULL && r != NULL) {
		result_fill(r, id, profile_name, profile, o);
		cordon_json_object(j, NULL);
		run_result_put(r, j);
		cordon_json_end(j);
		if (cordon_json_text(j, NULL) != NULL)
			text = strdup(cordon_json_text(j, NULL));
	}
	free(r);
	cordon_json_destroy(j);
	return text;
}
