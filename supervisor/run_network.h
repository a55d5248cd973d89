/* The network of the run of `cordon run`: a guard of its own, whose destinations go on record one after the other. */
#pragma once

#include <sys/types.h>

#include <cordon/launch_proto.h>
#include <cordon/loop.h>
#include <cordon/profile.h>

#include "config.h"
#include "guard.h"
#include "intent.h"
#include "network_report.h"

struct run_network {
	/* Set by who makes it: */
	const char *id; /* of the run */
	uid_t uid;
	const char *session;
	const struct cordon_profile *profile;
	const struct config *config;
	struct intent *intent; /* and by it the ledger */
	/* What comes of it: */
	struct network_report *report; /* owned; after run_network_close */
	struct cordon_error lost; /* the guard ended before the run did; CORDON_OK: it did not */
	/* Its own: */
	uint64_t records; /* so far: none of them has another's token */
	struct guard *guard;
	struct guard_run *run;
	struct guard_session *pins;
	void (*ended)(void *context);
	void *context;
};

/* Starts the guard. ended is called once, after a run_network_end that returned 0. Returns 0, or -1 with *err set. */
int run_network_open(struct run_network *n, struct cordon_loop *loop, void (*ended)(void *context),
	void *context, struct cordon_error *err) CORDON_CHECKED;
/* The run has started. Takes the sockets of its network. */
void run_network_serve(struct run_network *n, struct cordon_launch_event *started);
/* The run is over. Returns 1 when everything is counted, or 0: ended is called then. */
int run_network_end(struct run_network *n);
/* Ends the guard, while the loop is there, and keeps the report. May be called without any of the above. */
void run_network_close(struct run_network *n);
void run_network_finish(struct run_network *n);
