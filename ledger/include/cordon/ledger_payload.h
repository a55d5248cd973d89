/* What records say: one line of JSON, its members in one order, all of them always there (cordon-ledger(5)
 * has the table). Each begins with kind, timeMs, and where it is about a run, run; and where it ends an
 * intent, intent.
 *
 * MUST 1 A payload fits a record: long words are cut visibly, then lists, and what was left out is counted.
 *        The digest of the action stands for what was cut, too.
 * MUST 2 No secret: an argument that a rule marks as one is here as keyed digest and length (A36).
 * MUST 3 Every intent is ended by exactly one of exit, killed and unknown, which names its sequence. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/digest.h>
#include <cordon/error.h>

enum cordon_ledger_kind {
	CORDON_LEDGER_START = 1, /* a monitor began to write */
	CORDON_LEDGER_INTENT, /* a run is about to be released */
	CORDON_LEDGER_EXIT, /* it ended */
	CORDON_LEDGER_KILLED, /* its monitor ended it */
	CORDON_LEDGER_LOST, /* "unknown": what became of it nobody knows; written by recovery */
	CORDON_LEDGER_REFUSED,
	CORDON_LEDGER_MALFORMED, /* input that was no request */
	CORDON_LEDGER_CONNECT, /* a run is about to be connected with a destination, or is refused it */
	CORDON_LEDGER_TRAFFIC, /* what went to and fro between a run and a destination */
	CORDON_LEDGER_KINDS
};

/* The word of a kind: "intent" and so on. NULL for what is none. */
const char *cordon_ledger_kind_name(enum cordon_ledger_kind kind);

/* Texts are NUL-terminated, borrowed, and NULL for none (written as null). Numbers that are not known are
 * UINT64_MAX (null). time_ms: since 1970, UTC, of the wall clock, which may jump; the order is that of the
 * sequence. */

struct cordon_ledger_start {
	uint64_t time_ms;
	const char *version; /* of cordon */
	uint64_t pid, uid; /* of the monitor */
	const char *boot_id; /* /proc/sys/kernel/random/boot_id */
};

struct cordon_ledger_argument {
	const char *text; /* need not be terminated, and may be NULL when secret */
	size_t size;
	const uint8_t *
		secret; /* NULL: none; else the keyed digest, CORDON_DIGEST_SIZE bytes, written instead */
};

struct cordon_ledger_intent {
	uint64_t time_ms;
	const char *run;
	uint64_t uid; /* of the caller */
	const char *session, *profile;
	const uint8_t *profile_digest, *action_digest; /* CORDON_DIGEST_SIZE bytes, or NULL */
	const char *decision, *reason, *rule;
	const char *executable, *cwd, *workspace;
	const struct cordon_ledger_argument *argv;
	size_t argc;
};

struct cordon_ledger_end { /* exit, killed, unknown */
	uint64_t time_ms;
	const char *run;
	uint64_t intent; /* sequence */
	int64_t exit_code; /* below 0: it did not exit by itself */
	const char *signal; /* "SIGTERM", that it died of */
	const char *reason, *reason_code; /* as in a result of a run */
	uint64_t wall_ms, user_ms, system_ms, max_rss_bytes, processes, stdout_bytes, stderr_bytes;
};

struct cordon_ledger_refused {
	uint64_t time_ms;
	const char *run; /* the caller's own handle, or NULL */
	uint64_t uid;
	const char *session, *profile;
	const uint8_t *action_digest;
	const char *reason, *rule;
	uint64_t left_out; /* refusals like this one since the last record of them */
};

struct cordon_ledger_malformed {
	uint64_t time_ms;
	uint64_t uid;
	const char *reason;
	uint64_t count; /* since the last record of them, this one included */
};

struct cordon_ledger_connect {
	uint64_t time_ms;
	const char *run;
	uint64_t uid; /* of the caller */
	const char *session, *profile;
	const char *host; /* NULL: those that are left out */
	uint64_t port; /* UINT64_MAX: a name was looked up, and it came to no connection */
	const char *decision, *reason;
	const char *const *addresses; /* that may be dialed */
	size_t address_count; /* at most CORDON_LEDGER_ADDRESSES */
	uint64_t left_out; /* refused destinations of this run that have no record of their own */
};
#define CORDON_LEDGER_ADDRESSES 16u

struct cordon_ledger_traffic {
	uint64_t time_ms;
	const char *run;
	const char *host;
	uint64_t port;
	uint64_t connections, bytes_out, bytes_in;
	const char *verified; /* "tls" or "http", when each connection said the name; else NULL */
};

/* Each returns a payload that the caller frees, *ret_size without its NUL; NULL without memory. */
char *cordon_ledger_put_start(const struct cordon_ledger_start *start, size_t *ret_size);
char *cordon_ledger_put_intent(const struct cordon_ledger_intent *intent, size_t *ret_size);
/* kind: exit, killed or unknown. */
char *cordon_ledger_put_end(
	enum cordon_ledger_kind kind, const struct cordon_ledger_end *end, size_t *ret_size);
char *cordon_ledger_put_refused(const struct cordon_ledger_refused *refused, size_t *ret_size);
char *cordon_ledger_put_malformed(
	const struct cordon_ledger_malformed *malformed, size_t *ret_size);
char *cordon_ledger_put_connect(const struct cordon_ledger_connect *connect, size_t *ret_size);
char *cordon_ledger_put_traffic(const struct cordon_ledger_traffic *traffic, size_t *ret_size);

/* What every payload begins with. */
struct cordon_ledger_about {
	enum cordon_ledger_kind kind;
	uint64_t time_ms;
	const char
		*run; /* borrowed: the text between the quotes, escapes as they are; NULL: none */
	size_t run_size;
	int ends; /* it ends an intent */
	uint64_t intent; /* then its sequence */
};

/* Reads the begin of a payload. Returns 0, or -1 when it is none that the functions above write. */
int cordon_ledger_payload_read(
	const void *payload, size_t size, struct cordon_ledger_about *ret) CORDON_CHECKED;
/* What a text between quotes says: escapes that cordon writes are undone, other characters that are escaped become
 * U+FFFD. out: room for size bytes. Returns how many there are. */
size_t cordon_ledger_unescape(const char *text, size_t size, char *out);
