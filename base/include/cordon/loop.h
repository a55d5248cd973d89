/* The event loop of monitor, rpc and guard: descriptors and timers, nothing else. A thin face of
 * libuv (uv_poll_t, uv_timer_t); no threads, no signal handlers (signals come by signalfd). */
#pragma once

#include <stdint.h>

#include <cordon/error.h>

struct cordon_loop;
struct cordon_watch;
struct cordon_timer;

#define CORDON_LOOP_READ 1u
#define CORDON_LOOP_WRITE 2u

/* events: what is ready; also set to READ when the descriptor has an error or a hang-up. */
typedef void cordon_watch_fn(void *context, unsigned events);
typedef void cordon_timer_fn(void *context);

struct cordon_loop *cordon_loop_create(struct cordon_error *err) CORDON_CHECKED;
/* All watches and timers must have been removed. NULL is accepted. */
void cordon_loop_destroy(struct cordon_loop *loop);
/* Runs until cordon_loop_stop or until nothing is watched. */
int cordon_loop_run(struct cordon_loop *loop, struct cordon_error *err) CORDON_CHECKED;
void cordon_loop_stop(struct cordon_loop *loop);

/* Watches fd, which stays the caller's and must outlive the watch. A regular file cannot be watched
 * (epoll(7)). events may be 0: paused. NULL with *err set on failure. */
struct cordon_watch *cordon_loop_watch(struct cordon_loop *loop, int fd, unsigned events,
	cordon_watch_fn *fn, void *context, struct cordon_error *err) CORDON_CHECKED;
void cordon_watch_set(struct cordon_watch *watch, unsigned events);
/* Safe inside the watch's own callback; no call of fn follows. NULL is accepted. */
void cordon_watch_remove(struct cordon_watch *watch);

/* Calls fn once after delay_ms, and then each repeat_ms when that is not 0. */
struct cordon_timer *cordon_loop_timer(struct cordon_loop *loop, uint64_t delay_ms,
	uint64_t repeat_ms, cordon_timer_fn *fn, void *context,
	struct cordon_error *err) CORDON_CHECKED;
/* Safe inside the timer's own callback. NULL is accepted. */
void cordon_timer_remove(struct cordon_timer *timer);
