/* A26, second half: modes, and input that nobody read. A run's output passes unchanged, so it can ask the
 * terminal questions whose answers would be typed into the caller's shell. */
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cordon/fd.h>

int
terminal_init(struct terminal *t, int in, int out, struct cordon_error *err)
{
	*t = (struct terminal){ .in = in, .out = out };
	if (tcgetattr(in, &t->saved) < 0) {
		t->in = t->out = -1;
		return cordon_fail(err, CORDON_ESYS, errno, "could not read the terminal's modes");
	}
	return 0;
}

int
terminal_is_ours(int fd)
{
	const pid_t group = tcgetpgrp(fd);

	return group < 0 || group == getpgrp();
}

void
terminal_enter(struct terminal *t)
{
	struct termios raw;

	/* The modes are read anew: a shell in the foreground before us has its own. */
	if (t->in < 0 || t->raw || !terminal_is_ours(t->in) || tcgetattr(t->in, &t->saved) < 0)
		return;
	raw = t->saved;
	cfmakeraw(&raw);
	t->raw = tcsetattr(t->in, TCSADRAIN, &raw) == 0;
}

void
terminal_leave(struct terminal *t)
{
	if (t->in < 0 || !t->raw)
		return;
	if (terminal_is_ours(t->in))
		(void)tcsetattr(t->in, TCSADRAIN, &t->saved);
	t->raw = 0;
}

void
terminal_watch(struct terminal *t, const void *data, size_t size)
{
	traces_see(&t->traces, data, size);
}

/* Answers may still be on their way: up to 100 ms, while it is raw, so that they are not echoed. */
static void
discard_input(struct terminal *t)
{
	for (int i = 0; i < 10 && t->traces.asked; i++) {
		struct pollfd p = { .fd = t->in, .events = POLLIN };

		if (poll(&p, 1, 10) > 0 && tcflush(t->in, TCIFLUSH) < 0)
			return;
	}
	(void)tcflush(t->in, TCIFLUSH);
}

void
terminal_finish(struct terminal *t)
{
	char undo[TRACES_UNDO_ROOM];

	if (t->in < 0)
		return;
	if (t->raw && terminal_is_ours(t->in)) {
		const size_t size = traces_undo(&t->traces, undo, sizeof(undo));

		(void)!cordon_fd_write_all(t->out, undo, size);
		discard_input(t);
	}
	terminal_leave(t);
}

void
terminal_size(int fd, uint16_t *ret_rows, uint16_t *ret_columns)
{
	struct winsize size = { 0 };

	if (ioctl(fd, TIOCGWINSZ, &size) < 0)
		return;
	*ret_rows = size.ws_row;
	*ret_columns = size.ws_col;
}

void
terminal_stop_self(int group)
{
	const struct sigaction standard = { .sa_handler = SIG_DFL };
	struct sigaction before;
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	if (sigaction(SIGTSTP, &standard, &before) < 0 || sigprocmask(SIG_UNBLOCK, &stop, NULL) < 0)
		return;
	/* Not blocked and sent to ourselves: delivered before kill(2) returns. */
	(void)kill(group ? 0 : getpid(), SIGTSTP);
	(void)sigprocmask(SIG_BLOCK, &stop, NULL);
	(void)sigaction(SIGTSTP, &before, NULL);
}
