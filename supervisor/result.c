#include "result.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>

#include <cordon/json.h>

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

static void
put_signal(struct cordon_json *j, const struct run_outcome *o)
{
	const int status = o->exited.status;

	if (o->started && WIFSIGNALED(status)) {
		char name[24];
		const char *short_name = sigabbrev_np(WTERMSIG(status));

		snprintf(name, sizeof(name), "SIG%s", short_name == NULL ? "?" : short_name);
		cordon_json_string(j, "signal", name);
	} else {
		cordon_json_null(j, "signal");
	}
}

static void
put_usage(struct cordon_json *j, const struct run_outcome *o)
{
	cordon_json_object(j, "usage");
	cordon_json_u64(j, "wallMs", o->wall_ms);
	cordon_json_u64(j, "userMs", o->exited.user_us / 1000);
	cordon_json_u64(j, "systemMs", o->exited.system_us / 1000);
	cordon_json_u64(j, "maxRssBytes", o->exited.max_rss_bytes);
	if (o->exited.processes == UINT64_MAX || !o->started)
		cordon_json_null(j, "processes");
	else
		cordon_json_u64(j, "processes", o->exited.processes);
	if (o->counted) {
		cordon_json_u64(j, "stdoutBytes", o->stdout_bytes);
		cordon_json_u64(j, "stderrBytes", o->stderr_bytes);
	} else {
		cordon_json_null(j, "stdoutBytes");
		cordon_json_null(j, "stderrBytes");
	}
	cordon_json_end(j);
}

static void
put_refused(
	struct cordon_json *j, const struct cordon_profile *profile, const struct run_outcome *o)
{
	if (profile == NULL || !o->start.reports_calls) {
		cordon_json_null(j, "refusedCalls");
		return;
	}
	cordon_json_array(j, "refusedCalls");
	for (uint32_t i = 0; i < o->exited.refused_count; i++) {
		const struct cordon_refused *r = &o->exited.refused[i];
		const char *name = cordon_syscall_name(r->nr),
			   *action = strerrorname_np((int)r->error);
		char text[24];

		cordon_json_object(j, NULL);
		snprintf(text, sizeof(text), "%u", r->nr);
		cordon_json_string(j, "syscall", name == NULL ? text : name);
		cordon_json_array(j, "args");
		for (int a = 0; a < cordon_syscall_argc(r->nr); a++) {
			snprintf(text, sizeof(text), "0x%" PRIx64, r->args[a]);
			cordon_json_string(j, NULL, text);
		}
		cordon_json_end(j);
		cordon_json_string(j, "action", action == NULL ? "errno" : action);
		cordon_json_u64(j, "count", r->count);
		cordon_json_string(j, "rule", cordon_profile_rule(profile, r->nr, r->args));
		cordon_json_end(j);
	}
	cordon_json_end(j);
	if (o->exited.refused_dropped > 0)
		cordon_json_u64(j, "refusedCallsDropped", o->exited.refused_dropped);
}

static void
put_decision(struct cordon_json *j, const struct run_outcome *o)
{
	const int refused = o->reason == REASON_REFUSED;

	cordon_json_string(j, "decision", refused ? "refuse" : "allow");
	if (o->error.reason[0] != '\0')
		cordon_json_string(j, "rule", o->error.reason);
	else
		cordon_json_null(j, "rule");
}

char *
result_json(const char *id, const char *profile_name, const struct cordon_profile *profile,
	const struct run_outcome *o)
{
	struct cordon_json *j = cordon_json_create(1u << 20);
	char digest[CORDON_DIGEST_HEX], marked[CORDON_DIGEST_HEX + 8];
	const char *text;
	char *result = NULL;

	if (j == NULL)
		return NULL;
	cordon_json_object(j, NULL);
	cordon_json_string(j, "run", id);
	cordon_json_string(j, "profile", profile == NULL ? profile_name : profile->name);
	if (profile == NULL) {
		cordon_json_null(j, "profileDigest");
	} else {
		cordon_digest_hex(profile->digest, digest);
		snprintf(marked, sizeof(marked), "sha256:%s", digest);
		cordon_json_string(j, "profileDigest", marked);
	}
	put_decision(j, o);
	if (o->started && WIFEXITED(o->exited.status) && o->reason == REASON_EXIT)
		cordon_json_i64(j, "exitCode", WEXITSTATUS(o->exited.status));
	else
		cordon_json_null(j, "exitCode");
	put_signal(j, o);
	cordon_json_string(j, "reason", run_reason_name(o->reason));
	if (o->error.text[0] != '\0')
		cordon_json_string(j, "message", o->error.text);
	put_usage(j, o);
	cordon_json_object(j, "limits");
	cordon_json_string(j, "memory", kind_name(o->start.memory));
	cordon_json_string(j, "processes", kind_name(o->start.processes));
	cordon_json_string(j, "cpu", kind_name(o->start.cpu));
	cordon_json_end(j);
	if (o->start.mapped_root) {
		cordon_json_array(j, "degraded");
		cordon_json_string(j, NULL, "mapRoot");
		cordon_json_end(j);
	}
	put_refused(j, profile, o);
	cordon_json_null(j, "network");
	cordon_json_null(j, "executed");
	cordon_json_array(j, "startsCode");
	for (uint32_t i = 0; i < o->exited.starts_code_count; i++)
		cordon_json_string(j, NULL, o->exited.starts_code[i]);
	cordon_json_end(j);
	cordon_json_null(j, "ledger");
	cordon_json_end(j);
	text = cordon_json_text(j, NULL);
	if (text != NULL)
		result = strdup(text);
	cordon_json_destroy(j);
	return result;
}
