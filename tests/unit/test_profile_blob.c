/* Effective profiles as bytes: what the build writes is what is read, and nothing else is taken for it. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "blob.h"
#include "rules.h"

static const char *const names[] = { "default", "readonly", "strict", "build", "python", "node",
	"net-client", "web" };

static struct cordon_profile *
load(const char *name)
{
	const struct cordon_profile_places places = { .builtin_only = 1 };
	struct cordon_error err = { 0 };
	struct cordon_profile *p = cordon_profile_load(&places, name, &err);

	cr_assert(p != NULL, "%s", err.text);
	return p;
}

Test(profile_blob, is_read_as_it_was_written)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct cordon_profile *p = load(names[i]), *back;
		struct cordon_writer first, second;

		cordon_writer_init(&first, 4u << 20);
		cordon_writer_init(&second, 4u << 20);
		blob_write(p, &first);
		back = blob_read(first.data, first.size);
		cr_assert(back != NULL);
		blob_write(back, &second);

		cr_expect(first.size == second.size &&
			  memcmp(first.data, second.data, first.size) == 0);
		cr_expect(back->rules->floor_count == p->rules->floor_count);
		cordon_profile_destroy(back);
		cordon_profile_destroy(p);
		cordon_writer_finish(&first);
		cordon_writer_finish(&second);
	}
}

/* What was embedded is proven once more, here. */
Test(profile_blob, the_embedded_filters_are_what_their_rules_say)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct cordon_profile *p = load(names[i]);
		struct cordon_error err = { 0 };

		cr_expect(rules_verify(p->rules, p->filter, p->filter_count, &err) == 0, "%s: %s",
			names[i], err.text);
		cordon_profile_destroy(p);
	}
}

Test(profile_blob, is_refused_when_cut_or_longer)
{
	struct cordon_profile *p = load("strict");
	struct cordon_writer w;
	uint8_t *copy;

	cordon_writer_init(&w, 4u << 20);
	blob_write(p, &w);
	copy = malloc(w.size + 1);
	memcpy(copy, w.data, w.size);
	copy[w.size] = 0;
	for (size_t size = 0; size < w.size; size += 1 + size / 64)
		cr_expect(blob_read(copy, size) == NULL, "%zu of %zu bytes", size, w.size);
	cr_expect(blob_read(copy, w.size - 1) == NULL);
	cr_expect(blob_read(copy, w.size + 1) == NULL);
	free(copy);
	cordon_writer_finish(&w);
	cordon_profile_destroy(p);
}
