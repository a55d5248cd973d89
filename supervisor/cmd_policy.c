/* cordon policy: what would become of a command. Nothing is run, and nothing is changed. */
#include "cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/json.h>
#include <cordon/mem.h>
#include <cordon/text.h>

#include "local.h"
#include "outcome.h"
#include "session.h"

static const char usage[] =
	"Usage: cordon policy check [OPTION]... [--] COMMAND [ARGUMENT]...\n\n"
	"Says whether cordon run with the same options would allow COMMAND, hold it until somebody\n"
	"allows it, or refuse it, and by which rule of the profile. Nothing is run.\n\n"
	"  -p, --profile NAME|FILE   the profile that decides (default: default)\n"
	"      --workspace DIR       the directory to work in (default: the current one)\n"
	"      --cwd DIR             start in DIR, below the workspace\n"
	"  -e, --env NAME[=VALUE]    set a variable, or pass yours on\n"
	"      --timeout TIME        end it after TIME (500ms, 30s, 5m)\n"
	"      --session KEY         label the run: three parts, agent:channel:peer\n"
	"      --config FILE         read this configuration instead of yours\n"
	"      --json                print one line of JSON\n"
	"      --help                print this\n\n"
	"Exit status: 0 allowed; 75 held; 126 refused; 125 cordon could not do its part; 127 no such\n"
	"command.\n";

/* Returns 0; 1 when help was printed; -1 with *err set. */
static int
parse_options(
	int argc, char **argv, struct local_options *o, int *ret_json, struct cordon_error *err)
{
	static const struct option options[] = { { "profile", required_argument, NULL, 'p' },
		{ "env", required_argument, NULL, 'e' }, { "config", required_argument, NULL, 'c' },
		{ "workspace", required_argument, NULL, 'w' },
		{ "cwd", required_argument, NULL, 'd' },
		{ "timeout", required_argument, NULL, 't' },
		{ "session", required_argument, NULL, 's' }, { "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:p:e:h", options, NULL)) != -1) {
		int result = 0;

		switch (option) {
		case 'p':
			o->profile = optarg;
			break;
		case 'e':
			result = local_add_env(o, optarg, err);
			break;
		case 'c':
			o->config = optarg;
			break;
		case 'w':
			o->workspace = optarg;
			break;
		case 'd':
			o->cwd = optarg;
			break;
		case 't':
			result = cordon_parse_time(optarg, &o->timeout_ms, err);
			break;
		case 's':
			o->session = optarg;
			result = session_check_key(optarg, "--session", err);
			break;
		case 'j':
			*ret_json = 1;
			break;
		case 'h':
			fputs(usage, stdout);
			return 1;
		default:
			return cordon_fail(err, CORDON_EINPUT, 0,
				option == ':'
					? "option '%s' needs a value; see cordon policy --help"
					: "unknown option '%s'; see cordon policy --help",
				argv[optind - 1]);
		}
		if (result < 0)
			return -1;
	}
	if (optind == argc)
		return cordon_fail(
			err, CORDON_EINPUT, 0, "no command was given; see cordon policy --help");
	o->command = argv + optind;
	return 0;
}

/* NULL for what is not there. */
static void
print_json(const char *decision, const char *reason, const char *rule, const char *digest,
	const char *message)
{
	struct cordon_json *j = cordon_json_create(1u << 16);

	if (j == NULL)
		return;
	cordon_json_object(j, NULL);
	cordon_json_string(j, "decision", decision);
	cordon_json_string(j, "reason", reason);
	cordon_json_string(j, "rule", rule);
	cordon_json_string(j, "digest", digest);
	if (message[0] != '\0')
		cordon_json_string(j, "message", message);
	cordon_json_end(j);
	if (cordon_json_text(j, NULL) != NULL)
		puts(cordon_json_text(j, NULL));
	cordon_json_destroy(j);
}

static int
status_of(enum cordon_decision verdict)
{
	switch (verdict) {
	case CORDON_ALLOW:
		return 0;
	case CORDON_HOLD:
		return EXIT_HELD;
	default:
		return EXIT_REFUSED;
	}
}

static int
tell_decision(const struct local *p, int json)
{
	const struct decision *d = &p->decision;
	char hex[CORDON_DIGEST_HEX], digest[CORDON_DIGEST_HEX + 8];
	struct cordon_error err = { 0 };

	(void)!decide_enforce(d, &p->action, p->profile, &err);
	cordon_digest_hex(p->digest, hex);
	snprintf(digest, sizeof(digest), "sha256:%s", hex);
	if (json)
		print_json(cordon_decision_name(d->verdict),
			d->reason[0] == '\0' ? NULL : d->reason, d->rule, digest, err.text);
	else if (d->verdict == CORDON_ALLOW)
		printf("allow%s%s\n", d->rule == NULL ? "" : ": by rule ",
			d->rule == NULL ? "" : d->rule);
	else
		printf("%s: %s\n", cordon_decision_name(d->verdict), err.text);
	return status_of(d->verdict);
}

/* It did not come to a decision: a refusal with the status that cordon run would have. */
static int
tell_failure(const struct cordon_error *err, int json)
{
	struct run_outcome *outcome = cordon_array(1, sizeof(*outcome));
	int status = EXIT_SETUP;

	if (outcome != NULL) {
		outcome_fail(outcome, err);
		status = outcome->exit_code;
	}
	free(outcome);
	if (json && status == EXIT_REFUSED)
		print_json("refuse", err->reason[0] == '\0' ? NULL : err->reason, NULL, NULL,
			err->text);
	else
		cmd_say(err);
	return status;
}

int
cmd_policy(int argc, char **argv)
{
	struct local_options options = {
		.profile = "default", .timeout_ms = UINT64_MAX, .only_judge = 1
	};
	struct local *prepared = cordon_array(1, sizeof(*prepared));
	struct cordon_error err = { 0 };
	int json = 0, status = EXIT_SETUP;

	if (argc < 2 || strcmp(argv[1], "check") != 0) {
		const int help = argc == 2 && strcmp(argv[1], "--help") == 0;

		fputs(usage, help ? stdout : stderr);
		free(prepared);
		return help ? 0 : EXIT_SETUP;
	}
	if (prepared == NULL)
		return EXIT_SETUP;
	switch (parse_options(argc - 1, argv + 1, &options, &json, &err)) {
	case 0:
		status = local_configure(&options, prepared, &err) < 0 ||
					 local_prepare(&options, prepared, &err) < 0
				 ? tell_failure(&err, json)
				 : tell_decision(prepared, json);
		break;
	case 1:
		status = 0;
		break;
	default:
		cmd_say(&err);
	}
	local_finish(prepared);
	free(prepared);
	return status;
}
