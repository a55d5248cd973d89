/* Beginning, loop and end of serving. The launcher's link is here; callers are caller.c's, their runs
 * job.c's. */
#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/launcher.h>
#include <cordon/link.h>

#include "cmd.h"
#include "control.h"
#include "serve_ledger.h"
#include "serve_main.h"

#define LAUNCHER_BYTES (64u << 20) /* more than what can be told when it is behind */
#define BEHIND_BYTES   (256u << 10)
#define TURN           64

void
serve_fail(struct serve *s, const struct cordon_error *err)
{
	if (s->status == 0)
		cmd_say(err);
	s->status = EXIT_SETUP;
	s->ending = 1;
}

uint64_t
serve_elapsed_ms(const struct timespec *since)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)((now.tv_sec - since->tv_sec) * 1000 +
			  (now.tv_nsec - since->tv_nsec) / 1000000);
}

void
serve_look(struct serve *s)
{
	if (s->callers == NULL && s->listener < 0)
		s->ending = 1; /* nobody is left, and nobody can come */
	if (s->ending && s->callers == NULL && s->job_count == 0)
		cordon_loop_stop(s->loop);
}

/* the launcher */

static void
settle_events(struct serve *s)
{
	cordon_watch_set(s->launcher_link_watch,
		CORDON_LOOP_READ | (outbox_is_empty(&s->launcher_outbox) ? 0u : CORDON_LOOP_WRITE));
}

static void
lose_sight(struct serve *s, struct cordon_error *err)
{
	(void)cordon_while(err, "could not reach the launcher");
	serve_fail(s, err);
}

void
serve_tell(struct serve *s, enum cordon_launch_message number, struct cordon_writer *w)
{
	struct cordon_error err = { 0 };

	if (outbox_send(&s->launcher_outbox, (uint16_t)number, w, NULL, 0, &err) < 0)
		lose_sight(s, &err);
	if (s->launcher_link_watch != NULL)
		settle_events(s);
}

int
serve_tell_launch(struct serve *s, struct cordon_writer *w, int *fds, unsigned fd_count,
	struct cordon_error *err)
{
	const int result =
		outbox_send(&s->launcher_outbox, CORDON_LAUNCH_LAUNCH, w, fds, fd_count, err);

	if (result < 0 && err->code != CORDON_ESYS)
		lose_sight(s, err);
	if (s->launcher_link_watch != NULL)
		settle_events(s);
	return result;
}

int
serve_launcher_is_behind(const struct serve *s)
{
	return s->launcher_outbox.bytes > BEHIND_BYTES;
}

static void
lose_launcher(struct serve *s, const struct cordon_error *err)
{
	serve_fail(s, err);
	jobs_lost(s, err);
	cordon_watch_remove(s->launcher_link_watch);
	s->launcher_link_watch = NULL;
	callers_reap(s);
}

/* Returns 1, or 0 when there is nothing more to hear now. */
static int
hear(struct serve *s)
{
	struct cordon_launch_event event;
	struct cordon_error err = { 0 };
	int got;

	cordon_fd_raise_limit();
	got = cordon_launch_receive(s->launcher_link, &event, &err);
	cordon_fd_set_aside();

	if (got < 0 && err.code == CORDON_ESYS && err.sys == EAGAIN)
		return 0;
	if (got == 0)
		(void)cordon_fail(&err, CORDON_EPEER, 0, "the launcher has gone, and all runs");
	if (got <= 0)
		lose_launcher(s, &err);
	else
		job_hear(s, &event);
	return got > 0;
}

static void
on_launcher_link(void *context, unsigned events)
{
	struct serve *s = context;
	struct cordon_error err = { 0 };

	if ((events & CORDON_LOOP_WRITE) != 0 && outbox_flush(&s->launcher_outbox, &err) < 0) {
		lose_launcher(s, &err);
		return;
	}
	for (int i = 0; i < TURN && hear(s); i++)
		;
	if (s->launcher_link_watch != NULL)
		settle_events(s);
	callers_resume(s);
	callers_reap(s);
}

static int
start_launcher(struct serve *s, const char *path, struct cordon_error *err)
{
	CORDON_CLOSE int read_end = -1;
	int ends[2];

	if (cordon_launcher_exec(path, &s->launcher_link, &s->launcher, err) < 0)
		return -1;
	/* The lifeline comes after every process that is not to hold it (A10). */
	if (pipe2(ends, O_CLOEXEC) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make the lifeline");
	read_end = ends[0];
	s->lifeline = ends[1];
	if (cordon_launch_send_hello(s->launcher_link, read_end, err) < 0)
		return -1;
	if (cordon_fd_nonblock(s->launcher_link, 1) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not use the launcher's link");
	outbox_init(&s->launcher_outbox, s->launcher_link, LAUNCHER_BYTES);
	s->launcher_link_watch = cordon_loop_watch(
		s->loop, s->launcher_link, CORDON_LOOP_READ, on_launcher_link, s, err);
	return s->launcher_link_watch == NULL ? -1 : 0;
}

/* Lets the launcher go and waits for it: what is left of runs is gone with it. Sweeps behind one that was
 * killed. */
static void
dismiss_launcher(struct serve *s)
{
	siginfo_t info = { 0 };

	if (s->launcher < 0)
		return;
	cordon_fd_close_p(&s->lifeline);
	cordon_fd_close_p(&s->launcher_link);
	while (waitid(P_PIDFD, (id_t)s->launcher, &info, WEXITED) < 0 && errno == EINTR)
		;
	if (info.si_code != CLD_EXITED || info.si_status != 0)
		plans_sweep(s, info.si_pid);
	cordon_fd_close_p(&s->launcher);
}

/* signals */

static void
on_signal(void *context, unsigned events)
{
	struct serve *s = context;
	struct signalfd_siginfo info;

	(void)events;
	if (read(s->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	s->ending = 1;
	callers_reap(s);
}

static int
take_signals(struct serve *s, struct cordon_error *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	(void)signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not block signals");
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not take signals");
	s->signal_watch =
		cordon_loop_watch(s->loop, s->signals, CORDON_LOOP_READ, on_signal, s, err);
	return s->signal_watch == NULL ? -1 : 0;
}

/* all of it */

int
serve_begin(struct serve *s, const char *launcher_path, struct cordon_error *err)
{
	(void)clock_gettime(CLOCK_MONOTONIC, &s->began_at);
	cordon_fd_set_aside();
	s->loop = cordon_loop_create(err);
	if (s->loop == NULL || take_signals(s, err) < 0)
		return -1;
	return start_launcher(s, launcher_path, err);
}

int
serve_run(struct serve *s, struct cordon_error *err)
{
	serve_look(s);
	if (s->ending && s->callers == NULL && s->job_count == 0)
		return 0;
	return cordon_loop_run(s->loop, err);
}

void
serve_finish(struct serve *s)
{
	struct cordon_error lost = { 0 };

	cordon_fail(&lost, CORDON_EPEER, 0, "cordon is ending");
	jobs_lost(s, &lost);
	if (s->guard != NULL)
		guard_stop(s->guard);
	serve_ledger_finish(s);
	jobs_finish(s);
	callers_finish(s);
	guard_destroy(s->guard);
	cordon_watch_remove(s->launcher_link_watch);
	cordon_watch_remove(s->signal_watch);
	listen_finish(s);
	control_finish(s);
	dismiss_launcher(s);
	outbox_finish(&s->launcher_outbox);
	plans_finish(s);
	catalogue_finish(&s->catalogue);
	cordon_fd_close_p(&s->signals);
	cordon_loop_destroy(s->loop);
}
