/* calls: none */
#include "name_table.h"

#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

void
name_table_finish(struct name_table *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->texts[i]);
	free(t->texts);
	free(t->sorted);
	*t = (struct name_table){ 0 };
}

/* Where the name is among the sorted, or would be. */
static size_t
search(const struct name_table *t, const char *text, int *ret_found)
{
	size_t low = 0, high = t->count;

	*ret_found = 0;
	while (low < high && !*ret_found) {
		const size_t middle = low + (high - low) / 2;
		const int order = strcmp(text, t->texts[t->sorted[middle]]);

		if (order == 0)
			*ret_found = 1;
		if (order <= 0)
			high = middle;
		else
			low = middle + 1;
	}
	return high;
}

int
name_table_find(const struct name_table *t, const char *text)
{
	int found;
	const size_t at = search(t, text, &found);

	return found ? t->sorted[at] : -1;
}

int
name_table_add(struct name_table *t, const char *text, int *ret_full)
{
	int found;
	const size_t at = search(t, text, &found);
	char *copy;

	*ret_full = 0;
	if (found)
		return t->sorted[at];
	if (t->count == NAME_TABLE_MAX) {
		*ret_full = 1;
		return -1;
	}
	if (cordon_grow(&t->texts, &t->text_room, t->count + 1, NAME_TABLE_MAX, sizeof(char *)) <
			0 ||
		cordon_grow(&t->sorted, &t->sorted_room, t->count + 1, NAME_TABLE_MAX,
			sizeof(uint16_t)) < 0)
		return -1;
	copy = strdup(text);
	if (copy == NULL)
		return -1;
	memmove(t->sorted + at + 1, t->sorted + at, (t->count - at) * sizeof(uint16_t));
	t->sorted[at] = (uint16_t)t->count;
	t->texts[t->count] = copy;
	return (int)t->count++;
}
