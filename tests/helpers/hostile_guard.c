/* A part of the network guard that somebody has taken over: put in the place of cordon-netguard, it is one role itself and
 * leaves the others to the real one, "cordon-netguard.real" beside it. The file "hostile" beside it says which role, and
 * what a hostile relay asks for, a word each: "name:port" or "address:port". What comes of everything is a line of the file
 * "hostile.log".
 *
 * As relay: it asks for all of that, dials whatever numbers of grants there may be, and what it was allowed at places
 * that it was not. As resolver: every name leads to what the words are, addresses, for a second; after "/" are those of
 * the next answer, and so on in turns.
 *
 * usage: cordon-netguard ROLE    (by cordon) */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cordon/fetch_proto.h>
#include <cordon/guard_proto.h>
#include <cordon/link.h>
#include <cordon/wire.h>

#define MONITOR     3
#define DIALER      4
#define WORDS       32
#define PATIENCE_MS 20000
#define GUESSES     300 /* ids of grants, from 0 on */

static uint32_t destinations; /* that were asked about */
static uint64_t last_grant; /* that it was allowed to use */
static char beside[PATH_MAX], role[32], words[WORDS][300];
static unsigned word_count;
static int output;

static void __attribute__((format(printf, 1, 2))) say(const char *fmt, ...)
{
	char line[1000];
	va_list args;
	int size;

	va_start(args, fmt);
	size = vsnprintf(line, sizeof(line) - 1, fmt, args);
	va_end(args);
	line[size] = '\n';
	(void)!write(output, line, (size_t)size + 1);
}

static _Noreturn void
fall(const char *what)
{
	say("%s: %s", what, strerror(errno));
	_exit(1);
}

static char *
path_of(const char *name)
{
	static char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", beside, name);
	return path;
}

static void
read_script(void)
{
	ssize_t length = readlink("/proc/self/exe", beside, sizeof(beside) - 1);
	FILE *script;

	if (length <= 0)
		_exit(1);
	beside[length] = '\0';
	*strrchr(beside, '/') = '\0';
	output = open(path_of("hostile.log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	script = fopen(path_of("hostile"), "re");
	if (output < 0 || script == NULL || fscanf(script, "%31s", role) != 1)
		_exit(1);
	while (word_count < WORDS && fscanf(script, "%299s", words[word_count]) == 1)
		word_count++;
	(void)fclose(script);
}

/* links */

static void
tell(int link, uint16_t number, struct cordon_writer *w)
{
	struct cordon_error err = { 0 };

	if (cordon_link_send(link, number, w->data, w->size, NULL, 0, &err) < 0)
		say("could not tell %u: %s", number, err.text);
	cordon_writer_finish(w);
}

/* Returns 1, 0 when the other end has gone, or -1 when it says nothing for so long. */
static int
hear(int link, struct cordon_message *m, int wait_ms)
{
	struct pollfd p = { link, POLLIN, 0 };
	struct cordon_error err = { 0 };

	*m = (struct cordon_message){ 0 };
	if (poll(&p, 1, wait_ms) <= 0)
		return -1;
	return cordon_link_receive(link, m, &err) > 0;
}

static void
tell_ready(void)
{
	struct cordon_writer w;

	cordon_writer_init(&w, 16);
	tell(MONITOR, CORDON_GUARD_READY, &w);
}

/* the relay */

static void
dial(uint64_t request, uint64_t grant, uint8_t at, const char *what)
{
	struct cordon_dial_word word = { .id = request, .grant = grant, .at = at };
	struct cordon_error err = { 0 };
	struct cordon_writer w;
	struct cordon_message m;

	cordon_writer_init(&w, 64);
	cordon_dial_encode_word(CORDON_DIAL_DIAL, &word, &w);
	tell(DIALER, CORDON_DIAL_DIAL, &w);
	if (hear(DIALER, &m, PATIENCE_MS) <= 0) {
		say("dial %s: no answer", what);
		return;
	}
	if (m.number == CORDON_DIAL_CONNECTED)
		say("dial %s: CONNECTED", what);
	else if (cordon_dial_decode_word(m.number, m.body, m.size, &word, &err) < 0)
		say("dial %s: %s", what, err.text);
	else if (word.why != CORDON_DIAL_NOT_GRANTED || strcmp(what, "guess") != 0)
		say("dial %s: %s", what, cordon_dial_why_reason(word.why));
	cordon_message_finish(&m);
}

static void
use_allowed(const struct cordon_guard_allow *allow, const char *word)
{
	char what[400];

	last_grant = allow->grant.id;
	for (unsigned i = 0; i < allow->grant.count; i++) {
		snprintf(what, sizeof(what), "%s at %u", word, i);
		dial(1000 + i, allow->grant.id, (uint8_t)i, what);
	}
	snprintf(what, sizeof(what), "%s behind the last", word);
	dial(2000, allow->grant.id, (uint8_t)allow->grant.count, what);
}

static void
hear_verdict(const char *word)
{
	struct cordon_message m;
	struct cordon_error err = { 0 };
	struct cordon_guard_allow allow;
	struct cordon_guard_refuse refuse;

	if (hear(MONITOR, &m, PATIENCE_MS) <= 0) {
		say("ask %s: no answer", word);
		return;
	}
	if (m.number == CORDON_GUARD_REFUSE &&
		cordon_guard_decode_refuse(m.body, m.size, &refuse, &err) == 0) {
		say("ask %s: %s", word, refuse.reason);
	} else if (m.number == CORDON_GUARD_ALLOW &&
		   cordon_guard_decode_allow(m.body, m.size, &allow, &err) == 0) {
		say("ask %s: allowed", word);
		use_allowed(&allow, word);
	} else {
		say("ask %s: message %u %s", word, m.number, err.text);
	}
	cordon_message_finish(&m);
}

static void
ask(uint64_t run, uint32_t destination, const char *word)
{
	struct cordon_guard_ask question = { .run = run, .destination = destination };
	struct cordon_error err = { 0 };
	const char *colon = strrchr(word, ':');
	struct cordon_host *host = &question.to.host;
	struct cordon_writer w;

	question.to.port = (uint16_t)strtoul(colon + 1, NULL, 10);
	snprintf(host->text, sizeof(host->text), "%.*s", (int)(colon - word), word);
	host->kind = cordon_address_parse(host->text, strlen(host->text), &host->address, &err) == 0
			     ? CORDON_HOST_ADDRESS
			     : CORDON_HOST_NAME;
	cordon_writer_init(&w, 1024);
	cordon_guard_encode_ask(&question, &w);
	tell(MONITOR, CORDON_GUARD_ASK, &w);
	hear_verdict(word);
}

/* "!count": counts for a destination that nobody asked for; "!twice": asks for the first again, as something else. */
static void
break_rules(uint64_t run, const char *word)
{
	struct cordon_guard_traffic traffic = { .run = run, .destination = 4000 };
	struct cordon_writer w;
	struct cordon_message m;

	if (strcmp(word, "!count") == 0) {
		cordon_writer_init(&w, 1024);
		cordon_guard_encode_traffic(&traffic, &w);
		tell(MONITOR, CORDON_GUARD_TRAFFIC, &w);
	} else {
		ask(run, 0, "another.example.org:1");
	}
	say("%s: %s", word, hear(MONITOR, &m, PATIENCE_MS) == 0 ? "cut off" : "still heard");
	_exit(0);
}

static void
attack(uint64_t run)
{
	for (uint64_t id = 0; id < GUESSES; id++)
		dial(id, id, 0, "guess");
	for (unsigned i = 0; i < word_count; i++)
		if (words[i][0] == '!')
			break_rules(run, words[i]);
		else
			ask(run, destinations++, words[i]);
	say("done");
}

/* What an honest relay says, too, when its run ends just then: a destination that is asked about, and what it counts. */
static void
cross(uint64_t run)
{
	const struct cordon_guard_traffic traffic = {
		.run = run, .destination = destinations, .refused = 1, .reason = "net.budget"
	};
	struct cordon_guard_ask question = { .run = run,
		.destination = destinations,
		.to = { .host = { .kind = CORDON_HOST_NAME, .text = "late.example.org" },
			.port = 1 } };
	struct cordon_writer w;

	cordon_writer_init(&w, 1024);
	cordon_guard_encode_ask(&question, &w);
	tell(MONITOR, CORDON_GUARD_ASK, &w);
	cordon_writer_init(&w, 1024);
	cordon_guard_encode_traffic(&traffic, &w);
	tell(MONITOR, CORDON_GUARD_TRAFFIC, &w);
}

static void
end(uint64_t run)
{
	struct cordon_writer w;

	cross(run);

	(void)poll(NULL, 0, 300); /* the dialer may hear of it later than we do */
	if (last_grant != 0)
		dial(3000, last_grant, 0, "after the end");
	cordon_writer_init(&w, 16);
	cordon_guard_encode_run(run, &w);
	tell(MONITOR, CORDON_GUARD_ENDED, &w);
}

static void
be_relay(void)
{
	struct cordon_message m;

	tell_ready();
	while (hear(MONITOR, &m, -1) > 0) {
		struct cordon_guard_serve serve;
		struct cordon_error err = { 0 };
		uint64_t run = 0;

		if (m.number == CORDON_GUARD_SERVE &&
			cordon_guard_decode_serve(m.body, m.size, &serve, &err) == 0) {
			attack(serve.run);
			cordon_guard_serve_finish(&serve);
		} else if (m.number == CORDON_GUARD_END &&
			   cordon_guard_decode_run(m.body, m.size, &run, &err) == 0) {
			end(run);
		}
		cordon_message_finish(&m);
	}
}

/* the resolver */

static void
answer(uint64_t id)
{
	static unsigned next;
	struct cordon_guard_found found = { .id = id, .ttl_s = 1 };
	struct cordon_error err = { 0 };
	struct cordon_writer w;

	if (next >= word_count)
		next = 0;
	for (; next < word_count && strcmp(words[next], "/") != 0; next++)
		if (cordon_address_parse(words[next], strlen(words[next]),
			    &found.addresses[found.count], &err) == 0)
			found.count++;
	next++;
	cordon_writer_init(&w, 1024);
	cordon_guard_encode_found(&found, &w);
	tell(MONITOR, CORDON_GUARD_FOUND, &w);
}

static void
be_resolver(void)
{
	struct cordon_message m;

	tell_ready();
	while (hear(MONITOR, &m, -1) > 0) {
		struct cordon_guard_look_up look_up;
		struct cordon_error err = { 0 };

		if (m.number == CORDON_GUARD_LOOK_UP &&
			cordon_guard_decode_look_up(m.body, m.size, &look_up, &err) == 0) {
			say("looked up %s", look_up.name.text);
			answer(look_up.id);
		}
		cordon_message_finish(&m);
	}
}

/* the fetch, which is an executable of its own: asks to be connected with the first word without end */

static void
be_fetch(void)
{
	struct cordon_fetch_hop hop = { .scheme = CORDON_URL_HTTP, .url = "http://hop/" };
	struct cordon_message m;
	struct cordon_writer w;
	unsigned count = 0;

	snprintf(hop.to.host.text, sizeof(hop.to.host.text), "%.250s", words[0]);
	hop.to.host.kind = CORDON_HOST_NAME;
	hop.to.port = 80;
	tell_ready();
	while (hear(MONITOR, &m, PATIENCE_MS) > 0 && count < GUESSES) {
		cordon_message_finish(&m);
		cordon_writer_init(&w, CORDON_LINK_BODY);
		cordon_fetch_encode_hop(&hop, &w);
		tell(MONITOR, CORDON_FETCH_HOP, &w);
		say("hop %u", ++count);
	}
}

int
main(int argc, char **argv)
{
	read_script();
	if (argc == 1 && strcmp(role, "fetch") == 0) {
		be_fetch();
		return 0;
	}
	if (argc != 2)
		return 1;
	if (strcmp(argv[1], role) != 0) {
		(void)execv(path_of("cordon-netguard.real"), argv);
		fall("the real one");
	}
	if (strcmp(role, "relay") == 0)
		be_relay();
	else
		be_resolver();
	return 0;
}
