/* calls: none */
#include <cordon/json.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>
#include <cordon/text.h>

#define DEPTH_MAX   16
#define FIRST_BYTES 256u

struct cordon_json {
	char *text;
	size_t size, capacity, max;
	char closers[DEPTH_MAX];
	int filled[DEPTH_MAX + 1]; /* something is there already: a comma is due */
	int depth, failed;
};

struct cordon_json *
cordon_json_create(size_t max_bytes)
{
	struct cordon_json *j = cordon_array(1, sizeof(*j));

	if (j != NULL)
		j->max = max_bytes;
	return j;
}

void
cordon_json_destroy(struct cordon_json *j)
{
	if (j != NULL)
		free(j->text);
	free(j);
}

static void
put(struct cordon_json *j, const char *data, size_t size)
{
	size_t need;

	if (j->failed || __builtin_add_overflow(j->size + 1, size, &need) ||
		cordon_grow(&j->text, &j->capacity,
			need < FIRST_BYTES && FIRST_BYTES <= j->max ? FIRST_BYTES : need, j->max,
			1) < 0) {
		j->failed = 1;
		return;
	}
	memcpy(j->text + j->size, data, size);
	j->size += size;
	j->text[j->size] = '\0';
}

static void
put_escaped(struct cordon_json *j, unsigned char c)
{
	char escape[8];

	/* The two-character forms of RFC 8259, section 7. */
	static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *found = c == '\0' ? NULL : strchr(plain, c);

	if (found != NULL) {
		put(j, (const char[]){ '\\', letters[found - plain] }, 2);
	} else {
		snprintf(escape, sizeof(escape), "\\u%04x", c);
		put(j, escape, 6);
	}
}

static void
put_quoted(struct cordon_json *j, const void *data, size_t size)
{
	const unsigned char *s = data;
	size_t plain = 0, i = 0; /* s[plain] to s[i] stands as it is and is put in one go */

	put(j, "\"", 1);
	while (i < size) {
		size_t length;

		if (s[i] >= 0x20 && s[i] < 0x7f && s[i] != '"' && s[i] != '\\') {
			i++;
			continue;
		}
		length = cordon_text_character(s + i, size - i);
		if (length > 1) {
			i += length;
			continue;
		}
		put(j, (const char *)s + plain, i - plain);
		if (length == 0)
			put(j, "\xef\xbf\xbd", 3);
		else
			put_escaped(j, s[i]);
		plain = ++i;
	}
	put(j, (const char *)s + plain, size - plain);
	put(j, "\"", 1);
}

/* The comma and the key that come before a value. A value that may not stand here is a failure: what
 * is not JSON must not look finished. */
static void
begin(struct cordon_json *j, const char *key)
{
	const int in_object = j->depth > 0 && j->closers[j->depth - 1] == '}';

	if (in_object != (key != NULL) || (j->depth == 0 && j->filled[0]))
		j->failed = 1;
	if (j->filled[j->depth])
		put(j, ",", 1);
	j->filled[j->depth] = 1;
	if (key != NULL) {
		put_quoted(j, key, strlen(key));
		put(j, ":", 1);
	}
}

static void
open_level(struct cordon_json *j, const char *key, const char *opener, char closer)
{
	begin(j, key);
	if (j->depth == DEPTH_MAX) {
		j->failed = 1;
		return;
	}
	put(j, opener, 1);
	j->closers[j->depth++] = closer;
	j->filled[j->depth] = 0;
}

void
cordon_json_object(struct cordon_json *j, const char *key)
{
	open_level(j, key, "{", '}');
}

void
cordon_json_array(struct cordon_json *j, const char *key)
{
	open_level(j, key, "[", ']');
}

void
cordon_json_end(struct cordon_json *j)
{
	if (j->depth == 0) {
		j->failed = 1;
		return;
	}
	put(j, &j->closers[--j->depth], 1);
}

void
cordon_json_bytes(struct cordon_json *j, const char *key, const void *data, size_t size)
{
	begin(j, key);
	put_quoted(j, data, size);
}

void
cordon_json_string(struct cordon_json *j, const char *key, const char *text)
{
	if (text == NULL)
		cordon_json_null(j, key);
	else
		cordon_json_bytes(j, key, text, strlen(text));
}

static void
put_word(struct cordon_json *j, const char *key, const char *word)
{
	begin(j, key);
	put(j, word, strlen(word));
}

void
cordon_json_u64(struct cordon_json *j, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	put_word(j, key, text);
}

void
cordon_json_i64(struct cordon_json *j, const char *key, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	put_word(j, key, text);
}

void
cordon_json_bool(struct cordon_json *j, const char *key, int value)
{
	put_word(j, key, value ? "true" : "false");
}

void
cordon_json_null(struct cordon_json *j, const char *key)
{
	put_word(j, key, "null");
}

void
cordon_json_raw(struct cordon_json *j, const char *key, const char *text, size_t size)
{
	begin(j, key);
	for (size_t i = 0, from = 0; i <= size; i++)
		if (i == size || text[i] == '\n') {
			put(j, text + from, i - from);
			from = i + 1;
		}
}

const char *
cordon_json_text(struct cordon_json *j, size_t *ret_size)
{
	if (j->failed || j->depth != 0 || j->text == NULL)
		return NULL;
	if (ret_size != NULL)
		*ret_size = j->size;
	return j->text;
}

char *
cordon_json_take(struct cordon_json *j, size_t *ret_size)
{
	char *text = NULL, *fitting;

	if (cordon_json_text(j, ret_size) != NULL) {
		text = j->text;
		j->text = NULL;
		fitting = realloc(text, j->size + 1);
		if (fitting != NULL)
			text = fitting;
	}
	cordon_json_destroy(j);
	return text;
}
