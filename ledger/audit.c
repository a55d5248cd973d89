/* cordon-ledger-read: what cordon ledger does. It reads and checks the record, and changes nothing.
 *
 * A program of its own, because the signatures need libcrypto's EVP interface, which links all of its
 * algorithms: 4.5 MiB and their relocations, a third of a millisecond for every start of cordon. cordon finds
 * the directory and passes it on with --path. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/json.h>
#include <cordon/ledger_read.h>
#include <cordon/mem.h>
#include <cordon/text.h>

#include "audit_print.h"
#include "audit_verify.h"

#define EXIT_SETUP     125 /* cordon could not do its part */
#define EXIT_NO_LEDGER 66 /* EX_NOINPUT, sysexits.h */
#define TAIL_RECORDS   10 /* that tail begins with */
#define TAIL_WAIT_MS   200 /* between two looks */

static const char usage[] =
	"Usage: cordon ledger verify [--json] [--key FILE] [--witness FILE]\n"
	"       cordon ledger show [--json] [--since TIME] [--run ID] [--last N]\n"
	"       cordon ledger tail [--json] [--run ID] [--last N]\n"
	"       cordon ledger export\n"
	"       cordon ledger prove SEQUENCE\n\n"
	"Reads the record of what cordon ran and refused. verify checks that nothing in it was changed,\n"
	"removed or added; prove prints the proof that one record is in it, which can be checked\n"
	"without cordon; export prints all of it as lines of JSON; tail goes on as records are written.\n\n"
	"      --path DIR            the directory of the ledger (default: yours)\n"
	"      --key FILE            check signatures with this public key, kept elsewhere\n"
	"      --witness FILE        compare with the checkpoints that were copied there, too\n"
	"      --config FILE         read this configuration instead of yours\n"
	"      --since TIME          not older than this: 30s, 5m, 2h, or 2026-11-26T12:00:00Z\n"
	"      --run ID              of this run only\n"
	"      --last N              the last N of them\n"
	"      --json                print JSON\n"
	"      --help                print this\n\n"
	"Exit status: 0; 1 the ledger is damaged or was altered; 66 there is none; 125 cordon could not\n"
	"do its part.\n";

struct ledger_options {
	const char *path, *key, *witness;
	int json;
	char *run; /* as it stands in JSON, owned; NULL: any */
	uint64_t since_ms;
	uint32_t last; /* UINT32_MAX: all */
	char **words; /* the rest of the command line */
	int word_count;
};

/* What a subcommand works on. */
struct ledger_place {
	int directory;
	uint8_t key[CORDON_SIGN_PUBLIC];
};

/* options */

static int
parse_since(const char *text, uint64_t *ret_ms, struct cordon_error *err)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d" };
	struct timespec now;
	uint64_t ago_ms, now_ms;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(text, forms[i], &tm);

		if (end != NULL && *end == '\0' && timegm(&tm) >= 0) {
			*ret_ms = (uint64_t)timegm(&tm) * 1000;
			return 0;
		}
	}
	if (cordon_parse_time(text, &ago_ms, err) < 0)
		return cordon_while(err, "--since");
	clock_gettime(CLOCK_REALTIME, &now);
	now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	*ret_ms = ago_ms < now_ms ? now_ms - ago_ms : 0;
	return 0;
}

/* The id as JSON spells it, which is how it is compared. */
static int
parse_run(const char *text, char **ret, struct cordon_error *err)
{
	struct cordon_json *j = cordon_json_create(CORDON_LEDGER_PAGE);
	const char *quoted = NULL;
	size_t size;

	if (j != NULL) {
		cordon_json_string(j, NULL, text);
		quoted = cordon_json_text(j, &size);
	}
	free(*ret);
	*ret = quoted == NULL ? NULL : strndup(quoted + 1, size - 2);
	cordon_json_destroy(j);
	if (*ret == NULL)
		return cordon_fail(err, CORDON_EINPUT, 0, "--run '%s' names no run", text);
	return 0;
}

/* Returns 0; 1 when help was printed; -1 with *err set. */
static int
parse_options(int argc, char **argv, struct ledger_options *o, struct cordon_error *err)
{
	static const struct option options[] = { { "path", required_argument, NULL, 'p' },
		{ "key", required_argument, NULL, 'k' },
		{ "witness", required_argument, NULL, 'w' },
		{ "since", required_argument, NULL, 's' }, { "run", required_argument, NULL, 'r' },
		{ "last", required_argument, NULL, 'l' }, { "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	int option, result = 0;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1 && result == 0) {
		switch (option) {
		case 'p':
			o->path = optarg;
			break;
		case 'k':
			o->key = optarg;
			break;
		case 'w':
			o->witness = optarg;
			break;
		case 's':
			result = parse_since(optarg, &o->since_ms, err);
			break;
		case 'r':
			result = parse_run(optarg, &o->run, err);
			break;
		case 'l':
			result = cordon_parse_u32(optarg, 0, UINT32_MAX - 1, &o->last, err);
			break;
		case 'j':
			o->json = 1;
			break;
		case 'h':
			fputs(usage, stdout);
			return 1;
		default:
			return cordon_fail(err, CORDON_EINPUT, 0,
				option == ':'
					? "option '%s' needs a value; see cordon ledger --help"
					: "unknown option '%s'; see cordon ledger --help",
				argv[optind - 1]);
		}
	}
	o->words = argv + optind;
	o->word_count = argc - optind;
	return result;
}

/* places */

static int
read_key(const char *file, uint8_t out[CORDON_SIGN_PUBLIC], struct cordon_error *err)
{
	CORDON_CLOSE int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	CORDON_FREE char *text = NULL;
	size_t size;

	if (fd < 0)
		return cordon_fail(err, CORDON_EINPUT, errno, "could not open --key '%s'", file);
	if (cordon_fd_slurp(fd, CORDON_LEDGER_PUBLIC_MAX, &text, &size, err) < 0 ||
		cordon_ledger_public_decode(text, size, out, err) < 0)
		return cordon_while(err, "--key '%s'", file);
	return 0;
}

/* Opens the directory of the ledger and reads the public key. */
static int
open_place(const struct ledger_options *o, struct ledger_place *ret, struct cordon_error *err)
{
	const char *path = o->path;

	if (path == NULL)
		return cordon_fail(err, CORDON_EINPUT, 0, "--path names no ledger");
	ret->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ret->directory < 0)
		return cordon_fail(err, errno == ENOENT ? CORDON_ENOTFOUND : CORDON_ESYS, errno,
			"could not open the ledger '%s'", path);
	if (faccessat(ret->directory, "segment-00000000", F_OK, AT_EACCESS) < 0 && errno == ENOENT)
		return cordon_fail(err, CORDON_ENOTFOUND, 0, "there is no ledger in '%s'", path);
	if (o->key != NULL)
		return read_key(o->key, ret->key, err);
	if (cordon_ledger_read_public(ret->directory, ret->key, err) < 0) {
		/* A ledger whose key somebody took away is altered, and not absent. */
		err->code = err->code == CORDON_ENOTFOUND ? CORDON_EPEER : err->code;
		return cordon_while(err, "'%s'", path);
	}
	return 0;
}

static int
status_of(const struct cordon_error *err)
{
	switch (err->code) {
	case CORDON_ENOTFOUND:
		return EXIT_NO_LEDGER;
	case CORDON_EPEER:
	case CORDON_EPOLICY:
		return EXIT_DAMAGED;
	default:
		return EXIT_SETUP;
	}
}

/* show, tail, export */

/* How a record is printed. */
enum ledger_form { FORM_LINE, FORM_JSON, FORM_EXPORT };

/* One way through all records. */
struct ledger_walk {
	const struct ledger_options *options;
	struct cordon_ledger_reader *reader;
	enum ledger_form form;
	uint64_t skip; /* matching ones that are not printed */
};

static int
matches(const struct ledger_options *o, const struct cordon_ledger_about *about)
{
	return about->time_ms >= o->since_ms &&
	       (o->run == NULL || (about->run != NULL && strlen(o->run) == about->run_size &&
					  memcmp(o->run, about->run, about->run_size) == 0));
}

static void
print_record(const struct ledger_walk *w, const struct cordon_ledger_record *record,
	const struct cordon_ledger_about *about)
{
	if (w->form == FORM_JSON)
		audit_print_json(record);
	else if (w->form == FORM_EXPORT)
		audit_print_export(record, cordon_ledger_reader_state(w->reader)->chain);
	else
		audit_print_line(record, about);
}

/* Prints the records up to the end, but the first w->skip; *ret_count is increased by all that match.
 * Returns 0, or -1 with *err set. */
static int
walk(struct ledger_walk *w, int print, uint64_t *ret_count, struct cordon_error *err)
{
	struct cordon_ledger_record record;
	struct cordon_ledger_about about;
	enum cordon_ledger_found found;

	for (;;) {
		found = cordon_ledger_reader_next(w->reader, &record, NULL, err);
		if (found != CORDON_LEDGER_RECORD)
			break;
		if (cordon_ledger_payload_read(record.payload, record.payload_size, &about) < 0)
			return cordon_fail(err, CORDON_EPEER, 0,
				"record %" PRIu64 " is none that cordon writes", record.sequence);
		if (!matches(w->options, &about))
			continue;
		if (print && *ret_count >= w->skip)
			print_record(w, &record, &about);
		++*ret_count;
	}
	if (found == CORDON_LEDGER_DAMAGED)
		return cordon_while(err, "the ledger is damaged at record %" PRIu64,
			cordon_ledger_reader_state(w->reader)->tree.size);
	if (found == CORDON_LEDGER_FAILED)
		return -1;
	*err = (struct cordon_error){ 0 }; /* a torn tail is an end */
	return 0;
}

/* Goes on as records are written; ends by a signal, or when nobody reads any more. */
static int
follow(struct ledger_walk *w, uint64_t *count, struct cordon_error *err)
{
	const struct timespec pause = { .tv_nsec = TAIL_WAIT_MS * 1000000L };

	while (fflush(stdout) == 0 && !ferror(stdout)) {
		nanosleep(&pause, NULL);
		if (walk(w, 1, count, err) < 0)
			return -1;
	}
	return 0;
}

static int
print_records(const struct ledger_options *o, const struct ledger_place *place,
	enum ledger_form form, int forever, struct cordon_error *err)
{
	struct ledger_walk w = { .options = o, .form = form };
	uint64_t count = 0;
	int result = 0;

	if (o->last != UINT32_MAX) {
		w.reader = cordon_ledger_reader_create(place->directory, err);
		result = w.reader == NULL ? -1 : walk(&w, 0, &count, err);
		w.skip = count > o->last ? count - o->last : 0;
		cordon_ledger_reader_destroy(w.reader);
		count = 0;
		/* Of a damaged ledger is shown what can be; the second way says what is wrong. */
		if (result < 0 && err->code != CORDON_EPEER)
			return -1;
	}
	w.reader = cordon_ledger_reader_create(place->directory, err);
	if (w.reader == NULL)
		return -1;
	result = walk(&w, 1, &count, err);
	if (result == 0 && forever)
		result = follow(&w, &count, err);
	cordon_ledger_reader_destroy(w.reader);
	return result;
}

/* prove */

static int
do_prove(const struct ledger_options *o, const struct ledger_place *place, struct cordon_error *err)
{
	CORDON_FREE char *proof = NULL;
	uint64_t sequence;

	if (cordon_parse_u64(o->words[1], 0, UINT64_MAX - 1, &sequence, err) < 0)
		return -1;
	proof = cordon_ledger_prove(place->directory, place->key, sequence, err);
	if (proof == NULL) {
		/* There is a ledger; it is the record that there is not, or not yet. */
		err->code = err->code == CORDON_ENOTFOUND ? CORDON_EINPUT : err->code;
		return -1;
	}
	puts(proof);
	return 0;
}

static int
run_subcommand(struct ledger_options *o, const struct ledger_place *place, struct cordon_error *err)
{
	const char *name = o->words[0];
	const enum ledger_form form = o->json ? FORM_JSON : FORM_LINE;

	if (strcmp(name, "verify") == 0)
		return audit_verify(place->directory, place->key, o->witness, o->json, err);
	if (strcmp(name, "show") == 0)
		return print_records(o, place, form, 0, err);
	if (strcmp(name, "export") == 0)
		return print_records(o, place, FORM_EXPORT, 0, err);
	if (strcmp(name, "prove") == 0)
		return do_prove(o, place, err);
	o->last = o->last == UINT32_MAX ? TAIL_RECORDS : o->last;
	return print_records(o, place, form, 1, err);
}

/* The words of the command line: a subcommand, and prove's number. */
static int
check_words(const struct ledger_options *o, struct cordon_error *err)
{
	static const char *const names[] = { "verify", "show", "tail", "export", "prove" };

	if (o->word_count == 0)
		return cordon_fail(
			err, CORDON_EINPUT, 0, "no subcommand was given; see cordon ledger --help");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(o->words[0], names[i]) == 0) {
			if (o->word_count == (strcmp(names[i], "prove") == 0 ? 2 : 1))
				return 0;
			return cordon_fail(err, CORDON_EINPUT, 0,
				"cordon ledger %s takes %s; see cordon ledger --help", names[i],
				strcmp(names[i], "prove") == 0 ? "the sequence of one record"
							       : "options only");
		}
	return cordon_fail(err, CORDON_EINPUT, 0,
		"there is no cordon ledger '%s'; see cordon ledger --help", o->words[0]);
}

static int
audit(int argc, char **argv)
{
	struct ledger_options options = { .last = UINT32_MAX };
	struct ledger_place place = { .directory = -1 };
	struct cordon_error err = { 0 };
	int status = parse_options(argc, argv, &options, &err);

	if (status == 0 && check_words(&options, &err) == 0 &&
		open_place(&options, &place, &err) == 0)
		status = run_subcommand(&options, &place, &err);
	else if (status == 0)
		status = -1;
	else if (status == 1)
		status = 0;
	if (status < 0) {
		fprintf(stderr, "cordon: %s\n", err.text);
		status = status_of(&err);
	}
	cordon_fd_close_p(&place.directory);
	free(options.run);
	return status;
}

int
main(int argc, char **argv)
{
	struct cordon_error err = { 0 };
	int status;

	if (cordon_fd_valid_stdio(&err) < 0)
		return EXIT_SETUP;
	status = audit(argc, argv);
	/* What we print has to arrive: a full disk is not a success. */
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "cordon: could not write to standard output: %s\n",
		cordon_errno_text(errno));
	return status == 0 ? EXIT_SETUP : status;
}
