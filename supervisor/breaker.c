#include "breaker.h"

#include <string.h>

/* Where failure is counted. */
static unsigned
find(struct breaker *b, uint64_t failure)
{
	unsigned i = 0;

	while (i < b->kinds && b->row[i].failure != failure)
		i++;
	if (i == BREAKER_KINDS) {
		*b = (struct breaker){ .kinds = 0 };
		i = 0;
	}
	if (i == b->kinds) {
		b->row[i].failure = failure;
		b->row[i].count = 0;
		b->kinds++;
	}
	return i;
}

static uint64_t
longer(uint64_t pause_ms)
{
	if (pause_ms == 0)
		return BREAKER_PAUSE_MS;
	return pause_ms > BREAKER_LONGEST_MS / 2 ? BREAKER_LONGEST_MS : pause_ms * 2;
}

uint64_t
breaker_failed(struct breaker *b, uint64_t failure, uint64_t now_ms)
{
	unsigned i;

	if (breaker_wait_ms(b, now_ms) > 0)
		return 0;
	i = find(b, failure);
	if (++b->row[i].count < BREAKER_ROW)
		return 0;
	for (i = 0; i < b->kinds; i++)
		if (b->row[i].count > BREAKER_ROW - BREAKER_AGAIN)
			b->row[i].count = BREAKER_ROW - BREAKER_AGAIN;
	b->pause_ms = longer(b->pause_ms);
	b->until_ms = now_ms + b->pause_ms;
	return b->pause_ms;
}

void
breaker_succeeded(struct breaker *b)
{
	const uint64_t until_ms = b->until_ms; /* a pause stays: it may be of a run from before */

	*b = (struct breaker){ .until_ms = until_ms };
}

uint64_t
breaker_wait_ms(const struct breaker *b, uint64_t now_ms)
{
	return b->until_ms > now_ms ? b->until_ms - now_ms : 0;
}
