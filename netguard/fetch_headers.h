/* Headers of a fetch: which of the caller's are sent, and where; and what of an answer's is passed on. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>
#include <cordon/fetch_proto.h>

/* The caller's method and headers (name, value, ..., NULL). Returns 0, or -1 with CORDON_EINPUT and the reason
 * "net.method" or "net.header" (A31). */
int fetch_headers_judge(
	const char *method, char *const *headers, struct cordon_error *err) CORDON_CHECKED;

/* Whether a header goes along to another origin than the one that it was meant for: by inclusion, since any other may
 * say who the caller is. */
int fetch_header_crosses(const char *name);

struct fetch_answer {
	uint16_t status; /* 0: none yet */
	char **headers; /* name, value, ..., NULL */
	size_t count; /* of strings */
	size_t bytes; /* of all */
	uint32_t dropped;
	char *location; /* NULL: none; of several the last counts, as in browsers */
	int bad_encoding; /* in a way that we have not offered */
	int cut; /* more of the body may have come than was taken */
};

/* One line as it came, with or without its end. A status line begins anew. */
void fetch_answer_line(struct fetch_answer *a, const char *line, size_t size);
void fetch_answer_finish(struct fetch_answer *a);
