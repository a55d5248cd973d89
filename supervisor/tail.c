#include "tail.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
drop(struct tail_record *r)
{
	free(r->payload);
	*r = (struct tail_record){ 0 };
}

void
tail_put(struct tail *t, uint64_t token, const char *payload, size_t size)
{
	struct tail_record *r = &t->records[t->count++ % TAIL_RECORDS];

	drop(r);
	*r = (struct tail_record){
		.token = token, .sequence = UINT64_MAX, .payload = strndup(payload, size)
	};
}

int
tail_settle(struct tail *t, uint64_t token, int kept, uint64_t sequence)
{
	for (unsigned i = 0; i < TAIL_RECORDS; i++) {
		struct tail_record *r = &t->records[i];

		if (r->payload == NULL || r->token != token || r->sequence != UINT64_MAX)
			continue;
		if (kept)
			r->sequence = sequence;
		else
			drop(r);
		return 1;
	}
	return 0;
}

static int
is_shown(const struct tail_record *r)
{
	return r->payload != NULL && r->sequence != UINT64_MAX;
}

char *
tail_text(const struct tail *t, unsigned max)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	unsigned skip = 0, count = 0;
	int failed;

	if (out == NULL)
		return NULL;
	for (unsigned i = 0; i < TAIL_RECORDS; i++)
		skip += is_shown(&t->records[i]) != 0;
	skip = skip > max ? skip - max : 0;
	(void)fputs("[", out);
	for (uint64_t i = t->count; i < t->count + TAIL_RECORDS; i++) {
		const struct tail_record *r = &t->records[i % TAIL_RECORDS];

		if (!is_shown(r) || skip > 0) {
			skip -= is_shown(r) != 0;
			continue;
		}
		(void)fprintf(out, "%s{\"sequence\":%" PRIu64 ",\"record\":%s}",
			count++ == 0 ? "" : ",", r->sequence, r->payload);
	}
	(void)fputs("]", out);
	failed = ferror(out);
	if ((fclose(out) | failed) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

void
tail_finish(struct tail *t)
{
	for (unsigned i = 0; i < TAIL_RECORDS; i++)
		drop(&t->records[i]);
}
