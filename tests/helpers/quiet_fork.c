/* Linked into every Criterion test. Criterion forks for each test while a thread of its own is at work,
 * and the sanitizer of gcc 12 does not hold its allocator's locks across fork(2): a child that was
 * forked while that thread allocated waits for ever. The thread allocates when it has just been woken,
 * so the fork waits a moment. */
#if CORDON_SANITIZED

#include <pthread.h>
#include <time.h>

static void
wait_a_moment(void)
{
	const struct timespec moment = { .tv_nsec = 5 * 1000000 };

	(void)nanosleep(&moment, NULL);
}

__attribute__((constructor)) static void
quieten_forks(void)
{
	(void)pthread_atfork(wait_a_moment, NULL, NULL);
}

#endif
