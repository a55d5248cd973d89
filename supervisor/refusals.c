#include "refusals.h"

#include <stdio.h>
#include <string.h>

/* Those that find the table full share its last place. */
static struct refusals_of *
find(struct refusals *r, const char *reason)
{
	for (unsigned i = 0; i < r->count; i++)
		if (strncmp(r->of[i].reason, reason, sizeof(r->of[i].reason) - 1) == 0)
			return &r->of[i];
	if (r->count == REFUSALS_REASONS)
		return &r->of[REFUSALS_REASONS - 1];
	r->of[r->count] = (struct refusals_of){ 0 };
	snprintf(r->of[r->count].reason, sizeof(r->of[0].reason), "%s", reason);
	return &r->of[r->count++];
}

int
refusals_take(struct refusals *r, const char *reason, uint64_t now_ms, uint64_t *ret_left_out)
{
	const unsigned before = r->count;
	struct refusals_of *of = find(r, reason);

	if (r->count == before && now_ms - of->recorded_ms < REFUSALS_MS) {
		of->left_out++;
		return 0;
	}
	*ret_left_out = of->left_out;
	of->left_out = 0;
	of->recorded_ms = now_ms;
	return 1;
}

const struct refusals_of *
refusals_left(struct refusals *r)
{
	while (r->count > 0) {
		const struct refusals_of *of = &r->of[--r->count];

		if (of->left_out > 0)
			return of;
	}
	return NULL;
}
