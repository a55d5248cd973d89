/* The launcher's one inotify instance, which the watches of all its runs share: a user may have 128 instances
 * (fs.inotify.max_user_instances), and the kernel takes its time to close one. */
#pragma once

#define WATCHED_BUCKETS 1024

struct watch;
struct watched;

struct watches {
	int fd; /* -1: not opened yet */
	struct watch *first;
	struct watched *buckets[WATCHED_BUCKETS]; /* how many hold a directory, by its number */
	int news; /* a watch has something to say: watch_end */
};

void watches_init(struct watches *w);
void watches_finish(struct watches *w); /* its watches must have been destroyed */
/* Opens the instance, if it is not. Returns 0, or -1 with errno set. */
int watches_open(struct watches *w);
/* Hears what has happened. */
void watches_read(struct watches *w);

/* Watches the opened directory, or holds the watch that there is. Returns its number, which never comes
 * again; -1 with errno set. */
int watches_hold(struct watches *w, int directory);
/* Lets go of it; the last one ends it. */
void watches_release(struct watches *w, int wd);
