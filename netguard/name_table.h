/* Names by text and by number. Strangers choose the names, so there is no hash that they could make slow. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>

#define NAME_TABLE_MAX 4096u /* A30 */

struct name_table {
	char **texts; /* by number: in the order in which they came */
	uint16_t *sorted; /* numbers, by text */
	size_t count, text_room, sorted_room;
};

void name_table_finish(struct name_table *t);
/* The number of a name, or -1. */
int name_table_find(const struct name_table *t, const char *text);
/* The number of a name that is new or was there already, or -1: full (ret_full is set), or no memory. */
int name_table_add(struct name_table *t, const char *text, int *ret_full) CORDON_CHECKED;
