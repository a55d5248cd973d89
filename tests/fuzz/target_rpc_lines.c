/* A caller's bytes, from pieces to lines to requests to parameters: no line is longer than the bound, what
 * a piece has does not depend on how it was cut, and what was parsed keeps its promises. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/text.h>

#include "jsonrpc.h"
#include "lines.h"
#include "params.h"
#include <cordon/base64.h>

#define BOUND 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct values {
	const char *text;
	uint64_t number, inner;
	uint8_t flag;
	char **words;
	struct param_env env, pairs;
	struct param_data data;
};

#define AT(member) offsetof(struct values, member)

/* clang-format off */
static const struct param inner[] = {
	{ "memory", PARAM_NUMBER, PARAM_REQUIRED, 1, 1000, AT(inner), NULL },
	{ 0 }
};
static const struct param table[] = {
	{ "argv",   PARAM_WORDS,  PARAM_REQUIRED, 1, 64, AT(words), NULL },
	{ "run",    PARAM_TEXT,   0, 1, 16, AT(text), NULL },
	{ "env",    PARAM_ENV,    0, 0, 0, AT(env), NULL },
	{ "pairs",  PARAM_PAIRS,  PARAM_NULLABLE, 0, 0, AT(pairs), NULL },
	{ "notify", PARAM_BOOL,   0, 0, 0, AT(flag), NULL },
	{ "waitMs", PARAM_NUMBER, 0, 0, 5000, AT(number), NULL },
	{ "text",   PARAM_DATA,   0, 0, 0, AT(data), NULL },
	{ "limits", PARAM_OBJECT, 0, 0, 0, 0, inner },
	{ 0 }
};
/* clang-format on */

static void
check_values(const struct values *v)
{
	if (v->words == NULL || v->words[0] == NULL || v->number > 5000 || v->flag > 1 ||
		v->inner > 1000)
		abort();
	for (size_t i = 0; v->words[i] != NULL; i++)
		if (strlen(v->words[i]) > 64)
			abort();
	if (v->data.bytes != NULL && v->data.bytes[v->data.size] != '\0')
		abort();
	for (size_t i = 0; v->env.set != NULL && v->env.set[i] != NULL; i++)
		if (v->env.set[i][0] == '=' || strchr(v->env.set[i], '=') == NULL)
			abort();
	for (size_t i = 0; v->env.unset != NULL && v->env.unset[i] != NULL; i++)
		if (v->env.unset[i][0] == '\0' || strchr(v->env.unset[i], '=') != NULL)
			abort();
}

static void
check_base64(const char *text)
{
	uint8_t *plain;
	size_t size, length;
	char *again;

	if (base64_decode(text, strlen(text), &plain, &size) < 0)
		return;
	again = base64_encode(plain, size, &length);
	if (again == NULL || strcmp(again, text) != 0)
		abort(); /* one text has one meaning */
	free(again);
	free(plain);
}

static void
check_line(const char *line, size_t size)
{
	struct jsonrpc_message m;
	struct fault fault = { 0 };
	struct values v = { 0 };

	if (size > BOUND || memchr(line, '\n', size) != NULL)
		abort();
	if (jsonrpc_parse(line, size, &m, &fault) < 0) {
		if (fault.code == 0 || fault.reason[0] == '\0' || fault.text[0] == '\0')
			abort();
	} else if (m.method != NULL) {
		if (!cordon_text_is_utf8(m.method, strlen(m.method)) ||
			m.id.size > JSONRPC_ID_BYTES)
			abort();
		check_base64(m.method);
		if (params_take(m.params, table, &v, &fault) == 0)
			check_values(&v);
		else if (fault.code != FAULT_PARAMS)
			abort();
		params_finish(table, &v);
	}
	jsonrpc_finish(&m);
}

/* Feeds the bytes in pieces and returns how many lines came out. */
static size_t
read_lines(const uint8_t *data, size_t size, size_t piece)
{
	struct lines lines;
	const char *line;
	size_t length, room, count = 0;
	enum lines_answer answer = LINES_NONE;

	lines_init(&lines, BOUND);
	while (size > 0 && answer != LINES_TOO_LONG) {
		const size_t now = piece < size ? piece : size;
		char *into = lines_room(&lines, &room);

		if (into == NULL || room < now)
			abort();
		memcpy(into, data, now);
		lines_added(&lines, now);
		data += now;
		size -= now;
		while ((answer = lines_next(&lines, &line, &length)) == LINES_ONE) {
			count++;
			if (piece > 1)
				check_line(line, length);
		}
		if (piece % 2 != 0)
			(void)lines_give_back(&lines);
	}
	lines_finish(&lines);
	return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int prepared;

	if (!prepared)
		jsonrpc_prepare(1);
	prepared = 1;
	if (read_lines(data, size, LINE_READ) != read_lines(data, size, 1))
		abort();
	return 0;
}
