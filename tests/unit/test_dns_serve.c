/* The resolver of a run, by its messages and by real sockets. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cordon/host_pattern.h>

#include "../helpers/dns_build.h"
#include "dns_serve.h"

static struct dns_build b;
static struct names *names;
static struct cordon_loop *loop;
static struct dns_serve *serve;
static struct cordon_error err;
static uint8_t out[65536];
static size_t out_size;
static struct {
	unsigned count;
	int verdict, answer;
	char name[256];
} asked;

/* What a profile may list: a name, and all below another. */
static int
listed(void *context, const struct cordon_host *name)
{
	static const char *const texts[] = { "api.example.org", "*.cdn.example.net" };
	int found = 0;

	(void)context;
	for (size_t i = 0; i < 2; i++) {
		struct cordon_host_pattern pattern;

		cr_assert(eq(int,
			cordon_host_pattern_parse(texts[i], strlen(texts[i]), &pattern, &err), 0));
		found |= cordon_host_pattern_match(&pattern, name);
	}
	return found;
}

static void
note(void *context, enum dns_query_verdict verdict, enum dns_answer answer, const char *name)
{
	(void)context;
	asked.count++;
	asked.verdict = (int)verdict;
	asked.answer = (int)answer;
	(void)snprintf(asked.name, sizeof(asked.name), "%s", name);
}

static const struct dns_serve_policy policy = { .listed = listed, .asked = note };

static void
begin(void)
{
	names = names_create();
	loop = cordon_loop_create(&err);
	serve = dns_serve_create(loop, names, &policy, &err);
	cr_assert(ne(ptr, serve, NULL));
	memset(&asked, 0, sizeof(asked));
}

static void
end(void)
{
	dns_serve_destroy(serve);
	cordon_loop_destroy(loop);
	names_destroy(names);
}

TestSuite(dns_serve, .init = begin, .fini = end, .timeout = 30);

static void
question(const char *name, unsigned type)
{
	const unsigned counts[4] = { 1, 0, 0, 0 };

	dns_build_header(&b, 0x4321, DNS_RD, counts);
	dns_build_question(&b, name, type, DNS_CLASS_IN);
}

static void
ask(const char *name, unsigned type)
{
	question(name, type);
	out_size = dns_serve_message(names, &policy, b.bytes, b.size, 1, out, sizeof(out));
}

static unsigned
rcode(void)
{
	cr_assert(ge(sz, out_size, 12));
	cr_assert(eq(int, out[0] << 8 | out[1], 0x4321));
	return out[3] & 15;
}

static unsigned
answers(void)
{
	return (unsigned)(out[6] << 8 | out[7]);
}

static uint32_t
last_u32(size_t before)
{
	const uint8_t *at = out + out_size - before;

	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

Test(dns_serve, a_listed_name_has_its_address_for_a_short_while)
{
	ask("api.example.org", DNS_TYPE_A);
	cr_assert(eq(uint, rcode(), DNS_NOERROR));
	cr_assert(eq(uint, answers(), 1));
	cr_assert(eq(u32, last_u32(4), 0xc6120010));
	cr_assert(eq(u32, last_u32(10), DNS_SERVE_TTL_S));
	ask("API.Example.Org", DNS_TYPE_A);
	cr_assert(eq(u32, last_u32(4), 0xc6120010));
	ask("x.cdn.example.net", DNS_TYPE_A);
	cr_assert(eq(u32, last_u32(4), 0xc6120011));
	cr_assert(eq(sz, names_count(names), 2));
	cr_assert(eq(str, asked.name, "x.cdn.example.net"));
}

Test(dns_serve, other_types_of_a_listed_name_have_no_records_and_take_no_address)
{
	static const unsigned types[] = { DNS_TYPE_AAAA, 16, 15, 65, 33, DNS_TYPE_CNAME, 6, 12 };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		ask("api.example.org", types[i]);
		cr_assert(eq(uint, rcode(), DNS_NOERROR), "%u", types[i]);
		cr_assert(eq(uint, answers(), 0));
	}
	cr_assert(eq(sz, names_count(names), 0));
}

Test(dns_serve, unlisted_names_are_not_there_and_are_not_kept)
{
	static const char *const unlisted[] = { "example.org", "x.api.example.org",
		"cdn.example.net", "secret-data.attacker.example", "localhost",
		"1.0.18.198.in-addr.arpa", "", "93.184.216.34", "a b.cdn.example.net",
		"-x.cdn.example.net" };

	for (size_t i = 0; i < sizeof(unlisted) / sizeof(*unlisted); i++) {
		ask(unlisted[i], DNS_TYPE_A);
		cr_assert(eq(uint, rcode(), DNS_NXDOMAIN), "%s", unlisted[i]);
		cr_assert(eq(uint, answers(), 0));
		ask(unlisted[i], 16);
		cr_assert(eq(uint, rcode(), DNS_NXDOMAIN), "%s", unlisted[i]);
	}
	cr_assert(eq(sz, names_count(names), 0));
}

Test(dns_serve, a30_the_name_after_the_last_one_is_refused)
{
	char name[64];

	for (unsigned i = 0; i < NAME_TABLE_MAX; i++) {
		(void)snprintf(name, sizeof(name), "n%u.cdn.example.net", i);
		ask(name, DNS_TYPE_A);
		cr_assert(eq(uint, answers(), 1));
	}
	ask("more.cdn.example.net", DNS_TYPE_A);
	cr_assert(eq(uint, rcode(), DNS_REFUSED));
	ask("n7.cdn.example.net", DNS_TYPE_A);
	cr_assert(eq(u32, last_u32(4), 0xc6120017));
}

Test(dns_serve, what_is_no_query_gets_an_error_or_silence)
{
	question("api.example.org", DNS_TYPE_A);
	b.size--;
	out_size = dns_serve_message(names, &policy, b.bytes, b.size, 1, out, sizeof(out));
	cr_assert(eq(uint, rcode(), DNS_FORMERR));
	cr_assert(eq(int, asked.verdict, DNS_QUERY_FORMERR));
	question("api.example.org", DNS_TYPE_A);
	b.bytes[2] |= 0x80;
	cr_assert(
		eq(sz, dns_serve_message(names, &policy, b.bytes, b.size, 1, out, sizeof(out)), 0));
	cr_assert(eq(sz, dns_serve_message(names, &policy, b.bytes, 11, 1, out, sizeof(out)), 0));
	cr_assert(eq(uint, asked.count, 3));
	cr_assert(eq(sz, names_count(names), 0));
}

/* A server socket of that type at any port of all addresses, in a resolver. Returns its port. */
static uint16_t
serve_by(int type)
{
	const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	struct sockaddr_in any = { .sin_family = AF_INET };
	socklen_t size = sizeof(any);

	cr_assert(eq(int, bind(fd, (struct sockaddr *)&any, size), 0));
	cr_assert(eq(int, getsockname(fd, (struct sockaddr *)&any, &size), 0));
	if (type == SOCK_STREAM) {
		cr_assert(eq(int, listen(fd, 32), 0));
		cr_assert(eq(int, dns_serve_tcp(serve, fd, &err), 0), "%s", err.text);
	} else {
		cr_assert(eq(int, dns_serve_udp(serve, fd, &err), 0), "%s", err.text);
	}
	return ntohs(any.sin_port);
}

static int
connect_by(int type, const char *to, uint16_t port)
{
	const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons(port) };

	cr_assert(eq(int, inet_pton(AF_INET, to, &there.sin_addr), 1));
	cr_assert(eq(int, connect(fd, (struct sockaddr *)&there, sizeof(there)), 0));
	return fd;
}

static void
stop(void *context)
{
	(void)context;
	cordon_loop_stop(loop);
}

static void
work(unsigned ms)
{
	struct cordon_timer *timer = cordon_loop_timer(loop, ms, 0, stop, NULL, &err);

	cr_assert(eq(int, cordon_loop_run(loop, &err), 0));
	cordon_timer_remove(timer);
}

/* What this process has used. */
static int
cpu_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int)(t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

/* Lets the resolver work until fd has something to read, which is what comes back. */
static ssize_t
hear(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	for (unsigned i = 0; i < 500; i++) {
		work(10);
		if (poll(&p, 1, 0) == 1)
			break;
	}
	return recv(fd, out, sizeof(out), MSG_DONTWAIT);
}

Test(dns_serve, by_udp_the_answer_comes_from_the_address_that_was_asked)
{
	static const char *const addresses[] = { "127.0.0.1", "127.0.0.53", "127.9.8.7" };
	const uint16_t port = serve_by(SOCK_DGRAM);

	for (size_t i = 0; i < 3; i++) {
		/* A connected socket hears nobody else. */
		const int fd = connect_by(SOCK_DGRAM, addresses[i], port);
		ssize_t got;

		question("api.example.org", DNS_TYPE_A);
		cr_assert(eq(int, (int)send(fd, b.bytes, b.size, 0), (int)b.size));
		got = hear(fd);
		cr_assert(gt(int, (int)got, 0), "%s", addresses[i]);
		out_size = (size_t)got;
		cr_assert(eq(u32, last_u32(4), 0xc6120010));
		(void)close(fd);
	}
}

Test(dns_serve, by_ipv6_too_and_by_a_socket_that_hears_both)
{
	const int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	socklen_t size = sizeof(any);
	int ask_by[2] = { -1, socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0) };

	if (fd < 0 || bind(fd, (struct sockaddr *)&any, size) < 0 ||
		getsockname(fd, (struct sockaddr *)&any, &size) < 0)
		cr_skip_test("this machine has no IPv6");
	cr_assert(eq(int, dns_serve_udp(serve, fd, &err), 0), "%s", err.text);
	ask_by[0] = connect_by(SOCK_DGRAM, "127.0.0.77", ntohs(any.sin6_port));
	any.sin6_addr = in6addr_loopback;
	if (connect(ask_by[1], (struct sockaddr *)&any, sizeof(any)) < 0)
		cr_skip_test("this machine has no IPv6");
	for (unsigned i = 0; i < 2; i++) {
		ssize_t got;

		question("api.example.org", DNS_TYPE_A);
		cr_assert(eq(int, (int)send(ask_by[i], b.bytes, b.size, 0), (int)b.size));
		got = hear(ask_by[i]);
		cr_assert(gt(int, (int)got, 0), "%u", i);
		out_size = (size_t)got;
		cr_assert(eq(u32, last_u32(4), 0xc6120010));
		(void)close(ask_by[i]);
	}
}

Test(dns_serve, by_tcp_queries_are_answered_in_order_however_they_are_cut)
{
	const uint16_t port = serve_by(SOCK_STREAM);
	const int fd = connect_by(SOCK_STREAM, "127.0.0.1", port);
	uint8_t stream[600];
	size_t size = 0, have = 0;
	unsigned found = 0;

	for (unsigned i = 0; i < 3; i++) {
		question(i == 1 ? "no.example" : "api.example.org", DNS_TYPE_A);
		b.bytes[1] = (uint8_t)i;
		stream[size++] = (uint8_t)(b.size >> 8);
		stream[size++] = (uint8_t)b.size;
		memcpy(stream + size, b.bytes, b.size);
		size += b.size;
	}
	for (size_t at = 0; at < size; at += 7)
		cr_assert(gt(int, (int)send(fd, stream + at, size - at < 7 ? size - at : 7, 0), 0));
	while (found < 3) {
		static uint8_t all[4096];
		const ssize_t got = hear(fd);

		cr_assert(gt(int, (int)got, 0));
		memcpy(all + have, out, (size_t)got);
		have += (size_t)got;
		for (size_t at = found = 0; at + 2 <= have;
			at += 2 + (size_t)(all[at] << 8 | all[at + 1])) {
			if (at + 2 + (size_t)(all[at] << 8 | all[at + 1]) > have)
				break;
			cr_assert(eq(int, all[at + 3], (int)found));
			cr_assert(eq(int, all[at + 5] & 15, found == 1 ? DNS_NXDOMAIN : 0));
			found++;
		}
	}
	(void)close(fd);
}

Test(dns_serve, by_tcp_what_is_no_query_ends_the_connection)
{
	static const char *const bad[] = { "\0\0", "\xff\xff", "\0\14aa\200aaaaaaaaa" };
	const uint16_t port = serve_by(SOCK_STREAM);

	for (size_t i = 0; i < 3; i++) {
		const int fd = connect_by(SOCK_STREAM, "127.0.0.1", port);

		cr_assert(gt(int, (int)send(fd, bad[i], i == 2 ? 14 : 2, 0), 0));
		cr_assert(le(int, (int)hear(fd), 0), "%zu", i);
		(void)close(fd);
	}
}

Test(dns_serve, by_tcp_there_are_sixteen_connections_and_the_next_waits)
{
	const uint16_t port = serve_by(SOCK_STREAM);
	int fds[DNS_SERVE_CONNECTIONS + 1], began;
	uint8_t query[514];

	question("api.example.org", DNS_TYPE_A);
	query[0] = 0;
	query[1] = (uint8_t)b.size;
	memcpy(query + 2, b.bytes, b.size);
	for (unsigned i = 0; i <= DNS_SERVE_CONNECTIONS; i++)
		fds[i] = connect_by(SOCK_STREAM, "127.0.0.1", port);
	for (unsigned i = 0; i < DNS_SERVE_CONNECTIONS; i++) {
		cr_assert(gt(int, (int)send(fds[i], query, 2 + b.size, 0), 0));
		cr_assert(gt(int, (int)hear(fds[i]), 0), "%u", i);
	}
	cr_assert(gt(int, (int)send(fds[DNS_SERVE_CONNECTIONS], query, 2 + b.size, 0), 0));
	began = cpu_ms();
	work(300);
	cr_assert(lt(int, cpu_ms() - began, 30), "it goes round while it waits");
	cr_assert(eq(int, (int)recv(fds[DNS_SERVE_CONNECTIONS], out, 1, MSG_DONTWAIT), -1));
	(void)close(fds[3]);
	cr_assert(gt(int, (int)hear(fds[DNS_SERVE_CONNECTIONS]), 0));
	for (unsigned i = 0; i <= DNS_SERVE_CONNECTIONS; i++)
		if (i != 3)
			(void)close(fds[i]);
}
