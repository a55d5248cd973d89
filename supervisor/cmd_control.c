/* cordon ps, kill, stop-all and status: questions to the monitors of this user, one after another. */
#include "cmd.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/json.h>
#include <cordon/link.h>
#include <cordon/text.h>

#include "control_proto.h"
#include "runtime.h"

#define PATIENCE_S 5 /* for one answer */

/* What a command asks every monitor, and what it does with the answers. */
struct inquiry {
	enum control_message message;
	const char *run; /* KILL */
	int json;
	pid_t monitor; /* who is being asked */
	uint32_t monitors, concerned, failures;
	void (*hear)(struct inquiry *q, const struct cordon_message *m);
};

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

static void
ask_all(struct inquiry *q)
{
	char places[RUNTIME_PLACES][PATH_MAX];

	q->monitors = q->concerned = 0;
	runtime_places(places);
	for (size_t i = 0; i < RUNTIME_PLACES; i++)
		if (places[i][0] != '\0')
			ask_place(q, places[i]);
}

/* ps */

static void
print_row_json(const struct inquiry *q, const struct control_row *row)
{
	struct cordon_json *j = cordon_json_create(1u << 14);

	if (j == NULL)
		return;
	cordon_json_object(j, NULL);
	cordon_json_string(j, "run", row->run);
	cordon_json_string(j, "handle", row->handle[0] == '\0' ? NULL : row->handle);
	cordon_json_string(j, "label", row->label[0] == '\0' ? NULL : row->label);
	cordon_json_string(j, "state", row->running ? "running" : "starting");
	cordon_json_u64(j, "pid", row->pid);
	cordon_json_u64(j, "ageMs", row->age_ms);
	cordon_json_string(j, "profile", row->profile);
	cordon_json_string(j, "session", row->session[0] == '\0' ? NULL : row->session);
	cordon_json_string(j, "command", row->command);
	cordon_json_i64(j, "monitor", q->monitor);
	cordon_json_end(j);
	if (cordon_json_text(j, NULL) != NULL)
		puts(cordon_json_text(j, NULL));
	cordon_json_destroy(j);
}

/* What callers wrote is escaped: it stands on a terminal. */
static void
print_row(const struct control_row *row)
{
	char session[800], command[1100], label[600];

	(void)cordon_text_escape(row->session, strlen(row->session), session, sizeof(session));
	(void)cordon_text_escape(row->command, strlen(row->command), command, sizeof(command));
	(void)cordon_text_escape(row->label, strlen(row->label), label, sizeof(label));
	printf("%-28s  %7u  %6llu s  %-10s  %-20s  %s%s%s%s\n", row->run, row->pid,
		(unsigned long long)(row->age_ms / 1000), row->profile,
		session[0] == '\0' ? "-" : session, command, label[0] == '\0' ? "" : "  [", label,
		label[0] == '\0' ? "" : "]");
}

static void
hear_row(struct inquiry *q, const struct cordon_message *m)
{
	struct control_row row;
	struct cordon_error err = { 0 };

	if (m->number != CONTROL_ROW || control_row_decode(m->body, m->size, &row, &err) < 0)
		return;
	if (q->json) {
		print_row_json(q, &row);
		return;
	}
	if (q->failures == 0 && q->concerned == 0) {
		printf("%-28s  %7s  %8s  %-10s  %-20s  %s\n", "RUN", "PID", "AGE", "PROFILE",
			"SESSION", "COMMAND");
		q->concerned = 1; /* the head line is printed once */
	}
	print_row(&row);
}

/* status */

static void
hear_state(struct inquiry *q, const struct cordon_message *m)
{
	struct control_state s;
	struct cordon_error err = { 0 };
	struct cordon_json *j;

	if (m->number != CONTROL_STATE || control_state_decode(m->body, m->size, &s, &err) < 0)
		return;
	if (!q->json) {
		char workspace[4 * 4096 + 4];

		(void)cordon_text_escape(
			s.workspace, strlen(s.workspace), workspace, sizeof(workspace));
		printf("monitor %d  %s %s  up %llu s  %u caller%s  %u live run%s of %llu  %s%s\n",
			q->monitor, s.kind, s.version, (unsigned long long)(s.uptime_ms / 1000),
			s.callers, s.callers == 1 ? "" : "s", s.runs, s.runs == 1 ? "" : "s",
			(unsigned long long)s.started, workspace, s.frozen ? "  FROZEN" : "");
		return;
	}
	j = cordon_json_create(1u << 14);
	if (j == NULL)
		return;
	cordon_json_object(j, NULL);
	cordon_json_i64(j, "monitor", q->monitor);
	cordon_json_string(j, "kind", s.kind);
	cordon_json_string(j, "version", s.version);
	cordon_json_string(j, "socket", s.socket[0] == '\0' ? NULL : s.socket);
	cordon_json_string(j, "workspace", s.workspace);
	cordon_json_u64(j, "uptimeMs", s.uptime_ms);
	cordon_json_u64(j, "callers", s.callers);
	cordon_json_u64(j, "runs", s.runs);
	cordon_json_u64(j, "started", s.started);
	cordon_json_u64(j, "pooled", s.ahead);
	cordon_json_u64(j, "refused", s.refused);
	cordon_json_u64(j, "strangers", s.strangers);
	cordon_json_u64(j, "suspected", s.suspected);
	cordon_json_u64(j, "loops", s.loops);
	cordon_json_bool(j, "frozen", s.frozen);
	cordon_json_end(j);
	if (cordon_json_text(j, NULL) != NULL)
		puts(cordon_json_text(j, NULL));
	cordon_json_destroy(j);
}

/* options */

/* Takes --json and --help, and at most one word when takes_word. Returns 0; 1 when help was printed; -1
 * when it was wrong, and said so. */
static int
parse(int argc, char **argv, const char *usage, int takes_word, struct inquiry *q)
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
		} else if (option == 'h') {
			fputs(usage, stdout);
			return 1;
		} else {
			cordon_fail(&err, CORDON_EINPUT, 0,
				option == 'n' ? "--net: this build has no network guard yet"
					      : "unknown option '%s'; see cordon %s --help",
				argv[optind - 1], argv[0]);
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

int
cmd_ps(int argc, char **argv)
{
	static const char usage[] = "Usage: cordon ps [--json]\n\n"
				    "Lists the live runs of your monitors (cordon serve).\n";
	struct inquiry q = { .message = CONTROL_LIST, .hear = hear_row };
	const int parsed = parse(argc, argv, usage, 0, &q);

	if (parsed != 0)
		return parsed < 0 ? EXIT_SETUP : 0;
	ask_all(&q);
	return q.failures > 0;
}

int
cmd_status(int argc, char **argv)
{
	static const char usage[] = "Usage: cordon status [--json]\n\n"
				    "Says which monitors of yours are there, and what they do.\n"
				    "Exit status: 0 when there is one, else 1.\n";
	struct inquiry q = { .message = CONTROL_STATUS, .hear = hear_state };
	const int parsed = parse(argc, argv, usage, 0, &q);

	if (parsed != 0)
		return parsed < 0 ? EXIT_SETUP : 0;
	ask_all(&q);
	if (q.monitors == 0 && !q.json)
		puts("no monitor is running");
	return q.failures > 0 || q.monitors == 0;
}

int
cmd_kill(int argc, char **argv)
{
	static const char usage[] = "Usage: cordon kill RUN\n\n"
				    "Ends a run, named as cordon ps does, with all its processes.\n"
				    "Exit status: 0 when it was there, else 1.\n";
	struct inquiry q = { .message = CONTROL_KILL };
	const int parsed = parse(argc, argv, usage, 1, &q);
	struct cordon_error err = { 0 };

	if (parsed != 0)
		return parsed < 0 ? EXIT_SETUP : 0;
	ask_all(&q);
	if (q.concerned > 0)
		return 0;
	cordon_fail(&err, CORDON_ENOTFOUND, 0, "there is no live run '%s'; see cordon ps", q.run);
	cmd_say(&err);
	return 1;
}

/* Waits until nothing is alive any more. */
static int
wait_for_end(void)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000000 };

	for (int i = 0; i < PATIENCE_S * 100; i++) {
		struct inquiry q = { .message = CONTROL_LIST };

		ask_all(&q);
		if (q.concerned == 0)
			return q.failures > 0 ? -1 : 0;
		(void)nanosleep(&pause, NULL);
	}
	return -1;
}

int
cmd_stop_all(int argc, char **argv)
{
	static const char usage[] =
		"Usage: cordon stop-all\n\n"
		"Ends every run of your monitors, at once, and lets them start none any more:\n"
		"callers are answered supervisor.frozen until you start cordon serve again.\n";
	struct inquiry q = { .message = CONTROL_STOP };
	const int parsed = parse(argc, argv, usage, 0, &q);
	struct cordon_error err = { 0 };

	if (parsed != 0)
		return parsed < 0 ? EXIT_SETUP : 0;
	ask_all(&q);
	if (q.failures > 0 || wait_for_end() < 0) {
		cordon_fail(&err, CORDON_ESYS, 0,
			"some runs may still be alive: see cordon ps, and end the monitors");
		cmd_say(&err);
		return 1;
	}
	printf("%u run%s ended; %u monitor%s frozen\n", q.concerned, q.concerned == 1 ? "" : "s",
		q.monitors, q.monitors == 1 ? "" : "s");
	return 0;
}
