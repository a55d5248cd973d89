/* What running over a pipe costs: bench_serve CORDON BWRAP WORKSPACE ROUNDS.
 *
 * A real cordon serve is used as an agent runtime would use it. WORKSPACE holds a copy of payload. Prints
 * JSON; times are microseconds. Nothing here judges. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cordon/text.h>

#include "series.h"
#include "serve.h"

#define ROUNDS_BRIEF 50

static const char *const run_names[RUN_KINDS] = { "spawn", "bubblewrap", "runPaused", "runInARow" };

static double
median(const struct bench *b, const struct runs_found *r, enum run_kind kind)
{
	return quantile(r->samples[kind], b->rounds, 0.5);
}

static void
print_runs(const struct bench *b, const struct runs_found *r)
{
	char more[128];

	printf("  \"prepared\": %zu,\n", r->prepared);
	for (int kind = 0; kind < RUN_KINDS; kind++) {
		more[0] = '\0';
		if (kind == RUN_PAUSED || kind == RUN_ROW)
			snprintf(more, sizeof(more),
				", \"from\": \"%s\", \"overSpawn\": %.1f, \"overBubblewrap\": %.2f",
				kind == RUN_PAUSED && r->prepared > 0 ? "prepared" : "cold",
				median(b, r, (enum run_kind)kind) - median(b, r, RUN_SPAWN),
				median(b, r, (enum run_kind)kind) / median(b, r, RUN_BWRAP));
		print_series(run_names[kind], r->samples[kind], b->rounds, more);
	}
	printf("  \"cpuOfRun\": {\"monitor\": %.1f, \"rpc\": %.1f, \"launcher\": %.1f},\n",
		r->monitor_cpu, r->rpc_cpu, r->launcher_cpu);
	printf("  \"perSecond\": {\"bubblewrapTwoAtATime\": %.1f, \"twoInFlight\": %.1f, "
	       "\"fourInFlight\": %.1f},\n",
		r->bwrap_two, r->two, r->four);
}

/* What this user may not see is null. */
static void
print_cost(const char *name, const struct process_cost *c, int last)
{
	printf("\"%s\": {\"rss\": %.0f, \"pss\": ", name, c->rss_kib);
	if (c->pss_kib < 0)
		printf("null, ");
	else
		printf("%.0f, ", c->pss_kib);
	if (c->fds < 0)
		printf("\"fds\": null}");
	else
		printf("\"fds\": %d}", c->fds);
	printf("%s", last ? "" : ", ");
}

static void
print_costs(const struct process_cost *monitor, const struct process_cost *rpc,
	const struct process_cost *launcher)
{
	print_cost("monitor", monitor, 0);
	print_cost("rpc", rpc, 0);
	print_cost("launcher", launcher, 1);
}

static void
print_live(const struct live_found *l)
{
	printf("  \"idleKib\": {");
	print_costs(&l->monitor, &l->rpc, &l->launcher);
	printf("},\n  \"live\": [\n");
	for (int i = 0; i < LIVE_LEVELS; i++) {
		const struct live_level *v = &l->levels[i];

		printf("    {\"runs\": %" PRIu32 ", \"median\": %.1f, \"idleMonitor\": %.1f, "
		       "\"spawn\": %.1f,\n     \"kib\": {",
			v->live, v->run, v->idle, v->spawn);
		print_costs(&v->monitor, &v->rpc, &v->launcher);
		printf("}}%s\n", i + 1 < LIVE_LEVELS ? "," : "");
	}
	printf("  ],\n  \"writersAtOnce\": {\"asked\": %" PRIu32 ", \"got\": %" PRIu32 "},\n",
		l->writers_asked, l->writers);
	if (l->writers < l->writers_asked)
		fprintf(stderr, "bench_serve: one more writer: %s\n", l->refusal.text);
}

static void
print_stream(const struct stream_found *s)
{
	static const char *const names[NOISES] = { "quiet", "besideBarePrinter",
		"besideStalledCaller" };

	printf("  \"stream\": {\"bytes\": %.0f, \"unit\": \"MB/s\", \"pipe\": %.1f, "
	       "\"notifications\": %.1f, \"lines\": %.1f},\n"
	       "  \"anotherCallerP99\": {",
		s->bytes, s->bare, s->notified, s->wire);
	for (int noise = 0; noise < NOISES; noise++)
		printf("\"%s\": {\"ping\": %.1f, \"run\": %.1f}%s", names[noise], s->ping[noise],
			s->run[noise], noise + 1 < NOISES ? ", " : "},\n");
}

static void
print_run_budgets(const struct bench *b, const struct runs_found *r)
{
	print_budget("process/run after a pause - bare spawn, ms",
		"at most 0.2 from a prepared sandbox, 1.0 in the launcher when cold",
		(median(b, r, RUN_PAUSED) - median(b, r, RUN_SPAWN)) / 1000.0, 0);
	print_budget("process/run after a pause / bubblewrap with filter",
		"at most 0.33 from a prepared sandbox",
		median(b, r, RUN_PAUSED) / median(b, r, RUN_BWRAP), 0);
	print_budget("process/run in a row / bubblewrap with filter", "none",
		median(b, r, RUN_ROW) / median(b, r, RUN_BWRAP), 0);
	print_budget(
		"two in flight / bubblewrap two at a time", "at least 3", r->two / r->bwrap_two, 0);
	print_budget(
		"four in flight / bubblewrap two at a time", "none", r->four / r->bwrap_two, 0);
}

static void
print_live_budgets(const struct live_found *l)
{
	const struct live_level *few = &l->levels[0], *most = &l->levels[LIVE_LEVELS - 1];
	char path[96];

	for (int i = 1; i < LIVE_LEVELS; i++) {
		const struct live_level *v = &l->levels[i];

		snprintf(path, sizeof(path),
			"process/run with %" PRIu32 " live runs / with %" PRIu32, v->live,
			few->live);
		print_budget(path, "0.8 to 1.2", v->run / few->run, 0);
		snprintf(path, sizeof(path),
			"process/run with %" PRIu32 " live runs / in a monitor without", v->live);
		print_budget(path, "0.8 to 1.2", v->run / v->idle, 0);
	}
	print_budget("monitor idle, KiB resident", "at most 8192", l->monitor.rss_kib, 0);
	print_budget("monitor, KiB more for each live run", "at most 64",
		(most->monitor.rss_kib - few->monitor.rss_kib) / (double)(most->live - few->live),
		0);
}

static void
print_report(const struct bench *b, const struct runs_found *r, const struct live_found *l,
	const struct stream_found *s)
{
	printf("{\n  \"bench\": \"serve\", \"rounds\": %" PRIu32
	       ", \"uid\": %u, \"unit\": \"us\",\n",
		b->rounds, (unsigned)geteuid());
	print_runs(b, r);
	print_live(l);
	print_stream(s);
	printf("  \"budgets\": [\n");
	print_run_budgets(b, r);
	print_live_budgets(l);
	print_budget("another caller's ping, p99 beside a stalled caller / quiet", "under 2",
		s->ping[NOISE_CALLER] / s->ping[NOISE_NONE], 0);
	print_budget("another caller's process/run, p99 beside a stalled caller / quiet", "under 2",
		s->run[NOISE_CALLER] / s->run[NOISE_NONE], 0);
	print_budget("the same for ping, beside a bare printer / quiet", "none",
		s->ping[NOISE_BARE] / s->ping[NOISE_NONE], 0);
	print_budget("the same for process/run, beside a bare printer / quiet", "none",
		s->run[NOISE_BARE] / s->run[NOISE_NONE], 1);
	printf("  ]\n}\n");
}

int
main(int argc, char **argv)
{
	struct bench b = { .peer.null = -1 };
	struct runs_found runs = { 0 };
	struct live_found live = { 0 };
	struct stream_found stream = { 0 };
	struct cordon_error err = { 0 };
	int result;

	if (argc != 5 || cordon_parse_u32(argv[4], 2, ROUNDS_MAX, &b.rounds, &err) < 0) {
		fputs("usage: bench_serve CORDON BWRAP WORKSPACE ROUNDS\n", stderr);
		return 2;
	}
	b.cordon = argv[1];
	b.peer.bwrap = argv[2];
	b.peer.workspace_name = argv[3];
	b.brief = b.rounds < ROUNDS_BRIEF;
	(void)signal(SIGPIPE, SIG_IGN); /* a server that has gone is an error like others */
	result = peer_begin(&b.peer, &err) < 0 || measure_runs(&b, &runs, &err) < 0 ||
		 measure_live(&b, &live, &err) < 0 || measure_stream(&b, &stream, &err) < 0;
	if (result != 0)
		fprintf(stderr, "bench_serve: %s\n", err.text);
	else
		print_report(&b, &runs, &live, &stream);
	runs_found_finish(&runs);
	peer_finish(&b.peer);
	return result;
}
