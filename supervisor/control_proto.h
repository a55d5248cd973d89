/* The control socket of a monitor: what an operator's command asks it (ps, kill, stop-all, status). One
 * SOCK_SEQPACKET connection for one question; the answer's last message is DONE.
 *
 *	name      number  sender    legal while       body
 *	LIST      1       command   first message     -; answered by a ROW for each live run
 *	KILL      2       command   first message     string: a run's id
 *	STOP      3       command   first message     -; ends all runs, and starts none any more
 *	STATUS    4       command   first message     -; answered by STATE
 *	LIST_NET  5       command   first message     -; as LIST, and behind each ROW a DESTINATION for each of its own
 *	ROW       65      monitor   answers LIST      struct control_row
 *	STATE     66      monitor   answers STATUS    struct control_state
 *	DONE      67      monitor   last              u32: runs that are concerned
 *	DESTINATION 68    monitor   behind a ROW      struct control_destination */
#pragma once

#include <stdint.h>

#include <cordon/error.h>
#include <cordon/wire.h>

enum control_message {
	CONTROL_LIST = 1,
	CONTROL_KILL = 2,
	CONTROL_STOP = 3,
	CONTROL_STATUS = 4,
	CONTROL_LIST_NET = 5,
	CONTROL_ROW = 65,
	CONTROL_STATE = 66,
	CONTROL_DONE = 67,
	CONTROL_DESTINATION = 68,
};

#define CONTROL_TEXT 132

struct control_row {
	char run[32];
	char handle[CONTROL_TEXT], label[CONTROL_TEXT]; /* the caller's, "": none */
	char profile[CONTROL_TEXT], session[200], command[256]; /* command: cut */
	uint8_t running; /* 0: being started */
	uint32_t pid; /* of pid 1 of the run, as the host sees it; 0: none yet */
	uint64_t age_ms;
};

struct control_destination {
	char host[254];
	uint32_t port; /* UINT32_MAX: a name was looked up, and is not listed */
	uint8_t allowed;
	char reason[32]; /* of what was refused or failed last; "": nothing was */
	uint64_t begun, open, bytes_out, bytes_in;
};

struct control_state {
	char kind[16]; /* "serve" */
	char version[32];
	char socket[128]; /* that callers connect to, "": a pipe */
	char workspace[4096];
	uint32_t callers, runs;
	uint64_t started, refused,
		strangers; /* runs and requests so far, connections turned away */
	uint64_t suspected, loops; /* times that sessions were frozen, and paused */
	uint64_t ahead; /* of started: their sandbox was made before */
	uint64_t uptime_ms;
	uint8_t frozen;
};

void control_row_encode(const struct control_row *row, struct cordon_writer *w);
int control_row_decode(const void *data, size_t size, struct control_row *ret,
	struct cordon_error *err) CORDON_CHECKED;
void control_destination_encode(
	const struct control_destination *destination, struct cordon_writer *w);
int control_destination_decode(const void *data, size_t size, struct control_destination *ret,
	struct cordon_error *err) CORDON_CHECKED;
void control_state_encode(const struct control_state *state, struct cordon_writer *w);
int control_state_decode(const void *data, size_t size, struct control_state *ret,
	struct cordon_error *err) CORDON_CHECKED;
