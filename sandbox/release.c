/* calls: poll recvmsg sendmsg pread fcntl fstat memfd_create close brk mmap */
#include "release.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>

#include <cordon/fd.h>
#include <cordon/link.h>
#include <cordon/mem.h>
#include <cordon/wire.h>

#include "init_proto.h"

static void
encode(const struct cordon_launch *launch, const struct sandbox_covers *covers,
	struct cordon_writer *launch_w, struct cordon_writer *w)
{
	cordon_launch_encode(launch, launch_w);
	cordon_put_bytes(w, launch_w->data, launch_w->size);
	cordon_put_u32(w, (uint32_t)covers->count);
	for (size_t i = 0; i < covers->count; i++) {
		cordon_put_string(w, covers->items[i].path);
		cordon_put_u8(w, (uint8_t)covers->items[i].kind);
	}
}

int
release_send(int link, const struct cordon_launch *launch, const struct sandbox_covers *covers,
	const int *fds, unsigned fd_count, struct cordon_error *err)
{
	struct cordon_writer launch_w, w;
	int result;

	cordon_writer_init(&launch_w, CORDON_LINK_BODY);
	cordon_writer_init(&w, CORDON_LINK_BODY);
	encode(launch, covers, &launch_w, &w);
	result = cordon_writer_check(&launch_w, err);
	if (result == 0)
		result = cordon_writer_check(&w, err);
	if (result == 0)
		result = cordon_link_send(link, INIT_READY, w.data, w.size, fds, fd_count, err);
	cordon_writer_finish(&launch_w);
	cordon_writer_finish(&w);
	return result;
}

static int
decode_covers(struct cordon_reader *r, struct sandbox_covers *covers)
{
	uint32_t count = 0;

	if (cordon_get_u32(r, &count) < 0 || count > COVERS_MAX)
		return -1;
	covers->items = cordon_array((size_t)count + 1, sizeof(*covers->items));
	if (covers->items == NULL)
		return -1;
	for (covers->count = 0; covers->count < count; covers->count++) {
		struct sandbox_cover *c = &covers->items[covers->count];
		uint8_t kind = 0;

		if (cordon_get_string(r, PATH_MAX, &c->path) < 0 || cordon_get_u8(r, &kind) < 0 ||
			kind > COVER_BLANK_DIRECTORY)
			return -1;
		c->kind = kind;
	}
	return r->left == 0 ? 0 : -1;
}

static int
decode(struct cordon_message *m, struct sandbox_setup *s)
{
	struct cordon_launch *launch = cordon_array(1, sizeof(*launch));
	struct cordon_reader r = { .at = m->body, .left = m->size };
	struct cordon_bytes bytes;
	struct cordon_error ignored;
	unsigned used = 0;

	if (launch == NULL || m->number != INIT_READY ||
		cordon_get_bytes(&r, CORDON_LINK_BODY, &bytes) < 0 ||
		cordon_launch_decode(bytes.data, bytes.size, launch, &ignored) < 0 ||
		decode_covers(&r, &s->covers) < 0)
		return -1;
	s->launch = launch;
	for (int i = 0; i < 3; i++) {
		if ((launch->tty & 1u << i) != 0)
			continue;
		if (used == m->fd_count)
			return -1;
		s->stdio[i] = cordon_fd_take(&m->fds[used++]);
	}
	if (launch->held && used < m->fd_count)
		s->held = cordon_fd_take(&m->fds[used++]);
	else if (launch->held)
		return -1;
	return used == m->fd_count ? 0 : -1;
}

int
release_await(struct sandbox_setup *s)
{
	struct pollfd p[2] = { { .fd = s->lifeline, .events = 0 },
		{ .fd = s->init_link, .events = POLLIN } };
	struct cordon_message m = { 0 };
	struct cordon_error ignored;
	int result;

	while (poll(p, 2, -1) < 0)
		if (errno != EINTR)
			return -1;
	if (p[0].revents != 0 || cordon_link_receive(s->init_link, &m, &ignored) != 1)
		return -1;
	result = decode(&m, s);
	cordon_message_finish(&m);
	return result;
}
