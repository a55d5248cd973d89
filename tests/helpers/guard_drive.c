/* A relay for tests, jailed by what its files list: dials and resolves by what its standard input says, over a link to a dialer that is
 * its descriptor 3. One line each, and one line in answer:
 *
 *	server ADDRESS PORT UDP-GRANT TCP-GRANT AT     one more server for lookups
 *	resolve NAME            NAME TTL ADDRESS...    or NAME REASON
 *	race GRANT ADDRESS...   race MS ADDRESS        or race MS REASON
 *	pin NAME                the same as resolve, by the pins of a session; the time is stood still
 *	later SECONDS           goes on with the pins' time
 *
 * Its arguments are addresses of this host; GUARD_TIMEOUT_MS is the time of one try.
 *
 * calls: read write getpeername brk mmap munmap mremap madvise exit_group restart_syscall rt_sigreturn
 *	gettimeofday; at start: all */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/pins.h>
#include <cordon/rate.h>
#include <cordon/selfjail.h>

#include "dial.h"
#include "guard_calls.h" /* made by cmake/CollectCalls.cmake */
#include "resolve.h"

struct drive {
	struct cordon_loop *loop;
	struct dial *dial;
	struct resolver *resolver;
	struct resolver_server servers[RESOLVER_SERVERS];
	unsigned server_count;
	struct cordon_address local[8];
	struct resolver_options options;
	struct pins *pins;
	uint64_t pins_ms;
	struct cordon_watch *input;
	char line[4096];
	size_t size;
};

struct job {
	struct drive *drive;
	int by_pins;
	uint64_t began_ms;
	struct cordon_host name;
};

static void
print_addresses(const char *name, uint64_t number, const struct cordon_address *all, unsigned count)
{
	char text[CORDON_ADDRESS_TEXT];

	printf("%s %llu", name, (unsigned long long)number);
	for (unsigned i = 0; i < count; i++) {
		cordon_address_print(&all[i], text);
		printf(" %s", text);
	}
	puts("");
}

static void
resolved(void *context, const struct resolved *r)
{
	struct job *job = context;
	struct drive *d = job->drive;
	const struct pin *pin = NULL;
	struct cordon_error err = { 0 };

	if (job->by_pins && pins_settle(d->pins, &job->name, r, d->pins_ms, &pin, &err) < 0)
		printf("%s %s\n", job->name.text, err.reason);
	else if (job->by_pins)
		print_addresses(job->name.text, (pin->expires_ms - d->pins_ms) / 1000,
			pin->addresses, pin->count);
	else if (r->error.code != CORDON_OK)
		printf("%s %s\n", job->name.text, r->error.reason);
	else
		print_addresses(job->name.text, r->ttl_s, r->addresses, r->count);
	free(job);
}

static void
raced(void *context, int fd, enum cordon_dial_why why, int sys)
{
	struct job *job = context;
	struct sockaddr_storage peer = { 0 };
	socklen_t size = sizeof(peer);
	char text[CORDON_ADDRESS_TEXT] = "";
	const unsigned took = (unsigned)(cordon_now_ms() - job->began_ms);

	(void)sys;
	if (why == CORDON_DIAL_FINE && getpeername(fd, (struct sockaddr *)&peer, &size) == 0)
		(void)inet_ntop(peer.ss_family,
			peer.ss_family == AF_INET
				? (void *)&((struct sockaddr_in *)&peer)->sin_addr
				: (void *)&((struct sockaddr_in6 *)&peer)->sin6_addr,
			text, sizeof(text));
	printf("race %u %s\n", took, why == CORDON_DIAL_FINE ? text : cordon_dial_why_reason(why));
	cordon_fd_close_p(&fd);
	free(job);
}

static int
address(const char *text, struct cordon_address *ret)
{
	struct cordon_error err;

	return text == NULL ? -1 : cordon_address_parse(text, strlen(text), ret, &err);
}

static void
fail(const char *what, const struct cordon_error *err)
{
	fprintf(stderr, "guard_drive: %s: %s\n", what, err->text);
	_exit(1);
}

static void
add_server(struct drive *d, const char *words)
{
	struct resolver_server *s = &d->servers[d->server_count++];
	struct cordon_error err = { .text = "bad words" };
	char text[64];
	unsigned port, at;
	unsigned long long udp, tcp;

	if (sscanf(words, "%63s %u %llu %llu %u", text, &port, &udp, &tcp, &at) != 5 ||
		address(text, &s->address) < 0)
		fail("server", &err);
	s->port = (uint16_t)port;
	s->udp_grant = udp;
	s->tcp_grant = tcp;
	s->at = (uint8_t)at;
	if (resolver_set_servers(d->resolver, d->servers, d->server_count, &err) < 0)
		fail("server", &err);
}

static void
resolve(struct drive *d, const char *name, int by_pins)
{
	struct job *job = calloc(1, sizeof(*job));
	const struct pin *pin;
	struct cordon_error err;

	job->drive = d;
	job->by_pins = by_pins;
	if (cordon_host_parse(name, strlen(name), &job->name, &err) < 0)
		fail(name, &err);
	if (by_pins && pins_look(d->pins, &job->name, d->pins_ms, &pin) == PINS_FRESH) {
		print_addresses(
			name, (pin->expires_ms - d->pins_ms) / 1000, pin->addresses, pin->count);
		free(job);
		return;
	}
	if (resolver_begin(d->resolver, &job->name, resolved, job, &err) == NULL) {
		printf("%s %s\n", name, err.reason);
		free(job);
	}
}

static void
race(struct drive *d, char *words)
{
	struct job *job = calloc(1, sizeof(*job));
	struct dial_set set = { 0 };
	struct cordon_error err;
	char *at = NULL;

	job->began_ms = cordon_now_ms();
	set.grant = strtoull(strtok_r(words, " ", &at), NULL, 10);
	for (const char *word = strtok_r(NULL, " ", &at); word != NULL;
		word = strtok_r(NULL, " ", &at))
		if (set.count == CORDON_DIAL_ADDRESSES ||
			address(word, &set.addresses[set.count++]) < 0)
			_exit(1);
	if (dial_race_begin(d->dial, d->loop, &set, raced, job, &err) == NULL)
		fail("race", &err);
}

static void
obey(struct drive *d, char *line)
{
	char *words = strchr(line, ' ');

	if (words == NULL)
		_exit(1);
	*words++ = '\0';
	if (strcmp(line, "server") == 0)
		add_server(d, words);
	else if (strcmp(line, "resolve") == 0 || strcmp(line, "pin") == 0)
		resolve(d, words, line[0] == 'p');
	else if (strcmp(line, "race") == 0)
		race(d, words);
	else if (strcmp(line, "later") == 0)
		d->pins_ms += strtoull(words, NULL, 10) * 1000;
	else
		_exit(1);
}

static void
input(void *context, unsigned events)
{
	struct drive *d = context;
	const ssize_t got = read(0, d->line + d->size, sizeof(d->line) - 1 - d->size);
	char *end;

	(void)events;
	if (got <= 0) {
		cordon_watch_remove(d->input);
		d->input = NULL;
		cordon_loop_stop(d->loop);
		return;
	}
	d->size += (size_t)got;
	d->line[d->size] = '\0';
	while ((end = strchr(d->line, '\n')) != NULL) {
		*end = '\0';
		obey(d, d->line);
		d->size -= (size_t)(end + 1 - d->line);
		memmove(d->line, end + 1, d->size + 1);
	}
}

static void
lost(void *context, const struct cordon_error *why)
{
	(void)context;
	printf("lost %s\n", why->text);
}

int
main(int argc, char **argv)
{
	const char *timeout = getenv("GUARD_TIMEOUT_MS");
	static struct drive d;
	static char output[65536]; /* so that stdio does not ask what it writes to */
	struct cordon_error err = { 0 };
	const struct cordon_selfjail jail = { .calls = guard_calls,
		.call_count = sizeof(guard_calls) / sizeof(guard_calls[0]),
		.data_bytes = 256u << 20,
		.files = 64 };

	setvbuf(stdout, output, _IOLBF, sizeof(output));
	for (int i = 1; i < argc && i < 8; i++)
		if (address(argv[i], &d.local[d.options.local_count++]) < 0)
			return 1;
	d.options.timeout_ms = timeout == NULL ? 2000 : (uint32_t)strtoul(timeout, NULL, 10);
	d.options.rounds = 2;
	d.options.local = d.local;
	d.loop = cordon_loop_create(&err);
	d.pins = pins_create();
	d.dial = d.loop == NULL ? NULL : dial_create(d.loop, 3, lost, &d, &err);
	d.resolver = d.dial == NULL ? NULL : resolver_create(d.loop, d.dial, &d.options, &err);
	if (d.resolver == NULL || d.pins == NULL)
		fail("begin", &err);
	d.input = cordon_loop_watch(d.loop, 0, CORDON_LOOP_READ, input, &d, &err);
	if (cordon_selfjail_enter(&jail, &err) < 0)
		fail("jail", &err);
	if (d.input == NULL || cordon_loop_run(d.loop, &err) < 0)
		fail("loop", &err);
	resolver_destroy(d.resolver);
	dial_destroy(d.dial);
	pins_destroy(d.pins);
	cordon_loop_destroy(d.loop);
	return 0;
}
