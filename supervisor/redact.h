/* What of a word must not be on record: in each URL in it, the user information and the values of the query
 * (A36). They become a keyed digest and a length, so that equal ones can be seen to be equal while their
 * monitor lives, and nobody can find out what they were. */
#pragma once

#include <stddef.h>

#include <cordon/action.h>

/* Returns a text for the caller to free and *ret_size without its NUL, or NULL: word has nothing of the kind
 * (*ret_failed 0), or there was no memory (1). word need not be terminated. */
char *redact_urls(const char *word, size_t size, const struct cordon_action_key *key,
	size_t *ret_size, int *ret_failed);
