/* cordon serve: options, and the order in which a monitor comes to be. */
#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

#include "control.h"
#include "floor_check.h"
#include "job_network.h"
#include "monitor_jail.h"
#include "plan_build.h"
#include "programs.h"
#include "serve_ledger.h"
#include "serve_main.h"

#define FILES_MIN 12

struct options {
	const char *profiles[CATALOGUE_MAX];
	size_t profile_count;
	const char *config, *workspace, *cwd, *listen;
};

static const char usage[] =
	"Usage: cordon serve [OPTION]...\n\n"
	"Runs commands in sandboxes for a program that asks by JSON-RPC 2.0, one message a line,\n"
	"on standard input and output, or on a Unix socket.\n\n"
	"      --stdio               on standard input and output (default)\n"
	"      --listen PATH         on a Unix socket of its own, for any number of callers\n"
	"  -p, --profile NAME|FILE   a profile that callers may name; again for more. The first is\n"
	"                            their default (without: default, readonly, strict)\n"
	"      --workspace DIR       the directory to work in (default: the current one)\n"
	"      --cwd DIR             where runs start that name no directory, below the workspace\n"
	"      --config FILE         read this configuration instead of yours\n"
	"      --help                print this\n\n"
	"It ends when its caller closes the pipe, or on SIGTERM, and all runs with it.\n";

/* Returns 0; 1 when help was printed; -1 with *err set. */
static int
parse_options(int argc, char **argv, struct options *o, struct cordon_error *err)
{
	enum { OPT_CONFIG = 256, OPT_WORKSPACE, OPT_CWD, OPT_LISTEN, OPT_STDIO };
	static const struct option options[] = { { "profile", required_argument, NULL, 'p' },
		{ "config", required_argument, NULL, OPT_CONFIG },
		{ "workspace", required_argument, NULL, OPT_WORKSPACE },
		{ "cwd", required_argument, NULL, OPT_CWD },
		{ "listen", required_argument, NULL, OPT_LISTEN },
		{ "stdio", no_argument, NULL, OPT_STDIO }, { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 } };
	int option, stdio = 0;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":p:h", options, NULL)) != -1) {
		switch (option) {
		case 'p':
			if (o->profile_count == CATALOGUE_MAX)
				return cordon_fail(err, CORDON_EINPUT, 0,
					"--profile was given more than %d times", CATALOGUE_MAX);
			o->profiles[o->profile_count++] = optarg;
			break;
		case OPT_CONFIG:
			o->config = optarg;
			break;
		case OPT_WORKSPACE:
			o->workspace = optarg;
			break;
		case OPT_LISTEN:
			o->listen = optarg;
			break;
		case OPT_CWD:
			o->cwd = optarg;
			break;
		case OPT_STDIO:
			stdio = 1;
			break;
		case 'h':
			fputs(usage, stdout);
			return 1;
		case ':':
			return cordon_fail(err, CORDON_EINPUT, 0,
				"option '%s' needs a value; see cordon serve --help",
				argv[optind - 1]);
		default:
			return cordon_fail(err, CORDON_EINPUT, 0,
				"unknown option '%s'; see cordon serve --help", argv[optind - 1]);
		}
	}
	if (optind != argc)
		return cordon_fail(err, CORDON_EINPUT, 0,
			"'%s' is not an option; see cordon serve --help", argv[optind]);
	if (stdio && o->listen != NULL)
		return cordon_fail(
			err, CORDON_EINPUT, 0, "--stdio and --listen exclude each other");
	if (o->profile_count == 0) {
		static const char *const standard[] = { "default", "readonly", "strict" };

		for (; o->profile_count < 3; o->profile_count++)
			o->profiles[o->profile_count] = standard[o->profile_count];
	}
	return 0;
}

/* The caller's bytes are its cordon-rpc's alone: the end of that has to be the end of ours. */
static int
leave_stdio(struct cordon_error *err)
{
	CORDON_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not leave the caller's pipe");
	return 0;
}

/* The first request shall not be slower than the next. What is wrong with the plan, a request is told. */
static void
warm_up(struct serve *s)
{
	const struct workspace none = { .path = "" };
	const struct cordon_profile *profile = s->catalogue.profiles[0];
	const struct workspace *workspace =
		profile->workspace == CORDON_ACCESS_NONE ? &none : &s->workspace;
	struct cordon_error ignored = { 0 };
	const struct plan_entry *plan = plans_get(s, profile, workspace->path, &ignored);

	if (plan != NULL)
		plans_keep_ready(s, plan, workspace);
}

/* With fewer there is not even an event loop. */
static int
check_descriptors(struct cordon_error *err)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= FILES_MIN)
		return 0;
	cordon_fail(err, CORDON_ELIMIT, 0,
		"no more than %llu descriptors may be open (ulimit -n), which are too few to begin",
		(unsigned long long)limit.rlim_cur);
	return cordon_because(err, "limit.descriptors");
}

static int
serve(struct serve *s, struct config *config, const struct options *o, struct cordon_error *err)
{
	char launcher[PATH_MAX], rpc[PATH_MAX];
	struct cordon_profile_places places;

	if (check_descriptors(err) < 0 || listen_check_inherited(err) < 0 ||
		programs_find("cordon-launcher", launcher, err) < 0 ||
		programs_find("cordon-rpc", rpc, err) < 0 ||
		config_load(o->config, config, err) < 0 || cordon_action_make_key(&s->key, err) < 0)
		return -1;
	s->config = config;
	s->rpc_path = rpc;
	places = config_places(config);
	if (catalogue_load(&s->catalogue, &places, o->profiles, o->profile_count, err) < 0 ||
		workspace_open(o->workspace, o->cwd, config, &s->workspace, err) < 0 ||
		floor_check(s, err) < 0 || serve_ledger_start(s, err) < 0 ||
		serve_begin(s, launcher, err) < 0 || serve_ledger_begin(s, err) < 0 ||
		serve_network_begin(s, err) < 0 || control_begin(s, err) < 0)
		return -1;
	if (o->listen != NULL ? listen_begin(s, o->listen, err) < 0
			      : caller_create(s, geteuid(), 0, 1, err) < 0 || leave_stdio(err) < 0)
		return -1;
	if (monitor_jail(o->listen != NULL ? rpc : NULL, err) < 0)
		return -1;
	warm_up(s);
	return serve_run(s, err);
}

int
cmd_serve(int argc, char **argv)
{
	struct serve *s = cordon_array(1, sizeof(*s));
	struct options o = { 0 };
	struct config config = { 0 };
	struct cordon_error err = { 0 };
	int status = s == NULL ? cordon_fail(&err, CORDON_ESYS, ENOMEM, "could not start")
			       : parse_options(argc, argv, &o, &err);

	if (status != 0) {
		cmd_say(&err);
		free(s);
		return status < 0 ? EXIT_SETUP : 0;
	}
	s->umask = umask(0);
	(void)umask(s->umask);
	s->launcher_link = s->launcher = s->lifeline = s->listener = s->signals = s->control = -1;
	s->ledger = (struct ledger)LEDGER_NONE;
	if (serve(s, &config, &o, &err) < 0) {
		/* There is no result that would tell the code. */
		if (err.reason[0] != '\0')
			(void)cordon_while(&err, "%s", err.reason);
		serve_fail(s, &err);
	}
	serve_finish(s);
	status = s->status;
	config_finish(&config);
	free(s);
	return status;
}
