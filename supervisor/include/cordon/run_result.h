/* The result of a run (docs/result.md): everything in words, so that who prints it needs neither the
 * profile nor the launcher's numbers. The monitor fills it; it is printed there or, for callers of a
 * pipe, by their cordon-rpc. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>
#include <cordon/json.h>
#include <cordon/wire.h>

#define RUN_RESULT_REFUSED 64
#define RUN_RESULT_STARTS  16
#define RUN_RESULT_NETWORK 64

struct run_result_refused {
	char syscall[32], action[24];
	char rule[64];
	uint8_t argc;
	uint64_t args[6];
	uint64_t count;
};

struct run_result_destination {
	char host[254];
	uint32_t port; /* UINT32_MAX: a name was looked up, and is not listed */
	uint8_t allowed;
	char reason[32]; /* of what was refused or failed last; "": nothing was */
	char verified[8]; /* "tls", "http", "": nothing */
	uint64_t connections, refused, failed, bytes_in, bytes_out;
};

struct run_result {
	char run[132]; /* id, or the caller's own handle */
	char profile[132];
	char profile_digest[72]; /* "": the profile could not be loaded */
	char decision[16], rule[72]; /* "": none */
	int32_t exit_code; /* -1: it did not exit by itself */
	char signal[24]; /* "": none */
	char reason[16];
	char reason_code[40]; /* of a refusal, a missing protection or a limit; "": none */
	char message[400]; /* "": nothing to tell people */
	uint64_t wall_ms, user_ms, system_ms, max_rss_bytes;
	uint64_t processes; /* UINT64_MAX: unknown */
	uint64_t stdout_bytes, stderr_bytes; /* UINT64_MAX: not counted */
	char memory_limit[12], processes_limit[12], cpu_limit[12]; /* what enforced them */
	uint8_t mapped_root; /* degraded by the operator's configuration */
	uint8_t reports_calls; /* refused calls were counted */
	struct run_result_refused refused[RUN_RESULT_REFUSED];
	uint32_t refused_count;
	uint64_t refused_dropped;
	char starts_code[RUN_RESULT_STARTS][200];
	uint32_t starts_code_count;
	uint8_t has_network;
	struct run_result_destination network[RUN_RESULT_NETWORK];
	uint32_t network_count;
	uint64_t network_dropped;
	uint64_t intent, exit; /* sequences in the ledger; UINT64_MAX: not on record */
};

/* Puts the members of the result; the object around them is the caller's, who may add its own. */
void run_result_put(const struct run_result *result, struct cordon_json *j);

void run_result_encode(const struct run_result *result, struct cordon_writer *w);
/* Returns 0, or -1 when it has the wrong shape. */
int run_result_decode(struct cordon_reader *r, struct run_result *ret) CORDON_CHECKED;
