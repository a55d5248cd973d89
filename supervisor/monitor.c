/* One run, from HELLO to EXITED.
 *
 * The lifeline is made after the launcher was forked, so that nobody but this process ever has its
 * write end (A10): when this process dies, by whatever, every pid 1 sees the end of it.
 *
 * Order at the end: the launcher says EXITED when nothing of the run is left; then what is still in
 * the pipes is written out, the terminal is put back, and only then comes our own word.
 *
 * Job control: with a pty the run has a session of its own, so Ctrl-Z stops the command and we are
 * told; then we stop our own group, and the caller's shell sees a stopped job. Without a pty Ctrl-Z
 * reaches us; then we stop the run, and when it has stopped, ourselves. In the background the
 * caller's terminal is left alone: reading it would stop us (SIGTTIN), and raw mode would be the
 * shell's. */
#include "monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/launcher.h>
#include <cordon/loop.h>

#include "cmd.h"
#include "relays.h"
#include "terminal.h"

#define RUN           1
#define PLAN          1
#define INTERRUPTS    3 /* this many signals within … */
#define INTERRUPTS_MS 2000 /* … this time kill the run */
#define ATTENTION_MS  250

struct monitor {
	const struct run_request *request;
	struct run_outcome *outcome;
	struct cordon_loop *loop;
	int link, launcher, lifeline; /* lifeline: the write end */
	int signals;
	struct terminal terminal;
	struct relays relays;
	struct cordon_watch *link_watch, *launcher_watch, *signal_watch;
	struct cordon_timer *wall, *attention;
	struct timespec started_at;
	enum run_reason why; /* set when we ended it ourselves, else REASON_EXIT */
	int ended, stop_asked;
	int orderly; /* the launcher has said how it ended: nothing of the run is left */
	unsigned interrupts;
	int early_signal; /* for the command, which had not started when it came */
	struct timespec interrupted_at;
};

static uint64_t
elapsed_ms(const struct timespec *since)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)((now.tv_sec - since->tv_sec) * 1000 +
			  (now.tv_nsec - since->tv_nsec) / 1000000);
}

static void
finish(struct monitor *m)
{
	m->ended = 1;
	if (m->loop != NULL)
		cordon_loop_stop(m->loop);
}

/* cordon could not do its part. */
static void
give_up(struct monitor *m, const struct cordon_error *err)
{
	outcome_fail(m->outcome, err);
	m->outcome->exit_code = EXIT_SETUP;
	finish(m);
}

static void
kill_run(struct monitor *m, enum run_reason why)
{
	struct cordon_error err = { 0 };

	if (m->why != REASON_EXIT)
		return;
	m->why = why;
	if (cordon_launch_send_kill(m->link, RUN, &err) < 0)
		give_up(m, &err);
}

/* streams */

static void
on_printed(void *context, const void *data, uint64_t count)
{
	struct monitor *m = context;

	if (m->relays.pty >= 0)
		terminal_watch(&m->terminal, data, count);
	if (m->request->output_bytes != UINT64_MAX &&
		m->relays.bytes[1] + m->relays.bytes[2] > m->request->output_bytes)
		kill_run(m, REASON_OUTPUT);
}

static void
on_hung_up(void *context)
{
	struct monitor *m = context;

	cordon_timer_remove(m->attention); /* there is nothing left to attend to */
	m->attention = NULL;
}

/* terminal and job control */

static void
pass_size_on(struct monitor *m)
{
	struct winsize size;

	if (m->relays.pty >= 0 && ioctl(m->terminal.out, TIOCGWINSZ, &size) == 0)
		(void)ioctl(m->relays.pty, TIOCSWINSZ, &size);
}

static void attend(struct monitor *m);

static void
on_attention(void *context)
{
	attend(context);
}

/* Uses the caller's terminal while we are its foreground job, else leaves it alone; a shell does not
 * tell a running job that it was brought to the foreground, so that is looked at now and then. */
static void
attend(struct monitor *m)
{
	struct cordon_error ignored;
	const int ours = terminal_is_ours(0);

	if (ours) {
		if (m->relays.pty >= 0) {
			terminal_enter(&m->terminal);
			pass_size_on(m);
		}
		cordon_timer_remove(m->attention);
		m->attention = NULL;
	} else if (m->attention == NULL) {
		m->attention = cordon_loop_timer(
			m->loop, ATTENTION_MS, ATTENTION_MS, on_attention, m, &ignored);
	}
	relays_pause_input(&m->relays, !ours);
}

/* Stops us as the run was stopped, so that the outer shell sees a stopped job. */
static void
stop_with_run(struct monitor *m, int group)
{
	struct cordon_error err = { 0 };

	relays_drain(&m->relays, m->signals);
	terminal_leave(&m->terminal);
	terminal_stop_self(group);
	/* Here again: somebody sent SIGCONT, a shell's fg or bg. */
	attend(m);
	if (cordon_launch_send_signal(m->link, RUN, SIGCONT, &err) < 0)
		give_up(m, &err);
}

static void
hear_stopped(struct monitor *m)
{
	const int asked = m->stop_asked;

	/* Without a terminal nobody asked for it but the command itself. */
	if (!asked && m->relays.pty < 0)
		return;
	m->stop_asked = 0;
	stop_with_run(m, !asked);
}

/* launcher's messages */

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
	(void)clock_gettime(CLOCK_MONOTONIC, &m->started_at);
	if (m->request->wall_ms != UINT64_MAX) {
		m->wall = cordon_loop_timer(m->loop, m->request->wall_ms, 0, on_wall, m, &err);
		if (m->wall == NULL)
			give_up(m, &err);
	}
	if (m->request->network != NULL)
		run_network_serve(m->request->network, event);
	if (relays_start(&m->relays, cordon_fd_take(&event->pty), &err) < 0 ||
		(m->early_signal != 0 &&
			cordon_launch_send_signal(m->link, RUN, m->early_signal, &err) < 0))
		give_up(m, &err);
	else if (m->relays.pty >= 0)
		attend(m);
}

/* Nothing of the run is left. What its connections have carried may not be counted yet. */
static void
on_network_end(void *context)
{
	finish(context);
}

static void
settle(struct monitor *m)
{
	m->orderly = 1;
	if (m->request->network == NULL || run_network_end(m->request->network))
		finish(m);
}

static void
hear_exited(struct monitor *m, const struct cordon_exited *exited)
{
	struct run_outcome *o = m->outcome;

	o->wall_ms = o->started ? elapsed_ms(&m->started_at) : 0;
	outcome_end(o, exited, m->why, m->request->wall_ms, m->request->output_bytes);
	settle(m);
}

static void
hear_failed(struct monitor *m, const struct cordon_error *failure)
{
	const struct cordon_exited killed = { .end = CORDON_END_KILLED };
	const struct run_request *r = m->request;

	if (r->intent->state == INTENT_REFUSED)
		outcome_fail(m->outcome, &r->intent->refused);
	else if (m->why == REASON_EXIT)
		outcome_fail(m->outcome, failure);
	else /* ended by us before we heard that it began, though it may have printed already */
		outcome_end(m->outcome, &killed, m->why, r->wall_ms, r->output_bytes);
	settle(m);
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
		cordon_launch_event_finish(&event);
	} else if (event.message == CORDON_LAUNCH_FAILED) {
		hear_failed(m, &event.failure);
	} else if (event.message == CORDON_LAUNCH_STOPPED) {
		hear_stopped(m);
	} else {
		hear_exited(m, &event.exited);
	}
}

static void
on_launcher_end(void *context, unsigned events)
{
	struct monitor *m = context;
	struct cordon_error err = { 0 };

	(void)events;
	/* Its last words may still be on the link. */
	while (!m->ended && !m->orderly && m->link_watch != NULL)
		on_link(m, 0);
	if (m->ended || m->orderly)
		return;
	cordon_fail(&err, CORDON_EPEER, 0, "the launcher was killed, and the run with it");
	give_up(m, &err);
}

/* signals */

/* Signals that mean "end" are for the run, which may do so in its own way; whoever insists ends it. */
static void
interrupt(struct monitor *m, int signal)
{
	struct cordon_error err = { 0 };

	if (m->interrupts > 0 && elapsed_ms(&m->interrupted_at) > INTERRUPTS_MS)
		m->interrupts = 0;
	if (m->interrupts++ == 0)
		(void)clock_gettime(CLOCK_MONOTONIC, &m->interrupted_at);
	if (m->interrupts >= INTERRUPTS)
		kill_run(m, REASON_KILLED);
	else if (!m->outcome->started)
		m->early_signal = signal; /* the command may run already: STARTED is on its way */
	else if (cordon_launch_send_signal(m->link, RUN, signal, &err) < 0)
		give_up(m, &err);
}

static void
on_signal(void *context, unsigned events)
{
	struct monitor *m = context;
	struct signalfd_siginfo info;
	struct cordon_error err = { 0 };
	int signal;

	(void)events;
	if (read(m->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	signal = (int)info.ssi_signo;
	if (signal == SIGWINCH) {
		pass_size_on(m);
	} else if (signal == SIGCONT) {
		attend(m);
	} else if (signal == SIGTSTP && !m->outcome->started) {
		terminal_stop_self(0);
	} else if (signal == SIGTSTP || signal == SIGUSR1 || signal == SIGUSR2) {
		m->stop_asked |= signal == SIGTSTP;
		/* SIGSTOP: orphaned groups of the run would not heed the other. */
		if (cordon_launch_send_signal(
			    m->link, RUN, signal == SIGTSTP ? SIGSTOP : signal, &err) < 0)
			give_up(m, &err);
	} else {
		interrupt(m, signal);
	}
}

static int
set_up_signals(struct monitor *m, struct cordon_error *err)
{
	static const int taken[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP,
		SIGWINCH, SIGCONT };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		struct sigaction now;

		/* What the caller ignores (nohup, a shell's background job) stays ignored. */
		if (sigaction(taken[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(&set, taken[i]);
	}
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not block signals");
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(
		SIGTTOU, SIG_IGN); /* output from the background, and putting a terminal back */
	m->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (m->signals < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not take signals");
	return 0;
}

/* beginning and end */

static int
set_up_watches(struct monitor *m, struct cordon_error *err)
{
	if (intent_watch(m->request->intent, m->loop, err) < 0)
		return -1;
	m->link_watch = cordon_loop_watch(m->loop, m->link, CORDON_LOOP_READ, on_link, m, err);
	if (m->link_watch == NULL)
		return -1;
	m->launcher_watch =
		cordon_loop_watch(m->loop, m->launcher, CORDON_LOOP_READ, on_launcher_end, m, err);
	if (m->launcher_watch == NULL)
		return -1;
	m->signal_watch =
		cordon_loop_watch(m->loop, m->signals, CORDON_LOOP_READ, on_signal, m, err);
	return m->signal_watch == NULL ? -1 : 0;
}

static int
send_launch(struct monitor *m, struct cordon_error *err)
{
	const struct run_request *r = m->request;
	struct cordon_launch launch = r->launch;
	int fds[CORDON_LAUNCH_FDS];
	unsigned count = relays_run_ends(&m->relays, fds);

	launch.held = 1;
	fds[count++] = r->intent->gate[0];
	return cordon_launch_send_launch(m->link, &launch, fds, count, err);
}

static int
start(struct monitor *m, struct cordon_error *err)
{
	const struct run_request *r = m->request;
	CORDON_CLOSE int read_end = -1;
	int ends[2];

	if (r->network != NULL && run_network_open(r->network, m->loop, on_network_end, m, err) < 0)
		return -1;
	if (r->launch.tty != 0 && terminal_init(&m->terminal, 0, 1, err) < 0)
		return -1;
	if (set_up_signals(m, err) < 0 ||
		relays_set_up(&m->relays, r->launch.tty,
			r->count_output || r->output_bytes != UINT64_MAX, err) < 0 ||
		set_up_watches(m, err) < 0)
		return -1;
	if ((r->launch.tty & 1u) == 0 && isatty(0))
		attend(m);
	cordon_fd_raise_limit(); /* a run cannot use up what we send descriptors with (A17) */
	if (pipe2(ends, O_CLOEXEC) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make the lifeline");
	read_end = ends[0];
	m->lifeline = ends[1];
	if (cordon_launch_send_hello(m->link, read_end, err) < 0 ||
		cordon_launch_send_plan(m->link, PLAN, r->plan, err) < 0 || send_launch(m, err) < 0)
		return -1;
	return cordon_loop_run(m->loop, err);
}

/* Lets the launcher go; waits for one that has not said how the run ended, and sweeps behind a killed one. */
static void
dismiss_launcher(struct monitor *m)
{
	siginfo_t info = { 0 };

	cordon_fd_close_p(&m->lifeline);
	(void)shutdown(m->link, SHUT_WR);
	/* In order, it has nothing left to do but to close what it has removed. */
	while (!m->orderly && waitid(P_PIDFD, (id_t)m->launcher, &info, WEXITED) < 0 &&
		errno == EINTR)
		;
	if (!m->orderly && (info.si_code != CLD_EXITED || info.si_status != 0))
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
	cordon_timer_remove(m->attention);
	intent_close(m->request->intent);
	if (m->request->network != NULL)
		run_network_close(m->request->network);
	dismiss_launcher(m);
	/* All writers are dead: what is in the pipes is all there will be. */
	relays_drain(&m->relays, m->signals);
	relays_finish(&m->relays);
	terminal_finish(&m->terminal);
	cordon_fd_close_p(&m->signals);
	cordon_loop_destroy(m->loop);
}

/* Output that could not be delivered is not a success. */
static void
conclude_streams(const struct monitor *m)
{
	struct run_outcome *o = m->outcome;

	o->stdout_bytes = m->relays.bytes[1];
	o->stderr_bytes = m->relays.bytes[2];
	o->counted = m->relays.counted;
	for (int i = 1; i < 3; i++) {
		if (m->relays.write_error[i] == 0 || o->error.text[0] != '\0')
			continue;
		cordon_fail(&o->error, CORDON_ESYS, m->relays.write_error[i],
			"could not write what the run printed to standard %s",
			i == 1 ? "output" : "error");
		if (o->exit_code == 0)
			o->exit_code = EXIT_SETUP;
	}
}

int
monitor_run(const struct run_request *request, int launcher_link, int launcher_pidfd,
	struct run_outcome *outcome)
{
	struct monitor m = { .request = request,
		.outcome = outcome,
		.link = launcher_link,
		.launcher = launcher_pidfd,
		.lifeline = -1,
		.signals = -1,
		.why = REASON_EXIT,
		.terminal = { .in = -1, .out = -1 } };
	const struct relays_events events = { on_printed, on_hung_up, &m };
	struct cordon_error err = { 0 };

	m.loop = cordon_loop_create(&err);
	relays_init(&m.relays, m.loop, &events, request->output_bytes);
	if (m.loop != NULL && start(&m, &err) == 0 && !m.ended)
		cordon_fail(&err, CORDON_ESYS, 0, "nothing was left to wait for");
	if (!m.ended)
		give_up(&m, &err);
	clean_up(&m);
	conclude_streams(&m);
	return m.link;
}
