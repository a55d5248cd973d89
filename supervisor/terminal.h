/* The caller's terminal while a run has a pty of its own (A26), and our place in its job control. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <termios.h>

#include <cordon/error.h>

#include "traces.h"

struct terminal {
	int in, out; /* the caller's standard streams; -1: none */
	int raw;
	struct termios saved;
	struct traces traces;
};

/* in and out must be terminals. Returns 0 or -1 with *err. */
int terminal_init(struct terminal *t, int in, int out, struct cordon_error *err) CORDON_CHECKED;
/* Raw mode, when we are in the foreground: a background job must not touch the terminal. */
void terminal_enter(struct terminal *t);
/* The modes as they were before terminal_enter. */
void terminal_leave(struct terminal *t);
/* Looks at output for what it leaves behind. */
void terminal_watch(struct terminal *t, const void *data, size_t size);
/* At the end: leaves what the run has set, restores the modes, and discards unread input, such as the
 * terminal's answers to the run's questions. */
void terminal_finish(struct terminal *t);
void terminal_size(int fd, uint16_t *ret_rows, uint16_t *ret_columns);

/* True when fd is not our controlling terminal, or we are its foreground group: reading from it does
 * not stop us. */
int terminal_is_ours(int fd);

/* Stops this process as Ctrl-Z would, or its whole group when group is not 0, and returns when it is
 * continued; at once in an orphaned group, which nobody could continue (POSIX, 11.1.4). SIGTSTP must
 * be blocked. */
void terminal_stop_self(int group);
