#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <string.h>

#include <cordon/json.h>

Test(json, places_commas_and_escapes)
{
	struct cordon_json *j = cordon_json_create(1000);

	cordon_json_object(j, NULL);
	cordon_json_string(j, "a\"b", "x\n\\\x01\x7f");
	cordon_json_array(j, "list");
	cordon_json_u64(j, NULL, UINT64_MAX);
	cordon_json_i64(j, NULL, -1);
	cordon_json_object(j, NULL);
	cordon_json_end(j);
	cordon_json_end(j);
	cordon_json_bool(j, "yes", 1);
	cordon_json_string(j, "nothing", NULL);
	cordon_json_end(j);

	cr_assert(eq(str, (char *)cordon_json_text(j, NULL),
		"{\"a\\\"b\":\"x\\n\\\\\\u0001\\u007f\",\"list\":[18446744073709551615,-1,{}],"
		"\"yes\":true,\"nothing\":null}"));
	cordon_json_destroy(j);
}

Test(json, replaces_what_is_not_utf8)
{
	struct cordon_json *j = cordon_json_create(1000);

	/* a lone continuation, an overlong slash, a surrogate, beyond U+10FFFF, a cut character */
	cordon_json_bytes(j, NULL, "\x80 \xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80 \xe2\x82", 16);

	cr_assert(ne(ptr, (void *)cordon_json_text(j, NULL), NULL));
	for (const char *p = cordon_json_text(j, NULL); *p != '\0'; p++)
		cr_assert(ne(ptr, strchr("\" \xef\xbf\xbd", *p), NULL));
	cordon_json_destroy(j);
}

Test(json, fails_when_it_is_unfinished_or_too_long)
{
	struct cordon_json *j = cordon_json_create(20);

	cordon_json_object(j, NULL);
	cr_assert(eq(ptr, (void *)cordon_json_text(j, NULL), NULL));
	cordon_json_string(j, "key", "a text that is too long");
	cordon_json_end(j);
	cr_assert(eq(ptr, (void *)cordon_json_text(j, NULL), NULL));
	cordon_json_destroy(j);
}

Test(json, escapes_each_byte_that_needs_it_and_no_other)
{
	char text[127];
	struct cordon_json *j = cordon_json_create(4096);

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i + 1);

	cordon_json_bytes(j, NULL, text, sizeof(text));

	cr_assert(eq(str, (char *)(uintptr_t)cordon_json_text(j, NULL),
		"\"\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e\\u000f"
		"\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a\\u001b"
		"\\u001c\\u001d\\u001e\\u001f !\\\"#$%&'()*+,-./0123456789:;<=>?@"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\\\]^_`abcdefghijklmnopqrstuvwxyz{|}~\\u007f\""));
	cordon_json_destroy(j);
}
