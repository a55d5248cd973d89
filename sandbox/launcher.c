/* The launcher process: one link, one loop, no allocation that a stranger can drive (the monitor is
 * bounded by CORDON_PLANS and CORDON_RUNS).
 *
 * MUST 1 A message that breaks the protocol ends the launcher and all its runs.
 * MUST 2 When the link ends, every run is killed and cleaned up before the launcher goes (M7).
 *
 * calls: poll prctl setsid openat dup2 fcntl fstat fstatfs and those of link.c run.c netns.c */
#include <cordon/launcher.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/bpf.h>
#include <cordon/fd.h>
#include <cordon/link.h>
#include <cordon/mem.h>
#include <cordon/wire.h>

#include "floor.h"
#include "landlock.h"
#include "run.h"
#include "sample.h"

#define CORDON_PLANS 64
#define CORDON_RUNS  1024

static void
plan_destroy(struct launcher_plan *p)
{
	if (p == NULL)
		return;
	cordon_plan_finish(&p->plan);
	free(p->filter_notify);
	free(p->filter_plain);
	free(p);
}

static struct sock_filter *
loadable(const struct cordon_plan *plan, int notify)
{
	struct sock_filter *copy = cordon_array(plan->filter_count, sizeof(*copy));

	if (copy == NULL)
		return NULL;
	memcpy(copy, plan->filter, plan->filter_count * sizeof(*copy));
	cordon_bpf_loadable(copy, plan->filter_count, notify);
	return copy;
}

static struct launcher_plan *
find_plan(const struct launcher *l, uint32_t number)
{
	struct launcher_plan *p = l->plans;

	while (p != NULL && p->number != number)
		p = p->next;
	return p;
}

static struct run *
find_run(const struct launcher *l, uint64_t number)
{
	struct run *r = l->runs;

	while (r != NULL && r->launch.run != number)
		r = r->next;
	return r;
}

/* A plan does not change, so that it is checked once. One that breaks the floor is kept, without its
 * filters, so that each launch of it can be answered with the reason. */
static int
take_plan(struct launcher *l, struct cordon_message *m, struct cordon_error *err)
{
	struct cordon_reader r = { .at = m->body, .left = m->size };
	struct launcher_plan *p;
	uint32_t number = 0, count = 0;

	for (p = l->plans; p != NULL; p = p->next)
		count++;
	if (cordon_get_u32(&r, &number) < 0 || find_plan(l, number) != NULL ||
		count == CORDON_PLANS || m->fd_count != 0)
		return cordon_fail(err, CORDON_EPEER, 0, "a plan's message is malformed");
	p = cordon_array(1, sizeof(*p));
	if (p == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not keep a plan");
	p->number = number;
	if (cordon_plan_decode(r.at, r.left, &p->plan, err) < 0) {
		plan_destroy(p);
		return -1;
	}
	p->breaks_floor = floor_check_plan(&p->plan, &p->refusal) < 0;
	if (!p->breaks_floor) {
		p->filter_notify = loadable(&p->plan, 1);
		p->filter_plain = loadable(&p->plan, 0);
		if (p->filter_notify == NULL || p->filter_plain == NULL) {
			plan_destroy(p);
			return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not keep a plan");
		}
	}
	p->next = l->plans;
	l->plans = p;
	return 0;
}

static unsigned
count_runs(const struct launcher *l)
{
	unsigned count = 0;

	for (const struct run *r = l->runs; r != NULL; r = r->next)
		count++;
	return count;
}

/* Starts a run, or answers why not. Only a malformed message is an error of the link. */
static int
take_launch(struct launcher *l, struct cordon_message *m, struct cordon_error *err)
{
	struct cordon_launch launch;
	struct launcher_plan *plan;
	struct cordon_error why = { 0 };
	uint64_t number;
	int result;

	if (cordon_launch_decode(m->body, m->size, &launch, err) < 0)
		return -1;
	number = launch.run;
	plan = find_plan(l, launch.plan);
	if (plan == NULL || find_run(l, number) != NULL || l->ending) {
		cordon_launch_finish(&launch);
		return cordon_fail(err, CORDON_EPEER, 0, "a launch names a wrong plan or run");
	}
	if (count_runs(l) == CORDON_RUNS) {
		result = cordon_fail(
			&why, CORDON_ELIMIT, 0, "there are already %d live runs", CORDON_RUNS);
		(void)cordon_because(&why, "limit.runs");
	} else if (plan->breaks_floor) {
		why = plan->refusal;
		result = -1;
	} else if (floor_check_launch(&launch, m->fds, m->fd_count, &why) < 0) {
		result = -1;
	} else {
		result = run_start(l, plan, &launch, m->fds, &why);
	}
	cordon_launch_finish(&launch);
	return result < 0 ? cordon_launch_send_failed(l->link, number, &why, err) : 0;
}

static int
take_signal(struct launcher *l, struct cordon_message *m, struct cordon_error *err)
{
	struct cordon_reader r = { .at = m->body, .left = m->size };
	uint64_t number = 0;
	uint32_t signal = 0;
	struct run *run;

	if (cordon_get_u64(&r, &number) < 0 ||
		(m->number == CORDON_LAUNCH_SIGNAL && cordon_get_u32(&r, &signal) < 0) ||
		r.left != 0 || m->fd_count != 0 || signal >= NSIG)
		return cordon_fail(err, CORDON_EPEER, 0, "a signal's message is malformed");
	run = find_run(l, number);
	if (run == NULL)
		return 0;
	if (m->number == CORDON_LAUNCH_KILL)
		run_kill(run, CORDON_END_KILLED);
	else
		run_signal(run, (int)signal);
	return 0;
}

/* Every pid 1 holds it: anything else would bring a piece of the host into each run (A02), or be a line
 * that the monitor's end does not cut (M7). */
static int
is_lifeline(int fd)
{
	const int flags = fcntl(fd, F_GETFL);

	return cordon_fd_is_anonymous_pipe(fd) && flags >= 0 &&
	       (flags & (O_ACCMODE | O_PATH)) == O_RDONLY;
}

static int
take_hello(struct launcher *l, struct cordon_message *m, struct cordon_error *err)
{
	if (m->fd_count != 1 || m->size != 0 || !is_lifeline(m->fds[0]))
		return cordon_fail(err, CORDON_EPEER, 0, "the greeting is malformed");
	l->lifeline = cordon_fd_take(&m->fds[0]);
	return 0;
}

/* One message of the monitor. Returns 1, 0 when it has gone, -1 when it broke the protocol. */
static int
hear_monitor(struct launcher *l, struct cordon_error *err)
{
	struct cordon_message m = { 0 };
	int result = cordon_link_receive(l->link, &m, err);

	if (result <= 0)
		return result;
	if ((l->lifeline < 0) != (m.number == CORDON_LAUNCH_HELLO))
		result = cordon_fail(err, CORDON_EPEER, 0, "a message out of order");
	else if (m.number == CORDON_LAUNCH_HELLO)
		result = take_hello(l, &m, err);
	else if (m.number == CORDON_LAUNCH_PLAN)
		result = take_plan(l, &m, err);
	else if (m.number == CORDON_LAUNCH_LAUNCH)
		result = take_launch(l, &m, err);
	else if (m.number == CORDON_LAUNCH_SIGNAL || m.number == CORDON_LAUNCH_KILL)
		result = take_signal(l, &m, err);
	else
		result = cordon_fail(err, CORDON_EPEER, 0, "an unknown message");
	cordon_message_finish(&m);
	return result < 0 ? -1 : 1;
}

static int
any_sampled(const struct launcher *l)
{
	for (const struct run *r = l->runs; r != NULL; r = r->next)
		if (r->memory_kind == CORDON_LIMIT_SAMPLED)
			return 1;
	return 0;
}

static int
any_starting(const struct launcher *l)
{
	for (const struct run *r = l->runs; r != NULL; r = r->next)
		if (r->state == RUN_STARTING)
			return 1;
	return 0;
}

static void
end_all(struct launcher *l)
{
	l->ending = 1;
	cordon_fd_close_p(&l->link);
	for (struct run *r = l->runs; r != NULL; r = r->next)
		run_kill(r, CORDON_END_KILLED);
}

/* Handles what the poll found for one run. Returns 0 when the run is no more. */
static int
serve_run(struct launcher *l, struct run *run, const struct pollfd p[3])
{
	if (p[0].revents != 0 && run->link >= 0)
		run_hear(l, run);
	if (p[2].revents != 0)
		run_see(run);
	if (p[1].revents != 0) {
		run_finish(l, run);
		return 0;
	}
	run_sample(run);
	return 1;
}

static int
loop(struct launcher *l)
{
	CORDON_FREE struct pollfd *p = NULL;
	struct cordon_error err = { 0 };
	size_t capacity = 0;
	int status = 0;

	while (!l->ending || l->runs != NULL) {
		struct run *next;
		nfds_t count = 1;

		if (cordon_grow(&p, &capacity, 1 + 3 * (size_t)count_runs(l),
			    1 + 3 * (size_t)CORDON_RUNS, sizeof(*p)) < 0) {
			end_all(l); /* pid 1 of each ends with us */
			return 1;
		}
		/* `cordon run` asks for one run only; and a run that starts waits for us. */
		if (l->sequence != 1 && !any_starting(l))
			netns_spare_fill(&l->net);
		p[0] = (struct pollfd){ .fd = l->link, .events = POLLIN };
		for (const struct run *r = l->runs; r != NULL; r = r->next) {
			p[count++] = (struct pollfd){ .fd = r->link, .events = POLLIN };
			p[count++] = (struct pollfd){ .fd = r->pidfd, .events = POLLIN };
			p[count++] = (struct pollfd){ .fd = watch_fd(r->watch), .events = POLLIN };
		}
		if (poll(p, count, any_sampled(l) ? SAMPLE_INTERVAL_MS : -1) < 0 && errno != EINTR)
			end_all(l);
		/* Runs first: a new one would not be in the array. */
		count = 1;
		for (struct run *r = l->runs; r != NULL; r = next) {
			next = r->next;
			(void)serve_run(l, r, &p[count]);
			count += 3;
		}
		if (p[0].revents != 0 && !l->ending) {
			const int heard = hear_monitor(l, &err);

			if (heard <= 0) {
				status = heard < 0;
				end_all(l);
			}
		}
	}
	return status;
}

/* The terminal and the caller's streams are the monitor's: from here on signals of the terminal do
 * not come, and nothing can be written there by mistake. */
static int
detach(void)
{
	const struct sigaction standard = { .sa_handler = SIG_DFL },
			       ignore = { .sa_handler = SIG_IGN };
	CORDON_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		return -1;
	(void)setsid();
	/* CLONE_CLEAR_SIGHAND keeps what is ignored: nohup's SIGHUP would reach the payload. */
	for (int number = 1; number < NSIG; number++)
		(void)sigaction(number, &standard, NULL);
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || sigaction(SIGPIPE, &ignore, NULL) < 0)
		return -1;
	cordon_fd_raise_limit(); /* runs have their plan's: limits.c */
	umask(0);
	return chdir("/");
}

int
cordon_launcher_main(int link)
{
	struct launcher l = { .link = link, .lifeline = -1, .net = { 0, -1 } };
	struct cordon_error err = { 0 };
	int status = 1;

	if (detach() < 0)
		return 1;
	l.landlock_abi = landlock_abi();
	netns_spare_init(&l.net);
	l.cgroups = cgroup_host_create();
	l.no_caps = caps_prepare(&err);
	if (l.cgroups != NULL && l.no_caps != NULL) {
		cgroup_sweep_dead(l.cgroups);
		status = loop(&l);
	}
	while (l.plans != NULL) {
		struct launcher_plan *next = l.plans->next;

		plan_destroy(l.plans);
		l.plans = next;
	}
	watch_drop_spares(&l.watches);
	netns_spare_finish(&l.net);
	caps_destroy(l.no_caps);
	cgroup_host_destroy(l.cgroups);
	cordon_fd_close_p(&l.lifeline);
	cordon_fd_close_p(&l.link);
	return status;
}
