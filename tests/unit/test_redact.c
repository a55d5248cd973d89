/* What of a word is on record (A36), and how often refusals are (A37). */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redact.h"
#include "refusals.h"
#include "tail.h"

static const struct cordon_action_key key = { .bytes = { 1, 2, 3 } };

/* The redacted word with each digest replaced by "*". */
static void
redacted(const char *word, char out[512])
{
	size_t size = 0, used = 0;
	int failed;
	char *text = redact_urls(word, strlen(word), &key, &size, &failed);
	const char *at = text == NULL ? word : text;

	cr_assert(eq(int, failed, 0));
	while (*at != '\0' && used < 511) {
		if (strncmp(at, "<hmac-sha256:", 13) == 0) {
			cr_assert(eq(sz, strspn(at + 13, "0123456789abcdef"), 32));
			out[used++] = '*';
			at += 13 + 32;
		} else {
			out[used++] = *at++;
		}
	}
	out[used] = '\0';
	if (text != NULL)
		cr_expect(eq(sz, size, strlen(text)));
	free(text);
}

Test(redact, a36_user_information_and_values_of_urls_go)
{
	static const struct {
		const char *word, *shown;
	} cases[] = {
		{ "plain", "plain" },
		{ "", "" },
		{ "://", "://" },
		{ "https://h/p", "https://h/p" },
		{ "https://h/p?", "https://h/p?" },
		{ "https://u@h", "https://*:1>@h" },
		{ "https://u:pw@h:8/p", "https://*:4>@h:8/p" },
		{ "https://a@b@h/", "https://*:3>@h/" },
		{ "https://h?k=v", "https://h?k=*:1>" },
		{ "https://h/p?a=b&c=dd;e=f", "https://h/p?a=*:1>&c=*:2>;e=*:1>" },
		{ "https://h/?token", "https://h/?*:5>" },
		{ "https://h/?a=b=c&", "https://h/?a=*:3>&" },
		{ "https://h/?&&=x", "https://h/?&&=*:1>" },
		{ "https://h/#top", "https://h/#top" },
		{ "https://h/#access_token=x&y=z", "https://h/#access_token=*:1>&y=*:1>" },
		{ "https://h/?a=b#c=d", "https://h/?a=*:1>#c=*:1>" },
		{ "--url=http://u:p@h/", "--url=http://*:3>@h/" },
		{ "curl 'https://u:p@h/' and http://h?a=b done",
			"curl 'https://*:3>@h/' and http://h?a=*:1> done" },
		{ "https://u:p'w\"@h/", "https://*:6>@h/" },
		{ "x://y://u@h", "x://y://*:1>@h" },
		{ "https://w/https://u@h/?k=v", "https://w/https://*:1>@h/?k=*:1>" },
		{ "mail@example.org", "mail@example.org" },
		{ "https://h/me@there", "https://h/me@there" },
		{ "https://h/?a=\nb", "https://h/?a=\nb" },
	};
	char out[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		redacted(cases[i].word, out);
		cr_expect(eq(str, out, (char *)(uintptr_t)cases[i].shown), "%s", cases[i].word);
	}
}

Test(redact, equal_secrets_are_seen_to_be_equal_under_one_key_only)
{
	const struct cordon_action_key other = { .bytes = { 9 } };
	static const char word[] = "https://u:p@h/";
	size_t size;
	int failed;
	char *one = redact_urls(word, sizeof(word) - 1, &key, &size, &failed),
	     *two = redact_urls(word, sizeof(word) - 1, &key, &size, &failed),
	     *three = redact_urls(word, sizeof(word) - 1, &other, &size, &failed);

	cr_assert(one != NULL && two != NULL && three != NULL);
	cr_expect(eq(str, one, two));
	cr_expect(ne(str, one, three));
	free(one);
	free(two);
	free(three);
}

Test(refusals, a37_the_first_of_each_reason_is_taken_and_then_one_a_second)
{
	struct refusals r = { 0 };
	uint64_t left = 99;

	cr_expect(ne(int, refusals_take(&r, "a", 5, &left), 0));
	cr_expect(eq(u64, left, 0));
	for (int i = 0; i < 7; i++)
		cr_expect(eq(int, refusals_take(&r, "a", 5 + (uint64_t)i, &left), 0));
	cr_expect(ne(int, refusals_take(&r, "b", 6, &left), 0), "another reason");
	cr_expect(ne(int, refusals_take(&r, "a", 5 + REFUSALS_MS, &left), 0));
	cr_expect(eq(u64, left, 7));
	cr_expect(eq(int, refusals_take(&r, "a", 6 + REFUSALS_MS, &left), 0));
	cr_assert(refusals_left(&r) != NULL);
	cr_expect(refusals_left(&r) == NULL, "told once");
}

Test(refusals, what_is_left_over_is_told_reason_by_reason)
{
	struct refusals r = { 0 };
	uint64_t left;
	char name[16];
	const struct refusals_of *of;
	uint64_t all = 0;

	/* More reasons than there is room for: none is forgotten in the counts. */
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < REFUSALS_REASONS + 5; i++) {
			snprintf(name, sizeof(name), "r%d", i);
			all += refusals_take(&r, name, 1, &left) == 0;
		}
	while ((of = refusals_left(&r)) != NULL)
		all -= of->left_out;
	cr_expect(eq(u64, all, 0));
}

Test(tail, shows_what_is_on_record_the_oldest_first)
{
	static struct tail t;
	char *text, word[16];

	text = tail_text(&t, 32);
	cr_expect(eq(str, text, (char *)"[]"));
	free(text);
	tail_put(&t, 7, "{\"a\":1}", 7);
	tail_put(&t, 8, "{\"b\":2}", 7);
	tail_put(&t, 9, "{\"c\":3}", 7);
	cr_expect(ne(int, tail_settle(&t, 7, 1, 70), 0));
	cr_expect(ne(int, tail_settle(&t, 8, 0, 0), 0), "it is not on record");
	cr_expect(eq(int, tail_settle(&t, 7, 1, 71), 0), "an answer comes once");
	text = tail_text(&t, 32);
	cr_expect(eq(str, text, (char *)"[{\"sequence\":70,\"record\":{\"a\":1}}]"));
	free(text);
	cr_expect(ne(int, tail_settle(&t, 9, 1, 90), 0));
	text = tail_text(&t, 1);
	cr_expect(eq(str, text, (char *)"[{\"sequence\":90,\"record\":{\"c\":3}}]"));
	free(text);
	for (uint64_t i = 0; i < 2 * TAIL_RECORDS; i++) {
		snprintf(word, sizeof(word), "%d", (int)i);
		tail_put(&t, 100 + i, word, strlen(word));
		(void)tail_settle(&t, 100 + i, 1, i);
	}
	text = tail_text(&t, 2);
	cr_expect(eq(str, text,
		(char *)"[{\"sequence\":62,\"record\":62},{\"sequence\":63,\"record\":63}]"));
	free(text);
	tail_finish(&t);
}
