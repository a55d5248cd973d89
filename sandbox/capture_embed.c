/* A step of the build: what is said to the kernel for a captured network, as bytes in C. Nothing of it depends on the run,
 * so that nobody has to make it at run time, and no process of ours has libnl in it.
 *
 * calls: none */
#include <stdio.h>
#include <stdlib.h>

#include "capture_batch.h"
#include "capture_messages.h"

static void
print(const char *name, const struct capture_batch *b)
{
	printf("const unsigned char %s[] = {", name);
	for (size_t i = 0; i < b->size; i++)
		printf("%s%u,", i % 16 == 0 ? "\n\t" : " ", b->data[i]);
	printf("\n};\nconst size_t %s_size = sizeof(%s);\n", name, name);
}

int
main(void)
{
	struct capture_batch route4 = { 0 }, route6 = { 0 }, rules = { 0 };
	int failed;

	capture_put_route4(&route4);
	capture_put_route6(&route6);
	capture_put_rules(&rules);
	failed = route4.failed || route6.failed || rules.failed;
	puts("/* Made by capture_embed.c; declared in capture_data.h. */\n#include <stddef.h>\n");
	print("capture_route4", &route4);
	print("capture_route6", &route6);
	print("capture_rules", &rules);
	capture_batch_finish(&route4);
	capture_batch_finish(&route6);
	capture_batch_finish(&rules);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
