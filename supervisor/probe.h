/* Names that are not there to be named (T-DISC-001): whoever asks for many of them is trying to find what there
 * is. Counted are different names within an hour; a name that is mistyped and tried again is one.
 *
 * Pure: the time is the owner's to say, and all zero is nobody who has asked. */
#pragma once

#include <stdint.h>

#define PROBE_SESSION   20 /* names of one session */
#define PROBE_CALLER    80 /* of all sessions of a caller together */
#define PROBE_WINDOW_MS (60 * 60 * 1000)

struct probe_name {
	uint64_t name; /* a digest's begin */
	uint64_t at_ms; /* last asked for, plus one; 0: none */
};

/* seen: of so many that count is too many. Returns 1 when name makes them that many, else 0. */
int probe_note(struct probe_name *seen, unsigned count, uint64_t name, uint64_t now_ms);
