/* cordon run: options, and the way from a command line to an exit status. */
#include "cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/launcher.h>
#include <cordon/mem.h>
#include <cordon/text.h>

#include "config.h"
#include "environ.h"
#include "monitor.h"
#include "owners.h"
#include "plan_build.h"
#include "report.h"
#include "resolve.h"
#include "result.h"
#include "session.h"
#include "terminal.h"
#include "workspace.h"

#define ENV_MAX 256

struct options {
	const char *profile, *config, *workspace, *cwd, *report;
	char *env[ENV_MAX];
	size_t env_count;
	uint64_t timeout_ms; /* UINT64_MAX: the profile's */
	int json, verbose, quiet;
	char **command;
};

static const char usage[] =
	"Usage: cordon run [OPTION]... [--] COMMAND [ARGUMENT]...\n\n"
	"Runs COMMAND in a sandbox. It can use the system's programs and write the workspace,\n"
	"the current directory; it has no network and sees none of your other files.\n\n"
	"  -p, --profile NAME|FILE   what the command may do (default: default)\n"
	"      --workspace DIR       the directory to work in (default: the current one)\n"
	"      --cwd DIR             start in DIR, below the workspace\n"
	"  -e, --env NAME[=VALUE]    set a variable, or pass yours on\n"
	"      --timeout TIME        end it after TIME (500ms, 30s, 5m)\n"
	"      --report FILE         write the result, as JSON, to FILE\n"
	"      --json                print the result, as one line of JSON, on standard error\n"
	"      --session KEY         label the run: three parts, agent:channel:peer\n"
	"      --config FILE         read this configuration instead of yours\n"
	"  -v, --verbose             also say what was refused\n"
	"  -q, --quiet               say nothing about how it ended\n"
	"      --help                print this\n\n"
	"Exit status: the command's own; 128+N when signal N ended it; 124 time limit; 125 cordon\n"
	"could not do its part; 126 refused, or not executable; 127 no such command.\n";

/* Returns 0; 1 when help was printed; -1 with *err set. */
static int
parse_options(int argc, char **argv, struct options *o, struct cordon_error *err)
{
	enum {
		OPT_CONFIG = 256,
		OPT_WORKSPACE,
		OPT_CWD,
		OPT_TIMEOUT,
		OPT_REPORT,
		OPT_JSON,
		OPT_HELP,
		OPT_SESSION,
		OPT_WAIT
	};
	static const struct option options[] = { { "profile", required_argument, NULL, 'p' },
		{ "env", required_argument, NULL, 'e' },
		{ "config", required_argument, NULL, OPT_CONFIG },
		{ "workspace", required_argument, NULL, OPT_WORKSPACE },
		{ "cwd", required_argument, NULL, OPT_CWD },
		{ "timeout", required_argument, NULL, OPT_TIMEOUT },
		{ "report", required_argument, NULL, OPT_REPORT },
		{ "json", no_argument, NULL, OPT_JSON },
		{ "session", required_argument, NULL, OPT_SESSION },
		{ "wait-approver", required_argument, NULL, OPT_WAIT },
		{ "verbose", no_argument, NULL, 'v' }, { "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, OPT_HELP }, { NULL, 0, NULL, 0 } };
	int option;

	opterr = 0;
	/* "+": options end at the command; "p:" and "-p" of the command are its own. */
	while ((option = getopt_long(argc, argv, "+:p:e:vqh", options, NULL)) != -1) {
		switch (option) {
		case 'p':
			o->profile = optarg;
			break;
		case 'e':
			if (o->env_count == ENV_MAX)
				return cordon_fail(err, CORDON_EINPUT, 0,
					"--env was given more than %d times", ENV_MAX);
			o->env[o->env_count++] = optarg;
			break;
		case OPT_CONFIG:
			o->config = optarg;
			break;
		case OPT_WORKSPACE:
			o->workspace = optarg;
			break;
		case OPT_CWD:
			o->cwd = optarg;
			break;
		case OPT_TIMEOUT:
			if (cordon_parse_time(optarg, &o->timeout_ms, err) < 0)
				return cordon_while(err, "--timeout");
			if (o->timeout_ms == 0)
				return cordon_fail(
					err, CORDON_EINPUT, 0, "--timeout must be more than 0");
			break;
		case OPT_REPORT:
			o->report = optarg;
			break;
		case OPT_JSON:
			o->json = 1;
			break;
		case OPT_SESSION:
			if (session_check_key(optarg, "--session", err) < 0)
				return -1;
			break;
		case OPT_WAIT:
			return cordon_fail(err, CORDON_EINPUT, 0,
				"--wait-approver: this build has no approvals yet");
		case 'v':
			o->verbose = 1;
			break;
		case 'q':
			o->quiet = 1;
			break;
		case 'h':
		case OPT_HELP:
			fputs(usage, stdout);
			return 1;
		case ':':
			return cordon_fail(err, CORDON_EINPUT, 0,
				"option '%s' needs a value; see cordon run --help",
				argv[optind - 1]);
		default:
			return cordon_fail(err, CORDON_EINPUT, 0,
				"unknown option '%s'; see cordon run --help", argv[optind - 1]);
		}
	}
	if (optind == argc)
		return cordon_fail(
			err, CORDON_EINPUT, 0, "no command was given; see cordon run --help");
	o->command = argv + optind;
	return 0;
}

/* Everything that has to be there before a run can start. */
struct run {
	struct options options;
	struct config config;
	struct cordon_profile *profile;
	struct workspace workspace;
	struct cordon_plan plan;
	struct command command;
	char **env;
	struct report report;
	char id[RUN_ID];
	int launcher_link, launcher_pidfd;
};

/* Without a workspace the run starts in its own home. */
static int
choose_workspace(struct run *r, struct cordon_error *err)
{
	const struct options *o = &r->options;

	if (r->profile->workspace != CORDON_ACCESS_NONE)
		return workspace_open(o->workspace, o->cwd, &r->config, &r->workspace, err);
	if (o->cwd != NULL || o->workspace != NULL)
		return cordon_fail(err, CORDON_EINPUT, 0,
			"%s: the profile '%s' grants no workspace (filesystem.workspace)",
			o->cwd != NULL ? "--cwd" : "--workspace", o->profile);
	snprintf(r->workspace.cwd, sizeof(r->workspace.cwd), "/home/user");
	return 0;
}

static int
prepare(struct run *r, struct cordon_error *err)
{
	const struct options *o = &r->options;
	struct cordon_profile_places places;

	if (result_make_id(r->id, err) < 0 || report_open(o->report, &r->report, err) < 0 ||
		config_load(o->config, &r->config, err) < 0)
		return -1;
	places = config_places(&r->config);
	r->profile = cordon_profile_load(&places, o->profile, err);
	if (r->profile == NULL) {
		/* An unknown profile is bad input, not an unknown command. */
		if (err->code == CORDON_ENOTFOUND)
			err->code = CORDON_EINPUT;
		return -1;
	}
	if (choose_workspace(r, err) < 0)
		return -1;
	if (plan_build(r->profile, r->workspace.path, &r->config, &r->plan, err) < 0)
		return -1;
	r->env = environ_build(r->profile, o->env, o->env_count, r->workspace.cwd, err);
	if (r->env == NULL)
		return -1;
	if (resolve_check_size(o->command, r->env, err) < 0)
		return -1;
	return resolve_command(o->command[0], environ_get(r->env, "PATH"), &r->plan, &r->workspace,
		&r->command, err);
}

/* The run gets a terminal of its own when it would talk to ours: input and output are one. */
static uint32_t
choose_tty(void)
{
	uint32_t tty = 0;

	if (!isatty(0) || !isatty(1))
		return 0;
	for (uint32_t i = 0; i < 3; i++)
		if (isatty((int)i))
			tty |= 1u << i;
	return tty;
}

static void
execute(struct run *r, struct run_outcome *outcome)
{
	const struct options *o = &r->options;
	const mode_t mask = umask(0);
	struct run_request request = {
		.plan = &r->plan,
		.launch = { .run = 1,
			.plan = 1,
			.argv = o->command,
			.env = r->env,
			.exe = r->command.path,
			.exe_identity = r->command.identity,
			.script = r->command.script,
			.cwd = r->workspace.cwd,
			.cwd_identity = r->workspace.cwd_identity,
			.workspace = r->workspace.path,
			.workspace_identity = r->workspace.identity,
			.umask = mask & 0777,
			.tty = choose_tty() },
		.wall_ms = r->profile->limits.wall_ms,
		.output_bytes = r->profile->limits.output,
		.count_output = o->json || o->report != NULL,
	};

	(void)umask(mask);
	if (o->timeout_ms < request.wall_ms)
		request.wall_ms = o->timeout_ms;
	if (request.launch.tty != 0)
		terminal_size(1, &request.launch.rows, &request.launch.columns);
	monitor_run(&request, r->launcher_link, r->launcher_pidfd, outcome);
}

static void
say_refused(const struct run_outcome *o)
{
	for (uint32_t i = 0; i < o->exited.refused_count; i++) {
		const struct cordon_refused *r = &o->exited.refused[i];
		const char *name = cordon_syscall_name(r->nr),
			   *error = strerrorname_np((int)r->error);

		fprintf(stderr, "cordon: refused %s(0x%llx, 0x%llx, 0x%llx) with %s, %llu time%s\n",
			name == NULL ? "an unknown call" : name, (unsigned long long)r->args[0],
			(unsigned long long)r->args[1], (unsigned long long)r->args[2],
			error == NULL ? "an errno" : error, (unsigned long long)r->count,
			r->count == 1 ? "" : "s");
	}
}

/* A command that failed in a workspace with files of several owners may have failed for that. */
static void
say_foreign(const struct run *r)
{
	struct cordon_error err = { 0 };
	char name[NAME_MAX + 1];

	if (geteuid() != 0 || !owners_find_foreign(r->workspace.path, name, sizeof(name)))
		return;
	cordon_fail(&err, CORDON_OK, 0,
		"note: '%s' in the workspace belongs to another user than the workspace itself, so "
		"inside it "
		"is nobody's and cannot be changed (\"Permission denied\", \"Value too large\"); "
		"chown it, or "
		"run cordon as its owner",
		name);
	cmd_say(&err);
}

static void
tell(struct run *r, struct run_outcome *outcome)
{
	const struct options *o = &r->options;
	struct cordon_error err = { 0 };
	CORDON_FREE char *json = NULL;

	if (!o->quiet || !outcome->started)
		cmd_say(&outcome->error);
	for (uint32_t i = 0; i < outcome->exited.starts_code_count && !o->quiet; i++)
		fprintf(stderr, "cordon: the run left '%s', which starts code when it is used\n",
			outcome->exited.starts_code[i]);
	if (o->verbose)
		say_refused(outcome);
	if (outcome->started && outcome->exit_code != 0 && !o->quiet)
		say_foreign(r);
	if (o->json || r->report.file >= 0)
		json = result_json(r->id, o->profile, r->profile, outcome);
	if (json == NULL)
		return;
	if (o->json)
		fprintf(stderr, "%s\n", json);
	if (report_write(&r->report, json, &err) < 0) {
		cmd_say(&err);
		if (outcome->exit_code == 0)
			outcome->exit_code = EXIT_SETUP;
	}
}

static void
finish(struct run *r)
{
	report_finish(&r->report);
	environ_free(r->env);
	cordon_plan_finish(&r->plan);
	cordon_profile_destroy(r->profile);
	config_finish(&r->config);
}

int
cmd_run(int argc, char **argv)
{
	struct run r = { .options = { .profile = "default", .timeout_ms = UINT64_MAX },
		.report = { .directory = -1, .file = -1 } };
	struct run_outcome *outcome = cordon_array(1, sizeof(*outcome));
	struct cordon_error err = { 0 };
	int status = outcome == NULL ? -1 : parse_options(argc, argv, &r.options, &err);

	if (status != 0) {
		cmd_say(&err);
		free(outcome);
		return status < 0 ? EXIT_SETUP : 0;
	}
	/* The launcher comes first: a small process without anything of the caller's (A10). */
	if (cordon_launcher_fork(&r.launcher_link, &r.launcher_pidfd, &err) < 0)
		outcome_fail(outcome, &err);
	else if (prepare(&r, &err) < 0)
		outcome_fail(outcome, &err);
	else
		execute(&r, outcome);
	tell(&r, outcome);
	status = outcome->exit_code;
	finish(&r);
	free(outcome);
	return status;
}
