/* The last records that concern one caller, for its ledger/tail. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/rpc_proto.h>

#define TAIL_RECORDS RPC_TAIL_MAX

struct tail {
	struct tail_record {
		uint64_t token; /* of its append */
		uint64_t sequence; /* UINT64_MAX: it is not on record yet */
		char *payload; /* owned; NULL: none */
	} records[TAIL_RECORDS];
	uint64_t count; /* ever */
};

/* A record is on its way. Without memory it is not shown. */
void tail_put(struct tail *t, uint64_t token, const char *payload, size_t size);
/* What came of it. kept: 0 when it is not on record. Returns 0 when it is not, or no more, one of these. */
int tail_settle(struct tail *t, uint64_t token, int kept, uint64_t sequence);
/* The last of them that are on record, at most max, as [{"sequence":N,"record":{…}}], the oldest first. For the caller to free; NULL without memory. */
char *tail_text(const struct tail *t, unsigned max);
void tail_finish(struct tail *t);
