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
	int argument_count; /* -1: not described */
	const struct call_argument *arguments;
};

#define CALL_NUMBERS 512 /* all numbers of the table are below */

/* NULL when unknown. */
const struct call *call_by_name(const char *name);
const struct call *call_by_number(uint32_t nr);
/* The number on the architecture that this is compiled for; -1: none. */
int call_number(const struct call *call);
/* The most similar name, for messages. */
const char *call_nearest(const char *name);

/* Members of a group such as "@mount", ended by NULL; NULL when there is no such group. */
const char *const *call_group(const char *name);

/* A number, or the name of a constant such as AF_INET. Returns 0 or -1. */
int call_constant(const char *text, uint64_t *ret);
/* An errno by name. Returns 0 for an unknown one. */
int call_errno(const char *name);
