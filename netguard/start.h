/* How the processes of the guard begin. */
#pragma once

#include <stddef.h>

#include <cordon/error.h>

struct guard_role {
	const char *name; /* the only argument; NULL: there is none */
	unsigned links; /* from descriptor 3 on */
	int (*run)(struct cordon_error *err);
};

/* main() of `program`. Returns its status. */
int guard_main(
	const char *program, const struct guard_role *roles, size_t count, int argc, char **argv);
