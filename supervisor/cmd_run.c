/* cordon run: options, and the way from a command line to an exit status. */
#include "cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cordon/launcher.h>
#include <cordon/mem.h>
#include <cordon/text.h>

#include "local.h"
#include "monitor.h"
#include "network_words.h"
#include "owners.h"
#include "record.h"
#include "report.h"
#include "result.h"
#include "session.h"
#include "terminal.h"

#define SAID_DESTINATIONS 8

struct options {
	struct local_options prepare;
	const char *report;
	int json, verbose, quiet;
};

static const char usage[] =
	"Usage: cordon run [OPTION]... [--] COMMAND [ARGUMENT]...\n\n"
	"Runs COMMAND in a sandbox. It can use the system's programs and write the workspace,\n"
	"the current directory; it sees none of your other files, and has no network but what the\n"
	"profile lists.\n\n"
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
			o->prepare.profile = optarg;
			break;
		case 'e':
			if (local_add_env(&o->prepare, optarg, err) < 0)
				return -1;
			break;
		case OPT_CONFIG:
			o->prepare.config = optarg;
			break;
		case OPT_WORKSPACE:
			o->prepare.workspace = optarg;
			break;
		case OPT_CWD:
			o->prepare.cwd = optarg;
			break;
		case OPT_TIMEOUT:
			if (cordon_parse_time(optarg, &o->prepare.timeout_ms, err) < 0)
				return cordon_while(err, "--timeout");
			if (o->prepare.timeout_ms == 0)
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
			o->prepare.session = optarg;
			break;
		case OPT_WAIT:
			return cordon_fail(err, CORDON_EINPUT, 0,
				"--wait-approver: this build has no approver to wait for yet");
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
	o->prepare.command = argv + optind;
	o->prepare.count_output = o->json || o->report != NULL;
	return 0;
}

/* Everything that has to be there before a run can start. */
struct run {
	struct options options;
	struct local prepared;
	struct report report;
	char id[RUN_ID];
	struct ledger ledger;
	struct intent intent;
	struct run_network network;
	int launcher_link, launcher_pidfd;
	int ending; /* the link of a launcher that is ending; -1: nothing was executed */
};

static void
execute(struct run *r, struct run_outcome *outcome)
{
	struct local *p = &r->prepared;
	struct run_request request = {
		.plan = &p->plan,
		.launch = { .run = 1,
			.plan = 1,
			.argv = r->options.prepare.command,
			.env = p->env,
			.umask = p->umask,
			.tty = p->tty },
		.wall_ms = p->wall_ms,
		.output_bytes = p->profile->limits.output,
		.count_output = r->options.prepare.count_output,
		.intent = &r->intent,
	};

	if (cordon_network_opens(&p->profile->network)) {
		r->network.id = r->id;
		r->network.uid = geteuid();
		r->network.session = r->options.prepare.session;
		r->network.profile = p->profile;
		r->network.config = &p->config;
		r->network.intent = &r->intent;
		request.network = &r->network;
	}
	resolve_into_launch(&p->command, &p->workspace, &request.launch);
	if (request.launch.tty != 0)
		terminal_size(1, &request.launch.rows, &request.launch.columns);
	r->ending = monitor_run(&request, r->launcher_link, r->launcher_pidfd, outcome);
	outcome->network = r->network.report;
}

/* The ledger. What is refused there ends the run before it begins; what cannot be said any more afterwards,
 * people are told. */

#define TOKEN_LAST 2

static int
put_intent(struct run *r, struct cordon_error *err)
{
	const struct local *p = &r->prepared;
	size_t size = 0;
	char *payload = record_intent(&(const struct record_intent){ .run = r->id,
					      .uid = geteuid(),
					      .session = r->options.prepare.session,
					      .profile = p->profile,
					      .action = &p->action,
					      .digest = p->digest,
					      .decision = &p->decision,
					      .command = &p->command,
					      .workspace = &p->workspace,
					      .key = &p->key },
		&size);

	return intent_send(&r->intent, payload, size, err);
}

/* Returns 0 with *ret_sequence, or -1 after it was said. */
static int
put_last(struct run *r, const char *what, char *payload, size_t size, uint64_t *ret_sequence)
{
	struct cordon_error err = { 0 };

	if (ledger_append(&r->ledger, TOKEN_LAST, 0, payload, size, &err) == 0 &&
		ledger_await(&r->ledger, TOKEN_LAST, ret_sequence, &err) == 0)
		return 0;
	(void)cordon_while(&err, "%s is not on record", what);
	cmd_say(&err);
	return -1;
}

static void
put_end(struct run *r, struct run_outcome *o)
{
	size_t size = 0;
	char *payload;

	intent_settle(&r->intent);
	if (r->intent.state != INTENT_KEPT)
		return;
	o->has_intent = 1;
	o->intent = r->intent.sequence;
	payload = record_end(r->id, o->intent, o, &size);
	o->has_exit = put_last(r, "the end of the run", payload, size, &o->exit) == 0;
}

static void
put_refused(struct run *r, const struct run_outcome *o)
{
	const struct local *p = &r->prepared;
	const struct record_refused refused = { .uid = geteuid(),
		.session = r->options.prepare.session,
		.profile = r->options.prepare.profile,
		.digest = p->decided ? p->digest : NULL,
		.reason = o->error.reason,
		.rule = o->rule };
	uint64_t sequence;
	size_t size = 0;
	char *payload = record_refused(&refused, &size);

	(void)!put_last(r, "the refusal", payload, size, &sequence);
}

/* What was decided is what happens. Nobody can be asked: what is held is refused. */
static void
carry_out(struct run *r, struct run_outcome *outcome)
{
	struct local *p = &r->prepared;
	struct cordon_error err = { 0 };

	if (p->decision.verdict == CORDON_HOLD)
		p->decision = decide_unanswered(&p->decision);
	outcome_decide(outcome, &p->decision);
	if (decide_enforce(&p->decision, &p->action, p->profile, &err) < 0)
		outcome_fail(outcome, &err);
	else if (put_intent(r, &err) < 0)
		outcome_fail(outcome, &err);
	else
		execute(r, outcome);
	put_end(r, outcome);
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

	if (geteuid() != 0 || !owners_find_foreign(r->prepared.workspace.path, name, sizeof(name)))
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

/* What a program says of a destination that it was refused is seldom more than that it did not work. */
static void
say_network(const struct network_report *network)
{
	unsigned said = 0;

	for (unsigned i = 0; network != NULL && i < network->count && said < SAID_DESTINATIONS;
		i++) {
		const struct guard_line *line = &network->all[i].line;
		char port[24] = "";

		if (line->reason[0] == '\0')
			continue;
		said++;
		if (line->port != GUARD_NO_PORT)
			(void)snprintf(port, sizeof(port), " at port %u", line->port);
		fprintf(stderr, "cordon: the run %s '%s'%s: %s (%s)\n",
			line->allowed ? "had trouble with" : "was refused", line->host, port,
			network_words(line->reason), line->reason);
	}
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
	if (!o->quiet && r->network.lost.code != CORDON_OK)
		cmd_say(&r->network.lost);
	if (!o->quiet && (outcome->exit_code != 0 || o->verbose))
		say_network(outcome->network);
	if (o->verbose)
		say_refused(outcome);
	if (outcome->started && outcome->exit_code != 0 && !o->quiet)
		say_foreign(r);
	if (o->json || r->report.file >= 0)
		json = result_json(r->id, o->prepare.profile, r->prepared.profile, outcome);
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
	intent_close(&r->intent);
	ledger_finish(&r->ledger);
	if (r->ending >= 0)
		cordon_launcher_await(r->ending);
	report_finish(&r->report);
	run_network_finish(&r->network);
	local_finish(&r->prepared);
}

int
cmd_run(int argc, char **argv)
{
	struct run r = {
		.options = { .prepare = { .profile = "default", .timeout_ms = UINT64_MAX } },
		.report = { .directory = -1, .file = -1 },
		.ledger = LEDGER_NONE,
		.intent = INTENT_INIT(&r.ledger),
		.ending = -1
	};
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
	else if (result_make_id(r.id, &err) < 0 ||
		 report_open(r.options.report, &r.report, &err) < 0 ||
		 local_configure(&r.options.prepare, &r.prepared, &err) < 0 ||
		 ledger_start(&r.ledger, &r.prepared.config, &err) < 0 ||
		 local_prepare(&r.options.prepare, &r.prepared, &err) < 0)
		outcome_fail(outcome, &err);
	else
		carry_out(&r, outcome);
	if (outcome->reason == REASON_REFUSED && r.ledger.link >= 0)
		put_refused(&r, outcome);
	tell(&r, outcome);
	status = outcome->exit_code;
	finish(&r);
	free(outcome);
	return status;
}
