/* Sorted once; a name is searched for, and then each name that it is below. Strangers choose the names that are asked
 * for: at most 127 searches for each.
 *
 * calls: none */
#include "listing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

struct listing {
	int others; /* what nothing lists, too */
	size_t count;
	char *texts; /* of all, one after the other */
	struct entry {
		const char *text;
		unsigned char refused, below;
	} all[];
};

static int
by_text(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->text, ((const struct entry *)b)->text);
}

struct listing *
listing_create(const struct cordon_guard_serve *serve, struct cordon_error *err)
{
	struct listing *l =
		calloc(1, sizeof(*l) + serve->count * sizeof(l->all[0])); /* at most 4096 */
	size_t size = 1;
	char *at;

	for (size_t i = 0; i < serve->count; i++)
		size += strlen(serve->list[i].text) + 1;
	at = malloc(size);
	if (l == NULL || at == NULL) {
		free(l);
		free(at);
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not keep a list of names");
		return NULL;
	}
	l->others = serve->others;
	l->texts = at;
	l->count = serve->count;
	for (size_t i = 0; i < serve->count; i++) {
		const struct cordon_guard_name *n = &serve->list[i];
		const size_t room = strlen(n->text) + 1;

		memcpy(at, n->text, room);
		l->all[i] = (struct entry){
			.text = at, .refused = n->refused != 0, .below = n->below != 0
		};
		at += room;
	}
	qsort(l->all, l->count, sizeof(l->all[0]), by_text);
	return l;
}

void
listing_destroy(struct listing *l)
{
	if (l == NULL)
		return;
	free(l->texts);
	free(l);
}

/* The first entry of that text, or where it would be. */
static size_t
first(const struct listing *l, const char *text)
{
	size_t low = 0, high = l->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (strcmp(l->all[middle].text, text) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What the entries of that text say: below is asked for of the names that the one in question is below. */
static void
look(const struct listing *l, const char *text, int below, int *listed, int *refused)
{
	for (size_t i = first(l, text); i < l->count && strcmp(l->all[i].text, text) == 0; i++)
		if (l->all[i].below == below) {
			*listed |= !l->all[i].refused;
			*refused |= l->all[i].refused;
		}
}

int
listing_has(const struct listing *l, const char *name)
{
	int listed = l->others, refused = 0;

	look(l, name, 0, &listed, &refused);
	for (const char *dot = strchr(name, '.'); dot != NULL; dot = strchr(dot + 1, '.'))
		look(l, dot + 1, 1, &listed, &refused);
	return listed && !refused;
}
