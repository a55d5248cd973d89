/* A step of the build: loads each profile of the library and prints it as C (blob.h). */
#include <stdio.h>
#include <string.h>

#include "blob.h"
#include "library.h"

const struct blob_entry blob_entries[] = { { 0 } }; /* nothing is embedded yet */

/* Numbered, as a name need not be one in C. */
static int
print_profile(const char *name, unsigned number)
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
	printf("static const uint8_t blob_%u[] = {", number);
	for (size_t i = 0; i < w.size; i++)
		printf("%s%u,", i % 24 == 0 ? "\n" : "", w.data[i]);
	printf("\n};\n");
	cordon_writer_finish(&w);
	return w.failed ? -1 : 0;
}

int
main(void)
{
	const struct library_entry *e;
	unsigned number = 0;

	printf("#include \"blob.h\"\n\n");
	for (e = library_entries; e->name != NULL; e++)
		if (strcmp(e->name, "floor") != 0 && print_profile(e->name, number++) < 0)
			return 1;
	printf("const struct blob_entry blob_entries[] = {\n");
	number = 0;
	for (e = library_entries; e->name != NULL; e++) {
		if (strcmp(e->name, "floor") == 0)
			continue;
		printf("\t{ \"%s\", blob_%u, sizeof(blob_%u) },\n", e->name, number, number);
		number++;
	}
	printf("\t{ 0 },\n};\n");
	return 0;
}
