#include "spelling.h"

#include <stdio.h>
#include <string.h>

#define LENGTH_MAX 40 /* of words that are compared */

/* Levenshtein distance. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned row[LENGTH_MAX + 1];
	const size_t length = strlen(b);

	for (unsigned j = 0; j <= length; j++)
		row[j] = j;
	for (unsigned i = 1; *a != '\0'; a++, i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			unsigned best = diagonal + (*a != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[length];
}

void
spelling_start(struct spelling *s, const char *wanted)
{
	/* Every third letter may be wrong; more would offer words that nobody meant. */
	*s = (struct spelling){ wanted, NULL, (unsigned)(strlen(wanted) / 3 + 2) };
}

void
spelling_try(struct spelling *s, const char *word)
{
	unsigned d;

	if (strlen(word) > LENGTH_MAX || strlen(s->wanted) > LENGTH_MAX)
		return;
	d = distance(s->wanted, word);
	if (d < s->distance) {
		s->distance = d;
		s->best = word;
	}
}

const char *
spelling_hint(const struct spelling *s, char *out, unsigned size)
{
	out[0] = '\0';
	if (s->best != NULL)
		snprintf(out, size, "; did you mean '%s'?", s->best);
	return out;
}
