/* Output of a long run as notifications, beside the same bytes over a plain pipe; and what another caller of
 * the same monitor feels while a caller's run prints without end and its caller does not read.
 *
 * On a small machine two busy processes slow everybody, so the same two outside of cordon, one printing
 * and one reading, are measured as well. */
#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

#include "series.h"

#define REPEATS     3
#define BLOCKS      4u
#define PINGS       10u /* for each process/run */
#define SETTLE_MS   100
#define BYTES       (256u << 20)
#define BYTES_BRIEF (16u << 20)

static void
settle(void)
{
	const struct timespec t = { .tv_nsec = SETTLE_MS * 1000000 };

	(void)nanosleep(&t, NULL);
}

static double
mb_per_second(uint64_t bytes, uint64_t start)
{
	return (double)bytes * 1e3 / (double)(now_ns() - start);
}

/* one caller */

/* Reads to the end. Returns 0 when it came after that many bytes. */
static int
drain(int fd, uint64_t bytes)
{
	char buffer[65536];
	ssize_t got;

	while ((got = read(fd, buffer, sizeof(buffer))) > 0)
		bytes -= (uint64_t)got;
	return got == 0 && bytes == 0 ? 0 : -1;
}

/* The payload, printing into a pipe, whose other end is *ret_end. bytes NULL: for ever. */
static pid_t
spawn_printer(struct bench *b, const char *bytes, int *ret_end, struct cordon_error *err)
{
	struct command_line line = { 0 };
	CORDON_CLOSE int into = -1;
	char program[PATH_MAX + 16];
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make a pipe");
	into = ends[1];
	snprintf(program, sizeof(program), "%s/payload", b->peer.workspace.path);
	command_line_add(&line, program);
	command_line_add(&line, "print");
	if (bytes != NULL)
		command_line_add(&line, bytes);
	pid = peer_spawn(&b->peer, PEER_BARE, line.items, into, err);
	if (pid < 0)
		cordon_fd_close_p(&ends[0]);
	*ret_end = ends[0];
	return pid;
}

static int
stream_bare(struct bench *b, uint64_t bytes, double *ret, struct cordon_error *err)
{
	const uint64_t start = now_ns();
	CORDON_CLOSE int end = -1;
	char text[24];
	pid_t pid;

	snprintf(text, sizeof(text), "%llu", (unsigned long long)bytes);
	pid = spawn_printer(b, text, &end, err);
	if (pid < 0)
		return -1;
	if (drain(end, bytes) < 0)
		return cordon_fail(err, CORDON_EPEER, 0, "the payload printed something else");
	*ret = mb_per_second(bytes, start);
	return peer_await(pid, err);
}

static int
stream_notified(
	struct client *c, uint64_t bytes, double *ret, double *ret_wire, struct cordon_error *err)
{
	static const char ended[] = "{\"jsonrpc\":\"2.0\",\"method\":\"process/exited\"";
	const uint64_t start = now_ns(), before = c->bytes;
	char params[128], printed[64], *line;
	uint64_t id;

	snprintf(params, sizeof(params),
		"{\"argv\":[\"./payload\",\"print\",\"%llu\"],\"stdin\":\"none\",\"flow\":\"block\"}",
		(unsigned long long)bytes);
	snprintf(printed, sizeof(printed), "\"stdoutBytes\":%llu,", (unsigned long long)bytes);
	if (client_send(c, "process/start", params, &id, err) < 0)
		return -1;
	do
		if (client_line(c, &line, err) < 0)
			return -1;
	while (strncmp(line, ended, sizeof(ended) - 1) != 0);
	if (strstr(line, printed) == NULL)
		return cordon_fail(err, CORDON_EPEER, 0, "output is missing: '%.150s'", line);
	*ret = mb_per_second(bytes, start);
	*ret_wire = mb_per_second(c->bytes - before, start);
	return 0;
}

static int
measure_speed(
	struct bench *b, struct client *c, struct stream_found *found, struct cordon_error *err)
{
	const uint64_t bytes = b->brief ? BYTES_BRIEF : BYTES;
	double speed[3][REPEATS];

	for (int i = 0; i < REPEATS; i++)
		if (stream_bare(b, bytes, &speed[0][i], err) < 0 ||
			stream_notified(c, bytes, &speed[1][i], &speed[2][i], err) < 0)
			return cordon_while(err, "streaming");
	for (int what = 0; what < 3; what++)
		series_sort(speed[what], REPEATS);
	found->bytes = (double)bytes;
	found->bare = quantile(speed[0], REPEATS, 0.5);
	found->notified = quantile(speed[1], REPEATS, 0.5);
	found->wire = quantile(speed[2], REPEATS, 0.5);
	return 0;
}

/* two callers */

struct noisy {
	struct client caller;
	pid_t printer, reader;
};

static int
begin_bare_noise(struct bench *b, struct noisy *n, struct cordon_error *err)
{
	CORDON_CLOSE int end = -1;

	n->printer = spawn_printer(b, NULL, &end, err);
	if (n->printer < 0)
		return -1;
	n->reader = fork();
	if (n->reader == 0)
		_exit(drain(end, 0) == 0);
	return n->reader < 0 ? cordon_fail(err, CORDON_ESYS, errno, "could not fork") : 0;
}

static int
begin_noise(struct bench *b, enum noise noise, const char *path, struct noisy *n,
	struct cordon_error *err)
{
	uint64_t id;

	*n = (struct noisy){ .caller = CLIENT_CLOSED, .printer = -1, .reader = -1 };
	if (noise == NOISE_BARE)
		return begin_bare_noise(b, n, err);
	if (noise == NOISE_NONE)
		return 0;
	/* Nothing of what follows is read. */
	if (client_connect(&n->caller, path, err) < 0)
		return -1;
	return client_send(&n->caller, "process/start",
		"{\"argv\":[\"./payload\",\"print\"],\"stdin\":\"none\"}", &id, err);
}

static void
end_noise(struct noisy *n)
{
	client_finish(&n->caller);
	if (n->printer > 0) {
		(void)kill(n->printer, SIGKILL);
		(void)waitpid(n->printer, NULL, 0);
	}
	if (n->reader > 0)
		(void)waitpid(n->reader, NULL, 0);
}

struct felt {
	double *pings, *runs;
	size_t ping_count, run_count;
};

static int
feel(struct client *c, uint32_t runs, struct felt *f, struct cordon_error *err)
{
	for (uint32_t i = 0; i < runs; i++) {
		uint64_t start = now_ns();

		if (client_run_true(c, err) < 0)
			return -1;
		f->runs[f->run_count++] = (double)(now_ns() - start) / 1000.0;
		for (uint32_t k = 0; k < PINGS; k++) {
			start = now_ns();
			if (client_call(c, "ping", "{}", NULL, err) < 0)
				return -1;
			f->pings[f->ping_count++] = (double)(now_ns() - start) / 1000.0;
		}
	}
	return 0;
}

static int
feel_block(struct bench *b, struct client *c, enum noise noise, const char *path, uint32_t runs,
	struct felt *f, struct cordon_error *err)
{
	struct noisy n;
	int result = begin_noise(b, noise, path, &n, err);

	settle();
	if (result == 0)
		result = feel(c, runs, f, err);
	end_noise(&n);
	settle();
	return result;
}

static int
measure_neighbours(struct bench *b, struct client *c, const char *path, struct stream_found *found,
	struct cordon_error *err)
{
	const uint32_t runs = b->rounds / BLOCKS + 1;
	CORDON_FREE double *all =
		cordon_array(runs * BLOCKS * NOISES, (PINGS + 1) * sizeof(double));
	struct felt felt[NOISES] = { 0 };

	if (all == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not keep samples");
	for (size_t noise = 0; noise < NOISES; noise++) {
		felt[noise].runs = all + noise * runs * BLOCKS * (PINGS + 1);
		felt[noise].pings = felt[noise].runs + (size_t)runs * BLOCKS;
	}
	for (uint32_t block = 0; block < BLOCKS; block++)
		for (uint32_t i = 0; i < NOISES; i++) {
			const enum noise noise = (enum noise)((block + i) % NOISES);

			if (feel_block(b, c, noise, path, runs, &felt[noise], err) < 0)
				return cordon_while(err, "beside another caller");
		}
	for (int noise = 0; noise < NOISES; noise++) {
		struct felt *f = &felt[noise];

		series_sort(f->pings, f->ping_count);
		series_sort(f->runs, f->run_count);
		found->ping[noise] = quantile(f->pings, f->ping_count, 0.99);
		found->run[noise] = quantile(f->runs, f->run_count, 0.99);
	}
	return 0;
}

int
measure_stream(struct bench *b, struct stream_found *found, struct cordon_error *err)
{
	char path[PATH_MAX + 16];
	struct server s;
	int result = -1;

	snprintf(path, sizeof(path), "%s/socket", b->peer.scratch);
	if (server_listen(&s, b->cordon, b->peer.workspace_name, path, err) == 0 &&
		client_run_true(&s.client, err) == 0 &&
		measure_speed(b, &s.client, found, err) == 0)
		result = measure_neighbours(b, &s.client, path, found, err);
	server_stop(&s);
	return result;
}
