#include "network_profile.h"

#include <criterion/criterion.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "network_hosts.h"

static char directory[] = "/tmp/cordon-network-XXXXXX";
struct cordon_profile_places profile_places;
struct cordon_error profile_error;

void
begin_profiles(void)
{
	memcpy(directory + strlen(directory) - 6, "XXXXXX", 6);
	cr_assert(mkdtemp(directory) != NULL);
	profile_places = (struct cordon_profile_places){
		.directories = { directory }, .home = "/home/u", .read_host = network_read_host
	};
	memset(&profile_error, 0, sizeof(profile_error));
}

void
end_profiles(void)
{
	struct dirent *e;
	DIR *d = opendir(directory);

	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	rmdir(directory);
}

void
write_profile(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.json", directory, name);
	f = fopen(path, "w");
	cr_assert(f != NULL);
	fputs(text, f);
	fclose(f);
	chmod(path, 0600);
}

void
base_profile(const char *network)
{
	char text[8192];

	snprintf(text, sizeof(text), "{\"cordonProfile\": 1, \"extends\": [],\n \"network\": {%s}}",
		network);
	write_profile("base", text);
}

void
child_profile(const char *widens, const char *network)
{
	char text[8192];

	snprintf(text, sizeof(text),
		"{\"cordonProfile\": 1, \"extends\": [\"base\"], \"widens\": [%s],\n \"network\": {%s}}",
		widens, network);
	write_profile("child", text);
}

struct cordon_profile *
load_profile(const char *name)
{
	struct cordon_profile *p = cordon_profile_load(&profile_places, name, &profile_error);

	cr_assert(p != NULL, "%s", profile_error.text);
	return p;
}

const char *
profile_refusal(const char *name)
{
	struct cordon_profile *p = cordon_profile_load(&profile_places, name, &profile_error);
	const size_t length = strlen(directory);

	cordon_profile_destroy(p);
	if (p != NULL)
		return "accepted";
	cr_expect(profile_error.code == CORDON_EINPUT, "%s", profile_error.text);
	return strncmp(profile_error.text, directory, length) == 0 ? profile_error.text + length + 1
								   : profile_error.text;
}
