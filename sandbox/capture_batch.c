/* calls: none */
#include "capture_batch.h"

#include <stdlib.h>
#include <string.h>

#include <netlink/msg.h>

struct nl_msg *
capture_batch_message(struct capture_batch *b, int type, int flags, const void *header, size_t size)
{
	struct nl_msg *m = b->failed ? NULL : nlmsg_alloc();

	if (m == NULL || nlmsg_put(m, 0, b->count, type, 0, NLM_F_REQUEST | flags) == NULL ||
		nlmsg_append(m, (void *)(uintptr_t)header, size, NLMSG_ALIGNTO) < 0) {
		nlmsg_free(m);
		b->failed = 1;
		return NULL;
	}
	return m;
}

void
capture_batch_add(struct capture_batch *b, struct nl_msg *m, int put)
{
	const struct nlmsghdr *h = m == NULL ? NULL : nlmsg_hdr(m);
	const size_t size = h == NULL ? 0 : NLMSG_ALIGN(h->nlmsg_len);
	uint8_t *grown =
		h == NULL || put < 0 || b->failed ? NULL : realloc(b->data, b->size + size);

	if (grown == NULL) {
		b->failed = 1;
	} else {
		b->data = grown;
		memset(grown + b->size, 0, size);
		memcpy(grown + b->size, h, h->nlmsg_len);
		b->size += size;
		b->count++;
	}
	nlmsg_free(m);
}

void
capture_batch_finish(struct capture_batch *b)
{
	free(b->data);
	*b = (struct capture_batch){ 0 };
}
