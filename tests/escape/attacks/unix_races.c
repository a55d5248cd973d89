/* A08: connect(2) is judged and made on what was judged. A second thread swaps, while many connects are
 * made, the socket file (own against the host's) or the address in memory. Red when the call is
 * continued after it was judged, and when the file is opened again by name. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "attacks.h"

#define CONNECTS 3000
#define EXCHANGE 2 /* RENAME_EXCHANGE */

struct race {
	const char *host, *own;
	struct sockaddr_un address; /* what the racing thread rewrites */
	atomic_int begun, over;
};

/* Our own listener says "o"; the driver's says "h". */
static void *
serve(void *argument)
{
	const int listener = *(int *)argument;

	for (;;) {
		int s = accept(listener, NULL, NULL);

		if (s < 0)
			return NULL;
		(void)!send(s, "o", 1, MSG_NOSIGNAL);
		close(s);
	}
}

static void *
swap_files(void *argument)
{
	struct race *r = argument;

	atomic_store(&r->begun, 1);
	while (!atomic_load(&r->over))
		syscall(SYS_renameat2, AT_FDCWD, r->host, AT_FDCWD, r->own, EXCHANGE);
	return NULL;
}

static void *
swap_address(void *argument)
{
	struct race *r = argument;

	atomic_store(&r->begun, 1);
	while (!atomic_load(&r->over)) {
		strcpy(r->address.sun_path, r->host);
		__asm__ volatile("" ::: "memory");
		strcpy(r->address.sun_path, r->own);
		__asm__ volatile("" ::: "memory");
	}
	return NULL;
}

static _Noreturn void
race(char **argv, void *(*swapper)(void *))
{
	struct race r = { .host = argument(argv, 1),
		.own = argument(argv, 2),
		.address = { .sun_family = AF_UNIX } };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), reached = 0, own = 0;
	pthread_t server, thread;

	if (listener < 0)
		held_by_errno("socket");
	strncpy(r.address.sun_path, r.own, sizeof(r.address.sun_path) - 1);
	if (bind(listener, (struct sockaddr *)&r.address, sizeof(r.address)) < 0 ||
		listen(listener, 64) < 0)
		held_by_errno("bind and listen");
	if (pthread_create(&server, NULL, serve, &listener) != 0 ||
		pthread_create(&thread, NULL, swapper, &r) != 0)
		broken("no threads");
	while (!atomic_load(&r.begun)) /* or all connects are over before it has its first turn */
		sched_yield();
	for (int i = 0; i < CONNECTS && !reached; i++) {
		int s = socket(AF_UNIX, SOCK_STREAM, 0);
		char c = 0;

		if (connect(s, (struct sockaddr *)&r.address, sizeof(r.address)) == 0 &&
			recv(s, &c, 1, 0) == 1) {
			reached = c == 'h';
			own += c == 'o';
		}
		close(s);
	}
	atomic_store(&r.over, 1);
	pthread_join(thread, NULL);
	if (reached)
		escaped("the host's listener was reached in the race");
	if (own == 0)
		broken("not even the own listener was reached");
	held("%d connects came to the own listener", own);
}

void
attack_unix_swapped_file(char **argv)
{
	race(argv, swap_files);
}

void
attack_unix_swapped_address(char **argv)
{
	race(argv, swap_address);
}
