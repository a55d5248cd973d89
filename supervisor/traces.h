/* What a run's output leaves behind in a terminal: modes, attributes, character sets, keyboard protocols
 * (A26). Fed with the bytes as they pass, it knows what is still set, so that a run that cleaned up
 * after itself, or printed plain text, costs no sequence at all. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum traces_state {
	TRACES_TEXT,
	TRACES_ESCAPE,
	TRACES_CSI,
	TRACES_STRING, /* OSC, DCS, APC, PM, SOS */
	TRACES_STRING_ESCAPE,
	TRACES_CHARSET,
};

struct traces {
	enum traces_state state;
	char introducer; /* of a string or a character set */
	char sequence[40]; /* parameters; cut, always ended by NUL */
	size_t length;
	uint32_t modes; /* bit i: private mode i of the table in traces.c is not as it should be */
	uint32_t marks; /* enum mark of traces.c */
	unsigned keyboards; /* kitty keyboard modes pushed */
	int asked; /* the terminal was asked something: answers come as input */
};

void traces_see(struct traces *t, const void *data, size_t size);

/* Writes the sequences that undo what is set, NUL-terminated and cut to whole sequences; returns the
 * length, 0 when there is nothing to undo. TRACES_UNDO_ROOM always suffices. */
#define TRACES_UNDO_ROOM 512
size_t traces_undo(const struct traces *t, char *out, size_t room);
