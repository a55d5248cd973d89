/* A monitor that was taken over (A14): it speaks the launch protocol to a launcher of its own, and sends
 * what it likes. What it asks for would write a file into its workspace: so it shows whether a program
 * ran, whatever the launcher says. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>
#include <cordon/launch_proto.h>
#include <cordon/plan.h>

enum liar_outcome {
	LIAR_RAN, /* the command ran and ended well */
	LIAR_REFUSED, /* FAILED */
	LIAR_ENDED, /* the launcher ended instead of an answer */
};

struct liar {
	int link, pidfd; /* the launcher */
	int lifeline[2];
	int null, streams[3]; /* /dev/null; what the command gets: null and two pipes */
	struct cordon_launch launch; /* run 1, plan 1; borrowed from the scene, as is plan */
	struct cordon_plan plan;
	struct cordon_error failure; /* of FAILED */
	int ahead; /* of STARTED: its sandbox was made before */
};

/* An honest plan and launch of profile default, before the first message. The launcher runs. */
void liar_start(struct liar *l);
/* Ends the launcher, and waits for it. */
void liar_finish(struct liar *l);

/* HELLO with the lifeline. */
void liar_hello(struct liar *l);
/* HELLO, l->plan and l->launch with these streams; then the answer. */
enum liar_outcome liar_ask(struct liar *l, const int *fds, unsigned fd_count);
/* Whatever bytes. Returns 0, or -1 when the launcher has gone. */
int liar_send(struct liar *l, uint16_t number, const void *body, size_t size, const int *fds,
	unsigned fd_count);
/* Waits for the answer to a launch, or for the launcher's end. */
enum liar_outcome liar_hear(struct liar *l);
/* Whether the command ran. Forgets it. */
int liar_command_ran(void);

/* Called once for each test: makes and removes the workspace, the plan and the rest. */
void liar_scene_make(void);
void liar_scene_drop(void);
