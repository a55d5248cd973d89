/* calls: inotify_init1 inotify_add_watch inotify_rm_watch read close */
#include "watches.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

#include "watch.h"

/* Without IN_DONT_FOLLOW, which would stop at the magic link by which a descriptor is named. */
#define EVENTS (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR | IN_EXCL_UNLINK)

struct watched {
	struct watched *next;
	int wd;
	unsigned holders;
};

void
watches_init(struct watches *w)
{
	*w = (struct watches){ .fd = -1 };
}

void
watches_finish(struct watches *w)
{
	cordon_fd_close_p(&w->fd);
	for (size_t i = 0; i < WATCHED_BUCKETS; i++)
		while (w->buckets[i] != NULL) {
			struct watched *next = w->buckets[i]->next;

			free(w->buckets[i]);
			w->buckets[i] = next;
		}
}

int
watches_open(struct watches *w)
{
	if (w->fd < 0)
		w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	return w->fd < 0 ? -1 : 0;
}

void
watches_read(struct watches *w)
{
	_Alignas(struct inotify_event) char buffer[16384];
	ssize_t got;

	while ((got = read(w->fd, buffer, sizeof(buffer))) > 0) {
		const struct inotify_event *e;

		for (const char *at = buffer; at < buffer + got; at += sizeof(*e) + e->len) {
			e = (const void *)at;
			w->news |= watch_hear(w->first, e);
		}
	}
}

static struct watched **
place_of(struct watches *w, int wd)
{
	struct watched **at = &w->buckets[(unsigned)wd % WATCHED_BUCKETS];

	while (*at != NULL && (*at)->wd != wd)
		at = &(*at)->next;
	return at;
}

int
watches_hold(struct watches *w, int directory)
{
	struct watched **place, *fresh;
	char name[32];
	int wd;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", directory);
	wd = inotify_add_watch(w->fd, name, EVENTS);
	if (wd < 0)
		return -1;
	place = place_of(w, wd);
	if (*place == NULL) {
		fresh = cordon_array(1, sizeof(*fresh));
		if (fresh == NULL) {
			(void)inotify_rm_watch(w->fd, wd);
			errno = ENOMEM;
			return -1;
		}
		fresh->wd = wd;
		*place = fresh;
	}
	(*place)->holders++;
	return wd;
}

void
watches_release(struct watches *w, int wd)
{
	struct watched **place = place_of(w, wd), *gone = *place;

	if (gone == NULL || --gone->holders > 0)
		return;
	*place = gone->next;
	free(gone);
	(void)inotify_rm_watch(w->fd, wd); /* EINVAL: the directory has gone, and its watch */
}
