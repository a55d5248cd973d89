/* Netlink messages one after another, as they are sent: made by libnl, kept as bytes. A batch that could not
 * grow stays failed. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct nl_msg;

struct capture_batch {
	uint8_t *data;
	size_t size;
	uint32_t count; /* messages */
	int failed;
};

/* A message with its fixed header, to be given attributes; NULL when the batch has failed. NLM_F_REQUEST is always
 * set. */
struct nl_msg *capture_batch_message(
	struct capture_batch *b, int type, int flags, const void *header, size_t size);
/* Takes the message. put: 0, or less when an attribute had no room. */
void capture_batch_add(struct capture_batch *b, struct nl_msg *m, int put);
void capture_batch_finish(struct capture_batch *b);
