/* cordon fetch: one page through the guard, by the profile's rules. */
#include "cmd.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cordon/fetch_json.h>
#include <cordon/mem.h>
#include <cordon/text.h>

#include "config.h"
#include "fetching.h"
#include "ledger_link.h"
#include "record.h"
#include "result.h"
#include "session.h"

#define EXIT_UNUSABLE 65 /* EX_DATAERR, sysexits.h: the URL */
#define EXIT_FAILED   69 /* EX_UNAVAILABLE: allowed, and nothing came of it */

#define NUMBER     1 /* of the guard's only asker */
#define TIMEOUT_MS 60000
#define MAX_BYTES  (4u << 20)

static const char usage[] =
	"Usage: cordon fetch [OPTION]... URL\n\n"
	"Fetches URL, by http or https, as far as the profile lets: each redirect is judged like the\n"
	"first address, and nothing but public addresses is reached that the profile does not name.\n"
	"The page goes to standard output; on a terminal it is shown escaped.\n\n"
	"  -p, --profile NAME|FILE   what may be reached (default: web)\n"
	"  -X, --method METHOD       GET unless said, or POST with --data\n"
	"  -H, --header 'NAME: TEXT' send a header; again for more\n"
	"      --data TEXT           send a body\n"
	"      --max-bytes SIZE      of the page, decoded, that are kept (default: 4M, at most 16M)\n"
	"      --timeout TIME        in all (default: 60s)\n"
	"      --redirects N         that are followed, 0 to 10 (default: 10)\n"
	"      --wrap                the page as text between boundaries that nobody can guess\n"
	"      --json                print one line of JSON instead\n"
	"      --session KEY         label it: three parts, agent:channel:peer\n"
	"      --config FILE         read this configuration instead of yours\n"
	"      --help                print this\n\n"
	"Exit status: 0 there is an answer; 65 the URL or a header cannot be used; 69 what was\n"
	"allowed came to nothing; 126 refused; 125 cordon could not do its part.\n";

struct options {
	const char *profile, *config, *session;
	int json;
};

struct fetch {
	struct options options;
	struct cordon_fetch_request request;
	char *headers[2 * CORDON_FETCH_HEADERS + 1];
	unsigned header_words;
	char id[RUN_ID];
	struct config config;
	struct cordon_profile *profile;
	struct ledger ledger;
	uint64_t records; /* so far, which is the token of the next */
	struct cordon_loop *loop;
	struct guard *guard;
	struct guard_session *pins;
	struct fetching *fetching;
	struct cordon_error error; /* it came to nothing */
	int status;
};

/* options */

/* "NAME: TEXT"; the text is cut in two. */
static int
add_header(struct fetch *f, char *text, struct cordon_error *err)
{
	char *colon = strchr(text, ':');

	if (colon == NULL || colon == text)
		return cordon_fail(err, CORDON_EINPUT, 0,
			"--header '%.60s' is not 'NAME: TEXT'; see cordon fetch --help", text);
	if (f->header_words == 2 * CORDON_FETCH_HEADERS)
		return cordon_fail(err, CORDON_EINPUT, 0, "--header was given more than %u times",
			CORDON_FETCH_HEADERS);
	*colon = '\0';
	f->headers[f->header_words++] = text;
	f->headers[f->header_words++] = colon + 1 + strspn(colon + 1, " \t");
	return 0;
}

static int
take_number(struct fetch *f, int option, const char *text, struct cordon_error *err)
{
	uint64_t number = 0;

	if (option == 'm') {
		if (cordon_parse_size(text, &number, err) < 0)
			return cordon_while(err, "--max-bytes");
		if (number == 0 || number > CORDON_FETCH_BODY_MAX)
			return cordon_fail(err, CORDON_EINPUT, 0, "--max-bytes is 1 to 16M");
		f->request.max_bytes = (uint32_t)number;
	} else if (option == 't') {
		if (cordon_parse_time(text, &number, err) < 0)
			return cordon_while(err, "--timeout");
		if (number == 0 || number > CORDON_FETCH_TIME_MAX)
			return cordon_fail(err, CORDON_EINPUT, 0,
				"--timeout must be more than 0 and at most 1h");
		f->request.timeout_ms = (uint32_t)number;
	} else if (cordon_parse_u32(text, 0, CORDON_FETCH_HOPS - 1, &f->request.redirects, err) <
		   0) {
		return cordon_while(err, "--redirects");
	}
	return 0;
}

/* word: as it was given. */
static int
take_option(struct fetch *f, int option, const char *word, struct cordon_error *err)
{
	struct options *o = &f->options;

	switch (option) {
	case 'p':
		o->profile = optarg;
		return 0;
	case 'c':
		o->config = optarg;
		return 0;
	case 's':
		o->session = optarg;
		return session_check_key(optarg, "--session", err);
	case 'X':
		if (strlen(optarg) >= sizeof(f->request.method))
			return cordon_fail(err, CORDON_EINPUT, 0, "--method is too long");
		memcpy(f->request.method, optarg, strlen(optarg) + 1);
		return 0;
	case 'H':
		return add_header(f, optarg, err);
	case 'd':
		f->request.body = optarg;
		f->request.body_size = strlen(optarg);
		return 0;
	case 'j':
		o->json = 1;
		return 0;
	case 'w':
		f->request.wrap = 1;
		return 0;
	case 'm':
	case 't':
	case 'r':
		return take_number(f, option, optarg, err);
	default:
		return cordon_fail(err, CORDON_EINPUT, 0,
			option == ':' ? "option '%s' needs a value; see cordon fetch --help"
				      : "unknown option '%s'; see cordon fetch --help",
			word);
	}
}

/* Returns 0; 1 when help was printed; -1 with *err set. */
static int
parse_options(int argc, char **argv, struct fetch *f, struct cordon_error *err)
{
	static const struct option options[] = { { "profile", required_argument, NULL, 'p' },
		{ "method", required_argument, NULL, 'X' },
		{ "header", required_argument, NULL, 'H' },
		{ "data", required_argument, NULL, 'd' },
		{ "max-bytes", required_argument, NULL, 'm' },
		{ "timeout", required_argument, NULL, 't' },
		{ "redirects", required_argument, NULL, 'r' }, { "wrap", no_argument, NULL, 'w' },
		{ "json", no_argument, NULL, 'j' }, { "session", required_argument, NULL, 's' },
		{ "config", required_argument, NULL, 'c' }, { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 } };
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":p:X:H:h", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			return 1;
		}
		if (take_option(f, option, argv[optind - 1], err) < 0)
			return -1;
	}
	if (optind != argc - 1)
		return cordon_fail(
			err, CORDON_EINPUT, 0, "one URL is needed; see cordon fetch --help");
	f->request.url = argv[optind];
	f->request.url_size = strlen(argv[optind]);
	f->request.headers = f->headers;
	if (f->request.method[0] == '\0')
		memcpy(f->request.method, f->request.body == NULL ? "GET" : "POST",
			f->request.body == NULL ? 4 : 5);
	return 0;
}

/* the guard's wishes */

static int
record(void *context, uint64_t run, uint32_t destination, const struct guard_line *line,
	struct cordon_error *err)
{
	struct fetch *f = context;
	const struct record_connect connect = { .run = f->id,
		.uid = geteuid(),
		.session = f->options.session,
		.profile = f->profile->name,
		.line = line };
	const uint64_t token = f->records++;
	uint64_t sequence;
	size_t size = 0;
	char *payload = record_connect(&connect, &size);

	(void)run;
	(void)destination;
	if (ledger_append(&f->ledger, token, line->allowed, payload, size, err) < 0)
		return -1;
	if (!line->allowed)
		return 0;
	return ledger_await(&f->ledger, token, &sequence, err) < 0 ? -1 : 1;
}

static void
on_ended(void *context, uint64_t run)
{
	(void)context;
	(void)run;
}

static void
on_lost(void *context, const struct cordon_error *why)
{
	struct fetch *f = context;

	f->error = *why;
	cordon_loop_stop(f->loop);
}

/* what came of it */

static const char *
verdict_of(enum cordon_fetch_outcome outcome)
{
	return outcome == CORDON_FETCH_INVALID   ? "invalid"
	       : outcome == CORDON_FETCH_BLOCKED ? "block"
						 : "allow";
}

static int
status_of(enum cordon_fetch_outcome outcome)
{
	switch (outcome) {
	case CORDON_FETCH_DONE:
		return 0;
	case CORDON_FETCH_FAILED:
		return EXIT_FAILED;
	case CORDON_FETCH_BLOCKED:
		return EXIT_REFUSED;
	case CORDON_FETCH_INVALID:
		return EXIT_UNUSABLE;
	case CORDON_FETCH_OUTCOMES:
		break;
	}
	return EXIT_SETUP;
}

static void
put_dialed(struct cordon_json *j, const struct cordon_fetch_result *r)
{
	cordon_json_array(j, "dialed");
	for (unsigned i = 0; i < r->step_count; i++) {
		const struct cordon_fetch_step *step = &r->steps[i];
		char address[CORDON_ADDRESS_TEXT], text[CORDON_ADDRESS_TEXT + sizeof("[]:65535")];

		if (!step->has_address)
			continue;
		cordon_address_print(&step->address, address);
		(void)snprintf(text, sizeof(text), step->address.family == 6 ? "[%s]:%u" : "%s:%u",
			address, step->port);
		cordon_json_string(j, NULL, text);
	}
	cordon_json_end(j);
}

static void
print_json(const struct cordon_fetch_result *r, const void *body, const void *wrapped)
{
	struct cordon_json *j = cordon_json_create(256u << 20);
	const unsigned last = r->step_count - 1;
	char *text;

	if (j == NULL)
		return;
	cordon_json_object(j, NULL);
	cordon_json_string(j, "verdict", verdict_of(r->outcome));
	cordon_json_string(j, "reason", r->reason[0] == '\0' ? NULL : r->reason);
	if (r->outcome == CORDON_FETCH_DONE)
		cordon_json_u64(j, "status", r->steps[last].status);
	else
		cordon_json_null(j, "status");
	fetch_json_hops(r, j);
	put_dialed(j, r);
	if (r->outcome == CORDON_FETCH_DONE) {
		fetch_json_url(r, j);
		fetch_json_headers(r, j);
		fetch_json_body(r, body, wrapped, j);
	} else {
		cordon_json_string(j, "message", r->text);
	}
	cordon_json_end(j);
	text = cordon_json_take(j, NULL);
	if (text != NULL)
		puts(text);
	free(text);
}

/* A page is a stranger's: a terminal gets no control characters of it, and no text that runs another way than it seems to. */
static void
print_escaped(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size;) {
		const size_t length = cordon_text_character(data + i, size - i);

		if (length > 0 && data[i] != '\r' &&
			!cordon_text_is_unseen(cordon_text_code_point(data + i, length))) {
			(void)fwrite(data + i, 1, length, stdout);
			i += length;
		} else {
			printf("\\x%02x", data[i++]);
		}
	}
}

static void
print_page(const void *data, size_t size)
{
	if (isatty(STDOUT_FILENO))
		print_escaped(data, size);
	else
		(void)fwrite(data, 1, size, stdout);
}

static void
print(const struct fetch *f, const struct cordon_fetch_result *r, const void *body,
	const void *wrapped)
{
	const unsigned last = r->step_count - 1;

	if (f->options.json) {
		print_json(r, body, wrapped);
		return;
	}
	if (r->outcome != CORDON_FETCH_DONE) {
		fprintf(stderr, "cordon: %s: %s\n", r->reason, r->text);
		return;
	}
	if (r->steps[last].status >= 400 || last > 0)
		fprintf(stderr, "cordon: %u from %s\n", r->steps[last].status, r->steps[last].url);
	if (r->truncated)
		fprintf(stderr, "cordon: the page goes on behind --max-bytes\n");
	print_page(wrapped != NULL ? wrapped : body, wrapped != NULL ? r->wrapped_bytes : r->bytes);
}

/* NULL when it is empty, or cannot be had. */
static void *
map(int fd, uint64_t size)
{
	void *data =
		fd < 0 || size == 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

	return data == MAP_FAILED ? NULL : data;
}

static void
on_answer(void *context, const struct fetching_answer *a)
{
	struct fetch *f = context;
	void *body, *wrapped;

	cordon_loop_stop(f->loop);
	if (a->result == NULL) {
		f->error = *a->why;
		return;
	}
	body = map(a->body, a->result->bytes);
	wrapped = map(a->wrapped, a->result->wrapped_bytes);
	f->status = status_of(a->result->outcome);
	if (a->result->bytes > 0 && body == NULL && a->result->outcome == CORDON_FETCH_DONE)
		(void)cordon_fail(&f->error, CORDON_ESYS, errno, "could not read the page");
	else
		print(f, a->result, body == NULL ? "" : body, wrapped);
	if (body != NULL)
		(void)munmap(body, a->result->bytes);
	if (wrapped != NULL)
		(void)munmap(wrapped, a->result->wrapped_bytes);
}

/* all of it */

static int
prepare(struct fetch *f, struct cordon_error *err)
{
	const struct guard_owner owner = {
		.record = record, .ended = on_ended, .lost = on_lost, .context = f
	};
	struct cordon_profile_places places;

	if (result_make_id(f->id, err) < 0 || config_load(f->options.config, &f->config, err) < 0 ||
		ledger_start(&f->ledger, &f->config, err) < 0)
		return -1;
	places = config_places(&f->config);
	f->profile = cordon_profile_load(&places, f->options.profile, err);
	f->pins = guard_session_create();
	f->loop = cordon_loop_create(err);
	if (f->profile == NULL || f->loop == NULL)
		return -1;
	if (f->pins == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not prepare a fetch");
	f->guard = guard_create(f->loop, &f->config, &owner, err);
	return f->guard == NULL ? -1 : guard_start(f->guard, err);
}

static int
fetch(struct fetch *f, struct cordon_error *err)
{
	const struct fetching_options options = { .number = NUMBER,
		.profile = f->profile,
		.session = f->pins,
		.request = &f->request,
		.fn = on_answer,
		.context = f };
	struct fetching_options with = options;

	with.guard = f->guard;
	f->fetching = fetching_begin(f->loop, &with, err);
	if (f->fetching == NULL || cordon_loop_run(f->loop, err) < 0)
		return -1;
	*err = f->error;
	return f->error.code == CORDON_OK ? 0 : -1;
}

static void
finish(struct fetch *f)
{
	fetching_end(f->fetching);
	guard_destroy(f->guard);
	guard_session_drop(f->pins);
	cordon_loop_destroy(f->loop);
	ledger_finish(&f->ledger);
	cordon_profile_destroy(f->profile);
	config_finish(&f->config);
}

int
cmd_fetch(int argc, char **argv)
{
	struct fetch f = { .options = { .profile = "web" },
		.request = { .max_bytes = MAX_BYTES,
			.timeout_ms = TIMEOUT_MS,
			.redirects = CORDON_FETCH_HOPS - 1 },
		.ledger = LEDGER_NONE };
	struct cordon_error err = { 0 };
	const int parsed = parse_options(argc, argv, &f, &err);

	if (parsed > 0)
		return 0;
	if (parsed < 0) {
		cmd_say(&err);
		return EXIT_SETUP;
	}
	if (prepare(&f, &err) < 0 || fetch(&f, &err) < 0) {
		cmd_say(&err);
		f.status = EXIT_SETUP;
	}
	finish(&f);
	return f.status;
}
