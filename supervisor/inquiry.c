#include "inquiry.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cordon/fd.h>

#include "cmd.h"
#include "runtime.h"

#define PATIENCE_S 5 /* for one answer */

/* A monitor is a process of ours that executes what we execute (A16). */
static int
is_monitor(int fd, pid_t *ret_pid)
{
	char link[64];
	struct ucred who;
	struct stat theirs, ours;
	socklen_t size = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0 || who.uid != geteuid())
		return 0;
	snprintf(link, sizeof(link), "/proc/%d/exe", who.pid);
	*ret_pid = who.pid;
	return stat(link, &theirs) == 0 && stat("/proc/self/exe", &ours) == 0 &&
	       theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino;
}

/* Connects. Returns a link, or -1; a socket that nobody answers any more is taken away. */
static int
reach(const char *path, pid_t *ret_pid)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	CORDON_CLOSE int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return -1;
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		if (errno == ECONNREFUSED)
			(void)unlink(path);
		return -1;
	}
	if (!is_monitor(fd, ret_pid) ||
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
		return -1;
	return cordon_fd_take(&fd);
}

/* Hears answers up to DONE. */
static int
hear_all(struct inquiry *q, int link, struct cordon_error *err)
{
	for (;;) {
		struct cordon_message m = { 0 };
		const int got = cordon_link_receive(link, &m, err);

		if (got < 0)
			return -1;
		if (got == 0)
			return cordon_fail(err, CORDON_EPEER, 0, "it closed the connection");
		if (m.number == CONTROL_DONE) {
			struct cordon_reader r = { .at = m.body, .left = m.size };
			uint32_t count = 0;

			(void)!cordon_get_u32(&r, &count);
			q->concerned += count;
			cordon_message_finish(&m);
			return 0;
		}
		if (q->hear != NULL)
			q->hear(q, &m);
		cordon_message_finish(&m);
	}
}

static void
ask(struct inquiry *q, const char *path)
{
	CORDON_CLOSE int link = reach(path, &q->monitor);
	struct cordon_error err = { 0 };
	struct cordon_writer w;

	if (link < 0)
		return;
	q->monitors++;
	cordon_writer_init(&w, 64);
	if (q->run != NULL)
		cordon_put_string(&w, q->run);
	if (cordon_link_send(link, (uint16_t)q->message, w.data, w.size, NULL, 0, &err) < 0 ||
		hear_all(q, link, &err) < 0) {
		q->failures++;
		(void)cordon_while(&err, "monitor %d", q->monitor);
		cmd_say(&err);
	}
	cordon_writer_finish(&w);
}

static void
ask_place(struct inquiry *q, const char *place)
{
	struct cordon_error err = { 0 };
	CORDON_CLOSE int fd = runtime_open(place, &err);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	char path[PATH_MAX + 300];

	if (directory == NULL) {
		if (err.code == CORDON_EPOLICY)
			cmd_say(&err);
		return;
	}
	fd = -1; /* the directory stream's by now */
	while ((entry = readdir(directory)) != NULL) {
		if (strncmp(entry->d_name, "monitor-", 8) != 0)
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", place, entry->d_name) < (int)sizeof(path))
			ask(q, path);
	}
	(void)closedir(directory);
}

void
inquiry_ask_all(struct inquiry *q)
{
	char places[RUNTIME_PLACES][PATH_MAX];

	q->monitors = q->concerned = 0;
	runtime_places(places);
	for (size_t i = 0; i < RUNTIME_PLACES; i++)
		if (places[i][0] != '\0')
			ask_place(q, places[i]);
}

int
inquiry_parse(
	int argc, char **argv, const char *usage, int takes_word, int takes_net, struct inquiry *q)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
		{ "net", no_argument, NULL, 'n' }, { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 } };
	struct cordon_error err = { 0 };
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == 'j') {
			q->json = 1;
		} else if (option == 'n' && takes_net) {
			q->net = 1;
		} else if (option == 'h') {
			fputs(usage, stdout);
			return 1;
		} else {
			cordon_fail(&err, CORDON_EINPUT, 0,
				"unknown option '%s'; see cordon %s --help", argv[optind - 1],
				argv[0]);
			cmd_say(&err);
			return -1;
		}
	}
	if (argc - optind == takes_word) {
		q->run = takes_word ? argv[optind] : NULL;
		return 0;
	}
	cordon_fail(&err, CORDON_EINPUT, 0, "see cordon %s --help", argv[0]);
	cmd_say(&err);
	return -1;
}
