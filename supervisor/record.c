#include "record.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/ledger_payload.h>
#include <cordon/mem.h>

#include "network_report.h"
#include "redact.h"

static uint64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static const char *
or_null(const char *text)
{
	return text == NULL || text[0] == '\0' ? NULL : text;
}

static void
read_boot_id(char out[40])
{
	CORDON_CLOSE int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	const ssize_t count = fd < 0 ? 0 : cordon_fd_read_full(fd, out, 36);

	out[count == 36 ? 36 : 0] = '\0';
}

char *
record_start(size_t *ret_size)
{
	char boot_id[40];

	read_boot_id(boot_id);
	return cordon_ledger_put_start(&(const struct cordon_ledger_start){ .time_ms = now_ms(),
					       .version = CORDON_VERSION,
					       .pid = (uint64_t)getpid(),
					       .uid = geteuid(),
					       .boot_id = or_null(boot_id) },
		ret_size);
}

/* The arguments as they may be on record. */
struct arguments {
	struct cordon_ledger_argument *items;
	char **redacted; /* texts that had to be made, one for each argument or NULL */
	uint8_t (*secrets)[CORDON_DIGEST_SIZE]; /* keyed digests of those that are secret */
	uint64_t *marks; /* which are */
	size_t count;
};

static void
finish_arguments(struct arguments *a)
{
	for (size_t i = 0; i < a->count && a->redacted != NULL; i++)
		free(a->redacted[i]);
	free(a->redacted);
	free(a->secrets);
	free(a->marks);
	free(a->items);
}

/* One that a rule marks goes whole; of the others, what is secret in a URL. */
static int
make_argument(const struct record_intent *r, struct arguments *a, size_t i)
{
	const struct cordon_action_key *key = r->key;
	const char *word = r->action->argv[i];
	struct cordon_ledger_argument *item = &a->items[i];
	size_t size = 0;
	int failed;

	*item = (struct cordon_ledger_argument){ .text = word, .size = strlen(word) };
	if ((a->marks[i / 64] >> i % 64 & 1) != 0) {
		item->secret = a->secrets[i];
		return cordon_digest_keyed(
			key->bytes, sizeof(key->bytes), word, item->size, a->secrets[i]);
	}
	a->redacted[i] = redact_urls(word, item->size, key, &size, &failed);
	if (a->redacted[i] != NULL)
		*item = (struct cordon_ledger_argument){ .text = a->redacted[i], .size = size };
	return failed ? -1 : 0;
}

static int
make_arguments(const struct record_intent *r, struct arguments *a)
{
	*a = (struct arguments){ 0 };
	while (r->action->argv[a->count] != NULL)
		a->count++;
	a->items = cordon_array(a->count, sizeof(*a->items));
	a->redacted = cordon_array(a->count, sizeof(*a->redacted));
	a->secrets = cordon_array(a->count, sizeof(*a->secrets));
	a->marks = cordon_array(CORDON_SECRET_BITS(a->count), sizeof(*a->marks));
	if (a->items == NULL || a->redacted == NULL || a->secrets == NULL || a->marks == NULL)
		return -1;
	(void)decide_secrets(r->action, r->profile, a->marks);
	for (size_t i = 0; i < a->count; i++)
		if (make_argument(r, a, i) < 0)
			return -1;
	return 0;
}

char *
record_intent(const struct record_intent *r, size_t *ret_size)
{
	struct cordon_ledger_intent intent = { .time_ms = now_ms(),
		.run = r->run,
		.uid = r->uid,
		.session = or_null(r->session),
		.profile = r->profile->name,
		.profile_digest = r->profile->digest,
		.action_digest = r->digest,
		.decision = cordon_decision_name(r->decision->verdict),
		.reason = or_null(r->decision->reason),
		.rule = or_null(r->decision->rule),
		.executable = r->command->path,
		.cwd = r->workspace->cwd,
		.workspace = or_null(r->workspace->path) };
	struct arguments a;
	char *payload = NULL;

	if (make_arguments(r, &a) == 0) {
		intent.argv = a.items;
		intent.argc = a.count;
		payload = cordon_ledger_put_intent(&intent, ret_size);
	}
	finish_arguments(&a);
	return payload;
}

static enum cordon_ledger_kind
kind_of(const struct run_outcome *o)
{
	/* What was released and did not begin was ended by us, too. */
	return !o->started || o->reason == REASON_KILLED ? CORDON_LEDGER_KILLED
							 : CORDON_LEDGER_EXIT;
}

char *
record_end(const char *run, uint64_t intent, const struct run_outcome *o, size_t *ret_size)
{
	const int status = o->exited.status;
	char signal[16] = "";
	struct cordon_ledger_end end = { .time_ms = now_ms(),
		.run = run,
		.intent = intent,
		.exit_code = o->started && o->reason == REASON_EXIT ? WEXITSTATUS(status) : -1,
		.signal = signal,
		.reason = run_reason_name(o->reason),
		.reason_code = or_null(o->error.reason),
		.wall_ms = o->wall_ms,
		.user_ms = o->exited.user_us / 1000,
		.system_ms = o->exited.system_us / 1000,
		.max_rss_bytes = o->exited.max_rss_bytes,
		.processes = o->started ? o->exited.processes : UINT64_MAX,
		.stdout_bytes = o->counted ? o->stdout_bytes : UINT64_MAX,
		.stderr_bytes = o->counted ? o->stderr_bytes : UINT64_MAX };

	if (o->started && WIFSIGNALED(status)) {
		const char *name = sigabbrev_np(WTERMSIG(status));

		snprintf(signal, sizeof(signal), "SIG%s", name == NULL ? "?" : name);
	}
	end.signal = or_null(signal);
	return cordon_ledger_put_end(kind_of(o), &end, ret_size);
}

char *
record_refused(const struct record_refused *r, size_t *ret_size)
{
	return cordon_ledger_put_refused(&(const struct cordon_ledger_refused){ .time_ms = now_ms(),
						 .run = or_null(r->run),
						 .uid = r->uid,
						 .session = or_null(r->session),
						 .profile = or_null(r->profile),
						 .action_digest = r->digest,
						 .reason = or_null(r->reason),
						 .rule = or_null(r->rule),
						 .left_out = r->left_out },
		ret_size);
}

char *
record_malformed(uid_t uid, const char *reason, uint64_t count, size_t *ret_size)
{
	return cordon_ledger_put_malformed(
		&(const struct cordon_ledger_malformed){
			.time_ms = now_ms(), .uid = uid, .reason = reason, .count = count },
		ret_size);
}

static uint64_t
port_of(const struct guard_line *line)
{
	return line->port == GUARD_NO_PORT ? UINT64_MAX : line->port;
}

char *
record_connect(const struct record_connect *c, size_t *ret_size)
{
	char texts[CORDON_DIAL_ADDRESSES][CORDON_ADDRESS_TEXT];
	const char *addresses[CORDON_DIAL_ADDRESSES];
	struct cordon_ledger_connect connect = { .time_ms = now_ms(),
		.run = c->run,
		.uid = c->uid,
		.session = or_null(c->session),
		.profile = or_null(c->profile),
		.host = c->line->host,
		.port = port_of(c->line),
		.decision = cordon_decision_name(c->line->allowed ? CORDON_ALLOW : CORDON_REFUSE),
		.reason = or_null(c->line->reason),
		.addresses = addresses,
		.left_out = c->line->left_out };

	for (; connect.address_count < c->line->address_count; connect.address_count++) {
		cordon_address_print(
			&c->line->addresses[connect.address_count], texts[connect.address_count]);
		addresses[connect.address_count] = texts[connect.address_count];
	}
	return cordon_ledger_put_connect(&connect, ret_size);
}

char *
record_traffic_of(const char *run, const struct guard_line *line, size_t *ret_size)
{
	return cordon_ledger_put_traffic(
		&(const struct cordon_ledger_traffic){ .time_ms = now_ms(),
			.run = run,
			.host = line->host,
			.port = port_of(line),
			.connections = line->traffic.begun,
			.bytes_out = line->traffic.bytes_out,
			.bytes_in = line->traffic.bytes_in,
			.verified = network_verified_name(line->traffic.verified) },
		ret_size);
}
