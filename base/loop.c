/* One epoll set, level-triggered, and timers. MUSTs:
 *
 * 1. A removed watch or timer calls nobody, also when the kernel has already said something of it: it is freed when all that
 *    was said has been told, never in between.
 * 2. The flags of a descriptor stay as they are.
 * 3. What cannot be watched is an error of the caller's or the end of the loop, never silence.
 *
 * A paused watch is not in the set: of one that is there the kernel tells errors and hang-ups, whatever it was asked
 * (epoll_ctl(2)).
 *
 * Tests: tests/unit/test_loop.c.
 * calls: epoll_ctl epoll_wait epoll_pwait close; at start: epoll_create1 */
#include <cordon/loop.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/mem.h>
#include <cordon/rate.h>

#include "loop_timers.h"

#define TOLD 128 /* events that the kernel is asked for at once */

struct cordon_watch {
	struct cordon_loop *loop;
	struct cordon_watch *next; /* of those that are to be freed */
	int fd;
	unsigned events; /* that are watched now; 0: it is paused */
	int removed;
	int kept; /* by the kernel: its descriptor was closed before, and may live on elsewhere */
	cordon_watch_fn *fn;
	void *context;
};

struct cordon_loop {
	int epoll;
	int stopped;
	int failure; /* errno of what made it stop, 0: nothing */
	size_t watched; /* that are not paused */
	struct loop_timers timers;
	struct cordon_watch *gone; /* removed, and not freed yet */
	struct cordon_watch *kept; /* removed, and freed with the loop */
	struct cordon_timer *gone_timers;
};

struct cordon_loop *
cordon_loop_create(struct cordon_error *err)
{
	struct cordon_loop *loop = cordon_array(1, sizeof(*loop));

	if (loop == NULL) {
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not make an event loop");
		return NULL;
	}
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0) {
		cordon_fail(err, CORDON_ESYS, errno, "could not make an event loop");
		free(loop);
		return NULL;
	}
	return loop;
}

static void
bury_watches(struct cordon_watch **list)
{
	while (*list != NULL) {
		struct cordon_watch *next = (*list)->next;

		free(*list);
		*list = next;
	}
}

static void
bury(struct cordon_loop *loop)
{
	bury_watches(&loop->gone);
	while (loop->gone_timers != NULL) {
		struct cordon_timer *next = loop->gone_timers->next;

		free(loop->gone_timers);
		loop->gone_timers = next;
	}
}

void
cordon_loop_destroy(struct cordon_loop *loop)
{
	if (loop == NULL)
		return;
	cordon_fd_close_p(&loop->epoll);
	bury(loop);
	bury_watches(&loop->kept);
	loop_timers_finish(&loop->timers);
	free(loop);
}

/* watches */

static int
control(const struct cordon_watch *watch, int operation, unsigned events)
{
	struct epoll_event event = { .data.ptr = (void *)(uintptr_t)watch };

	if ((events & CORDON_LOOP_READ) != 0)
		event.events |= EPOLLIN;
	if ((events & CORDON_LOOP_WRITE) != 0)
		event.events |= EPOLLOUT;
	return epoll_ctl(watch->loop->epoll, operation, watch->fd, &event);
}

/* Returns 0, or -1 with errno; then nothing is watched. */
static int
set(struct cordon_watch *watch, unsigned events)
{
	const int operation = events == 0          ? EPOLL_CTL_DEL
			      : watch->events == 0 ? EPOLL_CTL_ADD
						   : EPOLL_CTL_MOD;

	if (events == watch->events)
		return 0;
	if (operation == EPOLL_CTL_ADD)
		watch->loop->watched++;
	else if (operation == EPOLL_CTL_DEL)
		watch->loop->watched--;
	watch->events = events;
	if (control(watch, operation, events) == 0)
		return 0;
	if (operation == EPOLL_CTL_DEL) {
		watch->kept = 1;
		return 0;
	}
	watch->events = 0;
	watch->loop->watched--;
	return -1;
}

void
cordon_watch_set(struct cordon_watch *watch, unsigned events)
{
	if (set(watch, events) == 0)
		return;
	watch->loop->failure = errno; /* it would be waited for in vain */
	watch->loop->stopped = 1;
}

struct cordon_watch *
cordon_loop_watch(struct cordon_loop *loop, int fd, unsigned events, cordon_watch_fn *fn,
	void *context, struct cordon_error *err)
{
	struct cordon_watch *watch = cordon_array(1, sizeof(*watch));

	if (watch == NULL) {
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not watch descriptor %d", fd);
		return NULL;
	}
	*watch = (struct cordon_watch){ .loop = loop, .fd = fd, .fn = fn, .context = context };
	/* One that is paused is looked at, too, so that an error is heard here. */
	if (set(watch, events == 0 ? CORDON_LOOP_READ : events) < 0) {
		cordon_fail(err, CORDON_ESYS, errno, "could not watch descriptor %d", fd);
		free(watch);
		return NULL;
	}
	(void)set(watch, events);
	return watch;
}

void
cordon_watch_remove(struct cordon_watch *watch)
{
	struct cordon_watch **list;

	if (watch == NULL)
		return;
	(void)set(watch, 0);
	watch->removed = 1;
	list = watch->kept ? &watch->loop->kept : &watch->loop->gone;
	watch->next = *list;
	*list = watch;
}

/* What the kernel has told of one. After an error it is paused, until its owner sets it again: it would be told for ever. A
 * hang-up is told as what was waited for. */
static void
tell(struct cordon_watch *watch, uint32_t told)
{
	unsigned what = 0;

	if (watch->removed || watch->events == 0) /* or paused, by one who was told before */
		return;
	if ((told & EPOLLERR) != 0) {
		(void)set(watch, 0);
		watch->fn(watch->context, CORDON_LOOP_READ);
		return;
	}
	if ((told & (EPOLLIN | EPOLLOUT)) == 0)
		told = EPOLLIN | EPOLLOUT;
	if ((told & EPOLLIN) != 0)
		what |= watch->events & CORDON_LOOP_READ;
	if ((told & EPOLLOUT) != 0)
		what |= watch->events & CORDON_LOOP_WRITE;
	if (what != 0)
		watch->fn(watch->context, what);
}

/* timers */

struct cordon_timer *
cordon_loop_timer(struct cordon_loop *loop, uint64_t delay_ms, uint64_t repeat_ms,
	cordon_timer_fn *fn, void *context, struct cordon_error *err)
{
	struct cordon_timer *timer = cordon_array(1, sizeof(*timer));
	const uint64_t now_ms = cordon_now_ms();

	if (timer != NULL)
		*timer = (struct cordon_timer){ .loop = loop,
			.fn = fn,
			.context = context,
			.due_ms = delay_ms < UINT64_MAX - now_ms ? now_ms + delay_ms : UINT64_MAX,
			.repeat_ms = repeat_ms,
			.at = TIMER_IDLE };
	if (timer == NULL || loop_timers_add(&loop->timers, timer) < 0) {
		free(timer);
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not make a timer");
		return NULL;
	}
	return timer;
}

void
cordon_timer_remove(struct cordon_timer *timer)
{
	if (timer == NULL)
		return;
	loop_timers_take_out(&timer->loop->timers, timer);
	timer->next = timer->loop->gone_timers;
	timer->loop->gone_timers = timer;
}

/* Those that were due when it began: one that makes another that is due at once lets descriptors have their turn. */
static void
tell_timers(struct cordon_loop *loop)
{
	const uint64_t now_ms = cordon_now_ms(), until = loop->timers.orders;
	struct cordon_timer *t;

	while (!loop->stopped && (t = loop_timers_first(&loop->timers)) != NULL &&
		t->due_ms <= now_ms && t->order < until) {
		loop_timers_take_out(&loop->timers, t);
		if (t->repeat_ms > 0) {
			t->due_ms = now_ms + t->repeat_ms;
			(void)!loop_timers_add(&loop->timers, t); /* it has just left its place */
		}
		t->fn(t->context);
	}
}

/* running */

static int
wait_ms(const struct cordon_loop *loop)
{
	const struct cordon_timer *first = loop_timers_first(&loop->timers);
	const uint64_t now_ms = cordon_now_ms();

	if (first == NULL)
		return -1;
	if (first->due_ms <= now_ms)
		return 0;
	return first->due_ms - now_ms > INT_MAX ? INT_MAX : (int)(first->due_ms - now_ms);
}

/* Returns 0, or -1 with errno. */
static int
turn(struct cordon_loop *loop)
{
	struct epoll_event told[TOLD];
	const int count = epoll_wait(loop->epoll, told, TOLD, wait_ms(loop));

	if (count < 0)
		return errno == EINTR ? 0 : -1;
	for (int i = 0; i < count; i++)
		tell(told[i].data.ptr, told[i].events);
	tell_timers(loop);
	bury(loop);
	return 0;
}

int
cordon_loop_run(struct cordon_loop *loop, struct cordon_error *err)
{
	int result = 0;

	while (result == 0 && !loop->stopped && (loop->watched > 0 || loop->timers.count > 0))
		result = turn(loop);
	if (result < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "the event loop failed");
	if (loop->failure != 0)
		return cordon_fail(err, CORDON_ESYS, loop->failure,
			"the event loop could not watch a descriptor");
	loop->stopped = 0;
	return 0;
}

void
cordon_loop_stop(struct cordon_loop *loop)
{
	loop->stopped = 1;
}
