/* The caller's terminal while a run has a pty of its own (A26). */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <termios.h>

#include <cordon/error.h>

struct terminal {
	int fd; /* -1: none */
	int raw;
	struct termios saved;
	/* Which modes the run's output may have left set; see terminal_watch. */
	unsigned touched;
	int escape; /* where in an escape sequence the output is */
	char sequence[24];
	size_t sequence_length;
};

/* Notes the terminal's modes. fd must be a terminal. Returns 0 or -1 with *err. */
int terminal_init(struct terminal *t, int fd, struct cordon_error *err) CORDON_CHECKED;
/* Raw mode, when we are in the foreground: a background job must not touch the terminal. */
void terminal_enter(struct terminal *t);
/* The modes as they were before; also for a stop, after which terminal_enter comes again. */
void terminal_leave(struct terminal *t);
/* Looks at output for sequences that change how the terminal behaves. */
void terminal_watch(struct terminal *t, const void *data, size_t size);
/* At the end: leaves what the run has set, restores the modes, and discards unread input, such as the
 * terminal's answers to the run's questions. */
void terminal_finish(struct terminal *t);
void terminal_size(const struct terminal *t, uint16_t *ret_rows, uint16_t *ret_columns);
