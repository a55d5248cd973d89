/* The keeper has no filter, since what it starts would inherit it and needs calls that it must not have itself; so it reads
 * nothing but the number of a message, from the monitor alone. Whoever has taken a monitor over can have guards
 * started by it, and nothing else.
 *
 * Tests: tests/kernel/test_keeper.c, tests/system/network.
 * calls: clone3 setsid fcntl dup2 close_range rt_sigprocmask execve exit_group pidfd_send_signal waitid poll ppoll */
#include "keeper.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/keeper_proto.h>
#include <cordon/link.h>
#include <cordon/spawn.h>
#include <cordon/wire.h>

#define SELF  "/proc/self/exe"
#define FETCH "cordon-fetch" /* beside it */

static const struct {
	const char *role;
	enum cordon_keeper_fd first;
	unsigned count;
} roles[] = {
	{ "dial", CORDON_KEEPER_DIALER_MONITOR, 1 },
	{ "relay", CORDON_KEEPER_RELAY_MONITOR, 2 },
	{ "resolve", CORDON_KEEPER_RESOLVER_MONITOR, 2 },
};
#define ROLES (sizeof(roles) / sizeof(roles[0]))

#define FETCHES 64 /* more than a monitor has at one time */

struct keeper {
	int processes[ROLES]; /* pidfds; -1: none */
	int fetches
		[FETCHES]; /* the same; those that have ended, too, until there is need of the place */
};

static void
end(int *process)
{
	siginfo_t info;

	if (*process < 0)
		return;
	(void)syscall(SYS_pidfd_send_signal, *process, SIGKILL, NULL, 0);
	/* Children are reaped by the kernel, so this waits for the end and finds nobody. */
	while (waitid(P_PIDFD, (id_t)*process, &info, WEXITED) < 0 && errno == EINTR)
		;
	cordon_fd_close_p(process);
}

static void
stop(struct keeper *k)
{
	for (unsigned i = 0; i < ROLES; i++)
		end(&k->processes[i]);
}

/* A place for a fetch. NULL: all are alive. */
static int *
place(struct keeper *k)
{
	for (unsigned i = 0; i < FETCHES; i++) {
		struct pollfd p = { .fd = k->fetches[i], .events = POLLIN };

		if (k->fetches[i] >= 0 && poll(&p, 1, 0) <= 0)
			continue;
		cordon_fd_close_p(&k->fetches[i]);
		return &k->fetches[i];
	}
	return NULL;
}

static int
start(struct keeper *k, const struct cordon_message *m, struct cordon_error *err)
{
	stop(k);
	for (unsigned i = 0; i < ROLES; i++) {
		int fds[5] = { 0, 1, 2 };

		for (unsigned j = 0; j < roles[i].count; j++)
			fds[3 + j] = m->fds[roles[i].first + j];
		if (cordon_spawn_role(SELF, "cordon-netguard", roles[i].role, fds,
			    3 + roles[i].count, &k->processes[i], err) < 0) {
			stop(k);
			return -1;
		}
	}
	return 0;
}

static int
start_fetch(struct keeper *k, const struct cordon_message *m, int *ret_process,
	struct cordon_error *err)
{
	int *process = place(k);
	const int fds[] = { 0, 1, 2, m->fds[0], m->fds[1] };
	char path[PATH_MAX];
	const ssize_t length = readlink(SELF, path, sizeof(path) - sizeof(FETCH));

	if (process == NULL)
		return cordon_fail(err, CORDON_ELIMIT, EAGAIN, "there are too many fetches");
	if (length <= 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not find " FETCH);
	path[length] = '\0';
	memcpy(strrchr(path, '/') + 1, FETCH, sizeof(FETCH));
	if (cordon_spawn(path, FETCH, fds, 5, process, err) < 0)
		return -1;
	*ret_process = *process;
	return 0;
}

/* fd: -1: none. */
static int
answer(const struct cordon_error *why, int fd, struct cordon_error *err)
{
	struct cordon_writer w;
	int result;

	cordon_writer_init(&w, 16);
	if (why != NULL)
		cordon_put_u32(&w, (uint32_t)why->sys);
	result = cordon_link_send(KEEPER_MONITOR,
		why == NULL ? CORDON_KEEPER_STARTED : CORDON_KEEPER_UNSTARTED, w.data, w.size, &fd,
		fd >= 0, err);
	cordon_writer_finish(&w);
	return result;
}

static int
take(struct keeper *k, const struct cordon_message *m, struct cordon_error *err)
{
	struct cordon_error why = { 0 };

	if (m->number == CORDON_KEEPER_START && m->size == 0 && m->fd_count == CORDON_KEEPER_FDS)
		return answer(start(k, m, &why) < 0 ? &why : NULL, -1, err);
	if (m->number == CORDON_KEEPER_STOP && m->size == 0 && m->fd_count == 0) {
		stop(k);
		return 0;
	}
	if (m->number == CORDON_KEEPER_START_FETCH && m->size == 0 &&
		m->fd_count == CORDON_KEEPER_FETCH_FDS) {
		int process = -1;
		const int result = start_fetch(k, m, &process, &why);

		return answer(result < 0 ? &why : NULL, process, err);
	}
	return cordon_fail(err, CORDON_EPEER, 0, "the monitor may not say that");
}

int
keeper_run(struct cordon_error *err)
{
	struct keeper k = { .processes = { -1, -1, -1 } };
	int result = 1;

	for (unsigned i = 0; i < FETCHES; i++)
		k.fetches[i] = -1;
	(void)signal(SIGCHLD, SIG_IGN);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not begin");
	while (result > 0) {
		struct cordon_message m = { 0 };

		result = cordon_link_receive(KEEPER_MONITOR, &m, err);
		if (result > 0 && take(&k, &m, err) < 0)
			result = -1;
		cordon_message_finish(&m);
	}
	stop(&k);
	for (unsigned i = 0; i < FETCHES; i++)
		end(&k.fetches[i]);
	return result;
}
