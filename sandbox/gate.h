/* The gate helper: pid 1 of a run answers the calls that its filter stopped. It refuses what the
 * verdict filter refuses, counting, and carries out connect(2) (connect.c, A08). It never answers
 * "continue". No allocation. See seccomp_unotify(2). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cordon/launch_proto.h>
#include <cordon/plan.h>

#define GATE_PENDING 64

struct gate_connect { /* a connect(2) that is under way */
	uint64_t id; /* of the notification; 0: unused */
	int socket; /* duplicate of the caller's descriptor */
	int path; /* AF_UNIX: O_PATH of the socket file, for another try; else -1 */
};

struct gate {
	int listener; /* -1: none */
	const struct cordon_plan *plan; /* its filter is the verdict */
	struct gate_connect pending[GATE_PENDING];
	unsigned pending_count;
	struct cordon_refused refused[CORDON_REFUSED_MAX];
	uint32_t refused_count;
	uint64_t refused_dropped;
};

/* Takes and answers one notification. Returns 0, or -1 when the listener is of no more use. */
int gate_answer(struct gate *gate);

/* connect.c: carries one connect(2) out. Returns 0 when answered later, else a positive errno or
 * GATE_CONNECTED. */
#define GATE_CONNECTED (-1)
int gate_connect(struct gate *gate, const struct seccomp_notif *call);

/* Looks at connections under way again; call when a poll of them, or 10 ms, has passed. */
void gate_resume(struct gate *gate);

/* Answers notification id with an errno, or 0. */
void gate_reply(const struct gate *gate, uint64_t id, int error);

void gate_count(struct gate *gate, const struct seccomp_data *call, int error);
