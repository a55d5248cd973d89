/* Any address gets a class, and only what can be public is allowed: by a few lines that know no table. What
 * was parsed is printed so that it parses to the same. */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/address.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(int condition)
{
	if (!condition)
		abort();
}

/* What no public address is, from memory instead of from the tables. */
static int
is_surely_not_public(const struct cordon_address *a)
{
	const uint8_t *b = a->bytes;

	if (a->family == 6)
		return (b[0] & 0xe0) != 0x20 || (b[0] == 0x20 && b[1] == 0x02) ||
		       (b[0] == 0x20 && b[1] == 0x01 && b[2] < 2);
	return b[0] == 0 || b[0] == 10 || b[0] == 127 || b[0] >= 224 ||
	       (b[0] == 100 && b[1] >= 64 && b[1] < 128) || (b[0] == 169 && b[1] == 254) ||
	       (b[0] == 172 && b[1] >= 16 && b[1] < 32) || (b[0] == 192 && b[1] == 168);
}

static void
check(const struct cordon_address *a)
{
	const struct cordon_address plain = cordon_address_unmapped(a);
	const struct cordon_address_class class = cordon_address_judge(a, NULL, 0),
					  same = cordon_address_judge(&plain, NULL, 0),
					  own = cordon_address_judge(a, &plain, 1);
	struct cordon_address again;
	struct cordon_error err;
	char text[CORDON_ADDRESS_TEXT];

	require(class.name != NULL && class.source != NULL);
	require(class.allow == (strcmp(class.name, "public") == 0));
	require(strcmp(class.name, same.name) == 0 && !own.allow);
	require(!class.allow || !is_surely_not_public(&plain));
	cordon_address_print(a, text);
	require(cordon_address_parse(text, strlen(text), &again, &err) == 0 &&
		cordon_address_equal(a, &again));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cordon_address a = { .family = size >= 16 ? 6 : 4 };
	struct cordon_error err;
	char *text = malloc(size + (size == 0));

	if (size >= 4) {
		memcpy(a.bytes, data, size >= 16 ? 16 : 4);
		check(&a);
	}
	if (size > 0)
		memcpy(text, data, size);
	if (cordon_address_parse(text, size, &a, &err) == 0)
		check(&a);
	else
		require(strcmp(err.reason, "net.host") == 0);
	free(text);
	return 0;
}
