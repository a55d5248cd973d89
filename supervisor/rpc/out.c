/* The caller's descriptor is never made non-blocking: it shares its description with others, a shell for
 * one (supervisor/stream.c). A pipe or a terminal is opened anew, which gives a description of our own;
 * a socket is told for each message; for what is left, poll(2) says that PIPE_BUF bytes are taken at
 * once (pipe(7)).
 *
 * calls: writev sendmsg poll ppoll; at start: openat fstat fcntl */
#include "out.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

#include "rpc.h"

#define PARTS 64 /* of one write */
/* What a line takes of memory, with what malloc(3) adds. */
#define COST(size) ((size) + sizeof(struct out_line) + 32)

struct out_line {
	struct out_line *next;
	char *text; /* owned; the line end takes the place of its NUL */
	size_t size, sent;
};

static void
on_writable(void *context, unsigned events)
{
	struct out *o = context;

	if (events == CORDON_LOOP_READ) /* an error, which pauses the watch */
		o->waiting = 0;
	rpc_settle(o->rpc);
}

static enum out_way
way_of(int fd, int *ret_own)
{
	struct stat st;
	char name[32];

	*ret_own = -1;
	if (fstat(fd, &st) < 0 || S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))
		return OUT_FILE;
	if (S_ISSOCK(st.st_mode))
		return OUT_SOCKET;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	*ret_own = open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return *ret_own >= 0 ? OUT_OWN : OUT_SHARED;
}

int
out_open(struct out *o, struct rpc *rpc, struct cordon_loop *loop, int fd, struct cordon_error *err)
{
	int own;

	*o = (struct out){ .rpc = rpc, .way = way_of(fd, &own) };
	/* A number of its own in any case: epoll may know this one for reading. */
	o->fd = own >= 0 ? own : fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (o->fd < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not take the caller's output");
	if (o->way == OUT_FILE)
		return 0;
	o->watch = cordon_loop_watch(loop, o->fd, 0, on_writable, o, err);
	if (o->watch == NULL)
		o->way = OUT_FILE; /* /dev/null and other devices that epoll refuses */
	return 0;
}

static void
drop_first(struct out *o)
{
	struct out_line *line = o->first;

	o->first = line->next;
	if (o->first == NULL)
		o->last = NULL;
	o->queued -= COST(line->size);
	free(line->text);
	free(line);
}

void
out_finish(struct out *o)
{
	while (o->first != NULL)
		drop_first(o);
	cordon_watch_remove(o->watch);
	o->watch = NULL;
	if (o->rpc != NULL)
		cordon_fd_close_p(&o->fd);
}

int
out_put(struct out *o, struct cordon_json *j)
{
	struct out_line *line = cordon_array(1, sizeof(*line));
	size_t size;
	char *text = cordon_json_take(j, &size);

	if (line == NULL || text == NULL) {
		free(line);
		free(text);
		return -1;
	}
	text[size] = '\n';
	line->text = text;
	line->size = size + 1;
	if (o->last == NULL)
		o->first = line;
	else
		o->last->next = line;
	o->last = line;
	o->queued += COST(line->size);
	return 0;
}

/* The begin of the queue as vector of at most most bytes. */
static int
gather(const struct out *o, struct iovec parts[PARTS], size_t most)
{
	int count = 0;

	for (const struct out_line *l = o->first; l != NULL && count < PARTS && most > 0;
		l = l->next) {
		const size_t left = l->size - l->sent < most ? l->size - l->sent : most;

		parts[count++] = (struct iovec){ l->text + l->sent, left };
		most -= left;
	}
	return count;
}

static ssize_t
write_some(struct out *o)
{
	struct pollfd ready = { .fd = o->fd, .events = POLLOUT };
	struct iovec parts[PARTS];
	struct msghdr message = { .msg_iov = parts };

	if (o->way == OUT_SHARED && poll(&ready, 1, 0) <= 0) {
		errno = EAGAIN;
		return -1;
	}
	message.msg_iovlen = (size_t)gather(o, parts, o->way == OUT_SHARED ? PIPE_BUF : SSIZE_MAX);
	if (o->way == OUT_SOCKET)
		return sendmsg(o->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	return writev(o->fd, parts, (int)message.msg_iovlen);
}

int
out_flush(struct out *o)
{
	while (o->first != NULL) {
		const ssize_t sent = write_some(o);
		size_t left = sent < 0 ? 0 : (size_t)sent;

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno != EAGAIN)
			return -1;
		if (sent < 0)
			break;
		while (left > 0) {
			struct out_line *l = o->first;
			const size_t piece = l->size - l->sent < left ? l->size - l->sent : left;

			l->sent += piece;
			left -= piece;
			if (l->sent == l->size)
				drop_first(o);
		}
	}
	if (o->watch != NULL && o->waiting != (o->first != NULL)) {
		o->waiting = o->first != NULL;
		cordon_watch_set(o->watch, o->waiting ? CORDON_LOOP_WRITE : 0);
	}
	return 0;
}
