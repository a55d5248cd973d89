/* One fetch, in a process of its own (<cordon/fetch_proto.h>): each of its hops is a destination like those of runs. */
#pragma once

#include <cordon/error.h>
#include <cordon/fetch_proto.h>
#include <cordon/loop.h>

#include "guard.h"

struct fetching;

/* What came of it: exactly once, not from within fetching_begin, and then fetching_end is the caller's. result: NULL with
 * *why; what is in it may be kept with CORDON_FETCH_... as fetching_end does not free it. body, wrapped: -1, or memfds that
 * are sealed, and borrowed. */
struct fetching_answer {
	const struct cordon_fetch_result *result;
	const struct cordon_error *why;
	int body, wrapped;
};
typedef void fetching_fn(void *context, const struct fetching_answer *answer);

struct fetching_options {
	struct guard *guard;
	uint64_t number; /* as for guard_open */
	const struct cordon_profile *profile;
	struct guard_session *session;
	const struct cordon_fetch_request *request;
	fetching_fn *fn;
	void *context;
};

/* Starts it. NULL with *err set. */
struct fetching *fetching_begin(struct cordon_loop *loop, const struct fetching_options *options,
	struct cordon_error *err) CORDON_CHECKED;
/* Whether it is over or not; fn is not called any more. NULL is accepted. */
void fetching_end(struct fetching *f);

/* Of the record and of results: what it has asked for. */
const struct guard_run *fetching_run(const struct fetching *f);
