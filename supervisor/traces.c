/* A26, first half. The grammar is ECMA-48 with the private modes of xterm's ctlseqs and the keyboard
 * protocol of kitty; 8-bit introducers are not looked for, as no terminal in UTF-8 mode heeds them.
 *
 * MUST 1 It never asks for more than a fixed amount of memory and time per byte.
 * MUST 2 What it does not know it leaves alone: the bytes themselves pass unchanged.
 * MUST 3 Undoing is idempotent and moves the cursor only where origin mode or the alternate screen
 *        were left on.
 * Tests: tests/unit/test_traces.c, tests/system/terminal.bash (a26_…). */
#include "traces.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
static const struct {
	unsigned number;
	int normal; /* as a terminal has it for a shell */
} modes[] = {
	{ 47, 0 }, { 1047, 0 }, { 1049, 0 }, /* alternate screen; first, as it is left first */
	{ 1, 0 }, /* application cursor keys */
	{ 5, 0 }, /* reverse video */
	{ 6, 0 }, /* origin */
	{ 7, 1 }, /* wrap */
	{ 9, 0 }, { 1000, 0 }, { 1001, 0 }, { 1002, 0 }, { 1003, 0 }, /* mouse */
	{ 1004, 0 }, /* focus */
	{ 1005, 0 }, { 1006, 0 }, { 1015, 0 }, { 1016, 0 }, /* mouse encodings */
	{ 25, 1 }, /* cursor */
	{ 66, 0 }, /* application keypad */
	{ 69, 0 }, /* left and right margins */
	{ 2004, 0 }, /* pasting brackets */
	{ 2026, 0 }, /* synchronised output */
	{ 2031, 0 }, { 2048, 0 }, /* reports of colours and size */
};
/* clang-format on */
#define MODES (sizeof(modes) / sizeof(modes[0]))
_Static_assert(MODES <= 32, "a bit for each mode");

enum mark {
	MARK_ATTRIBUTES = 1u << 0,
	MARK_INSERT = 1u << 1,
	MARK_NEWLINE = 1u << 2,
	MARK_KEYPAD = 1u << 3,
	MARK_REGION = 1u << 4,
	MARK_CHARSET = 1u << 5, /* a set other than ASCII in G0 to G3 */
	MARK_SHIFT = 1u << 6, /* G1 or more in use */
	MARK_KEYBOARD = 1u << 7, /* kitty's flags were set in place */
	MARK_OTHER_KEYS = 1u << 8, /* xterm's modifyOtherKeys */
	MARK_CURSOR = 1u << 9, /* its shape */
	MARK_LINK = 1u << 10, /* text is a hyperlink */
	MARK_PALETTE = 1u << 11,
	MARK_FOREGROUND = 1u << 12,
	MARK_BACKGROUND = 1u << 13,
	MARK_CURSOR_COLOUR = 1u << 14,
};

static void
mark(struct traces *t, enum mark which, int on)
{
	t->marks = on ? t->marks | which : t->marks & ~(uint32_t)which;
}

/* True when text is a list of parameters that ends with one other than 0 ("" is 0). */
static int
ends_set(const char *text)
{
	const char *last = strrchr(text, ';');

	last = last == NULL ? text : last + 1;
	return last[strspn(last, "0")] != '\0';
}

/* The number that text begins with, 0 when it begins with none; too large ones are as good as any other
 * that no mode has. Moves text behind it. */
static unsigned
take_number(const char **text)
{
	unsigned number = 0;

	for (; **text >= '0' && **text <= '9'; (*text)++)
		number = number > 99999 ? number : number * 10 + (unsigned)(**text - '0');
	return number;
}

static void
see_modes(struct traces *t, const char *parameters, int on)
{
	while (*parameters != '\0') {
		const unsigned number = take_number(&parameters);

		for (size_t i = 0; i < MODES; i++)
			if (modes[i].number == number) {
				const uint32_t bit = UINT32_C(1) << i;

				t->modes = on == modes[i].normal ? t->modes & ~bit : t->modes | bit;
			}
		if (*parameters++ != ';')
			return;
	}
}

static void
see_ansi_modes(struct traces *t, const char *parameters, int on)
{
	while (*parameters != '\0') {
		const unsigned number = take_number(&parameters);

		if (number == 4)
			mark(t, MARK_INSERT, on);
		else if (number == 20)
			mark(t, MARK_NEWLINE, on);
		if (*parameters++ != ';')
			return;
	}
}

static void
see_keyboard(struct traces *t, char prefix, const char *parameters)
{
	const unsigned count = take_number(&parameters);

	if (prefix == '>') {
		t->keyboards += t->keyboards < 99;
	} else if (prefix == '<') {
		const unsigned popped = count == 0 ? 1 : count;

		t->keyboards -= popped < t->keyboards ? popped : t->keyboards;
	} else if (prefix == '=') {
		mark(t, MARK_KEYBOARD, count != 0);
	} else if (prefix == '?') {
		t->asked = 1;
	}
}

/* A whole control sequence: its parameters in t->sequence, its last byte. */
static void
see_csi(struct traces *t, char last)
{
	const char *text = t->sequence;
	const char prefix = *text != '\0' && strchr("?<=>", *text) != NULL ? *text : '\0';
	const char before =
		t->length > 0 ? text[t->length - 1] : '\0'; /* an intermediate, or a digit */

	text += prefix != '\0';
	switch (last) {
	case 'h':
	case 'l':
		if (prefix == '?')
			see_modes(t, text, last == 'h');
		else if (prefix == '\0')
			see_ansi_modes(t, text, last == 'h');
		return;
	case 'm':
		if (prefix == '>')
			mark(t, MARK_OTHER_KEYS, ends_set(text));
		else if (prefix == '\0')
			mark(t, MARK_ATTRIBUTES, ends_set(text));
		return;
	case 'r':
		if (prefix == '\0' && before != '$')
			mark(t, MARK_REGION, *text != '\0');
		return;
	case 'q':
		if (before == ' ')
			mark(t, MARK_CURSOR, text[strspn(text, "0")] != ' ');
		else if (prefix == '>')
			t->asked = 1;
		return;
	case 'u':
		see_keyboard(t, prefix, text);
		return;
	case 'p':
		if (before == '!') { /* soft reset */
			t->marks = 0;
			t->modes &= 7; /* the alternate screen stays */
		} else if (before == '$') {
			t->asked = 1;
		}
		return;
	case 'c':
	case 'n':
	case 't':
	case 'x':
	case 'y':
		t->asked = 1;
		return;
	default:
		return;
	}
}

static void
see_string(struct traces *t)
{
	const char *text = t->sequence;

	if (t->introducer == 'P' || t->introducer == '_') { /* device control; graphics */
		t->asked = 1;
		return;
	}
	if (t->introducer != ']')
		return;
	if (strchr(text, '?') != NULL)
		t->asked = 1;
	else if (strncmp(text, "4;", 2) == 0)
		mark(t, MARK_PALETTE, 1);
	else if (strncmp(text, "104", 3) == 0)
		mark(t, MARK_PALETTE, 0);
	else if (strncmp(text, "10;", 3) == 0 || strncmp(text, "110", 3) == 0)
		mark(t, MARK_FOREGROUND, text[1] == '0');
	else if (strncmp(text, "11;", 3) == 0 || strncmp(text, "111", 3) == 0)
		mark(t, MARK_BACKGROUND, text[2] == ';');
	else if (strncmp(text, "12;", 3) == 0 || strncmp(text, "112", 3) == 0)
		mark(t, MARK_CURSOR_COLOUR, text[1] == '2');
	else if (strncmp(text, "8;", 2) == 0)
		mark(t, MARK_LINK,
			strchr(text + 2, ';') == NULL || strchr(text + 2, ';')[1] != '\0');
}

static void
keep(struct traces *t, char c)
{
	if (t->length + 1 < sizeof(t->sequence)) {
		t->sequence[t->length++] = c;
		t->sequence[t->length] = '\0';
	}
}

static void
see_escape(struct traces *t, char c)
{
	t->state = TRACES_TEXT;
	t->introducer = c;
	t->length = 0;
	t->sequence[0] = '\0';
	switch (c) {
	case '[':
		t->state = TRACES_CSI;
		return;
	case ']':
	case 'P':
	case '_':
	case '^':
	case 'X':
		t->state = TRACES_STRING;
		return;
	case '(':
	case ')':
	case '*':
	case '+':
		t->state = TRACES_CHARSET;
		return;
	case '=':
	case '>':
		mark(t, MARK_KEYPAD, c == '=');
		return;
	case 'n':
	case 'o':
		mark(t, MARK_SHIFT, 1);
		return;
	case 'Z':
		t->asked = 1;
		return;
	case 'c': /* full reset; what was asked is still answered */
		*t = (struct traces){ .asked = t->asked };
		return;
	default:
		return;
	}
}

static void
see(struct traces *t, char c)
{
	if (c == '\030' || c == '\032') { /* CAN and SUB end any sequence */
		t->state = TRACES_TEXT;
		return;
	}
	if (c == '\033' && t->state != TRACES_STRING) {
		t->state = TRACES_ESCAPE;
		return;
	}
	switch (t->state) {
	case TRACES_TEXT:
		if (c == '\016' || c == '\017')
			mark(t, MARK_SHIFT, c == '\016');
		return;
	case TRACES_ESCAPE:
		see_escape(t, c);
		return;
	case TRACES_CSI:
		if (c >= 0x40 && c <= 0x7e) {
			t->state = TRACES_TEXT;
			see_csi(t, c);
		} else if (c >= 0x20 && c < 0x40) {
			keep(t, c);
		}
		return;
	case TRACES_STRING:
		if (c == '\033') {
			t->state = TRACES_STRING_ESCAPE;
		} else if (c == '\007') {
			t->state = TRACES_TEXT;
			see_string(t);
		} else {
			keep(t, c);
		}
		return;
	case TRACES_STRING_ESCAPE:
		see_string(t);
		t->state = TRACES_TEXT;
		if (c != '\\')
			see_escape(t, c);
		return;
	case TRACES_CHARSET:
		mark(t, MARK_CHARSET, c != 'B');
		t->state = TRACES_TEXT;
		return;
	}
}

void
traces_see(struct traces *t, const void *data, size_t size)
{
	const char *bytes = data;

	for (size_t i = 0; i < size; i++) {
		if (t->state == TRACES_TEXT) { /* most output is text */
			while (i < size && bytes[i] != '\033' && bytes[i] != '\016' &&
				bytes[i] != '\017')
				i++;
			if (i == size)
				return;
		}
		see(t, bytes[i]);
	}
}

/* Appends a whole sequence, or nothing. */
static void
put(char *out, size_t room, size_t *used, const char *sequence)
{
	const size_t length = strlen(sequence);

	if (*used + length < room) {
		memcpy(out + *used, sequence, length + 1);
		*used += length;
	}
}

size_t
traces_undo(const struct traces *t, char *out, size_t room)
{
	static const struct {
		enum mark mark;
		const char *text;
	} undo[] = {
		{ MARK_INSERT, "\033[4l" },
		{ MARK_NEWLINE, "\033[20l" },
		{ MARK_KEYPAD, "\033>" },
		{ MARK_REGION, "\0337\033[r\0338" }, /* it moves the cursor home */
		{ MARK_CHARSET, "\033(B\033)B\033*B\033+B" },
		{ MARK_SHIFT, "\017" },
		{ MARK_KEYBOARD, "\033[=0u" },
		{ MARK_OTHER_KEYS, "\033[>4m" },
		{ MARK_CURSOR, "\033[0 q" },
		{ MARK_LINK, "\033]8;;\033\\" },
		{ MARK_PALETTE, "\033]104\033\\" },
		{ MARK_FOREGROUND, "\033]110\033\\" },
		{ MARK_BACKGROUND, "\033]111\033\\" },
		{ MARK_CURSOR_COLOUR, "\033]112\033\\" },
		{ MARK_ATTRIBUTES, "\033[m" },
	};
	char text[24];
	size_t used = 0;

	out[0] = '\0';
	if (t->state == TRACES_STRING || t->state == TRACES_STRING_ESCAPE)
		put(out, room, &used, "\033\\");
	else if (t->state != TRACES_TEXT)
		put(out, room, &used, "\030");
	if (t->keyboards > 0) { /* each screen has its own stack: before the screens change */
		snprintf(text, sizeof(text), "\033[<%uu", t->keyboards);
		put(out, room, &used, text);
	}
	for (size_t i = 0; i < MODES; i++)
		if ((t->modes & UINT32_C(1) << i) != 0) {
			snprintf(text, sizeof(text), "\033[?%u%c", modes[i].number,
				modes[i].normal ? 'h' : 'l');
			put(out, room, &used, text);
		}
	for (size_t i = 0; i < sizeof(undo) / sizeof(undo[0]); i++)
		if ((t->marks & undo[i].mark) != 0)
			put(out, room, &used, undo[i].text);
	return used;
}
