/* The table of system calls. The kernel uses the low 32 bits of an int argument while a filter sees
 * 64, so the width of each argument that a rule may look at has to be known. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum call_kind { CALL_INT, CALL_LONG, CALL_POINTER };

struct call_argument {
	const char *name;
	enum call_kind kind;
};

struct call {
	const char *name;
	int x86_64, aarch64; /* numbers, -1: none */
	unsigned since; /* kernel it came with, major << 8 | minor; 0: before 3.0 */
	int argument_count;
	const struct call_argument *arguments;
};

#define CALL_NUMBERS 512 /* all numbers of the table are below */

/* NULL when unknown. */
const struct call *call_by_name(const char *name);
const struct call *call_by_number(uint32_t nr);
/* The number on the architecture that this is compiled for; -1: none. */
int call_number(const struct call *call);

/* Members of a group such as "@mount", ended by NULL; NULL when there is no such group. */
const char *const *call_group(const char *name);

/* A number, or the name of a constant such as AF_INET. Returns 0 or -1. */
int call_constant(const char *text, uint64_t *ret);
/* An errno by name. Returns 0 for an unknown one. */
int call_errno(const char *name);

/* For messages: "; did you mean 'x'?" in out, which is returned, or nothing. */
#define CALL_HINT 64
const char *call_hint(const char *name, char out[CALL_HINT]);
const char *call_group_hint(const char *name, char out[CALL_HINT]);
const char *call_constant_hint(const char *name, char out[CALL_HINT]);
const char *call_errno_hint(const char *name, char out[CALL_HINT]);
const char *call_argument_hint(const struct call *call, const char *name, char out[CALL_HINT]);
