/* calls: close */
#include "dial_askers.h"

#include <cordon/fd.h>

void
dial_askers_init(struct dial_askers *t)
{
	for (unsigned i = 0; i < CORDON_DIAL_ASKERS; i++)
		t->all[i] = (struct dial_asker){ .link = -1 };
	t->free = NULL;
	for (unsigned i = 0; i < DIAL_SLOTS; i++) {
		t->slots[i] = (struct dial_slot){ .next = t->free, .fd = -1 };
		t->free = &t->slots[i];
	}
}

void
dial_askers_finish(struct dial_askers *t)
{
	for (unsigned i = 0; i < CORDON_DIAL_ASKERS; i++)
		dial_askers_drop(t, &t->all[i]);
}

struct dial_asker *
dial_askers_find(struct dial_askers *t, uint32_t number)
{
	for (unsigned i = 0; i < CORDON_DIAL_ASKERS; i++)
		if (t->all[i].link >= 0 && t->all[i].number == number)
			return &t->all[i];
	return NULL;
}

struct dial_asker *
dial_askers_add(struct dial_askers *t, uint32_t number, int *link)
{
	struct dial_asker *a = NULL;

	for (unsigned i = 0; i < CORDON_DIAL_ASKERS && a == NULL; i++)
		if (t->all[i].link < 0)
			a = &t->all[i];
	if (a == NULL || dial_askers_find(t, number) != NULL)
		return NULL;
	*a = (struct dial_asker){ .link = cordon_fd_take(link), .number = number };
	return a;
}

void
dial_askers_drop(struct dial_askers *t, struct dial_asker *a)
{
	while (a->first != NULL)
		dial_slot_end(t, a, a->first);
	cordon_fd_close_p(&a->link);
}

/* Of one kind of thing that askers have: `reserve` for each, at most `most`, and twice the difference for all together. */
static int
fits(const struct dial_askers *t, const struct dial_asker *a, int connects)
{
	const unsigned times = connects ? 1 : 2, reserve = times * CORDON_DIAL_RESERVE,
		       most = times * CORDON_DIAL_IN_FLIGHT;
	const unsigned its = connects ? a->connecting : a->slots;
	unsigned shared = 0;

	if (its < reserve || its >= most)
		return its < reserve;
	for (unsigned i = 0; i < CORDON_DIAL_ASKERS; i++) {
		const unsigned others = connects ? t->all[i].connecting : t->all[i].slots;

		shared += others > reserve ? others - reserve : 0;
	}
	return shared < 2 * (most - reserve);
}

int
dial_askers_hear(const struct dial_askers *t, const struct dial_asker *a)
{
	return fits(t, a, 0);
}

int
dial_askers_connect(const struct dial_askers *t, const struct dial_asker *a, uint64_t grant)
{
	unsigned its = 0;

	for (const struct dial_slot *s = a->first; s != NULL; s = s->next)
		its += s->state == DIAL_SLOT_CONNECTING && s->grant == grant;
	return its < CORDON_DIAL_GRANT_FLIGHT && fits(t, a, 1);
}

struct dial_slot *
dial_slot_begin(struct dial_askers *t, struct dial_asker *a, uint64_t request, uint64_t grant)
{
	struct dial_slot *s = t->free;

	t->free = s->next;
	*s = (struct dial_slot){ .next = a->first,
		.state = DIAL_SLOT_ANSWERING,
		.why = CORDON_DIAL_GONE,
		.request = request,
		.grant = grant,
		.fd = -1 };
	a->first = s;
	a->slots++;
	return s;
}

struct dial_slot *
dial_slot_find(const struct dial_asker *a, uint64_t request)
{
	struct dial_slot *s = a->first;

	while (s != NULL && s->request != request)
		s = s->next;
	return s;
}

void
dial_slot_connecting(struct dial_asker *a, struct dial_slot *s)
{
	s->state = DIAL_SLOT_CONNECTING;
	s->poll = NULL;
	a->connecting++;
}

void
dial_slot_answer(struct dial_asker *a, struct dial_slot *s, enum cordon_dial_why why, int sys)
{
	if (s->state == DIAL_SLOT_CONNECTING)
		a->connecting--;
	s->state = DIAL_SLOT_ANSWERING;
	s->why = why;
	s->sys = sys;
	if (why != CORDON_DIAL_FINE)
		cordon_fd_close_p(&s->fd);
}

void
dial_slot_end(struct dial_askers *t, struct dial_asker *a, struct dial_slot *s)
{
	struct dial_slot **at = &a->first;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	if (s->state == DIAL_SLOT_CONNECTING)
		a->connecting--;
	a->slots--;
	cordon_fd_close_p(&s->fd);
	s->state = DIAL_SLOT_FREE;
	s->next = t->free;
	t->free = s;
}
