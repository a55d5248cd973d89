/* Where a key is in a JSON text. jansson checks the text first and gives no places of values, so this
 * only has to walk valid JSON; it is used when there is an error to report. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "layer.h"

struct scanner {
	const char *at, *end;
};

static void
skip_space(struct scanner *s)
{
	while (s->at < s->end && strchr(" \t\r\n", *s->at) != NULL && *s->at != '\0')
		s->at++;
}

static void
skip_string(struct scanner *s)
{
	for (s->at++; s->at < s->end && *s->at != '"'; s->at++)
		if (*s->at == '\\')
			s->at++;
	if (s->at < s->end)
		s->at++;
}

/* Past one value of any kind. */
static void
skip_value(struct scanner *s)
{
	int depth = 0;

	do {
		skip_space(s);
		if (s->at >= s->end)
			return;
		if (*s->at == '"') {
			skip_string(s);
		} else if (strchr("{[", *s->at) != NULL) {
			depth++;
			s->at++;
		} else if (strchr("}]", *s->at) != NULL) {
			depth--;
			s->at++;
		} else if (strchr(",:", *s->at) != NULL) {
			s->at++;
		} else {
			while (s->at < s->end && strchr(" \t\r\n,:{}[]\"", *s->at) == NULL)
				s->at++;
		}
	} while (depth > 0);
}

/* Moves to the member named (or the element numbered) component. Returns 0 when it is not there. */
static int
enter(struct scanner *s, const char *component, size_t length)
{
	unsigned index = 0, wanted = 0;
	const int object = s->at < s->end && *s->at == '{';

	if (s->at >= s->end || (*s->at != '{' && *s->at != '['))
		return 0;
	for (size_t i = 0; i < length; i++)
		wanted = wanted * 10 + (unsigned)(component[i] - '0');
	for (s->at++; s->at < s->end; index++) {
		skip_space(s);
		if (s->at >= s->end || *s->at == '}' || *s->at == ']')
			return 0;
		if (object) {
			const char *key = s->at + 1;

			if (s->end - key > (long)length && memcmp(key, component, length) == 0 &&
				key[length] == '"')
				return 1; /* at the key itself */
			skip_string(s);
			skip_space(s);
			s->at++; /* the colon */
		} else if (index == wanted) {
			return 1;
		}
		skip_value(s);
		skip_space(s);
		if (s->at < s->end && *s->at == ',')
			s->at++;
	}
	return 0;
}

/* From a key to its value. */
static void
to_value(struct scanner *s)
{
	struct scanner ahead = *s;

	if (ahead.at >= ahead.end || *ahead.at != '"')
		return;
	skip_string(&ahead);
	skip_space(&ahead);
	if (ahead.at < ahead.end && *ahead.at == ':') {
		ahead.at++;
		skip_space(&ahead);
		*s = ahead;
	}
}

void
layer_place(const char *text, const char *at, unsigned *ret_line, unsigned *ret_column)
{
	*ret_line = 1;
	*ret_column = 1;
	for (const char *p = text; p < at; p++) {
		(*ret_column)++;
		if (*p == '\n') {
			(*ret_line)++;
			*ret_column = 1;
		}
	}
}

void
layer_locate(
	const char *text, size_t size, const char *key, unsigned *ret_line, unsigned *ret_column)
{
	struct scanner s = { text, text + size };
	const char *found;

	skip_space(&s);
	found = s.at;
	/* A key that is not there is reported at the nearest object that is. */
	while (*key != '\0') {
		const size_t length = strcspn(key, "/");

		to_value(&s);
		if (!enter(&s, key, length))
			break;
		found = s.at;
		key += length + (key[length] == '/');
	}
	layer_place(text, found, ret_line, ret_column);
}

int
layer_fail(const char *text, size_t size, const char *file, const char *key,
	struct cordon_error *err, const char *fmt, ...)
{
	char sentence[512];
	unsigned line, column;
	va_list arguments;

	va_start(arguments, fmt);
	(void)vsnprintf(sentence, sizeof(sentence), fmt, arguments);
	va_end(arguments);
	layer_locate(text, size, key, &line, &column);
	return cordon_fail(err, CORDON_EINPUT, 0, "%s:%u:%u: %s", file, line, column, sentence);
}
