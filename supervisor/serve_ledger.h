/* The record of a monitor that serves: what goes to its cordon-ledger, and what its answers mean for runs. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cordon/error.h>

struct caller;
struct guard_line;
struct rpc_start;
struct serve;

/* Tokens of records that are no run's; those of runs are job_end.c's. */
#define SERVE_LEDGER_OTHERS (1ull << 63)
#define SERVE_LEDGER_DESTINATIONS \
	(1ull << 62) /* with the number of a run or a fetch, and of its destination */

/* Starts the writer, before there is a loop. */
int serve_ledger_start(struct serve *s, struct cordon_error *err) CORDON_CHECKED;
/* Waits until the ledger is open, and listens to it from then on. */
int serve_ledger_begin(struct serve *s, struct cordon_error *err) CORDON_CHECKED;
/* Hears what is due to runs, for some time; then lets the writer go. */
void serve_ledger_finish(struct serve *s);

/* Sends a record, which c (or NULL) may see. payload is taken, and may be NULL. -1 with *err set: it is not on
 * record, and no answer follows. */
int serve_ledger_put(struct serve *s, struct caller *c, uint64_t token, int durable, char *payload,
	size_t size, struct cordon_error *err) CORDON_CHECKED;

/* The same for what nothing waits for. */
void serve_ledger_put_other(struct serve *s, struct caller *c, char *payload, size_t size);
/* A destination of a run or a fetch of c, for the guard's owner: returns what guard_owner.record does. */
int serve_ledger_put_destination(struct serve *s, struct caller *c, uint64_t run,
	uint32_t destination, const struct guard_line *line, char *payload, size_t size,
	struct cordon_error *err) CORDON_CHECKED;

/* A request of c for a run was refused. digest: of the action, or NULL. */
void serve_ledger_refused(struct caller *c, const struct rpc_start *start,
	const struct cordon_error *why, const char *rule, const uint8_t *digest);
/* Something that c's session did, by its reason. */
void serve_ledger_event(struct caller *c, const char *session, const char *reason);
/* Something that a user did who may be no caller. */
void serve_ledger_peer(struct serve *s, uid_t uid, const char *reason);
/* c sent lines that are no requests. */
void serve_ledger_malformed(struct caller *c, uint64_t count);
/* c goes: what was left out of its refusals is counted once more. */
void serve_ledger_leave(struct caller *c);
