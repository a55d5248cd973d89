/* cordon doctor: what this machine gives, found by trying; and whether runs can be recorded. */
#include "cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <cordon/json.h>
#include <cordon/launcher.h>

#include "config.h"
#include "ledger_probe.h"

static const char usage[] =
	"Usage: cordon doctor [--json] [--workspace DIR]\n\n"
	"Tries each protection on this machine, as this user, and whether runs can be\n"
	"recorded, and says what to do about what is missing. Exit status: 0 when nothing\n"
	"is missing, else 1.\n";

static const char *const words[] = { "present", "degraded", "missing" };

/* An ordinary user's supplementary groups cannot be dropped: files that only they open, a run opens. */
static void
add_groups(struct cordon_protection *list, size_t *count)
{
	gid_t groups[256];
	const int found = geteuid() == 0 ? 0 : getgroups(256, groups);
	struct cordon_protection *p;
	size_t used = 0;

	if (found <= 0 || *count == CORDON_PROTECTIONS)
		return;
	p = &list[*count];
	memset(p, 0, sizeof(*p));
	for (int i = 0; i < found && used < sizeof(p->detail) - 16; i++)
		if (groups[i] != getegid())
			used += (size_t)snprintf(p->detail + used, sizeof(p->detail) - used, "%s%u",
				used == 0 ? "a run keeps the groups " : ", ", groups[i]);
	if (used == 0)
		return;
	p->name = "groups";
	p->presence = CORDON_DEGRADED;
	snprintf(p->remedy, sizeof(p->remedy),
		"only root can drop them; leave groups that open more than you want to grant");
	(*count)++;
}

static void
add_configuration(const struct config *config, struct cordon_protection *list, size_t *count)
{
	struct cordon_protection *p = &list[*count];

	if (!config->map_root || *count == CORDON_PROTECTIONS)
		return;
	/* What it is for: such runs are possible, and weaker. */
	for (size_t i = 0; i < *count; i++)
		if (strcmp(list[i].name, "idmapped-mounts") == 0 &&
			list[i].presence == CORDON_MISSING)
			list[i].presence = CORDON_DEGRADED;
	memset(p, 0, sizeof(*p));
	p->name = "mapRoot";
	p->presence = CORDON_DEGRADED;
	snprintf(p->detail, sizeof(p->detail),
		"on: root's runs on file systems without idmapping are host root inside");
	snprintf(p->remedy, sizeof(p->remedy), "take \"mapRoot\" out of the configuration");
	(*count)++;
}

static void
print_json(const struct cordon_protection *p)
{
	struct cordon_json *j = cordon_json_create(1u << 16);
	const char *text;

	if (j == NULL)
		return;
	cordon_json_object(j, NULL);
	cordon_json_string(j, "protection", p->name);
	cordon_json_string(j, "state", words[p->presence]);
	cordon_json_string(j, "detail", p->detail);
	cordon_json_string(j, "remedy", p->remedy[0] == '\0' ? NULL : p->remedy);
	cordon_json_end(j);
	text = cordon_json_text(j, NULL);
	if (text != NULL)
		puts(text);
	cordon_json_destroy(j);
}

static void
print_text(const struct cordon_protection *p)
{
	static const char *const colours[] = { "\033[32m", "\033[33m", "\033[31m" };
	const char *no_color = getenv("NO_COLOR");
	const int colour = isatty(1) && (no_color == NULL || no_color[0] == '\0');

	printf("%s%-9s%s %-16s %s\n", colour ? colours[p->presence] : "", words[p->presence],
		colour ? "\033[0m" : "", p->name, p->detail);
	if (p->remedy[0] != '\0')
		printf("%26s   %s\n", "->", p->remedy);
}

int
cmd_doctor(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
		{ "config", required_argument, NULL, 'c' },
		{ "workspace", required_argument, NULL, 'w' }, { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 } };
	struct cordon_protection list[CORDON_PROTECTIONS];
	const char *workspace = ".", *file = NULL;
	struct config config;
	struct cordon_error err = { 0 };
	size_t count;
	int option, json = 0, missing = 0, degraded = 0;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'j')
			json = 1;
		else if (option == 'c')
			file = optarg;
		else if (option == 'w')
			workspace = optarg;
		else {
			fputs(usage, option == 'h' ? stdout : stderr);
			return option == 'h' ? 0 : EXIT_SETUP;
		}
	}
	if (config_load(file, &config, &err) < 0) {
		cmd_say(&err);
		return EXIT_SETUP;
	}
	count = cordon_probe(workspace, list);
	add_groups(list, &count);
	add_configuration(&config, list, &count);
	if (count < CORDON_PROTECTIONS)
		ledger_probe(&config, &list[count++]);
	config_finish(&config);
	for (size_t i = 0; i < count; i++) {
		missing += list[i].presence == CORDON_MISSING;
		degraded += list[i].presence == CORDON_DEGRADED;
		if (json)
			print_json(&list[i]);
		else
			print_text(&list[i]);
	}
	if (!json)
		printf("\nRuns are %s as this user%s.\n", missing ? "NOT possible" : "possible",
			missing    ? ": what is named missing above has to be there"
			: degraded ? ", with what is named degraded above"
				   : ", and the floor is whole");
	return missing != 0;
}
