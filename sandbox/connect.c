/* connect(2) on behalf of a run whose profile has `sockets: inside` (A08).
 *
 * A filter cannot read addresses, and an address that was read can be changed by another thread
 * before the kernel reads it again. So the call is never continued: the address is copied, the
 * caller's descriptor duplicated, and connect(2) made here.
 *
 * MUST 1 A socket file is connected to only when its listener lives in the run's own network
 *        namespace: only sockets of the run are born there, and unix_diag lists no others.
 * MUST 2 The file that was judged is the one connected to: by descriptor.
 * MUST 3 Nothing here blocks: pid 1 must keep watching the lifeline.
 *
 * calls: process_vm_readv ioctl pidfd_open pidfd_getfd openat2 openat read fstat socket sendto
 * recvfrom getsockopt fcntl connect poll close */
#include "gate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/openat2.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>

#include <cordon/fd.h>
#include <cordon/path.h>

#define THREAD     O_EXCL /* PIDFD_THREAD, since 6.9 */
#define TCP_LISTEN 10 /* udiag_state of a listener, net/tcp_states.h */

union address {
	struct sockaddr any;
	struct sockaddr_un path;
	struct sockaddr_storage room;
};

/* The process that thread belongs to, for kernels that open no pidfd on a thread. */
static pid_t
process_of(pid_t thread)
{
	char path[32], text[512];
	CORDON_CLOSE int fd = -1;
	const char *found;
	int process;
	ssize_t got;

	snprintf(path, sizeof(path), "/proc/%d/status", thread);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (got <= 0)
		return -1;
	text[got] = '\0';
	found = strstr(text, "\nTgid:\t");
	return found != NULL && sscanf(found, " Tgid: %d", &process) == 1 ? process : -1;
}

static int
duplicate(pid_t thread, int fd)
{
	CORDON_CLOSE int pidfd = (int)syscall(SYS_pidfd_open, thread, THREAD);

	if (pidfd < 0)
		pidfd = (int)syscall(SYS_pidfd_open, process_of(thread), 0);
	return pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
}

static int
copy_address(const struct seccomp_notif *call, union address *ret, socklen_t *ret_size)
{
	const uint64_t size = call->data.args[2] & 0xffffffff;
	struct iovec here = { .iov_base = ret, .iov_len = (size_t)size };
	struct iovec there = { .iov_base = (void *)(uintptr_t)call->data.args[1],
		.iov_len = (size_t)size };

	if (size < sizeof(sa_family_t) || size > sizeof(*ret))
		return EINVAL;
	memset(ret, 0, sizeof(*ret));
	if (process_vm_readv((pid_t)call->pid, &here, 1, &there, 1, 0) != (ssize_t)size)
		return EFAULT;
	*ret_size = (socklen_t)size;
	return 0;
}

/* Opens the socket file that the caller means. Root directories are the same here and there. */
static int
open_socket_file(pid_t thread, const union address *address, socklen_t size)
{
	char path[sizeof(address->path.sun_path) + 1];
	char cwd[32];
	CORDON_CLOSE int directory = -1;
	const size_t length = size - offsetof(struct sockaddr_un, sun_path);

	memcpy(path, address->path.sun_path, length);
	path[length] = '\0';
	if (path[0] != '/') {
		snprintf(cwd, sizeof(cwd), "/proc/%d/cwd", thread);
		directory = open(cwd, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (directory < 0)
			return -1;
	}
	return cordon_openat2(
		directory < 0 ? AT_FDCWD : directory, path, O_PATH, 0, RESOLVE_NO_MAGICLINKS);
}

/* True when one message of a unix_diag dump is a listener bound to this file. */
static int
is_listener_at(struct nlmsghdr *header, const struct stat *file)
{
	struct unix_diag_msg *m = NLMSG_DATA(header);
	struct rtattr *attribute = (void *)(m + 1);
	int left = (int)header->nlmsg_len - (int)NLMSG_LENGTH(sizeof(*m));

	if (left < 0 || m->udiag_state != TCP_LISTEN)
		return 0;
	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
		const struct unix_diag_vfs *vfs = RTA_DATA(attribute);

		if (attribute->rta_type != UNIX_DIAG_VFS || RTA_PAYLOAD(attribute) < sizeof(*vfs))
			continue;
		/* net/unix/diag.c: the kernel's own encoding of a device, 20 bits of minor. */
		return vfs->udiag_vfs_ino == (uint32_t)file->st_ino &&
		       vfs->udiag_vfs_dev ==
			       (uint32_t)(major(file->st_dev) << 20 | minor(file->st_dev));
	}
	return 0;
}

/* True when the file's listener is one of the run's. Any doubt is no. */
static int
is_ours(const struct stat *file)
{
	struct {
		struct nlmsghdr header;
		struct unix_diag_req body;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .sdiag_family = AF_UNIX,
			.udiag_states = 1u << TCP_LISTEN,
			.udiag_show = UDIAG_SHOW_VFS },
	};
	_Alignas(struct nlmsghdr) char answer[16384];
	CORDON_CLOSE int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (s < 0 || send(s, &request, sizeof(request), 0) != (ssize_t)sizeof(request))
		return 0;
	for (;;) {
		/* A dump is made while it is read, so this never waits for anyone. */
		ssize_t got = recv(s, answer, sizeof(answer), 0);
		int left = (int)got;

		if (got <= 0)
			return 0;
		for (struct nlmsghdr *h = (void *)answer; left > 0 && NLMSG_OK(h, (unsigned)left);
			h = NLMSG_NEXT(h, left)) {
			if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
				return 0;
			if (h->nlmsg_type == SOCK_DIAG_BY_FAMILY && is_listener_at(h, file))
				return 1;
		}
	}
}

/* connect(2) that returns at once. Returns 0 or an errno. The flag belongs to the open file
 * description, which is the caller's: it is put back before anyone is told. */
static int
try_connect(int socket, const struct sockaddr *address, socklen_t size, int *ret_blocking)
{
	const int flags = fcntl(socket, F_GETFL);
	int error = 0;

	if (flags < 0)
		return EBADF;
	*ret_blocking = (flags & O_NONBLOCK) == 0;
	if (*ret_blocking && fcntl(socket, F_SETFL, flags | O_NONBLOCK) < 0)
		return EBADF;
	if (connect(socket, address, size) < 0)
		error = errno;
	if (*ret_blocking)
		(void)fcntl(socket, F_SETFL, flags);
	return error;
}

static int
connect_to_file(int socket, int file, int *ret_blocking)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", file);
	return try_connect(
		socket, (const struct sockaddr *)&address, sizeof(address), ret_blocking);
}

/* Remembers a connection under way. Takes both descriptors. */
static int
postpone(struct gate *gate, uint64_t id, int *socket, int *file)
{
	for (unsigned i = 0; i < GATE_PENDING; i++) {
		struct gate_connect *p = &gate->pending[i];

		if (p->id != 0)
			continue;
		p->id = id;
		p->socket = cordon_fd_take(socket);
		p->path = cordon_fd_take(file);
		gate->pending_count++;
		return 0;
	}
	return EAGAIN;
}

int
gate_connect(struct gate *gate, const struct seccomp_notif *call)
{
	union address address;
	socklen_t size = 0, length = sizeof(int);
	CORDON_CLOSE int socket = -1;
	CORDON_CLOSE int file = -1;
	struct stat st;
	int domain = 0, blocking = 0;
	int error = copy_address(call, &address, &size);
	uint64_t id = call->id;

	if (error != 0)
		return error;
	socket = duplicate((pid_t)call->pid, (int)call->data.args[0]);
	if (socket < 0)
		return errno == EBADF ? EBADF : EACCES;
	if (getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &length) < 0)
		return ENOTSOCK;
	if (domain == AF_UNIX && address.any.sa_family == AF_UNIX &&
		size > offsetof(struct sockaddr_un, sun_path) && address.path.sun_path[0] != '\0') {
		file = open_socket_file((pid_t)call->pid, &address, size);
		if (file < 0)
			return errno;
	}
	/* The pid may be another process's by now; what was read then was not the caller's. */
	if (ioctl(gate->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) < 0)
		return EINTR;
	if (file >= 0) {
		if (fstat(file, &st) < 0 || !S_ISSOCK(st.st_mode))
			return ECONNREFUSED;
		if (!is_ours(&st))
			return EACCES;
		error = connect_to_file(socket, file, &blocking);
	} else {
		/* Internet, or an abstract name: both belong to the run's network namespace. */
		error = try_connect(socket, &address.any, size, &blocking);
	}
	if (error == 0)
		return GATE_CONNECTED;
	if (blocking && (error == EINPROGRESS || (error == EAGAIN && file >= 0)))
		return postpone(gate, call->id, &socket, &file);
	return error;
}

/* 0: still under way, GATE_CONNECTED, or an errno. */
static int
look_again(const struct gate_connect *p)
{
	struct pollfd ready = { .fd = p->socket, .events = POLLOUT };
	int error = 0, blocking;
	socklen_t length = sizeof(error);

	if (p->path >= 0) {
		error = connect_to_file(p->socket, p->path, &blocking);
		return error == 0 ? GATE_CONNECTED : error == EAGAIN ? 0 : error;
	}
	if (poll(&ready, 1, 0) <= 0)
		return 0;
	if (getsockopt(p->socket, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		return EIO;
	return error == 0 ? GATE_CONNECTED : error;
}

void
gate_resume(struct gate *gate)
{
	for (unsigned i = 0; i < GATE_PENDING && gate->pending_count > 0; i++) {
		struct gate_connect *p = &gate->pending[i];
		uint64_t id = p->id;
		int error;

		if (p->id == 0)
			continue;
		error = look_again(p);
		if (error == 0 && ioctl(gate->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0)
			continue;
		gate_reply(gate, p->id, error == GATE_CONNECTED ? 0 : error == 0 ? EINTR : error);
		cordon_fd_close_p(&p->socket);
		cordon_fd_close_p(&p->path);
		p->id = 0;
		gate->pending_count--;
	}
}
