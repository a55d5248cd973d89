/* libuv's life cycle of handles stays here: a handle is freed in its close callback, never before,
 * and a removed watch calls nobody. Of libuv only polls and timers are used: spawning, files, names
 * and uv_signal would bring threads or signal handlers.
 *
 * calls: epoll_ctl epoll_wait epoll_pwait fcntl ioctl clock_gettime read write close
 *	; at start: epoll_create1 eventfd2 pipe2 */
#include <cordon/loop.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <uv.h>

#include <cordon/mem.h>

struct cordon_loop {
	uv_loop_t uv;
	int failure; /* errno of what made it stop, 0: nothing */
};

struct cordon_watch {
	uv_poll_t uv; /* first, so that a handle is its watch */
	struct cordon_loop *loop;
	int fd;
	unsigned events; /* that are watched now */
	cordon_watch_fn *fn;
	void *context;
};

struct cordon_timer {
	uv_timer_t uv; /* first, too */
	cordon_timer_fn *fn;
	void *context;
};

static void
free_handle(uv_handle_t *handle)
{
	free(handle->data);
}

struct cordon_loop *
cordon_loop_create(struct cordon_error *err)
{
	struct cordon_loop *loop = cordon_array(1, sizeof(*loop));
	int result = loop == NULL ? UV_ENOMEM : uv_loop_init(&loop->uv);

	if (result < 0) {
		free(loop);
		cordon_fail(err, CORDON_ESYS, -result, "could not make an event loop");
		return NULL;
	}
	return loop;
}

void
cordon_loop_destroy(struct cordon_loop *loop)
{
	if (loop == NULL)
		return;
	/* Only close callbacks are left to run. Twice, since a stop that came after the last run makes
	 * the first one return at once. */
	(void)uv_run(&loop->uv, UV_RUN_NOWAIT);
	(void)uv_run(&loop->uv, UV_RUN_NOWAIT);
	(void)uv_loop_close(&loop->uv);
	free(loop);
}

int
cordon_loop_run(struct cordon_loop *loop, struct cordon_error *err)
{
	const int result = loop->failure != 0 ? -loop->failure : uv_run(&loop->uv, UV_RUN_DEFAULT);

	if (loop->failure != 0)
		return cordon_fail(err, CORDON_ESYS, loop->failure,
			"the event loop could not watch a descriptor");
	if (result < 0)
		return cordon_fail(err, CORDON_ESYS, -result, "the event loop failed");
	return 0;
}

void
cordon_loop_stop(struct cordon_loop *loop)
{
	uv_stop(&loop->uv);
}

static void
ready(uv_poll_t *handle, int status, int events)
{
	struct cordon_watch *watch = handle->data;
	unsigned what = 0;

	if (status < 0)
		watch->events = 0; /* libuv has stopped it */
	if (status < 0 || (events & (UV_READABLE | UV_DISCONNECT)) != 0)
		what |= CORDON_LOOP_READ;
	if ((events & UV_WRITABLE) != 0)
		what |= CORDON_LOOP_WRITE;
	watch->fn(watch->context, what);
}

/* libuv adds the descriptor when it next waits, and calls abort(3) when the kernel does not let it; one that
 * is there already it only changes, which takes nothing (ep_modify in fs/eventpoll.c). So it is added here,
 * without events. */
static int
add(struct cordon_watch *watch)
{
	struct epoll_event event = { .data.fd = watch->fd };

	return epoll_ctl(uv_backend_fd(&watch->loop->uv), EPOLL_CTL_ADD, watch->fd, &event) == 0 ||
			       errno == EEXIST
		       ? 0
		       : -errno;
}

/* Returns 0 or a negative error; then nothing is watched. */
static int
set(struct cordon_watch *watch, unsigned events)
{
	int wanted = 0, result = 0;

	/* libuv would take the descriptor out of the epoll set and put it in again. */
	if (events == watch->events)
		return 0;
	watch->events = events;
	if ((events & CORDON_LOOP_READ) != 0)
		wanted |= UV_READABLE;
	if ((events & CORDON_LOOP_WRITE) != 0)
		wanted |= UV_WRITABLE;
	if (wanted != 0)
		result = uv_poll_start(&watch->uv, wanted, ready);
	if (wanted != 0 && result == 0)
		result = add(watch);
	if (wanted == 0 || result < 0) {
		(void)uv_poll_stop(&watch->uv);
		watch->events = 0;
	}
	return result;
}

void
cordon_watch_set(struct cordon_watch *watch, unsigned events)
{
	const int result = set(watch, events);

	if (result == 0)
		return;
	watch->loop->failure = -result; /* it would be waited for in vain */
	uv_stop(&watch->loop->uv);
}

struct cordon_watch *
cordon_loop_watch(struct cordon_loop *loop, int fd, unsigned events, cordon_watch_fn *fn,
	void *context, struct cordon_error *err)
{
	struct cordon_watch *watch = cordon_array(1, sizeof(*watch));
	const int flags = fcntl(fd, F_GETFL);
	int result = watch == NULL ? UV_ENOMEM : uv_poll_init(&loop->uv, &watch->uv, fd);

	/* uv_poll_init makes the open file description non-blocking, which others may share: the
	 * caller's terminal is also its shell's. */
	if (result == 0 && flags >= 0 && (flags & O_NONBLOCK) == 0)
		(void)fcntl(fd, F_SETFL, flags);
	if (result < 0) {
		free(watch);
		cordon_fail(err, CORDON_ESYS, -result, "could not watch descriptor %d", fd);
		return NULL;
	}
	watch->uv.data = watch;
	watch->loop = loop;
	watch->fd = fd;
	watch->fn = fn;
	watch->context = context;
	result = set(watch, events);
	if (result < 0) {
		cordon_watch_remove(watch);
		cordon_fail(err, CORDON_ESYS, -result, "could not watch descriptor %d", fd);
		return NULL;
	}
	return watch;
}

void
cordon_watch_remove(struct cordon_watch *watch)
{
	if (watch != NULL)
		uv_close((uv_handle_t *)&watch->uv, free_handle);
}

static void
due(uv_timer_t *handle)
{
	struct cordon_timer *timer = handle->data;

	timer->fn(timer->context);
}

struct cordon_timer *
cordon_loop_timer(struct cordon_loop *loop, uint64_t delay_ms, uint64_t repeat_ms,
	cordon_timer_fn *fn, void *context, struct cordon_error *err)
{
	struct cordon_timer *timer = cordon_array(1, sizeof(*timer));

	if (timer == NULL) {
		cordon_fail(err, CORDON_ESYS, -UV_ENOMEM, "could not make a timer");
		return NULL;
	}
	(void)uv_timer_init(&loop->uv, &timer->uv);
	timer->uv.data = timer;
	timer->fn = fn;
	timer->context = context;
	uv_update_time(&loop->uv);
	(void)uv_timer_start(&timer->uv, due, delay_ms, repeat_ms);
	return timer;
}

void
cordon_timer_remove(struct cordon_timer *timer)
{
	if (timer != NULL)
		uv_close((uv_handle_t *)&timer->uv, free_handle);
}
