#include "refusal.h"

#include <errno.h>
#include <string.h>

/* What the kernel had too little of; it may have more the next time. */
static const struct {
	int sys;
	const char *reason;
} shortages[] = {
	{ EMFILE, "limit.descriptors" },
	{ ENFILE, "limit.descriptors" },
	{ ETOOMANYREFS, "limit.descriptors" },
	{ ENOMEM, "limit.memory" },
	{ ENOBUFS, "limit.memory" },
	{ EAGAIN, "limit.processes" },
	{ ENOSPC, "limit.space" },
	{ EDQUOT, "limit.space" },
	{ EUSERS, "limit.namespaces" },
};

static const char *
shortage(const struct cordon_error *err)
{
	for (size_t i = 0; i < sizeof(shortages) / sizeof(shortages[0]); i++)
		if (err->sys == shortages[i].sys)
			return shortages[i].reason;
	return NULL;
}

/* The ledger goes on by itself, and a pause ends. */
static int
is_passing(const struct cordon_error *err)
{
	return strcmp(err->reason, "ledger.full") == 0 || strcmp(err->reason, "ledger.busy") == 0 ||
	       strcmp(err->reason, "breaker.loop") == 0;
}

static enum rpc_error
kind_of(const struct cordon_error *err)
{
	const int floor = strncmp(err->reason, "floor.", 6) == 0;

	if (strncmp(err->reason, "ledger.", 7) == 0)
		return is_passing(err) ? RPC_ERROR_LIMIT : RPC_ERROR_FLOOR;
	if (strcmp(err->reason, "approval.unreachable") == 0)
		return RPC_ERROR_UNREACHABLE;
	if (strcmp(err->reason, "run.unknown") == 0)
		return RPC_ERROR_UNKNOWN;
	if (strcmp(err->reason, "request.cancelled") == 0)
		return RPC_ERROR_CANCELLED;
	switch (err->code) {
	case CORDON_EPOLICY:
		return floor ? RPC_ERROR_FLOOR : RPC_ERROR_POLICY;
	case CORDON_EINPUT:
	case CORDON_ENOTFOUND:
		return RPC_ERROR_INVALID;
	case CORDON_ELIMIT:
		return RPC_ERROR_LIMIT;
	default:
		return shortage(err) != NULL ? RPC_ERROR_LIMIT : RPC_ERROR_FLOOR;
	}
}

static const char *
reason_of(const struct cordon_error *err, enum rpc_error kind)
{
	static const char *const otherwise[RPC_ERROR_KINDS] = { "input.invalid", "policy.refused",
		"approval.denied", "approval.expired", "floor.setup", "limit.resource",
		"run.unknown", "limit.inflight", "approval.unreachable", "request.cancelled" };

	if (err->reason[0] != '\0')
		return err->reason;
	return shortage(err) != NULL ? shortage(err) : otherwise[kind];
}

struct rpc_refused
refusal_of(uint64_t request, struct cordon_error *err, const char *rule)
{
	const enum rpc_error kind = kind_of(err);

	return (struct rpc_refused){ .request = request,
		.error = (uint8_t)kind,
		.retryable = kind == RPC_ERROR_LIMIT && (shortage(err) != NULL || is_passing(err)),
		.reason = (char *)(uintptr_t)reason_of(err, kind),
		.rule = (char *)(uintptr_t)rule,
		.text = err->text };
}
