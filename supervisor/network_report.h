/* What came of the network of a run, copied for its result. */
#pragma once

#include <stdint.h>

#include <cordon/host.h>

#include "guard.h"

#define NETWORK_REPORT_LINES 64u

struct network_report {
	struct {
		char host[CORDON_HOST_MAX + 1];
		struct guard_line line; /* its texts are here */
		char reason[CORDON_GUARD_REASON];
	} all[NETWORK_REPORT_LINES];
	unsigned count;
	uint64_t left_out; /* destinations beyond these */
};

/* NULL without memory. The caller frees it. */
struct network_report *network_report_make(const struct guard_run *run);

/* "tls", "http", or NULL. */
const char *network_verified_name(enum cordon_guard_verified verified);
