/* The launcher process: one link, one loop, no allocation that a stranger can drive (the monitor is
 * bounded by CORDON_LAUNCH_PLANS and CORDON_LAUNCH_RUNS).
 *
 * MUST 1 A message that breaks the protocol ends the launcher and all its runs.
 * MUST 2 When the link ends, every run is killed and cleaned up before the launcher goes (M7), and before it
 *        closes its own end: whoever waits for that may unmount the workspaces.
 *
 * calls: epoll_create1 epoll_ctl epoll_wait clock_gettime prctl setsid openat dup2 fcntl fstat fstatfs and
 * those of link.c run.c netns.c */
#include <cordon/launcher.h>

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cordon/bpf.h>
#include <cordon/fd.h>
#include <cordon/link.h>
#include <cordon/mem.h>
#include <cordon/wire.h>

#include "floor.h"
#include "landlock.h"
#include "pool.h"
#include "run.h"
#include "sample.h"
#include "sources.h"

#define MEMORY_INTERVAL_MS 10000 /* between looks at memory, while something is prepared */
#define MANY_RUNS          64
#define QUIET_MS           5 /* without an event, before something is prepared */

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
		count == CORDON_LAUNCH_PLANS || m->fd_count != 0)
		return cordon_fail(err, CORDON_EPEER, 0, "a plan's message is malformed");
	p = cordon_array(1, sizeof(*p));
	if (p == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not keep a plan");
	p->number = number;
	if (cordon_plan_decode(r.at, r.left, &p->plan, err) < 0) {
		launcher_plan_destroy(p);
		return -1;
	}
	p->breaks_floor = floor_check_plan(&p->plan, &p->refusal) < 0;
	if (!p->breaks_floor) {
		p->filter_notify = loadable(&p->plan, 1);
		p->filter_plain = loadable(&p->plan, 0);
		if (p->filter_notify == NULL || p->filter_plain == NULL) {
			launcher_plan_destroy(p);
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
		count += r->state != RUN_PREPARING && r->state != RUN_PREPARED;
	return count;
}

/* With a sandbox that was made ahead, or from nothing. */
static int
start(struct launcher *l, struct launcher_plan *plan, struct cordon_launch *launch,
	int fds[CORDON_LAUNCH_FDS], struct cordon_error *err)
{
	struct run *run = pool_take(l, plan, launch);

	if (run != NULL && run_release(l, run, launch, fds, err) == 0)
		return 0;
	if (run_start(l, plan, launch, fds, err) < 0)
		return -1;
	sources_add(l, l->runs);
	return 0;
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
	if (count_runs(l) == CORDON_LAUNCH_RUNS) {
		result = cordon_fail(&why, CORDON_ELIMIT, 0, "there are already %d live runs",
			CORDON_LAUNCH_RUNS);
		(void)cordon_because(&why, "limit.runs");
	} else if (plan->breaks_floor) {
		why = plan->refusal;
		result = -1;
	} else if (floor_check_launch(&launch, m->fds, m->fd_count, &why) < 0) {
		result = -1;
	} else {
		result = start(l, plan, &launch, m->fds, &why);
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
take_forget(struct launcher *l, struct cordon_message *m, struct cordon_error *err)
{
	struct cordon_reader r = { .at = m->body, .left = m->size };
	struct launcher_plan **at = &l->plans, *plan;
	uint32_t number = 0;

	if (cordon_get_u32(&r, &number) < 0 || r.left != 0 || m->fd_count != 0)
		return cordon_fail(err, CORDON_EPEER, 0, "a message about a plan is malformed");
	while (*at != NULL && (*at)->number != number)
		at = &(*at)->next;
	plan = *at;
	if (plan == NULL)
		return cordon_fail(err, CORDON_EPEER, 0, "an unknown plan is to be forgotten");
	*at = plan->next;
	plan->forgotten = 1;
	pool_forget(l, plan);
	if (plan->users == 0)
		launcher_plan_destroy(plan);
	return 0;
}

static int
take_prepare(struct launcher *l, struct cordon_message *m, struct cordon_error *err)
{
	struct cordon_prepare p;
	struct launcher_plan *plan;

	if (m->fd_count != 0)
		return cordon_fail(err, CORDON_EPEER, 0, "a message to prepare is malformed");
	if (cordon_launch_decode_prepare(m->body, m->size, &p, err) < 0)
		return -1;
	plan = find_plan(l, p.plan);
	if (plan != NULL && floor_allows_workspace(p.workspace))
		pool_set(l, plan, &p);
	free(p.workspace);
	return plan != NULL ? 0
			    : cordon_fail(err, CORDON_EPEER, 0, "a wrong plan is to be prepared");
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
	int result;

	cordon_fd_raise_limit();
	result = cordon_link_receive(l->link, &m, err);
	cordon_fd_set_aside();
	if (result < 0 && err->code == CORDON_ESYS && err->sys == EAGAIN)
		return 1; /* no memory to read it with: it is still there */
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
	else if (m.number == CORDON_LAUNCH_FORGET)
		result = take_forget(l, &m, err);
	else if (m.number == CORDON_LAUNCH_PREPARE)
		result = take_prepare(l, &m, err);
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
		if (r->state == RUN_STARTING || r->state == RUN_PREPARING)
			return 1;
	return 0;
}

static void
end_all(struct launcher *l)
{
	l->ending = 1;
	pool_finish(l);
	if (l->link >= 0) {
		(void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, l->link, NULL);
		l->last_word = cordon_fd_take(&l->link);
	}
	for (struct run *r = l->runs; r != NULL; r = r->next)
		run_kill(r, CORDON_END_KILLED);
}

static void
serve_monitor(struct launcher *l, int *status)
{
	struct cordon_error err = { 0 };
	const int heard = hear_monitor(l, &err);

	if (heard <= 0) {
		*status = heard < 0;
		end_all(l);
	}
}

/* Looks at memory that no cgroup limits, but not with each event. */
static void
sample(struct launcher *l)
{
	struct timespec now;
	int64_t since_ms, took_ms;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	since_ms = (now.tv_sec - l->sampled_at.tv_sec) * 1000 +
		   (now.tv_nsec - l->sampled_at.tv_nsec) / 1000000;
	if (since_ms < l->sample_interval_ms)
		return;
	for (struct run *r = l->runs; r != NULL; r = r->next)
		run_sample(r);
	/* With many runs looking takes its time: a twentieth of all time at most. */
	l->sampled_at = now;
	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	took_ms = (now.tv_sec - l->sampled_at.tv_sec) * 1000 +
		  (now.tv_nsec - l->sampled_at.tv_nsec) / 1000000;
	l->sample_interval_ms =
		took_ms * 20 > SAMPLE_INTERVAL_MS ? (int)took_ms * 20 : SAMPLE_INTERVAL_MS;
	l->sampled_at = now;
}

/* `cordon run` asks for one run only. */
static int
wants_namespace(const struct launcher *l)
{
	return l->sequence != 1 && l->net.wanted && l->net.next < 0;
}

static void
make_ahead(struct launcher *l)
{
	struct run *run;

	if (wants_namespace(l))
		netns_spare_fill(&l->net);
	run = pool_fill(l);
	if (run != NULL)
		sources_add(l, run);
}

/* After how many milliseconds without an event something is to be made for later; -1: nothing is. A run that
 * starts waits for us, and comes first. One that has just started, or ended, needs the processor more, unless
 * the next that comes would find nothing: callers that launch one run after another leave no quiet moment. */
static int
quiet_before_fill(const struct launcher *l)
{
	const enum pool_want want = pool_wants(l);

	if (l->ending || any_starting(l) || (want == POOL_FULL && !wants_namespace(l)))
		return -1;
	return want == POOL_EMPTY ? 0 : QUIET_MS;
}

/* What many runs needed would stay with us when they have gone. */
static void
give_back(struct launcher *l)
{
	if (l->run_most < MANY_RUNS || l->run_count > l->run_most / 4)
		return;
	l->run_most = l->run_count;
	(void)malloc_trim(0);
}

/* Waits for an event, and does meanwhile what nobody waits for. */
static int
wait_for_event(struct launcher *l, struct epoll_event *event)
{
	int found, quiet;

	while (l->trash.count > 0) {
		found = epoll_wait(l->epoll, event, 1, 0);
		if (found != 0)
			return found;
		trash_close_one(&l->trash);
	}
	give_back(l);
	while ((quiet = quiet_before_fill(l)) >= 0) {
		found = epoll_wait(l->epoll, event, 1, quiet);
		if (found != 0)
			return found;
		make_ahead(l);
	}
	found = epoll_wait(l->epoll, event, 1,
		any_sampled(l) ? l->sample_interval_ms
		: pool_any(l)  ? MEMORY_INTERVAL_MS
			       : -1);
	if (found == 0 && pool_any(l))
		pool_look_at_memory(l);
	return found;
}

/* One event a turn: a run that it ends may be what the next event was about. */
static int
loop(struct launcher *l)
{
	struct epoll_event event = { .events = EPOLLIN };
	int status = 0;

	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0 || epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->link, &event) < 0)
		return 1;
	while (!l->ending || l->runs != NULL) {
		const int found = wait_for_event(l, &event);

		if (found < 0 && errno != EINTR)
			end_all(l);
		if (found > 0 && event.data.u64 == 0)
			serve_monitor(l, &status);
		else if (found > 0)
			sources_serve(l, event.data.u64);
		sources_look_at_watches(l);
		if (any_sampled(l))
			sample(l);
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
	cordon_fd_set_aside(); /* runs have their plan's: limits.c */
	umask(0);
	return chdir("/");
}

int
cordon_launcher_main(int link)
{
	struct launcher l = {
		.link = link, .lifeline = -1, .epoll = -1, .last_word = -1, .net = { 0, -1 }
	};
	struct cordon_error err = { 0 };
	int status = 1;

	if (detach() < 0)
		return 1;
	watches_init(&l.watches);
	l.sample_interval_ms = SAMPLE_INTERVAL_MS;
	l.landlock_abi = landlock_abi();
	netns_spare_init(&l.net);
	l.cgroups = cgroup_host_create();
	l.no_caps = caps_prepare(&err);
	if (l.cgroups != NULL && l.no_caps != NULL) {
		cgroup_sweep_dead(l.cgroups);
		status = loop(&l);
	}
	trash_close_all(&l.trash);
	cordon_fd_close_p(&l.link);
	cordon_fd_close_p(&l.last_word);
	while (l.plans != NULL) {
		struct launcher_plan *next = l.plans->next;

		launcher_plan_destroy(l.plans);
		l.plans = next;
	}
	watches_finish(&l.watches);
	netns_spare_finish(&l.net);
	caps_destroy(l.no_caps);
	cgroup_host_destroy(l.cgroups);
	cordon_fd_close_p(&l.epoll);
	cordon_fd_close_p(&l.lifeline);
	return status;
}
