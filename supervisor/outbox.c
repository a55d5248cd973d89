#include "outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/fd.h>
#include <cordon/link.h>
#include <cordon/mem.h>

struct outbox_parcel {
	struct outbox_parcel *next;
	uint16_t number;
	int fds[CORDON_LINK_FDS];
	unsigned fd_count;
	size_t size;
	uint8_t body[];
};

void
outbox_init(struct outbox *o, int link, size_t max_bytes)
{
	*o = (struct outbox){ .link = link, .max_bytes = max_bytes };
}

static void
drop(struct outbox_parcel *p)
{
	for (unsigned i = 0; i < p->fd_count; i++)
		cordon_fd_close_p(&p->fds[i]);
	free(p);
}

static void
take_first(struct outbox *o)
{
	struct outbox_parcel *p = o->first;

	o->first = p->next;
	if (o->first == NULL)
		o->last = NULL;
	o->bytes -= sizeof(*p) + p->size;
	drop(p);
}

void
outbox_finish(struct outbox *o)
{
	while (o->first != NULL)
		take_first(o);
}

int
outbox_is_empty(const struct outbox *o)
{
	return o->first == NULL;
}

static int
keep(struct outbox *o, uint16_t number, const struct cordon_writer *w, int *fds, unsigned fd_count,
	struct cordon_error *err)
{
	const size_t need = sizeof(struct outbox_parcel) + w->size;
	struct outbox_parcel *p;

	if (need > o->max_bytes - o->bytes)
		return cordon_fail(err, CORDON_ELIMIT, 0, "the other end of a link does not read");
	p = cordon_array(1, need);
	if (p == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not keep a message");
	p->number = number;
	p->size = w->size;
	if (w->size > 0)
		memcpy(p->body, w->data, w->size);
	for (; p->fd_count < fd_count; p->fd_count++)
		p->fds[p->fd_count] = cordon_fd_take(&fds[p->fd_count]);
	if (o->last != NULL)
		o->last->next = p;
	else
		o->first = p;
	o->last = p;
	o->bytes += need;
	return 0;
}

/* The kernel had too little memory: it will have more. */
static int
is_passing(int sys)
{
	return sys == EAGAIN || sys == ENOBUFS || sys == ENOMEM;
}

/* Who sends can still say that there are too few descriptors; what has been kept has to wait for them. */
static int
is_passing_for_kept(int sys)
{
	return is_passing(sys) || sys == ETOOMANYREFS || sys == EMFILE || sys == ENFILE;
}

static int
send_or_keep(struct outbox *o, uint16_t number, const struct cordon_writer *w, int *fds,
	unsigned fd_count, struct cordon_error *err)
{
	struct cordon_error why;

	if (cordon_writer_check(w, err) < 0)
		return -1;
	if (o->first != NULL)
		return keep(o, number, w, fds, fd_count, err);
	if (cordon_link_send(o->link, number, w->data, w->size, fds, fd_count, &why) == 0)
		return 0;
	if (why.code == CORDON_ESYS && is_passing(why.sys))
		return keep(o, number, w, fds, fd_count, err);
	*err = why;
	return -1;
}

int
outbox_send(struct outbox *o, uint16_t number, struct cordon_writer *w, int *fds, unsigned fd_count,
	struct cordon_error *err)
{
	const int result = send_or_keep(o, number, w, fds, fd_count, err);

	for (unsigned i = 0; i < fd_count; i++)
		cordon_fd_close_p(&fds[i]);
	cordon_writer_finish(w);
	return result;
}

int
outbox_flush(struct outbox *o, struct cordon_error *err)
{
	struct cordon_error why;

	while (o->first != NULL) {
		const struct outbox_parcel *p = o->first;

		if (cordon_link_send(
			    o->link, p->number, p->body, p->size, p->fds, p->fd_count, &why) < 0) {
			if (why.code == CORDON_ESYS && is_passing_for_kept(why.sys))
				return 0;
			*err = why;
			return -1;
		}
		take_first(o);
	}
	return 0;
}
