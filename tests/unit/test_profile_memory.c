/* Loading a profile when memory runs out at any point: the first allocation fails, then the second, and so
 * on until it loads. Each time there is a sentence, and nothing leaks (the sanitizer sees to that). */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/profile.h>

#include "network_hosts.h"

/* By the linker's --wrap: allocations of our own code come here. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);

static long until_failure = -1; /* below 0: never */

static int
fails(void)
{
	if (until_failure < 0 || until_failure-- > 0)
		return 0;
	errno = ENOMEM;
	return 1;
}

void *
__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

char *
__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

static const char text[] =
	"{\"cordonProfile\": 1, \"description\": \"d\", \"extends\": [], \"widens\": "
	"[\"filesystem.protect\"], \"network\": {\"allow\": [{\"host\": \"a.example\", \"why\": \"w\"}, "
	"{\"host\": \"*.b.example\"}], \"refuse\": [{\"host\": \"c.example\", \"why\": \"w\"}], "
	"\"private\": [{\"address\": \"10.0.0.1:1\", \"name\": \"d.test\", \"why\": \"w\"}]}, \"filesystem\": {\"read\": [\"/a\"], \"write\": [{\"path\": "
	"\"/b\", \"exec\": true}], \"hide\": [\"h\"], \"protect\": [\"p\"]}, \"exec\": {\"allow\": "
	"[\"/a\", \"@workspace\"]}, \"sockets\": \"inside\", \"environment\": {\"pass\": [\"A\"], "
	"\"set\": {\"B\": \"1\"}}, \"syscalls\": {\"rules\": [{\"why\": \"w\", \"names\": "
	"[\"read\"], "
	"\"groups\": [\"@debug\"], \"action\": \"allow\"}, {\"names\": [\"lseek\"], \"action\": "
	"\"kill\", \"when\": [{\"arg\": \"offset\", \"notIn\": [1, 2]}]}]}, \"approvals\": {\"default\": "
	"\"hold\", \"rules\": [{\"id\": \"i\", \"why\": \"w\", \"argv\": [\"a\", {\"oneOf\": [\"b\", \"c\"]}, "
	"{\"prefix\": \"d\"}, \"*\", \"...\"], \"decision\": \"refuse\", \"secret\": [\"*\", {\"after\": \"s\"}, {\"prefix\": \"t\"}], \"examples\": {\"match\": [[\"a\", "
	"\"b\", \"de\", \"f\"]]}}]}}";

Test(profile_memory, running_out_is_an_error_at_every_point, .timeout = 120)
{
	const struct cordon_profile_places places = { .read_host = network_read_host };
	char path[] = "/tmp/cordon-memory-XXXXXX.json";
	const int fd = mkstemps(path, 5);
	struct cordon_profile *profile = NULL;
	long n = 0;

	cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	for (; profile == NULL && n < 20000; n++) {
		struct cordon_error err = { 0 };

		until_failure = n;
		profile = cordon_profile_load(&places, path, &err);
		until_failure = -1;
		cr_assert(profile != NULL || (err.code != CORDON_OK && err.text[0] != '\0'), "%ld",
			n);
	}
	unlink(path);

	cr_assert(profile != NULL);
	cr_expect(n > 100, "%ld allocations", n);
	cr_expect_str_eq(profile->description, "d");
	cordon_profile_destroy(profile);
}
