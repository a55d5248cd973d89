#include "probe.h"

#include <stddef.h>

static int
is_recent(const struct probe_name *n, uint64_t now_ms)
{
	return n->at_ms != 0 && now_ms - (n->at_ms - 1) < PROBE_WINDOW_MS;
}

int
probe_note(struct probe_name *seen, unsigned count, uint64_t name, uint64_t now_ms)
{
	struct probe_name *place = NULL;
	unsigned recent = 0;

	for (unsigned i = 0; i < count; i++) {
		struct probe_name *n = &seen[i];

		if (!is_recent(n, now_ms)) {
			place = n;
			continue;
		}
		if (n->name == name) {
			n->at_ms = now_ms + 1;
			return 0;
		}
		recent++;
	}
	if (place == NULL)
		return 1;
	*place = (struct probe_name){ .name = name, .at_ms = now_ms + 1 };
	return recent + 1 == count;
}
