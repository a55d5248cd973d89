#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdlib.h>
#include <string.h>

#include <cordon/ledger_format.h>
#include <cordon/ledger_payload.h>

static const uint8_t digest[CORDON_DIGEST_SIZE] = { 0xab };

Test(ledger_payload, of_an_intent_says_what_is_run_and_keeps_secrets)
{
	const struct cordon_ledger_argument argv[] = { { "curl", 4, NULL },
		{ "token-4711", 10, digest } };
	const struct cordon_ledger_intent intent = { .time_ms = 12,
		.run = "r-1",
		.uid = 1000,
		.session = "a:b:c",
		.profile = "default",
		.profile_digest = digest,
		.action_digest = digest,
		.decision = "allow",
		.executable = "/usr/bin/curl",
		.cwd = "/w",
		.argv = argv,
		.argc = 2 };
	size_t size;
	char *text = cordon_ledger_put_intent(&intent, &size);

	cr_assert(eq(str, text,
		"{\"kind\":\"intent\",\"timeMs\":12,\"run\":\"r-1\",\"uid\":1000,\"session\":\"a:b:c\","
		"\"profile\":\"default\",\"profileDigest\":"
		"\"sha256:ab00000000000000000000000000000000000000000000000000000000000000\",\"digest\":"
		"\"sha256:ab00000000000000000000000000000000000000000000000000000000000000\","
		"\"decision\":\"allow\",\"reason\":null,\"rule\":null,\"executable\":\"/usr/bin/curl\","
		"\"cwd\":\"/w\",\"workspace\":null,\"argv\":[\"curl\",{\"secret\":"
		"\"hmac-sha256:ab00000000000000000000000000000000000000000000000000000000000000\","
		"\"bytes\":10}],\"argvDropped\":0}"));
	cr_assert(eq(sz, size, strlen(text)));
	cr_assert(eq(ptr, strstr(text, "4711"), NULL));
	free(text);
}

/* The worst that can come: every text long, and every byte six in JSON. */
Test(ledger_payload, fits_whatever_it_says)
{
	static char long_text[1 << 17];
	struct cordon_ledger_argument argv[2000];
	struct cordon_ledger_intent intent = { .time_ms = UINT64_MAX,
		.run = long_text,
		.uid = UINT32_MAX,
		.session = long_text,
		.profile = long_text,
		.profile_digest = digest,
		.action_digest = digest,
		.decision = long_text,
		.reason = long_text,
		.rule = long_text,
		.executable = long_text,
		.cwd = long_text,
		.workspace = long_text,
		.argv = argv,
		.argc = 2000 };
	const struct cordon_ledger_refused refused = { .time_ms = UINT64_MAX,
		.run = long_text,
		.session = long_text,
		.profile = long_text,
		.action_digest = digest,
		.reason = long_text,
		.rule = long_text,
		.left_out = UINT64_MAX };
	size_t size;

	memset(long_text, 1, sizeof(long_text) - 1);
	for (size_t i = 0; i < 2000; i++)
		argv[i] = (struct cordon_ledger_argument){ long_text, sizeof(long_text) - 1, NULL };
	for (intent.argc = 0; intent.argc <= 2000; intent.argc += 500) {
		char *text = cordon_ledger_put_intent(&intent, &size);
		struct cordon_ledger_about about;

		cr_assert(ne(ptr, text, NULL));
		cr_assert(le(sz, size, CORDON_LEDGER_PAYLOAD_MAX));
		cr_assert(zero(int, cordon_ledger_payload_read(text, size, &about)));
		free(text);
	}
	char *text = cordon_ledger_put_refused(&refused, &size);
	cr_assert(ne(ptr, text, NULL));
	cr_assert(le(sz, size, CORDON_LEDGER_PAYLOAD_MAX));
	free(text);
}

Test(ledger_payload, counts_what_it_leaves_out)
{
	struct cordon_ledger_argument argv[300];
	const struct cordon_ledger_intent intent = { .run = "r", .argv = argv, .argc = 300 };
	char words[300][2], *text;
	size_t size, kept = 0;

	for (size_t i = 0; i < 300; i++) {
		memcpy(words[i], "z", 2);
		argv[i] = (struct cordon_ledger_argument){ words[i], 1, NULL };
	}
	text = cordon_ledger_put_intent(&intent, &size);
	for (const char *at = text; (at = strstr(at, "\"z\"")) != NULL; at++)
		kept++;

	cr_assert(eq(sz, kept, 256));
	cr_assert(ne(ptr, strstr(text, "\"argvDropped\":44"), NULL));
	free(text);
}

Test(ledger_payload, begins_with_what_it_is_about)
{
	const struct cordon_ledger_end end = { .time_ms = 5,
		.run = "a\"b",
		.intent = 41,
		.exit_code = -1,
		.signal = "SIGTERM",
		.reason = "signal",
		.processes = UINT64_MAX };
	const struct cordon_ledger_start start = {
		.time_ms = 7, .version = "1", .pid = 2, .uid = 3, .boot_id = "b"
	};
	const struct cordon_ledger_malformed malformed = {
		.time_ms = 9, .uid = 3, .reason = "json", .count = 2
	};
	struct cordon_ledger_about about;
	size_t size;
	char *text = cordon_ledger_put_end(CORDON_LEDGER_LOST, &end, &size);

	cr_assert(zero(int, cordon_ledger_payload_read(text, size, &about)));
	cr_assert(eq(int, about.kind, CORDON_LEDGER_LOST));
	cr_assert(eq(int, about.ends, 1));
	cr_assert(eq(u64, about.intent, 41));
	cr_assert(eq(sz, about.run_size, 4));
	cr_assert(zero(int, memcmp(about.run, "a\\\"b", 4)));
	cr_assert(ne(ptr, strstr(text, "\"exitCode\":null,\"signal\":\"SIGTERM\""), NULL));
	for (size_t cut = 0; cut < size; cut++)
		cr_assert(eq(int, cordon_ledger_payload_read(text, cut, &about), -1));
	free(text);
	text = cordon_ledger_put_start(&start, &size);
	cr_assert(zero(int, cordon_ledger_payload_read(text, size, &about)));
	cr_assert(eq(int, about.kind, CORDON_LEDGER_START));
	cr_assert(eq(ptr, (void *)about.run, NULL));
	free(text);
	text = cordon_ledger_put_malformed(&malformed, &size);
	cr_assert(eq(str, text,
		"{\"kind\":\"malformed\",\"timeMs\":9,\"uid\":3,\"reason\":\"json\",\"count\":2}"));
	free(text);
}

Test(ledger_payload, destinations_have_their_records)
{
	const char *const addresses[] = { "93.184.216.34", "2606:2800:220::1" };
	const struct cordon_ledger_connect connect = { .time_ms = 9,
		.run = "r",
		.uid = 3,
		.profile = "p",
		.host = "example.org",
		.port = 443,
		.decision = "allow",
		.addresses = addresses,
		.address_count = 2 };
	const struct cordon_ledger_traffic traffic = { .time_ms = 9,
		.run = "r",
		.host = "example.org",
		.port = 443,
		.connections = 2,
		.bytes_out = 10,
		.bytes_in = 20,
		.verified = "tls" };
	struct cordon_ledger_about about;
	size_t size;
	char *text = cordon_ledger_put_connect(&connect, &size);

	cr_assert(eq(str, text,
		"{\"kind\":\"connect\",\"timeMs\":9,\"run\":\"r\",\"uid\":3,\"session\":null,"
		"\"profile\":\"p\",\"host\":\"example.org\",\"port\":443,\"decision\":\"allow\","
		"\"reason\":null,\"addresses\":[\"93.184.216.34\",\"2606:2800:220::1\"],"
		"\"leftOut\":0}"));
	cr_assert(zero(int, cordon_ledger_payload_read(text, size, &about)));
	cr_assert(eq(int, about.kind, CORDON_LEDGER_CONNECT));
	cr_assert(zero(int, about.ends));
	free(text);
	text = cordon_ledger_put_traffic(&traffic, &size);
	cr_assert(eq(str, text,
		"{\"kind\":\"traffic\",\"timeMs\":9,\"run\":\"r\",\"host\":\"example.org\","
		"\"port\":443,\"connections\":2,\"bytesOut\":10,\"bytesIn\":20,"
		"\"verified\":\"tls\"}"));
	cr_assert(zero(int, cordon_ledger_payload_read(text, size, &about)));
	cr_assert(eq(int, about.kind, CORDON_LEDGER_TRAFFIC));
	free(text);
}

static void
check_unescaped(const char *text, const char *wanted)
{
	char out[64];
	const size_t size = cordon_ledger_unescape(text, strlen(text), out);

	cr_assert(eq(sz, size, strlen(wanted)), "%s", text);
	out[size] = '\0';
	cr_assert(eq(str, out, (char *)(uintptr_t)wanted));
}

Test(ledger_payload, a_text_is_read_as_it_was_meant)
{
	check_unescaped("", "");
	check_unescaped("plain \xc3\xbc", "plain \xc3\xbc");
	check_unescaped("\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t");
	check_unescaped("\\u0001\\u001F\\u007f!", "\x01\x1f\x7f!");
	/* What cordon never writes. */
	check_unescaped("\\u0000\\u00fc", "\xef\xbf\xbd\xef\xbf\xbd");
	check_unescaped("\\u00g0\\x\\u12", "00g012");
	check_unescaped("end\\", "end");
}
