/* From JSON text to a layer: shape and types, each key known, each error with its place. Here is the
 * entry, and what stands at the top of a profile; the sections have files of their own. Only
 * parse*.c know jansson. */
#include "parse.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "spelling.h"

#define TEXT_MAX  (1u << 20)
#define DEPTH_MAX 32

static int
take_any(struct parse *p, const char *key, const json_t *value)
{
	(void)p;
	(void)key;
	(void)value;
	return 0;
}

static int
take_version(struct parse *p, const char *key, const json_t *value)
{
	uint64_t version;

	if (parse_number(p, key, value, NULL, 0, UINT64_MAX, &version) == 0 && version == 1)
		return 0;
	return FAIL(p, key, "this build reads profiles of version 1 (\"cordonProfile\": 1)");
}

static int
take_text(struct parse *p, const char *key, const json_t *value, char **ret)
{
	if (parse_want(p, key, value, json_is_string(value), "a string") < 0)
		return -1;
	*ret = strdup(json_string_value(value));
	return *ret == NULL ? FAIL(p, key, "out of memory") : 0;
}

static int
take_name(struct parse *p, const char *key, const json_t *value)
{
	const char *text;

	if (take_text(p, key, value, &p->layer->name) < 0)
		return -1;
	text = p->layer->name;
	if (*text == '\0' || strlen(text) > LAYER_NAME_MAX ||
		strspn(text, LAYER_NAME_BYTES) != strlen(text) || text[0] == '.')
		return FAIL(p, key, "a name has 1 to 64 letters, digits, '.', '_' or '-'");
	return 0;
}

static int
take_description(struct parse *p, const char *key, const json_t *value)
{
	return take_text(p, key, value, &p->layer->description);
}

/* A pin: the profile loads only while it comes out as what somebody looked at. */
static int
take_digest(struct parse *p, const char *key, const json_t *value)
{
	static const char prefix[] = "sha256:";
	const size_t length = sizeof(prefix) - 1;

	if (parse_want(p, key, value, json_is_string(value), "a string") < 0)
		return -1;
	if (json_string_length(value) != length + CORDON_DIGEST_HEX - 1 ||
		strncmp(json_string_value(value), prefix, length) != 0 ||
		strspn(json_string_value(value) + length, "0123456789abcdef") !=
			CORDON_DIGEST_HEX - 1)
		return FAIL(p, key, "a digest is \"sha256:\" and 64 hexadecimal digits");
	memcpy(p->layer->digest, json_string_value(value) + length, CORDON_DIGEST_HEX);
	return 0;
}

static int
take_extends(struct parse *p, const char *key, const json_t *value)
{
	p->layer->has_extends = 1;
	if (parse_strings(p, key, value, &p->layer->parents) < 0)
		return -1;
	if (p->layer->parents.count > LAYER_PARENTS)
		return FAIL(p, key, "a profile extends at most %d others", LAYER_PARENTS);
	return 0;
}

/* What "widens" can name: what a layer may only narrow, and the sections around it. */
static const char *const widenable[] = { "filesystem", "filesystem.workspace", "filesystem.read",
	"filesystem.write", "filesystem.protect", "filesystem.tmp", "filesystem.tmp.size",
	"filesystem.tmp.files", "filesystem.tmp.exec", "exec", "exec.allow", "network",
	"network.allow", "network.private", "network.default", "network.limits",
	"network.limits.connections", "network.limits.rate", "network.limits.bytesOut",
	"network.limits.bytesIn", "network.limits.names", "sockets", "proc", "environment",
	"environment.pass", "limits", "limits.memory", "limits.processes", "limits.wall",
	"limits.cpu", "limits.output", "limits.openFiles", "limits.fileSize",
	"limits.memoryEnforced", "syscalls", "syscalls.rules", "syscalls.default", "approvals",
	"approvals.default", "approvals.rules", "approvals.noApprover", "mcp" };
#define WIDENABLE (sizeof(widenable) / sizeof(widenable[0]))

static int
take_widens(struct parse *p, const char *key, const json_t *value)
{
	char child[KEY_MAX];

	if (parse_strings(p, key, value, &p->layer->widens) < 0)
		return -1;
	for (size_t i = 0; i < p->layer->widens.count; i++) {
		const char *entry = p->layer->widens.items[i];
		struct spelling s;
		size_t k = 0;
		char hint[CALL_HINT];

		spelling_start(&s, entry);
		while (k < WIDENABLE && strcmp(widenable[k], entry) != 0)
			spelling_try(&s, widenable[k++]);
		parse_key(child, "%s/%zu", key, i);
		if (k == WIDENABLE)
			return FAIL(p, child, "'%s' is not a key that can be widened%s", entry,
				spelling_hint(&s, hint, sizeof(hint)));
	}
	return 0;
}

static int
take_top(struct parse *p, const json_t *root)
{
	static const struct parse_member members[] = { { "$schema", take_any },
		{ "cordonProfile", take_version }, { "name", take_name },
		{ "description", take_description }, { "digest", take_digest },
		{ "extends", take_extends }, { "widens", take_widens },
		{ "filesystem", parse_filesystem }, { "exec", parse_exec },
		{ "network", parse_network }, { "syscalls", parse_syscalls },
		{ "sockets", parse_sockets }, { "proc", parse_proc },
		{ "environment", parse_environment }, { "limits", parse_limits },
		{ "approvals", parse_approvals }, { "mcp", parse_mcp }, { NULL, NULL } };

	if (!json_is_object(root))
		return FAIL(p, "", "a profile is a JSON object");
	if (json_object_get(root, "cordonProfile") == NULL)
		return FAIL(p, "", "\"cordonProfile\": 1 is missing: is this a profile of cordon?");
	return parse_object(p, "", root, members);
}

/* Where the text is nested too deep, outside strings: looked at before jansson recurses. NULL: nowhere. */
static const char *
too_deep(const char *text, size_t size)
{
	int depth = 0, in_string = 0;

	for (size_t i = 0; i < size; i++) {
		if (in_string) {
			if (text[i] == '\\')
				i++;
			else if (text[i] == '"')
				in_string = 0;
		} else if (text[i] == '"') {
			in_string = 1;
		} else if (text[i] == '{' || text[i] == '[') {
			if (++depth > DEPTH_MAX)
				return &text[i];
		} else if (text[i] == '}' || text[i] == ']') {
			depth--;
		}
	}
	return NULL;
}

int
layer_parse(const char *text, size_t size, const char *file,
	const struct cordon_profile_places *places, struct layer *ret, struct cordon_error *err)
{
	static const struct cordon_profile_places nowhere;
	struct layer layer = { 0 };
	struct parse p = { .text = text,
		.file = file,
		.size = size,
		.places = places == NULL ? &nowhere : places,
		.layer = &layer,
		.err = err };
	json_error_t where;
	json_t *root;
	const char *deep = too_deep(text, size);
	unsigned line, column;
	int result;

	if (size > TEXT_MAX)
		return cordon_fail(
			err, CORDON_EINPUT, 0, "%s:1:1: a profile is at most 1 MiB long", file);
	if (deep != NULL) {
		layer_place(text, deep, &line, &column);
		return cordon_fail(err, CORDON_EINPUT, 0,
			"%s:%u:%u: a profile is nested at most %d levels deep", file, line, column,
			DEPTH_MAX);
	}
	root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);
	if (root == NULL)
		return cordon_fail(err, CORDON_EINPUT, 0, "%s:%d:%d: %s", file,
			where.line > 0 ? where.line : 1, where.column > 0 ? where.column : 1,
			where.text);
	result = take_top(&p, root);
	json_decref(root);
	if (result < 0) {
		layer_finish(&layer);
		return -1;
	}
	*ret = layer;
	return 0;
}
