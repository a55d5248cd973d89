/* Errors: a code for machines, a sentence for people.
 *
 * Failing functions return -1 (or NULL) and fill the caller's struct cordon_error; on success they
 * leave it alone. The struct lives on the stack: no allocation on the error path, nothing to free,
 * and it works without memory. */
#pragma once

#include <stddef.h>

#define CORDON_CHECKED             __attribute__((warn_unused_result))
#define CORDON_PRINTF(text, first) __attribute__((format(printf, text, first)))

enum cordon_code { /* for machines, and part of the contract: append, never renumber */
	CORDON_OK = 0,
	CORDON_ESYS, /* a system call failed; .sys says how */
	CORDON_EPEER, /* a peer broke the protocol it speaks with us */
	CORDON_EPOLICY, /* understood, and refused on purpose */
	CORDON_ELIMIT, /* a bound of ours was reached */
	CORDON_ENOSUPPORT, /* this kernel or build cannot do it */
	CORDON_EFLOOR, /* a protection of the floor cannot be had */
	CORDON_EINPUT, /* what the operator wrote is wrong: an option, a profile, a configuration */
	CORDON_ENOTFOUND, /* the named thing does not exist */
	CORDON_CODE_COUNT
};

struct cordon_error {
	enum cordon_code code;
	int sys; /* errno value, 0 when no system call was involved */
	char reason[40]; /* stable reason code such as "floor.userns", or empty */
	char text[400]; /* one printable sentence, no newline */
};

/* Fills *err and returns -1. The formatted text is escaped to printable ASCII, cut visibly when too
 * long, and followed by ": reason" when sys is not 0 (worded by strerrordesc_np(3), which does not
 * allocate). err->reason is cleared. */
int cordon_fail(struct cordon_error *err, enum cordon_code code, int sys, const char *fmt, ...)
	CORDON_PRINTF(4, 5);

/* Puts "context: " in front of err->text and returns -1; code, sys and reason stay. When both do not
 * fit, a long context is cut before its cause is, again visibly. */
int cordon_while(struct cordon_error *err, const char *fmt, ...) CORDON_PRINTF(2, 3);

/* Sets the stable reason code of *err (cut to its field) and returns -1, so that it can end a
 * return statement: return cordon_because(err, "floor.userns"). */
int cordon_because(struct cordon_error *err, const char *reason);

/* The words for an errno value, without allocating; "unknown error" for a value libc does not know. */
const char *cordon_errno_text(int sys);
