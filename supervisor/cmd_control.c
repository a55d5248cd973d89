/* cordon kill, stop-all and status. */
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

#include "inquiry.h"

#define STOP_PATIENCE_S 5 /* for runs to be gone */

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

int
cmd_status(int argc, char **argv)
{
	static const char usage[] = "Usage: cordon status [--json]\n\n"
				    "Says which monitors of yours are there, and what they do.\n"
				    "Exit status: 0 when there is one, else 1.\n";
	struct inquiry q = { .message = CONTROL_STATUS, .hear = hear_state };
	const int parsed = inquiry_parse(argc, argv, usage, 0, 0, &q);

	if (parsed != 0)
		return parsed < 0 ? EXIT_SETUP : 0;
	inquiry_ask_all(&q);
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
	const int parsed = inquiry_parse(argc, argv, usage, 1, 0, &q);
	struct cordon_error err = { 0 };

	if (parsed != 0)
		return parsed < 0 ? EXIT_SETUP : 0;
	inquiry_ask_all(&q);
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

	for (int i = 0; i < STOP_PATIENCE_S * 100; i++) {
		struct inquiry q = { .message = CONTROL_LIST };

		inquiry_ask_all(&q);
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
	const int parsed = inquiry_parse(argc, argv, usage, 0, 0, &q);
	struct cordon_error err = { 0 };

	if (parsed != 0)
		return parsed < 0 ? EXIT_SETUP : 0;
	inquiry_ask_all(&q);
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
