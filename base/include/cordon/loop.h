/* The event loop of monitor, rpc and guard: descriptors and timers, nothing else, by epoll(7); no threads, no signal
 * handlers (signals come by signalfd). */
#pragma once

#include <stdint.h>

#include <cordon/error.h>

struct cordon_loop;
struct cordon_watch;
struct cordon_timer;

#define CORDON_LOOP_READ  1u
#define CORDON_LOOP_WRITE 2u

/* events: what is ready. A hang-up shows as the events that were asked for. An error (EPOLLERR: the
 * reader of a pipe has gone, a socket failed) shows once as READ, whatever was asked for, and pauses
 * the watch until cordon_watch_set: a writer tries to write and learns why. */
typedef void cordon_watch_fn(void *context, unsigned events);
typedef void cordon_timer_fn(void *context);

struct cordon_loop *cordon_loop_create(struct cordon_error *err) CORDON_CHECKED;
/* All watches and timers must have been removed. NULL is accepted. */
void cordon_loop_destroy(struct cordon_loop *loop);
/* Runs until cordon_loop_stop or until nothing is watched; a paused watch and a timer that has fired
 * for good do not count. May be run again. -1 also when the kernel did not let a descriptor be watched
 * (cordon_watch_set), for which there is nothing to wait any more: it cannot be run again then. */
int cordon_loop_run(struct cordon_loop *loop, struct cordon_error *err) CORDON_CHECKED;
void cordon_loop_stop(struct cordon_loop *loop);

/* Watches fd, which stays the caller's and must outlive the watch. A regular file cannot be watched
 * (epoll(7)), nor a descriptor that is watched already. events may be 0: paused. The flags of the open
 * file description are not touched: on a blocking one, read or write once a call. NULL with *err set
 * on failure. */
struct cordon_watch *cordon_loop_watch(struct cordon_loop *loop, int fd, unsigned events,
	cordon_watch_fn *fn, void *context, struct cordon_error *err) CORDON_CHECKED;
/* Where the kernel does not let it be watched (ENOMEM, ENOSPC) the loop stops, with an error. */
void cordon_watch_set(struct cordon_watch *watch, unsigned events);
/* Safe inside any callback, its own too; no call of fn follows, and fd may be closed at once. NULL is
 * accepted. */
void cordon_watch_remove(struct cordon_watch *watch);

/* Calls fn once after delay_ms, and then each repeat_ms when that is not 0. */
struct cordon_timer *cordon_loop_timer(struct cordon_loop *loop, uint64_t delay_ms,
	uint64_t repeat_ms, cordon_timer_fn *fn, void *context,
	struct cordon_error *err) CORDON_CHECKED;
/* Safe inside any callback, its own too; no call of fn follows. Also for a timer that has fired. NULL
 * is accepted. */
void cordon_timer_remove(struct cordon_timer *timer);
