/* A stranger's text that is refused. */
#pragma once

#include <stddef.h>

#include <cordon/error.h>

/* "'text' is not a WHAT: why", cut and escaped; CORDON_EINPUT with the reason code. Returns -1. */
int refuse_text(const void *text, size_t size, const char *what, const char *why,
	const char *reason, struct cordon_error *err);
