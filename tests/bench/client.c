#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

#define PATIENCE_MS 60000
#define READ_BYTES  (256u * 1024)
#define LINE_BYTES  (32u << 20)

static const char id_head[] = "{\"jsonrpc\":\"2.0\",\"id\":";

int
client_send(struct client *c, const char *method, const char *params, uint64_t *ret_id,
	struct cordon_error *err)
{
	CORDON_FREE char *line = NULL;
	const int length = asprintf(&line, "%s%" PRIu64 ",\"method\":\"%s\",\"params\":%s}\n",
		id_head, ++c->last_id, method, params);

	if (length < 0)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not make a request");
	if (cordon_fd_write_all(c->in, line, (size_t)length) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not send a request");
	*ret_id = c->last_id;
	return 0;
}

static int
read_more(struct client *c, struct cordon_error *err)
{
	struct pollfd ready = { .fd = c->out, .events = POLLIN };
	ssize_t got;

	memmove(c->buffer, c->buffer + c->begin, c->end - c->begin);
	c->end -= c->begin;
	c->begin = 0;
	if (c->end + READ_BYTES > c->room &&
		cordon_grow(&c->buffer, &c->room, c->end + READ_BYTES, LINE_BYTES, 1) < 0)
		return cordon_fail(err, CORDON_ELIMIT, 0, "an answer is too long");
	if (poll(&ready, 1, PATIENCE_MS) <= 0)
		return cordon_fail(err, CORDON_EPEER, 0, "cordon serve does not answer");
	got = read(c->out, c->buffer + c->end, c->room - c->end);
	if (got <= 0)
		return cordon_fail(err, CORDON_EPEER, 0, "cordon serve has gone");
	c->end += (size_t)got;
	c->bytes += (uint64_t)got;
	return 0;
}

int
client_line(struct client *c, char **ret_line, struct cordon_error *err)
{
	size_t looked = 0;

	for (;;) {
		char *from = c->buffer + c->begin;
		char *end = c->end == c->begin + looked
				    ? NULL
				    : memchr(from + looked, '\n', c->end - c->begin - looked);

		if (end != NULL) {
			*end = '\0';
			c->begin += (size_t)(end - from) + 1;
			*ret_line = from;
			return 0;
		}
		looked = c->end - c->begin;
		if (read_more(c, err) < 0)
			return -1;
	}
}

int
client_hear(struct client *c, uint64_t *ret_id, char **ret_line, struct cordon_error *err)
{
	char *line, *behind;

	do
		if (client_line(c, &line, err) < 0)
			return -1;
	while (strncmp(line, id_head, sizeof(id_head) - 1) != 0);
	*ret_id = strtoumax(line + sizeof(id_head) - 1, &behind, 10);
	if (ret_line != NULL)
		*ret_line = line;
	if (strncmp(behind, ",\"result\":", 10) == 0)
		return 1;
	(void)cordon_fail(err, CORDON_EPEER, 0, "cordon serve answered '%.150s'", line);
	return 0;
}

int
client_answer(struct client *c, uint64_t *ret_id, char **ret_line, struct cordon_error *err)
{
	return client_hear(c, ret_id, ret_line, err) == 1 ? 0 : -1;
}

int
client_call(struct client *c, const char *method, const char *params, char **ret_line,
	struct cordon_error *err)
{
	uint64_t sent, got;

	if (client_send(c, method, params, &sent, err) < 0 ||
		client_answer(c, &got, ret_line, err) < 0)
		return cordon_while(err, "%s", method);
	if (got != sent)
		return cordon_fail(
			err, CORDON_EPEER, 0, "%s: another request was answered", method);
	return 0;
}

int
client_run(struct client *c, const char *params, struct cordon_error *err)
{
	char *line;

	if (client_call(c, "process/run", params, &line, err) < 0)
		return -1;
	if (strstr(line, "\"exitCode\":0") == NULL)
		return cordon_fail(err, CORDON_EPEER, 0, "process/run: '%.150s'", line);
	return 0;
}

static int
introduce(struct client *c, struct cordon_error *err)
{
	return client_call(c, "initialize",
		"{\"protocolVersion\":\"1\",\"clientInfo\":{\"name\":\"bench\",\"version\":\"1\"}}",
		NULL, err);
}

static int
try_connect(struct client *c, const char *path, struct cordon_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*c = (struct client)CLIENT_CLOSED;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		cordon_fail(err, CORDON_ESYS, errno, "could not connect to '%s'", path);
		cordon_fd_close_p(&fd);
		return -1;
	}
	c->in = c->out = fd;
	return 0;
}

int
client_connect(struct client *c, const char *path, struct cordon_error *err)
{
	return try_connect(c, path, err) < 0 ? -1 : introduce(c, err);
}

void
client_finish(struct client *c)
{
	const int one = c->in == c->out;

	cordon_fd_close_p(&c->in);
	if (!one)
		cordon_fd_close_p(&c->out);
	free(c->buffer);
	*c = (struct client)CLIENT_CLOSED;
}

/* in and out: what it reads and writes. */
static int
start(struct server *s, char *const *argv, int in, int out, struct cordon_error *err)
{
	posix_spawn_file_actions_t actions;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	error = posix_spawn(&s->pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return error == 0 ? 0 : cordon_fail(err, CORDON_ESYS, error, "could not start cordon");
}

int
server_start(struct server *s, const char *cordon, const char *workspace, struct cordon_error *err)
{
	char *const argv[] = { (char *)(uintptr_t)cordon, (char *)(uintptr_t) "serve",
		(char *)(uintptr_t) "--stdio", (char *)(uintptr_t) "--workspace",
		(char *)(uintptr_t)workspace, NULL };
	int to[2], from[2] = { -1, -1 }, result;

	*s = (struct server){ .pid = -1, .client = CLIENT_CLOSED };
	if (pipe2(to, O_CLOEXEC) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make a pipe");
	s->client.in = to[1];
	result = pipe2(from, O_CLOEXEC) < 0
			 ? cordon_fail(err, CORDON_ESYS, errno, "could not make a pipe")
			 : start(s, argv, to[0], from[1], err);
	s->client.out = from[0];
	cordon_fd_close_p(&to[0]);
	cordon_fd_close_p(&from[1]);
	return result < 0 ? -1 : introduce(&s->client, err);
}

int
server_listen(struct server *s, const char *cordon, const char *workspace, const char *path,
	struct cordon_error *err)
{
	char *const argv[] = { (char *)(uintptr_t)cordon, (char *)(uintptr_t) "serve",
		(char *)(uintptr_t) "--listen", (char *)(uintptr_t)path,
		(char *)(uintptr_t) "--workspace", (char *)(uintptr_t)workspace, NULL };
	const struct timespec moment = { .tv_nsec = 5000000 };
	CORDON_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	*s = (struct server){ .pid = -1, .client = CLIENT_CLOSED };
	if (null < 0 || start(s, argv, null, null, err) < 0)
		return -1;
	for (int i = 0; i < 2000; i++) {
		if (try_connect(&s->client, path, err) == 0)
			return introduce(&s->client, err);
		(void)nanosleep(&moment, NULL);
	}
	return -1;
}

void
server_stop(struct server *s)
{
	client_finish(&s->client);
	if (s->pid <= 0)
		return;
	(void)kill(s->pid, SIGTERM);
	(void)waitpid(s->pid, NULL, 0);
	s->pid = -1;
}
