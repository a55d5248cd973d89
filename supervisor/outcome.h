/* What came of a run: the reason, the exit status of cordon, and the sentence for people. */
#pragma once

#include <stdint.h>

#include <cordon/approvals.h>
#include <cordon/error.h>
#include <cordon/launch_proto.h>

/* Why a run ended; the words of the result. */
enum run_reason {
	REASON_EXIT,
	REASON_SIGNAL,
	REASON_TIMEOUT,
	REASON_MEMORY,
	REASON_OUTPUT,
	REASON_REFUSED_CALL,
	REASON_KILLED,
	REASON_REFUSED, /* never started: policy */
	REASON_SETUP, /* never started: cordon could not */
	REASON_COUNT
};

struct network_report;

struct run_outcome {
	enum run_reason reason;
	int exit_code; /* of cordon itself */
	struct cordon_error error; /* what to tell people; text "" for nothing */
	int decided; /* before anything was started */
	enum cordon_decision decision;
	char rule[CORDON_RULE_ID + 1]; /* that decided, or empty */
	int started;
	struct cordon_started start;
	struct cordon_exited exited;
	uint64_t wall_ms, stdout_bytes, stderr_bytes;
	int counted; /* the byte counts are known */
	const struct network_report *network; /* borrowed; NULL: the run had none */
	int has_intent, has_exit; /* they are in the ledger, as these records: */
	uint64_t intent, exit;
};

struct decision;

const char *run_reason_name(enum run_reason reason);

/* What was decided about it. */
void outcome_decide(struct run_outcome *outcome, const struct decision *decision);

/* cordon could not do its part, or refused: nothing was run, or nothing is known of it any more. */
void outcome_fail(struct run_outcome *outcome, const struct cordon_error *err);

/* A run that had started is over. ended_by_us: REASON_TIMEOUT, REASON_OUTPUT or REASON_KILLED when the
 * monitor ended it, else REASON_EXIT. The limits are for the sentences. */
void outcome_end(struct run_outcome *outcome, const struct cordon_exited *exited,
	enum run_reason ended_by_us, uint64_t wall_ms_limit, uint64_t output_limit);
