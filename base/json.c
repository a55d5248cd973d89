#include <cordon/json.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

#define DEPTH_MAX 16

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
		cordon_grow(&j->text, &j->capacity, need, j->max, 1) < 0) {
		j->failed = 1;
		return;
	}
	memcpy(j->text + j->size, data, size);
	j->size += size;
	j->text[j->size] = '\0';
}

/* Length of the UTF-8 character at s (RFC 3629: no surrogates, nothing overlong), or 0. */
static size_t
character(const unsigned char *s, size_t left)
{
	static const struct {
		unsigned char low, high, second_low, second_high, length;
	} forms[] = { { 0x00, 0x7f, 0, 0, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 } };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (s[0] < forms[i].low || s[0] > forms[i].high)
			continue;
		if (forms[i].length > left)
			return 0;
		if (forms[i].length > 1 &&
			(s[1] < forms[i].second_low || s[1] > forms[i].second_high))
			return 0;
		for (size_t k = 2; k < forms[i].length; k++)
			if (s[k] < 0x80 || s[k] > 0xbf)
				return 0;
		return forms[i].length;
	}
	return 0;
}

static void
put_quoted(struct cordon_json *j, const void *data, size_t size)
{
	const unsigned char *s = data;

	put(j, "\"", 1);
	for (size_t i = 0; i < size;) {
		const size_t length = character(s + i, size - i);
		char escape[8];

		if (length == 0) {
			put(j, "\xef\xbf\xbd", 3);
			i++;
			continue;
		}
		if (s[i] == '"' || s[i] == '\\') {
			snprintf(escape, sizeof(escape), "\\%c", s[i]);
			put(j, escape, 2);
		} else if (s[i] < 0x20 || s[i] == 0x7f) {
			snprintf(escape, sizeof(escape), "\\u%04x", s[i]);
			put(j, escape, 6);
		} else {
			put(j, (const char *)s + i, length);
		}
		i += length;
	}
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

const char *
cordon_json_text(struct cordon_json *j, size_t *ret_size)
{
	if (j->failed || j->depth != 0 || j->text == NULL)
		return NULL;
	if (ret_size != NULL)
		*ret_size = j->size;
	return j->text;
}
