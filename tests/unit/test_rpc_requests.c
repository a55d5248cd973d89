/* From a line to checked parameters: what a caller may say, and what it hears when it says something else. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

#include "jsonrpc.h"
#include "params.h"
#include "scan.h"

static struct jsonrpc_message message;
static struct fault fault;

static void
end(void)
{
	jsonrpc_finish(&message);
}

TestSuite(rpc_requests, .fini = end, .timeout = 10);

static int
parse(const char *line)
{
	jsonrpc_finish(&message);
	fault = (struct fault){ 0 };
	return jsonrpc_parse(line, strlen(line), &message, &fault);
}

static void
expect_fault(const char *line, int code, const char *reason)
{
	cr_expect(eq(int, parse(line), -1), "%s", line);
	cr_expect(eq(int, fault.code, code), "%s: %s", line, fault.text);
	cr_expect(eq(str, fault.reason, (char *)reason), "%s: %s", line, fault.text);
}

Test(rpc_requests, a_request_has_method_id_and_parameters)
{
	cr_assert(eq(int,
		parse("{\"jsonrpc\":\"2.0\",\"id\":-7,\"method\":\"ping\",\"params\":{}}"), 0));
	cr_assert(eq(int, (int)message.id.kind, JSONRPC_ID_NUMBER));
	cr_assert(eq(i64, message.id.number, -7));
	cr_assert(eq(str, (char *)message.method, "ping"));
	cr_assert(ne(ptr, (void *)message.params, NULL));
	cr_assert(eq(int, parse("{\"jsonrpc\":\"2.0\",\"id\":\"\",\"method\":\"ping\"}"), 0));
	cr_assert(eq(int, (int)message.id.kind, JSONRPC_ID_TEXT));
	cr_assert(eq(ptr, (void *)message.params, NULL));
	cr_assert(eq(int, parse("{\"jsonrpc\":\"2.0\",\"method\":\"ping\"}"), 0));
	cr_assert(eq(int, (int)message.id.kind, JSONRPC_ID_NONE));
}

Test(rpc_requests, a_blank_line_is_none)
{
	cr_assert(eq(int, parse(""), 0));
	cr_assert(eq(ptr, (void *)message.method, NULL));
	cr_assert(eq(int, parse(" \t\r"), 0));
	cr_assert(eq(ptr, (void *)message.method, NULL));
}

Test(rpc_requests, what_is_no_json_is_a_parse_error)
{
	expect_fault("x", -32700, "json.syntax");
	expect_fault("{\"a\":1", -32700, "json.syntax");
	expect_fault("{} {}", -32700, "json.syntax");
	expect_fault("{\"a\":1,\"a\":2}", -32700, "json.syntax");
	expect_fault("{\"a\\u0000\":1}", -32700, "json.syntax");
	expect_fault("{\"a\":\"\xff\"}", -32700, "json.syntax");
	expect_fault("{\"a\":\"\xed\xa0\x80\"}", -32700, "json.syntax");
}

Test(rpc_requests, what_is_no_request_is_an_invalid_one)
{
	expect_fault("[]", -32600, "request.shape");
	expect_fault("1", -32600, "request.shape");
	expect_fault("null", -32600, "request.shape");
	expect_fault("{}", -32600, "request.version");
	expect_fault("{\"jsonrpc\":2.0,\"id\":1,\"method\":\"a\"}", -32600, "request.version");
	expect_fault("{\"jsonrpc\":\"2.0\",\"id\":1}", -32600, "request.method");
	expect_fault("{\"jsonrpc\":\"2.0\\u0000\",\"id\":1,\"method\":\"a\"}", -32600,
		"request.version");
	expect_fault(
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\\u0000\"}", -32600, "request.method");
	expect_fault("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":null}", -32600, "request.method");
	expect_fault("{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"a\"}", -32600, "request.id");
	expect_fault("{\"jsonrpc\":\"2.0\",\"id\":1.0,\"method\":\"a\"}", -32600, "request.id");
	expect_fault("{\"jsonrpc\":\"2.0\",\"id\":[],\"method\":\"a\"}", -32600, "request.id");
	expect_fault("{\"jsonrpc\":\"2.0\",\"id\":9223372036854775808,\"method\":\"a\"}", -32600,
		"request.number");
	expect_fault("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"params\":[]}", -32602,
		"params.type");
}

Test(rpc_requests, the_id_is_told_where_it_can_be_read)
{
	expect_fault("{\"id\":5,\"method\":\"a\"}", -32600, "request.version");
	cr_assert(eq(i64, message.id.number, 5));
}

Test(rpc_requests, an_id_has_a_bound)
{
	char line[600], id[JSONRPC_ID_BYTES + 2];

	memset(id, 'i', sizeof(id));
	id[JSONRPC_ID_BYTES] = '\0';
	snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"method\":\"a\"}", id);
	cr_assert(eq(int, parse(line), 0));
	id[JSONRPC_ID_BYTES] = 'i';
	id[JSONRPC_ID_BYTES + 1] = '\0';
	snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"method\":\"a\"}", id);
	expect_fault(line, -32600, "request.id");
}

static void
expect_scan(const char *begin, const char *repeated, int count, enum scan answer)
{
	const size_t size = strlen(begin), piece = strlen(repeated);
	char *line = malloc(size + piece * (size_t)count + 1);

	memcpy(line, begin, size);
	for (int i = 0; i < count; i++)
		memcpy(line + size + piece * (size_t)i, repeated, piece);
	cr_expect(eq(int, (int)scan_line(line, size + piece * (size_t)count), (int)answer),
		"%s%s... times %d", begin, repeated, count);
	free(line);
}

Test(rpc_requests, depth_and_number_of_values_are_bounded_before_a_tree_is_built)
{
	expect_scan("", "[", SCAN_DEPTH, SCAN_FINE);
	expect_scan("", "[", SCAN_DEPTH + 1, SCAN_DEEP);
	expect_scan("", "{\"a\":", SCAN_DEPTH + 1, SCAN_DEEP);
	expect_scan("", "[]", 1000, SCAN_FINE);
	expect_scan("\"", "[", 1000, SCAN_FINE);
	expect_scan("\"\\\"", "[", 1000, SCAN_FINE);
	expect_scan("[1", ",1", SCAN_VALUES - 3, SCAN_FINE);
	expect_scan("[1", ",1", SCAN_VALUES, SCAN_MANY);
	expect_scan("[1", ",[]", SCAN_VALUES / 2, SCAN_MANY);
	expect_fault("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", -32600,
		"limit.depth");
}

/* parameters */

struct values {
	const char *text;
	uint64_t number, inner;
	uint8_t flag;
	char **words, **fields;
	struct param_data data;
	struct param_env env, pairs;
};

#define AT(member) offsetof(struct values, member)

static const struct param inner_table[] = {
	{ "inner", PARAM_NUMBER, PARAM_REQUIRED, 1, 9, AT(inner), NULL }, { 0 }
};

static const struct param table[] = { { "text", PARAM_TEXT, PARAM_REQUIRED, 1, 4, AT(text), NULL },
	{ "number", PARAM_NUMBER, 0, 1, 1000, AT(number), NULL },
	{ "flag", PARAM_BOOL, 0, 0, 0, AT(flag), NULL },
	{ "data", PARAM_DATA, 0, 0, 0, AT(data), NULL },
	{ "words", PARAM_WORDS, 0, 1, 5, AT(words), NULL },
	{ "env", PARAM_ENV, 0, 0, 0, AT(env), NULL },
	{ "fields", PARAM_FIELDS, 0, 2, 5, AT(fields), NULL },
	{ "pairs", PARAM_PAIRS, PARAM_NULLABLE, 0, 0, AT(pairs), NULL },
	{ "object", PARAM_OBJECT, 0, 0, 0, 0, inner_table }, { "any", PARAM_ANY, 0, 0, 0, 0, NULL },
	{ 0 } };

static struct values values;

static int
take(const char *members)
{
	char line[1024];

	params_finish(table, &values);
	values = (struct values){ .number = UINT64_MAX };
	snprintf(line, sizeof(line),
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{%s}}", members);
	cr_assert(eq(int, parse(line), 0), "%s: %s", line, fault.text);
	return params_take(message.params, table, &values, &fault);
}

static void
drop(void)
{
	params_finish(table, &values);
	end();
}

TestSuite(rpc_params, .fini = drop, .timeout = 10);

static void
expect_wrong(const char *members, const char *reason, const char *name)
{
	cr_expect(eq(int, take(members), -1), "%s", members);
	cr_expect(eq(int, fault.code, -32602), "%s", members);
	cr_expect(eq(str, fault.reason, (char *)reason), "%s: %s", members, fault.text);
	cr_expect(ne(ptr, strstr(fault.text, name), NULL), "'%s' is not in '%s'", name, fault.text);
}

Test(rpc_params, are_taken_by_their_types)
{
	cr_assert(eq(int,
			  take("\"text\":\"abcd\",\"number\":1000,\"flag\":true,"
			       "\"words\":[\"a\",\"\",\"bcdef\"],"
			       "\"env\":{\"A\":\"1=2\",\"B\":null},"
			       "\"pairs\":[{\"name\":\"C\",\"value\":\"\"}],"
			       "\"object\":{\"inner\":9},\"any\":[{}]"),
			  0),
		"%s", fault.text);
	cr_assert(eq(str, (char *)values.text, "abcd"));
	cr_assert(eq(u64, values.number, 1000));
	cr_assert(eq(int, values.flag, 1));
	cr_assert(eq(str, values.words[2], "bcdef"));
	cr_assert(eq(ptr, values.words[3], NULL));
	cr_assert(eq(str, values.env.set[0], "A=1=2"));
	cr_assert(eq(ptr, values.env.set[1], NULL));
	cr_assert(eq(str, values.env.unset[0], "B"));
	cr_assert(eq(str, values.pairs.set[0], "C="));
	cr_assert(eq(u64, values.inner, 9));
}

Test(rpc_params, fields_are_names_and_values_in_turn)
{
	cr_assert(eq(int, take("\"text\":\"a\",\"fields\":{\"A=\":\"bcdef\",\"\":\"\"}"), 0), "%s",
		fault.text);
	cr_assert(eq(str, values.fields[0], "A="));
	cr_assert(eq(str, values.fields[1], "bcdef"));
	cr_assert(eq(str, values.fields[2], ""));
	cr_assert(eq(str, values.fields[3], ""));
	cr_assert(eq(ptr, values.fields[4], NULL));
	cr_assert(eq(int, take("\"text\":\"a\",\"fields\":{}"), 0), "%s", fault.text);
	cr_assert(eq(ptr, values.fields[0], NULL));
	expect_wrong("\"text\":\"a\",\"fields\":[]", "params.type", "'fields'");
	expect_wrong("\"text\":\"a\",\"fields\":{\"A\":null}", "params.type", "'fields'");
	expect_wrong("\"text\":\"a\",\"fields\":{\"A\":\"b\\u0000\"}", "params.type", "'fields'");
	expect_wrong("\"text\":\"a\",\"fields\":{\"A\":\"bcdefg\"}", "params.type", "'fields'");
	expect_wrong("\"text\":\"a\",\"fields\":{\"ABCDEF\":\"\"}", "params.type", "'fields'");
	expect_wrong("\"text\":\"a\",\"fields\":{\"A\":\"\",\"B\":\"\",\"C\":\"\"}", "params.type",
		"'fields'");
}

Test(rpc_params, what_is_not_given_stays)
{
	cr_assert(eq(int, take("\"text\":\"a\",\"pairs\":null"), 0));
	cr_assert(eq(u64, values.number, UINT64_MAX));
	cr_assert(eq(ptr, values.words, NULL));
}

Test(rpc_params, data_may_have_a_nul_and_names_may_not)
{
	cr_assert(eq(int, take("\"text\":\"a\",\"data\":\"a\\u0000b\""), 0), "%s", fault.text);
	cr_assert(eq(sz, values.data.size, 3));
	cr_assert(eq(int, memcmp(values.data.bytes, "a\0b", 3), 0));
	expect_wrong("\"text\":\"a\\u0000\"", "params.type", "'text'");
	expect_wrong("\"text\":\"a\",\"words\":[\"\\u0000\"]", "params.type", "'words'");
	expect_wrong("\"text\":\"a\",\"env\":{\"A\":\"\\u0000\"}", "params.type", "'env'");
	expect_wrong("\"text\":\"a\",\"data\":1", "params.type", "'data'");
}

Test(rpc_params, wrong_ones_are_named)
{
	expect_wrong("", "params.missing", "'text'");
	expect_wrong("\"text\":\"a\",\"nummer\":1", "params.unknown", "'nummer'");
	expect_wrong("\"text\":1", "params.type", "'text'");
	expect_wrong("\"text\":null", "params.type", "'text'");
	expect_wrong("\"text\":\"\"", "params.type", "'text'");
	expect_wrong("\"text\":\"abcde\"", "params.type", "'text'");
	expect_wrong("\"text\":\"a\",\"flag\":0", "params.type", "'flag'");
	expect_wrong("\"text\":\"a\",\"words\":\"a\"", "params.type", "'words'");
	expect_wrong("\"text\":\"a\",\"words\":[]", "params.type", "'words'");
	expect_wrong("\"text\":\"a\",\"words\":[1]", "params.type", "'words'");
	expect_wrong("\"text\":\"a\",\"words\":[\"abcdef\"]", "params.type", "'words'");
	expect_wrong("\"text\":\"a\",\"env\":[]", "params.type", "'env'");
	expect_wrong("\"text\":\"a\",\"env\":{\"A\":1}", "params.type", "'env'");
	expect_wrong("\"text\":\"a\",\"env\":{\"A=B\":\"1\"}", "params.type", "'env'");
	expect_wrong("\"text\":\"a\",\"env\":{\"\":\"1\"}", "params.type", "'env'");
	expect_wrong("\"text\":\"a\",\"pairs\":[{\"name\":\"A\"}]", "params.type", "'pairs'");
	expect_wrong("\"text\":\"a\",\"pairs\":[[]]", "params.type", "'pairs'");
	expect_wrong("\"text\":\"a\",\"object\":1", "params.type", "'object'");
	expect_wrong("\"text\":\"a\",\"object\":{}", "params.missing", "'object.inner'");
	expect_wrong("\"text\":\"a\",\"object\":{\"x\":1}", "params.unknown", "'object.x'");
	expect_wrong("\"text\":\"a\",\"\xc3\xa9\":1", "params.unknown", "xc3");
}

Test(rpc_params, numbers_are_read_exactly)
{
	expect_wrong("\"text\":\"a\",\"number\":0", "params.type", "'number'");
	expect_wrong("\"text\":\"a\",\"number\":1001", "params.type", "'number'");
	expect_wrong("\"text\":\"a\",\"number\":-1", "params.type", "'number'");
	expect_wrong("\"text\":\"a\",\"number\":1.0", "params.type", "'number'");
	expect_wrong("\"text\":\"a\",\"number\":1e2", "params.type", "'number'");
	expect_wrong("\"text\":\"a\",\"number\":\"1\"", "params.type", "'number'");
	expect_wrong("\"text\":\"a\",\"number\":9223372036854775807", "params.type", "'number'");
}
