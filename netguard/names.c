/* calls: none */
#include "names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

#define FIRST 0xc6120000u /* 198.18.0.0 */
_Static_assert(NAMES_SKIPPED + NAME_TABLE_MAX <= 1u << 17, "they are all in 198.18.0.0/15");

struct names {
	struct name_table table;
	uint64_t max;
};

struct names *
names_create(void)
{
	struct names *n = cordon_array(1, sizeof(*n));

	if (n != NULL)
		n->max = NAME_TABLE_MAX;
	return n;
}

void
names_limit(struct names *n, uint64_t max)
{
	n->max = max < NAME_TABLE_MAX ? max : NAME_TABLE_MAX;
}

void
names_destroy(struct names *n)
{
	if (n == NULL)
		return;
	name_table_finish(&n->table);
	free(n);
}

size_t
names_count(const struct names *n)
{
	return n->table.count;
}

int
names_give(struct names *n, const struct cordon_host *name, struct cordon_address *ret,
	struct cordon_error *err)
{
	int full = 0, number;
	uint32_t address;

	if (name->kind != CORDON_HOST_NAME)
		return cordon_fail(err, CORDON_EPOLICY, 0, "'%s' is no name", name->text);
	number = name_table_find(&n->table, name->text);
	full = number < 0 && n->table.count >= n->max;
	if (number < 0 && !full)
		number = name_table_add(&n->table, name->text, &full);
	if (number < 0 && full) {
		cordon_fail(err, CORDON_ELIMIT, 0, "the run has asked for %llu names",
			(unsigned long long)n->max);
		return cordon_because(err, "net.budget");
	}
	if (number < 0)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not keep a name");
	address = FIRST + NAMES_SKIPPED + (uint32_t)number;
	*ret = (struct cordon_address){ .family = 4,
		.bytes = { (uint8_t)(address >> 24), (uint8_t)(address >> 16),
			(uint8_t)(address >> 8), (uint8_t)address } };
	return 0;
}

int
names_whose(const struct names *n, const struct cordon_address *address, struct cordon_host *ret,
	struct cordon_error *err)
{
	const struct cordon_address plain = cordon_address_unmapped(address);
	const uint8_t *b = plain.bytes;
	const uint32_t number =
		((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]) - FIRST -
		NAMES_SKIPPED;
	char text[CORDON_ADDRESS_TEXT];

	/* Below the first one the difference is larger than any count. */
	if (plain.family != 4 || number >= n->table.count) {
		cordon_address_print(&plain, text);
		cordon_fail(err, CORDON_EPOLICY, 0, "'%s' is no address of a name", text);
		return cordon_because(err, "net.not_listed");
	}
	*ret = (struct cordon_host){ .kind = CORDON_HOST_NAME };
	(void)snprintf(ret->text, sizeof(ret->text), "%s", n->table.texts[number]);
	return 0;
}
