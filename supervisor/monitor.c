/* One run, from HELLO to EXITED.
 *
 * The lifeline is made after the launcher was forked, so that nobody but this process ever has its
 * write end (A10): when this process dies, by whatever, every pid 1 sees the end of it.
 *
 * Order at the end: the launcher says EXITED when nothing of the run is left; then what is still in
 * the pipes is written out, the terminal is put back, and only then comes our own word. */
#include "monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/launcher.h>
#include <cordon/loop.h>

#include "terminal.h"

#define RUN 1
#define PLAN 1

struct monitor {
	const struct run_request *request;
	struct run_outcome *outcome;
	struct cordon_loop *loop;
	int link, launcher, lifeline; /* lifeline: the write end */
	int signals, pty;
	struct terminal terminal;
	struct stream *in, *out, *error; /* relays; NULL: passed straight, or ended */
	int run_ends[3]; /* what the run gets as its standard streams, -1: the pty */
	struct cordon_watch *link_watch, *launcher_watch, *signal_watch;
	struct cordon_timer *wall;
	struct timespec started_at;
	enum run_reason why; /* set when we ended it ourselves */
	int ended, killed, interrupts;
};

const char *
run_reason_name(enum run_reason reason)
{
	static const char *const names[] = { "exit", "signal", "timeout", "memory", "output",
		"refused-call", "killed", "refused", "setup" };
	_Static_assert(sizeof(names) / sizeof(names[0]) == REASON_COUNT, "a reason has no name");

	return names[reason];
}

static void
finish(struct monitor *m)
{
	m->ended = 1;
	cordon_loop_stop(m->loop);
}

/* cordon could not do its part. */
static void
give_up(struct monitor *m, const struct cordon_error *err)
{
	struct run_outcome *o = m->outcome;

	o->reason = REASON_SETUP;
	o->exit_code = 125;
	o->error = *err;
	finish(m);
}

static void
kill_run(struct monitor *m, enum run_reason why)
{
	struct cordon_error err = { 0 };

	if (m->killed)
		return;
	m->killed = 1;
	m->why = why;
	if (cordon_launch_send_kill(m->link, RUN, &err) < 0)
		give_up(m, &err);
}

/* streams */

static void
on_moved(struct monitor *m, uint64_t *total, const void *data, uint64_t count)
{
	struct run_outcome *o = m->outcome;

	*total += count;
	if (m->pty >= 0)
		terminal_watch(&m->terminal, data, count);
	if (m->request->output_bytes != UINT64_MAX &&
		o->stdout_bytes + o->stderr_bytes > m->request->output_bytes)
		kill_run(m, REASON_OUTPUT);
}

static void
on_stdout_moved(void *context, const void *data, uint64_t count)
{
	struct monitor *m = context;

	on_moved(m, &m->outcome->stdout_bytes, data, count);
}

static void
on_stderr_moved(void *context, const void *data, uint64_t count)
{
	struct monitor *m = context;

	on_moved(m, &m->outcome->stderr_bytes, data, count);
}

static void
on_stream_ended(void *context, struct stream *stream)
{
	struct monitor *m = context;

	if (m->in == stream)
		m->in = NULL;
	if (m->out == stream)
		m->out = NULL;
	if (m->error == stream)
		m->error = NULL;
	stream_destroy(stream);
}

/* A pipe between the run and us; the run's end is blocking, as programs expect. */
static int
relay(struct monitor *m, int stream, struct cordon_error *err)
{
	struct stream_events events = { .ended = on_stream_ended, .context = m };
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make a pipe");
	if (stream == 0) {
		m->run_ends[0] = ends[0];
		m->in = stream_create(m->loop, 0, ends[1], 0, 1, &events, err);
		return m->in == NULL ? -1 : 0;
	}
	m->run_ends[stream] = ends[1];
	events.moved = stream == 1 ? on_stdout_moved : on_stderr_moved;
	if (stream == 1)
		m->out = stream_create(m->loop, ends[0], 1, 1, 0, &events, err);
	else
		m->error = stream_create(m->loop, ends[0], 2, 1, 0, &events, err);
	return (stream == 1 ? m->out : m->error) == NULL ? -1 : 0;
}

static int
set_up_streams(struct monitor *m, struct cordon_error *err)
{
	const int counts = m->request->count_output || m->request->output_bytes != UINT64_MAX;

	for (int i = 0; i < 3; i++) {
		if ((m->request->launch.tty & 1u << i) != 0)
			continue;
		if (cordon_fd_is_anonymous_pipe(i) && !(counts && i > 0)) {
			m->run_ends[i] = fcntl(i, F_DUPFD_CLOEXEC, 3);
			if (m->run_ends[i] < 0)
				return cordon_fail(err, CORDON_ESYS, errno,
					"could not pass a standard stream on");
		} else if (relay(m, i, err) < 0) {
			return -1;
		}
	}
	m->outcome->counted = counts || (m->out != NULL && m->error != NULL);
	return 0;
}

static void
set_up_pty_streams(struct monitor *m)
{
	const struct stream_events in = { .ended = on_stream_ended, .context = m };
	const struct stream_events out = { .moved = on_stdout_moved,
		.ended = on_stream_ended,
		.context = m };
	struct cordon_error err = { 0 };
	int copy = fcntl(m->pty, F_DUPFD_CLOEXEC, 3);

	m->out = stream_create(m->loop, m->pty, 1, 0, 0, &out, &err);
	m->in = copy < 0 ? NULL : stream_create(m->loop, 0, copy, 0, 1, &in, &err);
	if (m->out == NULL || m->in == NULL)
		give_up(m, &err);
}

/* launcher's messages */

static uint64_t
elapsed_ms(const struct timespec *since)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)((now.tv_sec - since->tv_sec) * 1000 +
		(now.tv_nsec - since->tv_nsec) / 1000000);
}

static void
on_wall(void *context)
{
	kill_run(context, REASON_TIMEOUT);
}

static void
hear_started(struct monitor *m, struct cordon_launch_event *event)
{
	struct cordon_error err = { 0 };

	m->outcome->started = 1;
	m->outcome->start = event->started;
	m->pty = event->pty;
	for (int i = 0; i < 3; i++)
		cordon_fd_close_p(&m->run_ends[i]);
	(void)clock_gettime(CLOCK_MONOTONIC, &m->started_at);
	if (m->request->wall_ms != UINT64_MAX) {
		m->wall = cordon_loop_timer(m->loop, m->request->wall_ms, 0, on_wall, m, &err);
		if (m->wall == NULL)
			give_up(m, &err);
	}
	if (m->pty >= 0) {
		terminal_enter(&m->terminal);
		set_up_pty_streams(m);
	}
}

/* Reason and exit status of a run that had started. */
static void
conclude(struct monitor *m, const struct cordon_exited *exited)
{
	struct run_outcome *o = m->outcome;
	const int status = exited->status;
	const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	o->exited = *exited;
	o->wall_ms = elapsed_ms(&m->started_at);
	if (exited->end == CORDON_END_MEMORY) {
		o->reason = REASON_MEMORY;
		o->exit_code = signal != 0 ? 128 + signal : 128 + SIGKILL;
		cordon_fail(&o->error, CORDON_ELIMIT, 0,
			"the run reached its memory limit (limits.memory of the profile)");
		(void)cordon_because(&o->error, "limit.memory");
	} else if (exited->end == CORDON_END_HIDE || exited->end == CORDON_END_PROTECT) {
		const int hide = exited->end == CORDON_END_HIDE;

		o->reason = REASON_KILLED;
		o->exit_code = 125;
		cordon_fail(&o->error, CORDON_EFLOOR, 0,
			hide ? "the run was ended: a hidden file was replaced or appeared while it ran" :
			       "the run was ended: a protected file was replaced or appeared while it ran");
		(void)cordon_because(&o->error, hide ? "floor.hide" : "floor.protect");
	} else if (m->killed) {
		o->reason = m->why;
		o->exit_code = m->why == REASON_TIMEOUT ? 124 :
			m->why == REASON_OUTPUT		? 125 :
							  128 + SIGKILL;
		if (m->why == REASON_TIMEOUT) {
			cordon_fail(&o->error, CORDON_ELIMIT, 0,
				"the run reached its time limit of %llu ms (--timeout, or limits.wall of the "
				"profile)",
				(unsigned long long)m->request->wall_ms);
			(void)cordon_because(&o->error, "limit.wall");
		} else if (m->why == REASON_OUTPUT) {
			cordon_fail(&o->error, CORDON_ELIMIT, 0,
				"the run printed more than %llu bytes (limits.output of the profile)",
				(unsigned long long)m->request->output_bytes);
			(void)cordon_because(&o->error, "limit.output");
		}
	} else if (exited->end == CORDON_END_KILLED) {
		o->reason = REASON_KILLED;
		o->exit_code = 128 + SIGKILL;
	} else if (signal == SIGSYS) {
		o->reason = REASON_REFUSED_CALL;
		o->exit_code = 128 + SIGSYS;
		cordon_fail(&o->error, CORDON_EPOLICY, 0,
			"the command was killed for a system call that no run may make (a foreign "
			"architecture, or a rule of the profile)");
	} else if (signal != 0) {
		o->reason = REASON_SIGNAL;
		o->exit_code = 128 + signal;
	} else {
		o->reason = REASON_EXIT;
		o->exit_code = WEXITSTATUS(status);
	}
}

static void
hear_failed(struct monitor *m, const struct cordon_error *failure)
{
	struct run_outcome *o = m->outcome;

	o->error = *failure;
	o->reason = REASON_SETUP;
	o->exit_code = 125;
	if (failure->code == CORDON_ENOTFOUND)
		o->exit_code = 127;
	else if (failure->code == CORDON_EPOLICY) {
		o->exit_code = 126;
		o->reason = REASON_REFUSED;
	}
	finish(m);
}

/* Stops ourselves the way the run was stopped, so that the outer shell sees a stopped job. */
static void
hear_stopped(struct monitor *m)
{
	struct cordon_error err = { 0 };

	if (m->terminal.fd < 0)
		return;
	stream_drain(m->out);
	terminal_leave(&m->terminal);
	(void)raise(SIGSTOP);
	/* Here again: somebody sent SIGCONT, a shell's fg or bg. */
	terminal_enter(&m->terminal);
	if (cordon_launch_send_signal(m->link, RUN, SIGCONT, &err) < 0)
		give_up(m, &err);
}

static void
on_link(void *context, unsigned events)
{
	struct monitor *m = context;
	struct cordon_launch_event event;
	struct cordon_error err = { 0 };
	int got = cordon_launch_receive(m->link, &event, &err);

	(void)events;
	if (got < 0) {
		give_up(m, &err);
	} else if (got == 0) {
		cordon_watch_remove(m->link_watch); /* the pidfd says the rest */
		m->link_watch = NULL;
	} else if (event.message == CORDON_LAUNCH_STARTED) {
		hear_started(m, &event);
	} else if (event.message == CORDON_LAUNCH_FAILED) {
		hear_failed(m, &event.failure);
	} else if (event.message == CORDON_LAUNCH_STOPPED) {
		hear_stopped(m);
	} else {
		conclude(m, &event.exited);
		finish(m);
	}
}

static void
on_launcher_end(void *context, unsigned events)
{
	struct monitor *m = context;
	struct cordon_error err = { 0 };

	(void)events;
	/* Its last words may still be on the link. */
	while (!m->ended && m->link_watch != NULL)
		on_link(m, 0);
	if (m->ended)
		return;
	cordon_fail(&err, CORDON_EPEER, 0, "the launcher was killed, and the run with it");
	give_up(m, &err);
}

/* Signals to us are for the run; a third interrupt kills it. SIGTERM and SIGHUP give it a chance. */
static void
on_signal(void *context, unsigned events)
{
	struct monitor *m = context;
	struct signalfd_siginfo info;
	struct cordon_error err = { 0 };
	struct winsize size;
	int signal;

	(void)events;
	if (read(m->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	signal = (int)info.ssi_signo;
	if (signal == SIGWINCH || signal == SIGCONT) {
		terminal_enter(&m->terminal);
		if (m->pty >= 0 && ioctl(m->terminal.fd, TIOCGWINSZ, &size) == 0)
			(void)ioctl(m->pty, TIOCSWINSZ, &size);
		return;
	}
	if (!m->outcome->started || ++m->interrupts > 2)
		kill_run(m, REASON_KILLED);
	else if (cordon_launch_send_signal(m->link, RUN, signal, &err) < 0)
		give_up(m, &err);
}

static int
set_up_signals(struct monitor *m, struct cordon_error *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGCONT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not block signals");
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGTTOU, SIG_IGN); /* putting the terminal back from the background */
	m->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (m->signals < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not take signals");
	return 0;
}

static int
start(struct monitor *m, struct cordon_error *err)
{
	const struct run_request *r = m->request;
	CORDON_CLOSE int read_end = -1;
	int ends[2], fds[3];
	unsigned count = 0;

	if (set_up_signals(m, err) < 0 || set_up_streams(m, err) < 0)
		return -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make the lifeline");
	read_end = ends[0];
	m->lifeline = ends[1];
	for (int i = 0; i < 3; i++)
		if (m->run_ends[i] >= 0)
			fds[count++] = m->run_ends[i];
	m->link_watch = cordon_loop_watch(m->loop, m->link, CORDON_LOOP_READ, on_link, m, err);
	m->launcher_watch = m->link_watch == NULL ?
		NULL :
		cordon_loop_watch(m->loop, m->launcher, CORDON_LOOP_READ, on_launcher_end, m, err);
	m->signal_watch = m->launcher_watch == NULL ?
		NULL :
		cordon_loop_watch(m->loop, m->signals, CORDON_LOOP_READ, on_signal, m, err);
	if (m->signal_watch == NULL)
		return -1;
	if (cordon_launch_send_hello(m->link, read_end, err) < 0 ||
		cordon_launch_send_plan(m->link, PLAN, r->plan, err) < 0 ||
		cordon_launch_send_launch(m->link, &r->launch, fds, count, err) < 0)
		return -1;
	return 0;
}

/* Lets the launcher go and waits for it; sweeps behind one that was killed. */
static void
dismiss_launcher(struct monitor *m)
{
	siginfo_t info = { 0 };

	cordon_fd_close_p(&m->lifeline);
	cordon_fd_close_p(&m->link);
	while (waitid(P_PIDFD, (id_t)m->launcher, &info, WEXITED) < 0 && errno == EINTR)
		;
	if (info.si_code != CLD_EXITED || info.si_status != 0)
		cordon_launcher_sweep(info.si_pid, m->request->launch.workspace,
			m->request->plan->protect, m->request->plan->protect_count);
	cordon_fd_close_p(&m->launcher);
}

static void
clean_up(struct monitor *m)
{
	cordon_watch_remove(m->link_watch);
	cordon_watch_remove(m->launcher_watch);
	cordon_watch_remove(m->signal_watch);
	cordon_timer_remove(m->wall);
	dismiss_launcher(m);
	for (int i = 0; i < 3; i++)
		cordon_fd_close_p(&m->run_ends[i]);
	/* All writers are dead: what is in the pipes is all there will be. */
	stream_drain(m->out);
	stream_drain(m->error);
	stream_destroy(m->in);
	stream_destroy(m->out);
	stream_destroy(m->error);
	terminal_finish(&m->terminal);
	cordon_fd_close_p(&m->pty);
	cordon_fd_close_p(&m->signals);
	cordon_loop_destroy(m->loop);
}

void
monitor_run(const struct run_request *request, int launcher_link, int launcher_pidfd,
	struct run_outcome *outcome)
{
	struct monitor m = { .request = request,
		.outcome = outcome,
		.link = launcher_link,
		.launcher = launcher_pidfd,
		.lifeline = -1,
		.signals = -1,
		.pty = -1,
		.terminal = { .fd = -1 },
		.run_ends = { -1, -1, -1 } };
	struct cordon_error err = { 0 };

	m.loop = cordon_loop_create(&err);
	if (m.loop == NULL || (request->launch.tty != 0 && terminal_init(&m.terminal, 0, &err) < 0) ||
		start(&m, &err) < 0) {
		outcome->reason = REASON_SETUP;
		outcome->exit_code = 125;
		outcome->error = err;
	} else if (cordon_loop_run(m.loop, &err) < 0 || !m.ended) {
		outcome->reason = REASON_SETUP;
		outcome->exit_code = 125;
		outcome->error = err;
	}
	clean_up(&m);
}
