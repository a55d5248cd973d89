/* calls: none */
#include "handles.h"

#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

#include "siphash.h"

void
handles_init(struct handles *h, const uint64_t secret[4])
{
	*h = (struct handles){ 0 };
	memcpy(h->secret, secret, sizeof(h->secret));
}

void
handles_finish(struct handles *h)
{
	free(h->slots);
	h->slots = NULL;
	h->capacity = h->count = 0;
}

static struct handle_key
key_of(const struct handles *h, const char *handle)
{
	const size_t size = strlen(handle);
	struct handle_key key = { { siphash(h->secret, handle, size),
		siphash(h->secret + 2, handle, size) } };

	key.words[1] |= key.words[0] == 0; /* never the empty one */
	return key;
}

static int
is_empty(const struct handle_key *key)
{
	return key->words[0] == 0 && key->words[1] == 0;
}

/* Where key is, or the empty slot where it would be. */
static size_t
find(const struct handles *h, const struct handle_key *key)
{
	size_t i = key->words[0] & (h->capacity - 1);

	while (!is_empty(&h->slots[i]) && memcmp(&h->slots[i], key, sizeof(*key)) != 0)
		i = (i + 1) & (h->capacity - 1);
	return i;
}

static int
grow(struct handles *h)
{
	struct handles larger = *h;

	larger.capacity = h->capacity == 0 ? 64 : h->capacity * 2;
	larger.slots = cordon_array(larger.capacity, sizeof(*larger.slots));
	if (larger.slots == NULL)
		return -1;
	for (size_t i = 0; i < h->capacity; i++)
		if (!is_empty(&h->slots[i]))
			larger.slots[find(&larger, &h->slots[i])] = h->slots[i];
	free(h->slots);
	*h = larger;
	return 0;
}

enum handles_answer
handles_add(struct handles *h, const char *handle)
{
	const struct handle_key key = key_of(h, handle);
	size_t at;

	if (h->capacity > 0 && !is_empty(&h->slots[find(h, &key)]))
		return HANDLES_REUSED;
	if (h->count == HANDLES_MAX || ((h->count + 1) * 2 > h->capacity && grow(h) < 0))
		return HANDLES_FULL;
	at = find(h, &key);
	h->slots[at] = key;
	h->count++;
	return HANDLES_NEW;
}

int
handles_have(const struct handles *h, const char *handle)
{
	const struct handle_key key = key_of(h, handle);

	return h->capacity > 0 && !is_empty(&h->slots[find(h, &key)]);
}

void
handles_remove(struct handles *h, const char *handle)
{
	const struct handle_key key = key_of(h, handle);
	const size_t mask = h->capacity - 1;
	size_t hole;

	if (h->capacity == 0)
		return;
	hole = find(h, &key);
	if (is_empty(&h->slots[hole]))
		return;
	h->count--;
	/* What was pushed past the hole moves back, or it would not be found any more. */
	for (size_t i = (hole + 1) & mask; !is_empty(&h->slots[i]); i = (i + 1) & mask) {
		const size_t home = h->slots[i].words[0] & mask;

		if (((i - home) & mask) >= ((i - hole) & mask)) {
			h->slots[hole] = h->slots[i];
			hole = i;
		}
	}
	h->slots[hole] = (struct handle_key){ 0 };
}
