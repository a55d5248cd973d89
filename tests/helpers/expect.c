#include "expect.h"

#include <criterion/criterion.h>

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include <linux/seccomp.h>

#include <cordon/bpf.h>

#include "calls.h"

#if defined(__x86_64__)
#define ARCH "x86_64"
#else
#define ARCH "aarch64"
#endif

/* A number, or names and numbers joined by '|'. */
static uint64_t
number_of(const char *table, const json_t *value)
{
	uint64_t sum = 0;
	char text[128], *rest = text, *word;

	if (json_is_integer(value))
		return (uint64_t)json_integer_value(value);
	cr_assert(json_is_string(value), "%s: an argument is a number or a string", table);
	snprintf(text, sizeof(text), "%s", json_string_value(value));
	while ((word = strsep(&rest, "|")) != NULL) {
		uint64_t one;

		cr_assert(call_constant(word, &one) == 0, "%s: '%s' is not known", table, word);
		sum |= one;
	}
	return sum;
}

static uint32_t
verdict_of(const char *table, const json_t *row)
{
	const char *text = json_string_value(json_object_get(row, "expect"));
	int error;

	cr_assert(text != NULL, "%s: a row without \"expect\"", table);
	if (strcmp(text, "allow") == 0)
		return SECCOMP_RET_ALLOW;
	if (strcmp(text, "kill") == 0)
		return SECCOMP_RET_KILL_PROCESS;
	if (strcmp(text, "notify") == 0)
		return SECCOMP_RET_USER_NOTIF;
	error = call_errno(text);
	cr_assert(error != 0, "%s: '%s' is no outcome", table, text);
	if (!json_is_true(json_object_get(row, "quiet")))
		error += CORDON_ERRNO_REPORTED;
	return SECCOMP_RET_ERRNO | (uint32_t)error;
}

static void
take_live(const char *table, const json_t *live, struct expect_row *ret)
{
	const char *text = json_string_value(live);

	ret->live = live != NULL && !json_is_false(live);
	if (text != NULL && strcmp(text, "ok") != 0) {
		ret->live_errno = call_errno(text);
		cr_assert(ret->live_errno != 0, "%s: '%s' is no errno", table, text);
	}
	cr_assert(!ret->live || (text != NULL) == (ret->verdict == SECCOMP_RET_ALLOW),
		"%s: a row says what the kernel answers exactly where it is asked", table);
}

static void
take_row(const char *table, const json_t *row, struct expect_row *ret)
{
	const char *name = json_string_value(json_object_get(row, "call"));
	const json_t *nr = json_object_get(row, "nr"), *args = json_object_get(row, "args");
	size_t i;
	json_t *value;

	*ret = (struct expect_row){ 0 };
	if (name != NULL) {
		cr_assert(cordon_syscall_number(name) >= 0, "%s: no call '%s'", table, name);
		ret->nr = (uint32_t)cordon_syscall_number(name);
	} else {
		ret->nr = (uint32_t)number_of(table, nr);
	}
	json_array_foreach(args, i, value)
	{
		cr_assert(i < 6);
		ret->args[i] = number_of(table, value);
	}
	ret->verdict = verdict_of(table, row);
	ret->foreign = json_is_true(json_object_get(row, "foreign"));
	take_live(table, json_object_get(row, "live"), ret);
	snprintf(ret->what, sizeof(ret->what), "%s: %s %u(0x%llx, 0x%llx, 0x%llx, 0x%llx)", table,
		name == NULL ? "call" : name, ret->nr, (unsigned long long)ret->args[0],
		(unsigned long long)ret->args[1], (unsigned long long)ret->args[2],
		(unsigned long long)ret->args[3]);
}

void
expect_load(const char *name, struct expect_table *ret)
{
	char path[512];
	json_error_t where;
	json_t *root, *row;
	size_t i;

	snprintf(path, sizeof(path), "%s/profiles/library/expect/%s.json", CORDON_SOURCE_DIR, name);
	root = json_load_file(path, JSON_REJECT_DUPLICATES, &where);
	cr_assert(root != NULL, "%s:%d: %s", path, where.line, where.text);
	ret->count = 0;
	json_array_foreach(json_object_get(root, "rows"), i, row)
	{
		const char *arch = json_string_value(json_object_get(row, "arch"));

		if (arch != NULL && strcmp(arch, ARCH) != 0)
			continue;
		cr_assert(ret->count < EXPECT_ROWS);
		take_row(name, row, &ret->rows[ret->count++]);
	}
	json_decref(root);
	cr_assert(ret->count > 0, "%s has no rows", path);
}

struct cordon_profile *
expect_profile(const char *name)
{
	const struct cordon_profile_places places = { .builtin_only = 1 };
	struct cordon_error err = { 0 };
	struct cordon_profile *profile = cordon_profile_load(&places, name, &err);

	cr_assert(profile != NULL, "%s", err.text);
	return profile;
}
