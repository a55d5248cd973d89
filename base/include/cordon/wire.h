/* Messages are bytes, never structs: little-endian integers of stated width and length-prefixed
 * strings, read back by a bounded reader. Leftover bytes are the caller's error to raise. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>

/* Grows up to max bytes; the first failure sticks, so that callers check once, at the end. */
struct cordon_writer {
	uint8_t *data; /* owned */
	size_t size, capacity, max;
	int failed;
};

void cordon_writer_init(struct cordon_writer *w, size_t max);
void cordon_writer_finish(struct cordon_writer *w); /* overwrites and frees; w may be all zero */
void cordon_put_u8(struct cordon_writer *w, uint8_t v);
void cordon_put_u16(struct cordon_writer *w, uint16_t v);
void cordon_put_u32(struct cordon_writer *w, uint32_t v);
void cordon_put_u64(struct cordon_writer *w, uint64_t v);
/* u32 length, then the bytes. */
void cordon_put_bytes(struct cordon_writer *w, const void *data, size_t size);
/* The same for a C string, without its NUL; NULL is written as the empty string. */
void cordon_put_string(struct cordon_writer *w, const char *text);
/* 0, or -1 with CORDON_ELIMIT when a put did not fit. */
int cordon_writer_check(const struct cordon_writer *w, struct cordon_error *err) CORDON_CHECKED;

struct cordon_bytes {
	const uint8_t *data; /* borrowed from the reader's buffer */
	size_t size;
};

struct cordon_reader {
	const uint8_t *at;
	size_t left;
};

/* Each returns 0, or -1 when too few bytes are left; nothing is written then. */
int cordon_get_u8(struct cordon_reader *r, uint8_t *ret) CORDON_CHECKED;
int cordon_get_u16(struct cordon_reader *r, uint16_t *ret) CORDON_CHECKED;
int cordon_get_u32(struct cordon_reader *r, uint32_t *ret) CORDON_CHECKED;
int cordon_get_u64(struct cordon_reader *r, uint64_t *ret) CORDON_CHECKED;
/* -1 also when the length exceeds max. */
int cordon_get_bytes(struct cordon_reader *r, size_t max, struct cordon_bytes *ret) CORDON_CHECKED;
/* A fresh NUL-terminated copy that the caller frees; -1 also for an embedded NUL or no memory. */
int cordon_get_string(struct cordon_reader *r, size_t max, char **ret) CORDON_CHECKED;
/* Copies a string into a field of room bytes and ends it; -1 also when it does not fit or has a NUL. */
int cordon_get_text(struct cordon_reader *r, char *out, size_t room) CORDON_CHECKED;

/* A vector of strings, ended by NULL: u32 count, then each. NULL is written as the empty one. */
void cordon_put_vector(struct cordon_writer *w, char *const *vector);
/* At most max_count strings of at most max_size bytes. *ret is written in any case and the caller's to
 * free with cordon_vector_free. */
int cordon_get_vector(
	struct cordon_reader *r, uint32_t max_count, size_t max_size, char ***ret) CORDON_CHECKED;
