/* A step of the build: loads each profile of the library and prints it as C (blob.h). */
#include <stdio.h>
#include <string.h>

#include "blob.h"
#include "library.h"

const struct blob_entry blob_entries[] = { { 0 } }; /* nothing is embedded yet */

static int
print_profile(const char *name)
{
	const struct cordon_profile_places places = { .builtin_only = 1 };
	struct cordon_error err = { 0 };
	struct cordon_profile *profile = cordon_profile_load(&places, name, &err);
	struct cordon_writer w;

	if (profile == NULL) {
		fprintf(stderr, "embed: %s\n", err.text);
		return -1;
	}
	cordon_writer_init(&w, 4u << 20);
	blob_write(profile, &w);
	cordon_profile_destroy(profile);
	printf("static const uint8_t blob_%s[] = {", name);
	for (size_t i = 0; i < w.size; i++)
		printf("%s%u,", i % 24 == 0 ? "\n" : "", w.data[i]);
	printf("\n};\n");
	cordon_writer_finish(&w);
	return w.failed ? -1 : 0;
}

int
main(void)
{
	printf("#include \"blob.h\"\n\n");
	for (const struct library_entry *e = library_entries; e->name != NULL; e++)
		if (strcmp(e->name, "floor") != 0 && print_profile(e->name) < 0)
			return 1;
	printf("const struct blob_entry blob_entries[] = {\n");
	for (const struct library_entry *e = library_entries; e->name != NULL; e++)
		if (strcmp(e->name, "floor") != 0)
			printf("\t{ \"%s\", blob_%s, sizeof(blob_%s) },\n", e->name, e->name,
				e->name);
	printf("\t{ 0 },\n};\n");
	return 0;
}
