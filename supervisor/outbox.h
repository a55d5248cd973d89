/* Messages for a link whose other end may be slow: sent at once when that is possible, else kept, in
 * order, up to a bound. The owner watches the link. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>
#include <cordon/wire.h>

struct outbox_parcel;

struct outbox {
	int link; /* non-blocking, the owner's */
	struct outbox_parcel *first, *last;
	size_t bytes, max_bytes;
};

void outbox_init(struct outbox *o, int link, size_t max_bytes);
/* Closes and frees what is kept. */
void outbox_finish(struct outbox *o);

/* Sends the body in w, which is finished, with descriptors, which are taken. Returns 0, or -1 with *err
 * set: CORDON_ELIMIT when the other end has not read for too long, CORDON_EPEER when it has gone,
 * CORDON_ESYS when the kernel has too few descriptors for it. */
int outbox_send(struct outbox *o, uint16_t number, struct cordon_writer *w, int *fds,
	unsigned fd_count, struct cordon_error *err) CORDON_CHECKED;

/* Sends what is kept as far as that is possible. Errors as above. */
int outbox_flush(struct outbox *o, struct cordon_error *err) CORDON_CHECKED;
int outbox_is_empty(const struct outbox *o);
