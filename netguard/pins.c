/* calls: none */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>
#include <cordon/pins.h>

#include "name_table.h"

struct entry {
	struct pin pin; /* count is 0 when nothing was judged to be public yet */
	int rebound;
};

struct pins {
	struct name_table table;
	struct entry *entries; /* by the numbers of the table */
	size_t room;
};

struct pins *
pins_create(void)
{
	return cordon_array(1, sizeof(struct pins));
}

void
pins_destroy(struct pins *p)
{
	if (p == NULL)
		return;
	name_table_finish(&p->table);
	free(p->entries);
	free(p);
}

enum pins_state
pins_look(const struct pins *p, const struct cordon_host *name, uint64_t now_ms,
	const struct pin **ret_pin)
{
	const int number = name_table_find(&p->table, name->text);

	if (number < 0)
		return PINS_UNKNOWN;
	if (p->entries[number].rebound)
		return PINS_REFUSED;
	if (p->entries[number].pin.count == 0 || now_ms >= p->entries[number].pin.expires_ms)
		return PINS_UNKNOWN;
	*ret_pin = &p->entries[number].pin;
	return PINS_FRESH;
}

static int
rebind(const struct cordon_host *name, struct cordon_error *err)
{
	cordon_fail(err, CORDON_EPOLICY, 0,
		"'%s' was public and then led to a forbidden address; it is refused for this session",
		name->text);
	return cordon_because(err, "net.rebind");
}

/* Only names that have been public have an entry, so that refused ones do not fill the table. */
static int
entry_of(struct pins *p, const struct cordon_host *name, struct cordon_error *err)
{
	const size_t before = p->table.count;
	int full = 0, number;

	/* Room first: a number without an entry must not be. */
	if (cordon_grow(&p->entries, &p->room, before < NAME_TABLE_MAX ? before + 1 : before,
		    NAME_TABLE_MAX, sizeof(*p->entries)) < 0)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not keep a name");
	number = name_table_add(&p->table, name->text, &full);
	if (number < 0 && full) {
		cordon_fail(err, CORDON_ELIMIT, 0, "the session has connected with %u names",
			NAME_TABLE_MAX);
		return cordon_because(err, "net.budget");
	}
	if (number < 0)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not keep a name");
	if (p->table.count > before)
		p->entries[number] = (struct entry){ 0 };
	return number;
}

int
pins_settle(struct pins *p, const struct cordon_host *name, const struct resolved *resolved,
	uint64_t now_ms, const struct pin **ret_pin, struct cordon_error *err)
{
	const enum pins_state state = pins_look(p, name, now_ms, ret_pin);
	int number = name_table_find(&p->table, name->text);
	struct pin *pin;

	if (state == PINS_FRESH)
		return 0;
	if (state == PINS_REFUSED)
		return rebind(name, err);
	if (resolved->error.code != CORDON_OK) {
		if (number >= 0 && strcmp(resolved->error.reason, "net.private_address") == 0) {
			p->entries[number].rebound = 1;
			return rebind(name, err);
		}
		*err = resolved->error;
		return -1;
	}
	number = entry_of(p, name, err);
	if (number < 0)
		return -1;
	pin = &p->entries[number].pin;
	memcpy(pin->addresses, resolved->addresses, sizeof(pin->addresses));
	pin->count = resolved->count;
	pin->expires_ms = now_ms + (uint64_t)resolved->ttl_s * 1000;
	*ret_pin = pin;
	return 0;
}
