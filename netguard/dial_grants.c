/* calls: none */
#include "dial_grants.h"

#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

enum cordon_dial_why
dial_grants_judge(enum cordon_dial_kind kind, const struct cordon_address *address,
	const struct interfaces *interfaces)
{
	/* Which lead to nobody in particular. 0.0.0.0 is this host (connect(2) takes it for 127.0.0.1). */
	static const char *const nobodys[] = { "unspecified", "multicast", "broadcast", "invalid" };
	const struct cordon_address_class class =
		cordon_address_judge(address, interfaces->own, interfaces->count);

	switch (kind) {
	case CORDON_DIAL_PUBLIC:
		return class.allow ? CORDON_DIAL_FINE : CORDON_DIAL_FORBIDDEN;
	case CORDON_DIAL_PRIVATE:
	case CORDON_DIAL_RESOLVER_TCP:
	case CORDON_DIAL_RESOLVER_UDP:
		for (size_t i = 0; i < sizeof(nobodys) / sizeof(nobodys[0]); i++)
			if (strcmp(class.name, nobodys[i]) == 0)
				return CORDON_DIAL_FORBIDDEN;
		return CORDON_DIAL_FINE;
	case CORDON_DIAL_KINDS:
		break;
	}
	return CORDON_DIAL_FORBIDDEN;
}

const struct cordon_dial_grant *
dial_grants_find(const struct dial_grants *g, uint64_t id)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->all[i].id == id)
			return &g->all[i];
	return NULL;
}

const struct cordon_dial_grant *
dial_grants_of(const struct dial_grants *g, uint32_t asker)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->all[i].asker == asker)
			return &g->all[i];
	return NULL;
}

enum cordon_dial_why
dial_grants_add(struct dial_grants *g, const struct cordon_dial_grant *grant,
	const struct interfaces *interfaces, uint8_t *ret_at)
{
	*ret_at = 0;
	if (dial_grants_find(g, grant->id) != NULL)
		return CORDON_DIAL_TWICE;
	for (unsigned i = 0; i < grant->count; i++) {
		const enum cordon_dial_why why =
			dial_grants_judge(grant->kind, &grant->addresses[i], interfaces);

		if (why != CORDON_DIAL_FINE) {
			*ret_at = (uint8_t)i;
			return why;
		}
	}
	if (cordon_grow(&g->all, &g->capacity, g->count + 1, CORDON_DIAL_GRANTS, sizeof(*g->all)) <
		0)
		return CORDON_DIAL_FULL;
	g->all[g->count++] = *grant;
	return CORDON_DIAL_FINE;
}

void
dial_grants_remove(struct dial_grants *g, uint64_t id)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->all[i].id == id) {
			g->all[i] = g->all[--g->count];
			return;
		}
}

void
dial_grants_finish(struct dial_grants *g)
{
	free(g->all);
	*g = (struct dial_grants){ 0 };
}
