/* "Did you mean …?": the most similar of some words. */
#pragma once

struct spelling {
	const char *wanted;
	const char *best; /* NULL: nothing is similar enough to be offered */
	unsigned distance;
};

void spelling_start(struct spelling *s, const char *wanted);
void spelling_try(struct spelling *s, const char *word);
/* "; did you mean 'x'?", or nothing. out has size bytes and is returned. */
const char *spelling_hint(const struct spelling *s, char *out, unsigned size);
