/* A26: what a run leaves behind in a terminal. Its output passes unchanged, so it can switch on
 * pasting brackets, mouse reports, the alternate screen, another character set or keyboard mode, and
 * it can ask the terminal questions whose answers would be typed into the caller's shell. At the end
 * each mode that was touched is left again; a run that printed plain text leaves no sequence behind. */
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cordon/fd.h>

enum { T_ATTRIBUTES = 1, T_MODES = 2, T_SCREEN = 4, T_CHARSET = 8, T_KEYBOARD = 16, T_REGION = 32,
	T_QUERY = 64, T_TITLE = 128 };
enum { E_TEXT, E_ESCAPE, E_CSI, E_STRING, E_STRING_ESCAPE, E_CHARSET };

int
terminal_init(struct terminal *t, int fd, struct cordon_error *err)
{
	*t = (struct terminal){ .fd = fd };
	if (tcgetattr(fd, &t->saved) < 0) {
		t->fd = -1;
		return cordon_fail(err, CORDON_ESYS, errno, "could not read the terminal's modes");
	}
	return 0;
}

static int
in_foreground(const struct terminal *t)
{
	return tcgetpgrp(t->fd) == getpgrp();
}

void
terminal_enter(struct terminal *t)
{
	struct termios raw;

	if (t->fd < 0 || t->raw || !in_foreground(t))
		return;
	raw = t->saved;
	cfmakeraw(&raw);
	t->raw = tcsetattr(t->fd, TCSADRAIN, &raw) == 0;
}

void
terminal_leave(struct terminal *t)
{
	if (t->fd < 0 || !t->raw)
		return;
	(void)tcsetattr(t->fd, TCSADRAIN, &t->saved);
	t->raw = 0;
}

/* A whole control sequence: parameters in t->sequence, this last byte. */
static void
see_csi(struct terminal *t, char last)
{
	const char first = t->sequence_length > 0 ? t->sequence[0] : '\0';

	if (last == 'h' || last == 'l')
		t->touched |= first == '?' && strstr(t->sequence, "1049") != NULL ?
			T_MODES | T_SCREEN :
			T_MODES;
	else if (last == 'm')
		t->touched |= T_ATTRIBUTES;
	else if (last == 'r')
		t->touched |= T_REGION;
	else if (last == 'c' || last == 'n' || last == 't')
		t->touched |= T_QUERY;
	else if (last == 'u' || last == 'q')
		t->touched |= T_KEYBOARD | T_QUERY;
}

static void
see(struct terminal *t, char c)
{
	switch (t->escape) {
	case E_TEXT:
		if (c == '\033')
			t->escape = E_ESCAPE;
		else if (c == '\016' || c == '\017')
			t->touched |= T_CHARSET;
		return;
	case E_ESCAPE:
		t->sequence_length = 0;
		memset(t->sequence, 0, sizeof(t->sequence));
		t->escape = E_TEXT;
		if (c == '[')
			t->escape = E_CSI;
		else if (c == ']' || c == 'P' || c == '_' || c == '^' || c == 'X')
			t->escape = E_STRING;
		else if (c == '(' || c == ')' || c == '*' || c == '+')
			t->escape = E_CHARSET;
		else if (c == '=' || c == '>')
			t->touched |= T_MODES;
		else if (c == 'Z')
			t->touched |= T_QUERY;
		return;
	case E_CSI:
		if (c >= 0x40 && c <= 0x7e) {
			see_csi(t, c);
			t->escape = E_TEXT;
		} else if (t->sequence_length + 1 < sizeof(t->sequence)) {
			t->sequence[t->sequence_length++] = c;
		}
		return;
	case E_STRING:
		if (c == '\007')
			t->escape = E_TEXT;
		else if (c == '\033')
			t->escape = E_STRING_ESCAPE;
		t->touched |= T_QUERY | T_TITLE;
		return;
	case E_STRING_ESCAPE:
		t->escape = c == '\\' ? E_TEXT : E_STRING;
		return;
	default: /* E_CHARSET */
		t->touched |= T_CHARSET;
		t->escape = E_TEXT;
		return;
	}
}

void
terminal_watch(struct terminal *t, const void *data, size_t size)
{
	const char *bytes = data;

	for (size_t i = 0; i < size; i++)
		see(t, bytes[i]);
}

static void
say(const struct terminal *t, const char *sequence)
{
	(void)!cordon_fd_write_all(t->fd, sequence, strlen(sequence));
}

/* ECMA-48 and xterm's ctlseqs name these. */
static void
undo(struct terminal *t)
{
	if (t->escape != E_TEXT)
		say(t, "\033\\"); /* ends a string that the run left open */
	if ((t->touched & T_MODES) != 0) {
		if ((t->touched & T_SCREEN) != 0)
			say(t, "\033[?1049l");
		/* insert, application cursor keys and keypad, reverse video, origin, wrap on, mouse,
		 * focus, pasting brackets, synchronised output, cursor shown */
		say(t, "\033[4l\033[?1l\033>\033[?5l\033[?6l\033[?7h\033[?9l\033[?1000l\033[?1001l"
		       "\033[?1002l\033[?1003l\033[?1004l\033[?1005l\033[?1006l\033[?1015l\033[?2004l"
		       "\033[?2026l\033[?25h");
	}
	if ((t->touched & T_KEYBOARD) != 0)
		say(t, "\033[<99u\033[>4;0m"); /* kitty's and xterm's keyboard modes */
	if ((t->touched & T_REGION) != 0)
		say(t, "\0337\033[r\0338"); /* the whole screen scrolls; the cursor stays */
	if ((t->touched & T_CHARSET) != 0)
		say(t, "\033(B\033)B\017");
	if ((t->touched & (T_ATTRIBUTES | T_MODES)) != 0)
		say(t, "\033[0m");
}

/* Answers may still be on their way: wait for a quiet moment, 100 ms at most. */
static void
discard_input(struct terminal *t)
{
	for (int i = 0; i < 10 && (t->touched & T_QUERY) != 0; i++) {
		struct pollfd p = { .fd = t->fd, .events = POLLIN };

		if (poll(&p, 1, 10) > 0)
			(void)tcflush(t->fd, TCIFLUSH);
	}
	(void)tcflush(t->fd, TCIFLUSH);
}

void
terminal_finish(struct terminal *t)
{
	if (t->fd < 0)
		return;
	if (in_foreground(t)) {
		undo(t);
		/* While it is raw, so that an answer is not echoed. */
		if (t->raw)
			discard_input(t);
	}
	terminal_leave(t);
}

void
terminal_size(const struct terminal *t, uint16_t *ret_rows, uint16_t *ret_columns)
{
	struct winsize size = { 0 };

	if (t->fd < 0 || ioctl(t->fd, TIOCGWINSZ, &size) < 0)
		return;
	*ret_rows = size.ws_row;
	*ret_columns = size.ws_col;
}
