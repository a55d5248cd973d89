/* Handles, base64, names of sessions. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handles.h"
#include "sessions.h"
#include "siphash.h"
#include <cordon/base64.h>

Test(rpc_words, siphash_is_what_its_authors_published)
{
	/* Appendix A of the paper. */
	const uint64_t key[2] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
	uint8_t message[15];

	for (uint8_t i = 0; i < 15; i++)
		message[i] = i;
	cr_assert(eq(u64, siphash(key, message, 15), 0xa129ca6149be45e5));
}

Test(rpc_words, a_handle_is_given_once)
{
	const uint64_t secret[4] = { 1, 2, 3, 4 };
	struct handles h;
	char name[32];

	handles_init(&h, secret);
	handles_remove(&h, "nothing");
	for (unsigned i = 0; i < HANDLES_MAX; i++) {
		snprintf(name, sizeof(name), "h%u", i);
		cr_assert(eq(int, (int)handles_add(&h, name), HANDLES_NEW));
	}
	for (unsigned i = 0; i < HANDLES_MAX; i += 7) {
		snprintf(name, sizeof(name), "h%u", i);
		cr_assert(eq(int, (int)handles_add(&h, name), HANDLES_REUSED));
	}
	cr_assert(eq(int, (int)handles_add(&h, "one more"), HANDLES_FULL));
	handles_remove(&h, "h5");
	cr_assert(eq(int, (int)handles_add(&h, "h5"), HANDLES_NEW));
	handles_finish(&h);
}

Test(rpc_words, what_is_taken_out_leaves_the_others_findable)
{
	const uint64_t secret[4] = { 5, 6, 7, 8 };
	struct handles h;
	char name[32];

	handles_init(&h, secret);
	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "%d", i);
		(void)handles_add(&h, name);
	}
	for (int i = 0; i < 2000; i += 2) {
		snprintf(name, sizeof(name), "%d", i);
		handles_remove(&h, name);
	}
	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "%d", i);
		cr_assert(eq(int, (int)handles_add(&h, name),
			i % 2 == 0 ? HANDLES_NEW : HANDLES_REUSED));
	}
	handles_finish(&h);
}

static void
expect_base64(const char *plain, const char *coded)
{
	size_t size;
	char *text = base64_encode(plain, strlen(plain), &size);
	uint8_t *data;

	cr_expect(eq(str, text, (char *)coded));
	cr_assert(eq(int, base64_decode(coded, strlen(coded), &data, &size), 0));
	cr_expect(eq(sz, size, strlen(plain)));
	cr_expect(eq(int, memcmp(data, plain, size), 0));
	free(data);
	free(text);
}

static void
expect_no_base64(const char *coded)
{
	uint8_t *data;
	size_t size;

	cr_expect(eq(int, base64_decode(coded, strlen(coded), &data, &size), -1), "%s", coded);
}

Test(rpc_words, base64_is_that_of_rfc_4648_and_nothing_else)
{
	expect_base64("", "");
	expect_base64("f", "Zg==");
	expect_base64("fo", "Zm8=");
	expect_base64("foo", "Zm9v");
	expect_base64("foobar", "Zm9vYmFy");
	expect_base64("\xff\xfe\xfb", "//77");
	expect_no_base64("Zg");
	expect_no_base64("Zg=");
	expect_no_base64("Zh==");
	expect_no_base64("Zm9=");
	expect_no_base64("====");
	expect_no_base64("Zg==Zg==");
	expect_no_base64("Zm9v\n");
	expect_no_base64("Zm-_");
	expect_no_base64("Z===");
}

Test(rpc_words, a_key_of_a_session_has_three_parts)
{
	cr_expect(eq(int, session_is_key("main:cli:u"), 1));
	cr_expect(eq(int, session_is_key("a.b_c+d@e-f:1:2"), 1));
	cr_expect(eq(int, session_is_key(""), 0));
	cr_expect(eq(int, session_is_key("a:b"), 0));
	cr_expect(eq(int, session_is_key("a:b:"), 0));
	cr_expect(eq(int, session_is_key(":b:c"), 0));
	cr_expect(eq(int, session_is_key("a:b:c:d"), 0));
	cr_expect(eq(int, session_is_key("a b:c:d"), 0));
	cr_expect(eq(int, session_is_key("sess_abc123"), 0));
}

static struct session
made(const char *workspace, const char *cwd, const char *profile)
{
	return (struct session){ .key = strdup("a:b:c"),
		.workspace = workspace == NULL ? NULL : strdup(workspace),
		.cwd = cwd == NULL ? NULL : strdup(cwd),
		.profile = profile == NULL ? NULL : strdup(profile) };
}

Test(rpc_words, a_session_that_is_opened_again_keeps_what_is_not_given)
{
	static struct sessions sessions;
	struct session s = made("/w", "/w/a", "strict");
	const struct session *kept = &sessions.list[0];

	cr_assert(eq(int, sessions_put(&sessions, &s), 0));
	s = made(NULL, NULL, "default");
	cr_assert(eq(int, sessions_put(&sessions, &s), 0));
	cr_assert(eq(int, (int)sessions.count, 1));
	cr_expect(eq(str, kept->workspace, "/w"));
	cr_expect(eq(str, kept->cwd, "/w/a"));
	cr_expect(eq(str, kept->profile, "default"));
	s = made("/other", NULL, NULL);
	cr_assert(eq(int, sessions_put(&sessions, &s), 0));
	cr_expect(eq(str, kept->workspace, "/other"));
	cr_expect(eq(ptr, kept->cwd, NULL));
	sessions_remove(&sessions, "a:b:c");
	cr_assert(eq(int, (int)sessions.count, 0));
	sessions_finish(&sessions);
}
