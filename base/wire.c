/* calls: none */
#include <cordon/wire.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

#define FIRST_BYTES 256u /* most messages fit */

void
cordon_writer_init(struct cordon_writer *w, size_t max)
{
	*w = (struct cordon_writer){ .max = max };
}

void
cordon_writer_finish(struct cordon_writer *w)
{
	cordon_free_wiped(w->data, w->size);
	*w = (struct cordon_writer){ 0 };
}

/* Like cordon_grow, but leaves no copy of the data behind. */
static int
widen(struct cordon_writer *w, size_t need)
{
	struct cordon_writer wider = { .max = w->max };

	if (need <= w->capacity)
		return 0;
	if (cordon_grow(&wider.data, &wider.capacity, need, w->max, 1) < 0)
		return -1;
	if (w->size > 0)
		memcpy(wider.data, w->data, w->size);
	cordon_free_wiped(w->data, w->size);
	w->data = wider.data;
	w->capacity = wider.capacity;
	return 0;
}

static void
put(struct cordon_writer *w, const void *data, size_t size)
{
	size_t need;

	if (w->failed || size == 0)
		return;
	if (__builtin_add_overflow(w->size, size, &need) ||
		widen(w, need < FIRST_BYTES && FIRST_BYTES <= w->max ? FIRST_BYTES : need) < 0) {
		w->failed = 1;
		return;
	}
	memcpy(w->data + w->size, data, size);
	w->size = need;
}

static void
put_number(struct cordon_writer *w, uint64_t v, size_t width)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < width; i++)
		bytes[i] = (uint8_t)(v >> (8 * i));
	put(w, bytes, width);
}

void
cordon_put_u8(struct cordon_writer *w, uint8_t v)
{
	put_number(w, v, 1);
}

void
cordon_put_u16(struct cordon_writer *w, uint16_t v)
{
	put_number(w, v, 2);
}

void
cordon_put_u32(struct cordon_writer *w, uint32_t v)
{
	put_number(w, v, 4);
}

void
cordon_put_u64(struct cordon_writer *w, uint64_t v)
{
	put_number(w, v, 8);
}

void
cordon_put_bytes(struct cordon_writer *w, const void *data, size_t size)
{
	if (size > UINT32_MAX) {
		w->failed = 1;
		return;
	}
	cordon_put_u32(w, (uint32_t)size);
	put(w, data, size);
}

void
cordon_put_string(struct cordon_writer *w, const char *text)
{
	cordon_put_bytes(w, text, text == NULL ? 0 : strlen(text));
}

int
cordon_writer_check(const struct cordon_writer *w, struct cordon_error *err)
{
	if (!w->failed)
		return 0;
	return cordon_fail(err, CORDON_ELIMIT, 0, "a message is longer than %zu bytes", w->max);
}

static int
get_number(struct cordon_reader *r, size_t width, uint64_t *ret)
{
	uint64_t v = 0;

	if (r->left < width)
		return -1;
	for (size_t i = 0; i < width; i++)
		v |= (uint64_t)r->at[i] << (8 * i);
	r->at += width;
	r->left -= width;
	*ret = v;
	return 0;
}

int
cordon_get_u8(struct cordon_reader *r, uint8_t *ret)
{
	uint64_t v;

	if (get_number(r, 1, &v) < 0)
		return -1;
	*ret = (uint8_t)v;
	return 0;
}

int
cordon_get_u16(struct cordon_reader *r, uint16_t *ret)
{
	uint64_t v;

	if (get_number(r, 2, &v) < 0)
		return -1;
	*ret = (uint16_t)v;
	return 0;
}

int
cordon_get_u32(struct cordon_reader *r, uint32_t *ret)
{
	uint64_t v;

	if (get_number(r, 4, &v) < 0)
		return -1;
	*ret = (uint32_t)v;
	return 0;
}

int
cordon_get_u64(struct cordon_reader *r, uint64_t *ret)
{
	return get_number(r, 8, ret);
}

int
cordon_get_bytes(struct cordon_reader *r, size_t max, struct cordon_bytes *ret)
{
	struct cordon_reader ahead = *r;
	uint32_t size;

	if (cordon_get_u32(&ahead, &size) < 0 || size > max || size > ahead.left)
		return -1;
	*ret = (struct cordon_bytes){ ahead.at, size };
	r->at = ahead.at + size;
	r->left = ahead.left - size;
	return 0;
}

int
cordon_get_string(struct cordon_reader *r, size_t max, char **ret)
{
	struct cordon_reader ahead = *r;
	struct cordon_bytes bytes;
	char *copy;

	if (cordon_get_bytes(&ahead, max, &bytes) < 0 ||
		(bytes.size > 0 && memchr(bytes.data, 0, bytes.size) != NULL))
		return -1;
	copy = malloc(bytes.size + 1);
	if (copy == NULL)
		return -1;
	memcpy(copy, bytes.data, bytes.size);
	copy[bytes.size] = '\0';
	*ret = copy;
	*r = ahead;
	return 0;
}

int
cordon_get_text(struct cordon_reader *r, char *out, size_t room)
{
	struct cordon_bytes text;

	if (cordon_get_bytes(r, room - 1, &text) < 0 || memchr(text.data, 0, text.size) != NULL)
		return -1;
	memcpy(out, text.data, text.size);
	out[text.size] = '\0';
	return 0;
}

void
cordon_put_vector(struct cordon_writer *w, char *const *vector)
{
	uint32_t count = 0;

	while (vector != NULL && vector[count] != NULL)
		count++;
	cordon_put_u32(w, count);
	for (uint32_t i = 0; i < count; i++)
		cordon_put_string(w, vector[i]);
}

int
cordon_get_vector(struct cordon_reader *r, uint32_t max_count, size_t max_size, char ***ret)
{
	uint32_t count = 0;

	*ret = NULL;
	if (cordon_get_u32(r, &count) < 0 || count > max_count || count > r->left / 4)
		return -1;
	*ret = cordon_array((size_t)count + 1, sizeof(**ret));
	if (*ret == NULL)
		return -1;
	for (uint32_t i = 0; i < count; i++)
		if (cordon_get_string(r, max_size, &(*ret)[i]) < 0)
			return -1;
	return 0;
}
