#include "audit_print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cordon/text.h>

void
audit_print_json(const struct cordon_ledger_record *record)
{
	printf("{\"sequence\":%" PRIu64 ",\"record\":", record->sequence);
	fwrite(record->payload, 1, record->payload_size, stdout);
	puts("}");
}

void
audit_print_export(
	const struct cordon_ledger_record *record, const uint8_t chain[CORDON_DIGEST_SIZE])
{
	char leaf_hex[CORDON_DIGEST_HEX] = "", chain_hex[CORDON_DIGEST_HEX];
	uint8_t leaf[CORDON_DIGEST_SIZE];

	if (cordon_ledger_leaf(record->payload, record->payload_size, leaf) == 0)
		cordon_digest_hex(leaf, leaf_hex);
	cordon_digest_hex(chain, chain_hex);
	printf("{\"sequence\":%" PRIu64 ",\"leaf\":\"%s\",\"chain\":\"%s\",\"record\":",
		record->sequence, leaf_hex, chain_hex);
	fwrite(record->payload, 1, record->payload_size, stdout);
	puts("}");
}

static void
print_escaped(const char *text, size_t size)
{
	char out[4 * 64 + 1];

	for (size_t done = 0; done < size; done += 64) {
		cordon_text_escape(
			text + done, size - done < 64 ? size - done : 64, out, sizeof(out));
		fputs(out, stdout);
	}
}

/* The end of the JSON string that begins at i, which is its quote. */
static size_t
skip_string(const char *json, size_t size, size_t i)
{
	for (i++; i < size && json[i] != '"'; i++)
		i += json[i] == '\\';
	return i < size ? i + 1 : size;
}

/* The end of the value that begins at i: the comma or brace after it. */
static size_t
skip_value(const char *json, size_t size, size_t i)
{
	for (int depth = 0; i < size;) {
		if (json[i] == '"') {
			i = skip_string(json, size, i);
			continue;
		}
		if (depth == 0 && (json[i] == ',' || json[i] == '}'))
			break;
		depth += (json[i] == '{' || json[i] == '[') - (json[i] == '}' || json[i] == ']');
		i++;
	}
	return i;
}

/* Named already, or of use for machines only. */
static int
is_dull(const char *key, size_t size)
{
	static const char *const dull[] = { "kind", "timeMs", "run", "uid", "profileDigest",
		"digest", "bootId" };

	for (size_t i = 0; i < sizeof(dull) / sizeof(dull[0]); i++)
		if (strlen(dull[i]) == size && memcmp(dull[i], key, size) == 0)
			return 1;
	return 0;
}

static void
print_members(const char *json, size_t size)
{
	size_t i = 1;

	while (i < size && json[i] == '"') {
		const size_t after = skip_string(json, size, i);
		const size_t end = skip_value(json, size, after + 1);
		const char *key = json + i + 1, *value = json + after + 1;

		if (end <= after + 1)
			break;
		if (!is_dull(key, after - i - 2) &&
			(end - after - 1 != 4 || memcmp(value, "null", 4) != 0)) {
			printf(" %.*s=", (int)(after - i - 2), key);
			print_escaped(value, end - after - 1);
		}
		i = end + 1;
	}
}

void
audit_print_line(const struct cordon_ledger_record *record, const struct cordon_ledger_about *about)
{
	const time_t seconds = (time_t)(about->time_ms / 1000);
	char when[32] = "?";
	struct tm tm;

	if (gmtime_r(&seconds, &tm) != NULL)
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	printf("%" PRIu64 " %s.%03uZ %s", record->sequence, when, (unsigned)(about->time_ms % 1000),
		cordon_ledger_kind_name(about->kind));
	if (about->run != NULL) {
		putchar(' ');
		print_escaped(about->run, about->run_size);
	}
	print_members((const char *)record->payload, record->payload_size);
	putchar('\n');
}
