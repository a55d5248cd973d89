#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cordon/loop.h>
#include <cordon/rate.h>

struct state {
	struct cordon_loop *loop;
	struct cordon_watch *watch;
	struct cordon_timer *timer;
	int calls, fd;
};

static void
on_ready(void *context, unsigned events)
{
	struct state *s = context;
	char byte;

	cr_assert(ne(int, (int)(events & CORDON_LOOP_READ), 0));
	s->calls++;
	(void)!read(s->fd, &byte, 1);
	cordon_watch_remove(s->watch); /* inside its own callback */
}

static void
on_time(void *context)
{
	struct state *s = context;

	s->calls += 100;
	cordon_timer_remove(s->timer);
	cordon_loop_stop(s->loop);
}

Test(loop, calls_a_watch_until_it_is_removed_and_a_timer, .timeout = 10)
{
	struct cordon_error err = { 0 };
	struct state s = { .loop = cordon_loop_create(&err) };
	int ends[2];

	cr_assert(eq(int, pipe(ends), 0));
	s.fd = ends[0];
	s.watch = cordon_loop_watch(s.loop, ends[0], CORDON_LOOP_READ, on_ready, &s, &err);
	s.timer = cordon_loop_timer(s.loop, 50, 0, on_time, &s, &err);
	cr_assert(eq(int, (int)write(ends[1], "ab", 2), 2));

	cr_assert(eq(int, cordon_loop_run(s.loop, &err), 0));

	cr_assert(eq(int, s.calls, 101));
	cordon_loop_destroy(s.loop);
	close(ends[0]);
	close(ends[1]);
}

Test(loop, leaves_a_shared_description_blocking)
{
	struct cordon_error err = { 0 };
	struct state s = { .loop = cordon_loop_create(&err) };
	int ends[2];

	cr_assert(eq(int, pipe(ends), 0));
	s.watch = cordon_loop_watch(s.loop, ends[0], 0, on_ready, &s, &err);

	cr_assert(eq(int, fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0));
	cordon_watch_remove(s.watch);
	cordon_loop_destroy(s.loop);
	close(ends[0]);
	close(ends[1]);
}

static void
on_broken(void *context, unsigned events)
{
	struct state *s = context;

	(void)events;
	s->calls++;
	if (s->calls == 1)
		cordon_watch_set(s->watch, CORDON_LOOP_WRITE);
	else if (s->calls == 2)
		cordon_watch_set(s->watch, CORDON_LOOP_READ); /* which waits for an error, too */
	else
		cordon_watch_remove(s->watch);
}

Test(loop, goes_on_after_an_error_when_the_same_events_are_set_again, .timeout = 10)
{
	struct cordon_error err = { 0 };
	struct state s = { .loop = cordon_loop_create(&err) };
	int ends[2];

	cr_assert(eq(int, pipe(ends), 0));
	s.watch = cordon_loop_watch(s.loop, ends[1], CORDON_LOOP_WRITE, on_broken, &s, &err);
	close(ends[0]);

	cr_assert(eq(int, cordon_loop_run(s.loop, &err), 0));

	cr_assert(eq(int, s.calls, 3));
	cordon_loop_destroy(s.loop);
	close(ends[1]);
}

struct pair {
	struct cordon_loop *loop;
	struct cordon_watch *watches[2];
	int fds[2][2], calls;
};

/* Whichever is called first takes the other away, and puts another one in the place of its descriptor. */
static void
on_either(void *context, unsigned events)
{
	struct pair *p = context;

	(void)events;
	p->calls++;
	for (int i = 0; i < 2; i++) {
		cordon_watch_remove(p->watches[i]);
		close(p->fds[i][0]);
	}
	cr_assert(eq(int, pipe(p->fds[0]), 0));
	cordon_loop_stop(p->loop);
}

Test(loop, of_two_that_are_ready_at_once_the_first_may_remove_the_other, .timeout = 10)
{
	struct cordon_error err = { 0 };
	struct pair p = { .loop = cordon_loop_create(&err) };

	for (int i = 0; i < 2; i++) {
		cr_assert(eq(int, pipe(p.fds[i]), 0));
		cr_assert(eq(int, (int)write(p.fds[i][1], "a", 1), 1));
		p.watches[i] = cordon_loop_watch(
			p.loop, p.fds[i][0], CORDON_LOOP_READ, on_either, &p, &err);
	}
	cr_assert(eq(int, cordon_loop_run(p.loop, &err), 0));
	cr_assert(eq(int, p.calls, 1));
	cr_assert(eq(int, cordon_loop_run(p.loop, &err), 0)); /* nothing is left to wait for */
	cordon_loop_destroy(p.loop);
}

static void
on_paused(void *context, unsigned events)
{
	struct state *s = context;

	(void)events;
	s->calls++;
	cordon_watch_set(s->watch, 0);
}

Test(loop, a_paused_watch_hears_of_nothing_and_does_not_keep_the_loop_alive, .timeout = 10)
{
	struct cordon_error err = { 0 };
	struct state s = { .loop = cordon_loop_create(&err) };
	int ends[2];

	cr_assert(eq(int, pipe(ends), 0));
	close(ends[1]); /* a hang-up, for ever */
	s.watch = cordon_loop_watch(s.loop, ends[0], 0, on_paused, &s, &err);
	cr_assert(eq(int, cordon_loop_run(s.loop, &err), 0));
	cr_assert(eq(int, s.calls, 0));
	cordon_watch_set(s.watch, CORDON_LOOP_READ);
	cr_assert(eq(int, cordon_loop_run(s.loop, &err), 0));
	cr_assert(eq(int, s.calls, 1));
	cordon_watch_remove(s.watch);
	cordon_loop_destroy(s.loop);
	close(ends[0]);
}

Test(loop, what_cannot_be_watched_is_an_error, .timeout = 10)
{
	struct cordon_error err = { 0 };
	struct state s = { .loop = cordon_loop_create(&err) };
	const int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int ends[2];

	cr_assert(eq(ptr, cordon_loop_watch(s.loop, file, 0, on_paused, &s, &err), NULL));
	cr_assert(eq(int, err.sys, EPERM));
	cr_assert(eq(ptr, cordon_loop_watch(s.loop, 1000, 0, on_paused, &s, &err), NULL));
	cr_assert(eq(int, err.sys, EBADF));
	cr_assert(eq(int, pipe(ends), 0));
	s.watch = cordon_loop_watch(s.loop, ends[0], CORDON_LOOP_READ, on_paused, &s, &err);
	cr_assert(eq(ptr, cordon_loop_watch(s.loop, ends[0], CORDON_LOOP_READ, on_paused, &s, &err),
		NULL));
	cr_assert(eq(int, err.sys, EEXIST));
	cordon_watch_remove(s.watch);
	cordon_loop_destroy(s.loop);
	close(file);
	close(ends[0]);
	close(ends[1]);
}

/* A descriptor that is closed before its watch is removed lives on in another: the kernel may still speak of it. */
Test(loop, a_watch_whose_descriptor_was_closed_before_is_never_called, .timeout = 10)
{
	struct cordon_error err = { 0 };
	struct state s = { .loop = cordon_loop_create(&err) };
	int ends[2], copy;

	cr_assert(eq(int, pipe(ends), 0));
	copy = dup(ends[0]);
	s.watch = cordon_loop_watch(s.loop, ends[0], CORDON_LOOP_READ, on_ready, &s, &err);
	close(ends[0]);
	cordon_watch_remove(s.watch);
	cr_assert(eq(int, (int)write(ends[1], "a", 1), 1));
	s.timer = cordon_loop_timer(s.loop, 20, 0, on_time, &s, &err);
	cr_assert(eq(int, cordon_loop_run(s.loop, &err), 0));
	cr_assert(eq(int, s.calls, 100));
	cordon_loop_destroy(s.loop);
	close(copy);
	close(ends[1]);
}

#define TIMERS 200

struct timed {
	struct timers *all;
	struct cordon_timer *timer;
	uint64_t from, to; /* when it is due, as far as we know */
	int removed;
};

struct timers {
	struct cordon_loop *loop;
	struct timed each[TIMERS];
	uint64_t last;
	int calls, mistakes;
};

static void
on_timed(void *context)
{
	struct timed *t = context;
	struct timers *all = t->all;
	struct timed *other = &all->each[(size_t)(t - all->each + 7) % TIMERS];

	all->calls++;
	all->mistakes += t->removed || t->to < all->last;
	if (t->from > all->last)
		all->last = t->from;
	t->removed = 1;
	cordon_timer_remove(t->timer);
	if (all->calls % 3 == 0 && !other->removed) {
		other->removed = 1;
		cordon_timer_remove(other->timer);
	}
}

Test(loop, timers_come_in_their_order_and_not_when_they_were_removed, .timeout = 10)
{
	struct cordon_error err = { 0 };
	struct timers all = { .loop = cordon_loop_create(&err) };
	unsigned random = 1;

	for (int i = 0; i < TIMERS; i++) {
		struct timed *t = &all.each[i];
		const uint64_t delay = (random >> 16) % 40;

		random = random * 1103515245u + 12345u;
		*t = (struct timed){ .all = &all, .from = cordon_now_ms() + delay };
		t->timer = cordon_loop_timer(all.loop, delay, 0, on_timed, t, &err);
		t->to = cordon_now_ms() + delay;
	}
	cr_assert(eq(int, cordon_loop_run(all.loop, &err), 0));
	cr_assert(eq(int, all.mistakes, 0));
	cr_assert(gt(int, all.calls, TIMERS / 2));
	for (int i = 0; i < TIMERS; i++)
		all.mistakes += !all.each[i].removed;
	cr_assert(eq(int, all.mistakes, 0));
	cordon_loop_destroy(all.loop);
}

static void
on_tick(void *context)
{
	struct state *s = context;

	if (++s->calls == 5)
		cordon_timer_remove(s->timer);
}

Test(loop, a_timer_repeats_until_it_is_removed, .timeout = 10)
{
	struct cordon_error err = { 0 };
	struct state s = { .loop = cordon_loop_create(&err) };

	s.timer = cordon_loop_timer(s.loop, 0, 2, on_tick, &s, &err);
	cr_assert(eq(int, cordon_loop_run(s.loop, &err), 0));
	cr_assert(eq(int, s.calls, 5));
	cordon_loop_destroy(s.loop);
}

/* Whichever is called first pauses the other, of which the kernel has an error to tell. */
static void
on_first_of_two(void *context, unsigned events)
{
	struct pair *p = context;

	(void)events;
	p->calls++;
	cordon_watch_set(p->watches[0], 0);
	cordon_watch_set(p->watches[1], 0);
}

Test(loop, one_that_was_paused_hears_of_no_error_that_was_there_before, .timeout = 10)
{
	struct cordon_error err = { 0 };
	struct pair p = { .loop = cordon_loop_create(&err) };

	for (int i = 0; i < 2; i++) {
		cr_assert(eq(int, pipe(p.fds[i]), 0));
		p.watches[i] = cordon_loop_watch(
			p.loop, p.fds[i][1], CORDON_LOOP_WRITE, on_first_of_two, &p, &err);
		close(p.fds[i][0]);
	}
	cr_assert(eq(int, cordon_loop_run(p.loop, &err), 0));
	cr_assert(eq(int, p.calls, 1));
	for (int i = 0; i < 2; i++) {
		cordon_watch_remove(p.watches[i]);
		close(p.fds[i][1]);
	}
	cordon_loop_destroy(p.loop);
}

/* From now on the kernel adds nothing to an epoll set (epoll_ctl(2), ENOSPC: as many are watched as a user
 * may). */
static void
refuse_to_add(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_ctl, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, EPOLL_CTL_ADD, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSPC),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(100);
}

static void
on_first(void *context, unsigned events)
{
	struct state *s = context;

	(void)events;
	s->calls++;
	cordon_watch_set(s->watch, 0);
	refuse_to_add();
	cordon_watch_set(s->watch, CORDON_LOOP_READ);
}

/* The status that a child has to end with is what it saw: abort(3) is none. */
static int
ends_with(int (*child)(void))
{
	const pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(child());
	(void)waitpid(pid, &status, 0);
	return status;
}

static int
watch_again(void)
{
	struct cordon_error err = { 0 };
	struct state s = { .loop = cordon_loop_create(&err) };
	int ends[2];

	if (pipe(ends) < 0 || write(ends[1], "a", 1) != 1)
		return 1;
	s.watch = cordon_loop_watch(s.loop, ends[0], CORDON_LOOP_READ, on_first, &s, &err);
	if (s.watch == NULL || cordon_loop_run(s.loop, &err) == 0 || s.calls != 1 ||
		err.sys != ENOSPC || cordon_loop_run(s.loop, &err) == 0)
		return 2;
	cordon_watch_remove(s.watch);
	cordon_loop_destroy(s.loop);
	return 0;
}

Test(loop, ends_with_an_error_when_a_descriptor_cannot_be_watched_again, .timeout = 20)
{
	cr_assert(eq(int, ends_with(watch_again), 0));
}

static int
watch_first(void)
{
	struct cordon_error err = { 0 };
	struct state s = { .loop = cordon_loop_create(&err) };
	int ends[2];

	if (pipe(ends) < 0)
		return 1;
	/* Once, for the descriptors of the loop itself. */
	s.timer = cordon_loop_timer(s.loop, 1, 0, on_time, &s, &err);
	if (cordon_loop_run(s.loop, &err) < 0)
		return 1;
	s.timer = cordon_loop_timer(s.loop, 1, 0, on_time, &s, &err);
	refuse_to_add();
	if (cordon_loop_watch(s.loop, ends[0], CORDON_LOOP_READ, on_first, &s, &err) != NULL ||
		err.sys != ENOSPC || cordon_loop_run(s.loop, &err) < 0 || s.calls != 200)
		return 2;
	cordon_loop_destroy(s.loop);
	return 0;
}

Test(loop, goes_on_without_a_descriptor_that_could_not_be_watched_at_all, .timeout = 20)
{
	cr_assert(eq(int, ends_with(watch_first), 0));
}
