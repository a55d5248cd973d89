/* cordon profile: list, show and check. */
#include "cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/json.h>
#include <cordon/mem.h>
#include <cordon/text.h>

#include "config.h"

static const char usage[] =
	"Usage: cordon profile list [--json]\n"
	"       cordon profile show [--json] NAME|FILE\n"
	"       cordon profile check NAME|FILE\n\n"
	"list names the profiles that -p can name: yours, the system's, the library's.\n"
	"show prints what a profile grants when all its layers are merged.\n"
	"check says nothing when a profile is good, and else where and why not.\n";

/* Names and descriptions come from files: nothing in them may steer the terminal. */
static void
print_escaped(const char *text, int width)
{
	char line[1024];

	(void)cordon_text_escape(text, strlen(text), line, sizeof(line));
	printf("%-*s", width, line);
}

static void
list_text(void *context, const char *name, const char *description, const char *origin)
{
	(void)context;
	print_escaped(name, 12);
	putchar(' ');
	print_escaped(description, 0);
	if (strcmp(origin, "library") != 0) {
		fputs("  (", stdout);
		print_escaped(origin, 0);
		putchar(')');
	}
	putchar('\n');
}

static void
list_json(void *context, const char *name, const char *description, const char *origin)
{
	struct cordon_json *j = cordon_json_create(1u << 16);
	const char *text;

	(void)context;
	if (j == NULL)
		return;
	cordon_json_object(j, NULL);
	cordon_json_string(j, "name", name);
	cordon_json_string(j, "description", description);
	cordon_json_string(j, "origin", origin);
	cordon_json_end(j);
	text = cordon_json_text(j, NULL);
	if (text != NULL)
		puts(text);
	cordon_json_destroy(j);
}

#define PRETTY_DEPTH 32

/* JSON on one line, laid out for reading: a level of indentation for each object and for lists that begin
 * with one; other lists stay on their line, with all that is in them. */
static void
print_pretty(const char *json)
{
	int spread[PRETTY_DEPTH] = { 0 }, depth = 0, in_string = 0;

	for (const char *p = json; *p != '\0'; p++) {
		const int opens = !in_string && (*p == '{' || *p == '['),
			  closes = !in_string && (*p == '}' || *p == ']');

		if (closes && spread[depth])
			printf("\n%*s", 2 * (depth - 1), "");
		putchar(*p);
		if (in_string && *p == '\\' && p[1] != '\0') {
			putchar(*++p);
			continue;
		}
		if (*p == '"')
			in_string = !in_string;
		if (opens && depth + 1 < PRETTY_DEPTH) {
			depth++;
			spread[depth] = (depth == 1 || spread[depth - 1]) && p[1] != '}' &&
					(*p == '{' || p[1] == '{');
		} else if (closes && depth > 0) {
			depth--;
		}
		if (opens && spread[depth])
			printf("\n%*s", 2 * depth, "");
		else if (!in_string && *p == ',' && spread[depth])
			printf("\n%*s", 2 * depth, "");
		else if (!in_string && (*p == ',' || *p == ':'))
			putchar(' ');
	}
	putchar('\n');
}

static struct cordon_profile *
load(const struct config *config, const char *name)
{
	const struct cordon_profile_places places = config_places(config);
	struct cordon_error err = { 0 };
	struct cordon_profile *profile = cordon_profile_load(&places, name, &err);

	cmd_say(&err);
	return profile;
}

static int
check(const struct config *config, const char *name)
{
	struct cordon_profile *profile = load(config, name);
	const int status = profile == NULL ? EXIT_SETUP : 0;

	cordon_profile_destroy(profile);
	return status;
}

static int
show(const struct config *config, const char *name, int json)
{
	struct cordon_profile *profile = load(config, name);
	CORDON_FREE char *text = NULL;

	if (profile == NULL)
		return EXIT_SETUP;
	text = cordon_profile_show(profile);
	cordon_profile_destroy(profile);
	if (text == NULL)
		return EXIT_SETUP;
	if (json)
		puts(text);
	else
		print_pretty(text);
	return 0;
}

int
cmd_profile(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
		{ "config", required_argument, NULL, 'c' }, { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 } };
	const char *file = NULL, *verb;
	struct config config;
	struct cordon_error err = { 0 };
	int option, json = 0, status = EXIT_SETUP;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'j')
			json = 1;
		else if (option == 'c')
			file = optarg;
		else {
			fputs(usage, option == 'h' ? stdout : stderr);
			return option == 'h' ? 0 : EXIT_SETUP;
		}
	}
	verb = optind < argc ? argv[optind] : "";
	if (config_load(file, &config, &err) < 0) {
		cmd_say(&err);
		return EXIT_SETUP;
	}
	if (strcmp(verb, "list") == 0 && optind + 1 == argc) {
		const struct cordon_profile_places places = config_places(&config);

		status = cordon_profile_list(&places, json ? list_json : list_text, NULL, &err) < 0
				 ? EXIT_SETUP
				 : 0;
		cmd_say(&err);
	} else if (strcmp(verb, "show") == 0 && optind + 2 == argc) {
		status = show(&config, argv[optind + 1], json);
	} else if (strcmp(verb, "check") == 0 && optind + 2 == argc) {
		status = check(&config, argv[optind + 1]);
	} else {
		fputs(usage, stderr);
	}
	config_finish(&config);
	return status;
}
