#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

#include "layer.h"

int
strings_add(struct cordon_strings *strings, const char *text)
{
	char **grown = realloc(strings->items, (strings->count + 1) * sizeof(*grown));

	if (grown == NULL)
		return -1;
	strings->items = grown;
	grown[strings->count] = strdup(text);
	if (grown[strings->count] == NULL)
		return -1;
	strings->count++;
	return 0;
}

void
strings_finish(struct cordon_strings *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		free(strings->items[i]);
	free(strings->items);
	*strings = (struct cordon_strings){ 0 };
}

int
strings_has(const struct cordon_strings *strings, const char *text)
{
	for (size_t i = 0; i < strings->count; i++)
		if (strcmp(strings->items[i], text) == 0)
			return 1;
	return 0;
}
