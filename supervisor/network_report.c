#include "network_report.h"

#include <stdio.h>

#include <cordon/mem.h>

struct network_report *
network_report_make(const struct guard_run *run)
{
	struct network_report *report = cordon_array(1, sizeof(*report));
	struct guard_line line;

	for (size_t i = 0; report != NULL && guard_line(run, i, &line) == 0; i++) {
		const unsigned at = report->count;

		if (at == NETWORK_REPORT_LINES) {
			report->left_out++;
			continue;
		}
		(void)snprintf(report->all[at].host, sizeof(report->all[at].host), "%s", line.host);
		(void)snprintf(
			report->all[at].reason, sizeof(report->all[at].reason), "%s", line.reason);
		line.host = report->all[at].host;
		line.reason = report->all[at].reason;
		report->all[at].line = line;
		report->count++;
	}
	return report;
}

const char *
network_verified_name(enum cordon_guard_verified verified)
{
	switch (verified) {
	case CORDON_GUARD_VERIFIED_TLS:
		return "tls";
	case CORDON_GUARD_VERIFIED_HTTP:
		return "http";
	case CORDON_GUARD_NOT_VERIFIED:
	case CORDON_GUARD_VERIFIED_COUNT:
		break;
	}
	return NULL;
}
