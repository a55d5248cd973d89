/* The monitor of one run whose network is captured: it launches tests/helpers/capture_client.c by a launcher of its
 * own, and serves the sockets. */
#pragma once

#include <cordon/capture.h>
#include <cordon/launch_proto.h>

#include "liar.h"

#define CAPTURER_LOOK ":10.10.10.10:" /* a connection there has it look at what is tracked */

struct capturer {
	struct liar liar;
	char client[256]; /* the program that tries, in the workspace */
	int output; /* what it says; read end */
	struct cordon_launch_event started;

	/* What arrived, one word each, in order; and what was said, one line each. */
	char seen[4096], said[4096], tracked[4096];
	unsigned accepted[CORDON_CAPTURE_SOCKETS];
	int held[4096]; /* connections that are kept open */
	unsigned held_count;
	enum {
		NOTE,
		KEEP,
		COUNT
	} mode; /* connections are noted and closed, kept, or counted and closed */
};
extern struct capturer capturer;

void capturer_make(void);
void capturer_drop(void);
/* HELLO, and the plan as it is by then. */
void capturer_greet(void);
/* Starts the client with these attempts (NULL ends them), and receives the sockets. */
void capturer_launch(const char *first, ...);
/* Serves until the run has ended. */
void capturer_serve(void);
/* All that was accepted. */
unsigned capturer_arrived(void);
