/* calls: none */
#include <cordon/run_result.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void
put_text(struct cordon_json *j, const char *key, const char *text)
{
	cordon_json_string(j, key, text[0] == '\0' ? NULL : text);
}

static void
put_number(struct cordon_json *j, const char *key, uint64_t value)
{
	if (value == UINT64_MAX)
		cordon_json_null(j, key);
	else
		cordon_json_u64(j, key, value);
}

static void
put_usage(struct cordon_json *j, const struct run_result *r)
{
	cordon_json_object(j, "usage");
	cordon_json_u64(j, "wallMs", r->wall_ms);
	cordon_json_u64(j, "userMs", r->user_ms);
	cordon_json_u64(j, "systemMs", r->system_ms);
	cordon_json_u64(j, "maxRssBytes", r->max_rss_bytes);
	put_number(j, "processes", r->processes);
	put_number(j, "stdoutBytes", r->stdout_bytes);
	put_number(j, "stderrBytes", r->stderr_bytes);
	cordon_json_end(j);
	cordon_json_object(j, "limits");
	cordon_json_string(j, "memory", r->memory_limit);
	cordon_json_string(j, "processes", r->processes_limit);
	cordon_json_string(j, "cpu", r->cpu_limit);
	cordon_json_end(j);
	if (r->mapped_root) {
		cordon_json_array(j, "degraded");
		cordon_json_string(j, NULL, "mapRoot");
		cordon_json_end(j);
	}
}

static void
put_refused(struct cordon_json *j, const struct run_result *r)
{
	if (!r->reports_calls) {
		cordon_json_null(j, "refusedCalls");
		return;
	}
	cordon_json_array(j, "refusedCalls");
	for (uint32_t i = 0; i < r->refused_count; i++) {
		const struct run_result_refused *f = &r->refused[i];
		char text[24];

		cordon_json_object(j, NULL);
		cordon_json_string(j, "syscall", f->syscall);
		cordon_json_array(j, "args");
		for (int a = 0; a < f->argc; a++) {
			snprintf(text, sizeof(text), "0x%" PRIx64, f->args[a]);
			cordon_json_string(j, NULL, text);
		}
		cordon_json_end(j);
		cordon_json_string(j, "action", f->action);
		cordon_json_u64(j, "count", f->count);
		cordon_json_string(j, "rule", f->rule);
		cordon_json_end(j);
	}
	cordon_json_end(j);
	if (r->refused_dropped > 0)
		cordon_json_u64(j, "refusedCallsDropped", r->refused_dropped);
}

static void
put_network(struct cordon_json *j, const struct run_result *r)
{
	if (!r->has_network) {
		cordon_json_null(j, "network");
		return;
	}
	cordon_json_array(j, "network");
	for (uint32_t i = 0; i < r->network_count; i++) {
		const struct run_result_destination *d = &r->network[i];

		cordon_json_object(j, NULL);
		cordon_json_string(j, "host", d->host);
		put_number(j, "port", d->port == UINT32_MAX ? UINT64_MAX : d->port);
		cordon_json_string(j, "decision", d->allowed ? "allow" : "refuse");
		put_text(j, "reason", d->reason);
		put_text(j, "verified", d->verified);
		cordon_json_u64(j, "connections", d->connections);
		cordon_json_u64(j, "refused", d->refused);
		cordon_json_u64(j, "failed", d->failed);
		cordon_json_u64(j, "bytesIn", d->bytes_in);
		cordon_json_u64(j, "bytesOut", d->bytes_out);
		cordon_json_end(j);
	}
	cordon_json_end(j);
	if (r->network_dropped > 0)
		cordon_json_u64(j, "networkDropped", r->network_dropped);
}

static void
put_ledger(struct cordon_json *j, const struct run_result *r)
{
	if (r->intent == UINT64_MAX) {
		cordon_json_null(j, "ledger");
		return;
	}
	cordon_json_object(j, "ledger");
	cordon_json_u64(j, "intent", r->intent);
	put_number(j, "exit", r->exit);
	cordon_json_end(j);
}

void
run_result_put(const struct run_result *r, struct cordon_json *j)
{
	cordon_json_string(j, "run", r->run);
	cordon_json_string(j, "profile", r->profile);
	put_text(j, "profileDigest", r->profile_digest);
	put_text(j, "decision", r->decision);
	put_text(j, "rule", r->rule);
	if (r->exit_code >= 0)
		cordon_json_i64(j, "exitCode", r->exit_code);
	else
		cordon_json_null(j, "exitCode");
	put_text(j, "signal", r->signal);
	cordon_json_string(j, "reason", r->reason);
	put_text(j, "reasonCode", r->reason_code);
	if (r->message[0] != '\0')
		cordon_json_string(j, "message", r->message);
	put_usage(j, r);
	put_refused(j, r);
	put_network(j, r);
	cordon_json_null(j, "executed");
	cordon_json_array(j, "startsCode");
	for (uint32_t i = 0; i < r->starts_code_count; i++)
		cordon_json_string(j, NULL, r->starts_code[i]);
	cordon_json_end(j);
	put_ledger(j, r);
}

/* wire */

static void
put_destination(struct cordon_writer *w, const struct run_result_destination *d)
{
	cordon_put_string(w, d->host);
	cordon_put_u32(w, d->port);
	cordon_put_u8(w, d->allowed);
	cordon_put_string(w, d->reason);
	cordon_put_string(w, d->verified);
	cordon_put_u64(w, d->connections);
	cordon_put_u64(w, d->refused);
	cordon_put_u64(w, d->failed);
	cordon_put_u64(w, d->bytes_in);
	cordon_put_u64(w, d->bytes_out);
}

void
run_result_encode(const struct run_result *r, struct cordon_writer *w)
{
	const char *const texts[] = { r->run, r->profile, r->profile_digest, r->decision, r->rule,
		r->signal, r->reason, r->reason_code, r->message, r->memory_limit,
		r->processes_limit, r->cpu_limit };
	const uint64_t numbers[] = { r->wall_ms, r->user_ms, r->system_ms, r->max_rss_bytes,
		r->processes, r->stdout_bytes, r->stderr_bytes, r->refused_dropped, r->intent,
		r->exit };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		cordon_put_string(w, texts[i]);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		cordon_put_u64(w, numbers[i]);
	cordon_put_u32(w, (uint32_t)r->exit_code);
	cordon_put_u8(w, r->mapped_root);
	cordon_put_u8(w, r->reports_calls);
	cordon_put_u32(w, r->refused_count);
	for (uint32_t i = 0; i < r->refused_count; i++) {
		const struct run_result_refused *f = &r->refused[i];

		cordon_put_string(w, f->syscall);
		cordon_put_string(w, f->action);
		cordon_put_string(w, f->rule);
		cordon_put_u64(w, f->count);
		cordon_put_u8(w, f->argc);
		for (int a = 0; a < f->argc; a++)
			cordon_put_u64(w, f->args[a]);
	}
	cordon_put_u32(w, r->starts_code_count);
	for (uint32_t i = 0; i < r->starts_code_count; i++)
		cordon_put_string(w, r->starts_code[i]);
	cordon_put_u8(w, r->has_network);
	cordon_put_u64(w, r->network_dropped);
	cordon_put_u32(w, r->network_count);
	for (uint32_t i = 0; i < r->network_count; i++)
		put_destination(w, &r->network[i]);
}

static int
get_destination(struct cordon_reader *r, struct run_result_destination *d)
{
	return cordon_get_text(r, d->host, sizeof(d->host)) < 0 ||
			       cordon_get_u32(r, &d->port) < 0 ||
			       cordon_get_u8(r, &d->allowed) < 0 || d->allowed > 1 ||
			       cordon_get_text(r, d->reason, sizeof(d->reason)) < 0 ||
			       cordon_get_text(r, d->verified, sizeof(d->verified)) < 0 ||
			       cordon_get_u64(r, &d->connections) < 0 ||
			       cordon_get_u64(r, &d->refused) < 0 ||
			       cordon_get_u64(r, &d->failed) < 0 ||
			       cordon_get_u64(r, &d->bytes_in) < 0 ||
			       cordon_get_u64(r, &d->bytes_out) < 0
		       ? -1
		       : 0;
}

static int
get_network(struct cordon_reader *r, struct run_result *v)
{
	if (cordon_get_u8(r, &v->has_network) < 0 || v->has_network > 1 ||
		cordon_get_u64(r, &v->network_dropped) < 0 ||
		cordon_get_u32(r, &v->network_count) < 0 || v->network_count > RUN_RESULT_NETWORK)
		return -1;
	for (uint32_t i = 0; i < v->network_count; i++)
		if (get_destination(r, &v->network[i]) < 0)
			return -1;
	return 0;
}

static int
get_texts(struct cordon_reader *r, struct run_result *v)
{
	const struct {
		char *out;
		size_t room;
	} texts[] = { { v->run, sizeof(v->run) }, { v->profile, sizeof(v->profile) },
		{ v->profile_digest, sizeof(v->profile_digest) },
		{ v->decision, sizeof(v->decision) }, { v->rule, sizeof(v->rule) },
		{ v->signal, sizeof(v->signal) }, { v->reason, sizeof(v->reason) },
		{ v->reason_code, sizeof(v->reason_code) }, { v->message, sizeof(v->message) },
		{ v->memory_limit, sizeof(v->memory_limit) },
		{ v->processes_limit, sizeof(v->processes_limit) },
		{ v->cpu_limit, sizeof(v->cpu_limit) } };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (cordon_get_text(r, texts[i].out, texts[i].room) < 0)
			return -1;
	return 0;
}

static int
get_numbers(struct cordon_reader *r, struct run_result *v)
{
	uint64_t *const numbers[] = { &v->wall_ms, &v->user_ms, &v->system_ms, &v->max_rss_bytes,
		&v->processes, &v->stdout_bytes, &v->stderr_bytes, &v->refused_dropped, &v->intent,
		&v->exit };
	uint32_t exit_code = 0;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (cordon_get_u64(r, numbers[i]) < 0)
			return -1;
	if (cordon_get_u32(r, &exit_code) < 0 || cordon_get_u8(r, &v->mapped_root) < 0 ||
		v->mapped_root > 1 || cordon_get_u8(r, &v->reports_calls) < 0 ||
		v->reports_calls > 1)
		return -1;
	v->exit_code = (int32_t)exit_code;
	return 0;
}

static int
get_refused(struct cordon_reader *r, struct run_result_refused *f)
{
	if (cordon_get_text(r, f->syscall, sizeof(f->syscall)) < 0 ||
		cordon_get_text(r, f->action, sizeof(f->action)) < 0 ||
		cordon_get_text(r, f->rule, sizeof(f->rule)) < 0 ||
		cordon_get_u64(r, &f->count) < 0 || cordon_get_u8(r, &f->argc) < 0 || f->argc > 6)
		return -1;
	for (int a = 0; a < f->argc; a++)
		if (cordon_get_u64(r, &f->args[a]) < 0)
			return -1;
	return 0;
}

int
run_result_decode(struct cordon_reader *r, struct run_result *ret)
{
	struct run_result *v = ret;

	memset(v, 0, sizeof(*v));
	if (get_texts(r, v) < 0 || get_numbers(r, v) < 0 ||
		cordon_get_u32(r, &v->refused_count) < 0 || v->refused_count > RUN_RESULT_REFUSED)
		return -1;
	for (uint32_t i = 0; i < v->refused_count; i++)
		if (get_refused(r, &v->refused[i]) < 0)
			return -1;
	if (cordon_get_u32(r, &v->starts_code_count) < 0 ||
		v->starts_code_count > RUN_RESULT_STARTS)
		return -1;
	for (uint32_t i = 0; i < v->starts_code_count; i++)
		if (cordon_get_text(r, v->starts_code[i], sizeof(v->starts_code[i])) < 0)
			return -1;
	return get_network(r, v);
}
