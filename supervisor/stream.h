/* One direction of bytes between a descriptor of the caller and one of ours: unchanged, in order, with
 * back pressure. Regular files cannot be polled (epoll(7)) and are read and written directly. */
#pragma once

#include <stdint.h>

#include <cordon/error.h>
#include <cordon/loop.h>

struct stream;

struct stream_events {
	/* count bytes were taken from the source. Returns how many of them may go on to the sink. */
	uint64_t (*moved)(void *context, const void *data, uint64_t count);
	/* Source at its end, or sink gone; everything read was written, or cannot be. */
	void (*ended)(void *context, struct stream *stream);
	void *context;
};

/* Copies from source to sink. Both stay the caller's but for close_sink and close_source, which are
 * closed with the stream. NULL with *err set on failure. */
struct stream *stream_create(struct cordon_loop *loop, int source, int sink, int close_source,
	int close_sink, const struct stream_events *events,
	struct cordon_error *err) CORDON_CHECKED;
/* Reads what is there without waiting, until the end of the source, and writes it; gives up waiting for
 * the sink when interrupt (a descriptor, or -1) becomes readable. */
void stream_drain(struct stream *stream, int interrupt);
/* The errno value of a write that failed and ended the stream, or 0. */
int stream_error(const struct stream *stream);
/* A paused stream leaves its source alone. */
void stream_pause(struct stream *stream, int paused);
void stream_destroy(struct stream *stream);
