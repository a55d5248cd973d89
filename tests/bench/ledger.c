/* What the ledger costs: bench_ledger CORDON-LEDGER CORDON BWRAP DISK MEMORY ROUNDS.
 *
 * DISK and MEMORY are absolute directories, on a disk and in memory: a ledger is made in each. A record is durable when its
 * producer hears of it, so a flush of the device is measured in between, alone: an overwritten page. Records are an
 * intent and its end, in turn.
 *
 * Then what a run over the pipe costs with its two records.
 *
 * Prints JSON; times are microseconds. Nothing here judges. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cordon/text.h>

#include "ledger.h"
#include "series.h"

static double
median(const struct ledger_place *p, const double *samples)
{
	return quantile(samples, p->rounds, 0.5);
}

static double
per_second(const struct ledger_place *p, const double *samples)
{
	return 1e6 / median(p, samples);
}

static void
print_one(const struct ledger_place *p, const char *name, const double *samples, const char *more)
{
	printf("  ");
	print_series(name, samples, p->rounds, more);
}

static void
print_place(const char *name, const struct ledger_place *p)
{
	char more[160];

	printf("  \"%s\": {\n", name);
	print_one(p, "flush", p->flush, "");
	snprintf(more, sizeof(more), ", \"perSecond\": %.0f, \"overFlush\": %.2f",
		per_second(p, p->one), median(p, p->one) / median(p, p->flush));
	print_one(p, "recordOfOneProducer", p->one, more);
	snprintf(more, sizeof(more), ", \"perSecond\": %.0f, \"recordsInTheTimeOfAFlush\": %.1f",
		per_second(p, p->many), median(p, p->flush) / median(p, p->many));
	print_one(p, "recordOf64Producers", p->many, more);
	print_one(p, "bareExec", p->exec, "");
	print_one(p, "startSmall", p->start_small, "");
	print_one(p, "startFull", p->start_full, "");
	print_one(p, "stop", p->stop, "");
	printf("    \"recovery\": %.0f,\n"
	       "    \"segment\": {\"bytes\": %.0f},\n"
	       "    \"bytesPerSecond\": {\"verify\": %.0f, \"verifyOnAProcessor\": %.0f, "
	       "\"digestAlone\": %.0f}\n  },\n",
		p->recovery, p->segment_bytes, p->verify, p->verify_busy, p->digest);
}

static double
run_median(const struct ledger_runs *r, enum ledger_run_kind kind)
{
	return quantile(r->samples[kind], r->rounds, 0.5);
}

static void
print_runs(const struct ledger_runs *r)
{
	static const char *const names[LEDGER_RUN_KINDS] = { "spawn", "bubblewrap", "onDisk",
		"inMemory", "flush" };

	printf("  \"processRun\": {\n");
	for (int kind = 0; kind < LEDGER_RUN_KINDS; kind++) {
		printf("  ");
		print_series(names[kind], r->samples[kind], r->rounds, "");
	}
	printf("    \"flushesOfARun\": %.1f\n  },\n",
		(run_median(r, LEDGER_RUN_DISK) - run_median(r, LEDGER_RUN_MEMORY)) /
			run_median(r, LEDGER_RUN_FLUSH));
}

static void
print_run_budgets(const struct ledger_runs *r)
{
	const double spawn = run_median(r, LEDGER_RUN_SPAWN),
		     bwrap = run_median(r, LEDGER_RUN_BWRAP);
	const double flush = run_median(r, LEDGER_RUN_FLUSH);

	print_budget("process/run, pooled - bare spawn - a flush, ms", "at most 0.2",
		(run_median(r, LEDGER_RUN_DISK) - spawn - flush) / 1000, 0);
	print_budget("the same in memory - bare spawn, ms", "at most 0.2",
		(run_median(r, LEDGER_RUN_MEMORY) - spawn) / 1000, 0);
	print_budget("process/run, pooled / bubblewrap with filter", "at most 0.33",
		run_median(r, LEDGER_RUN_DISK) / bwrap, 0);
	print_budget("the same in memory / bubblewrap with filter", "at most 0.25",
		run_median(r, LEDGER_RUN_MEMORY) / bwrap, 0);
}

static void
print_budgets(const struct ledger_place *disk, const struct ledger_place *memory)
{
	print_budget("records/s, one producer", "at least 5000, when a flush lets it",
		per_second(disk, disk->one), 0);
	print_budget("a record of one producer / a flush", "one flush and little more",
		median(disk, disk->one) / median(disk, disk->flush), 0);
	print_budget("records/s, 64 producers", "at least 35000", per_second(disk, disk->many), 0);
	print_budget(
		"records/s, one producer, in memory", "none", per_second(memory, memory->one), 0);
	print_budget(
		"records/s, 64 producers, in memory", "none", per_second(memory, memory->many), 0);
	print_budget("verify, MB/s", "at least 500", disk->verify / 1e6, 0);
	print_budget("verify, MB/s of processor time", "none", disk->verify_busy / 1e6, 0);
	print_budget(
		"verify / SHA-256 of the same bytes alone", "none", disk->verify / disk->digest, 0);
	print_budget("recovery of a full segment, s", "under 1", disk->recovery / 1e6, 0);
	print_budget("start - bare exec, ms", "none",
		(median(disk, disk->start_full) - median(disk, disk->exec)) / 1000, 1);
	printf("  ]\n");
}

int
main(int argc, char **argv)
{
	struct ledger_place places[2] = { { 0 } };
	struct ledger_runs runs = { .file = -1 };
	struct cordon_error err = { 0 };
	uint32_t rounds = 0;
	int result = 0;

	if (argc != 7 || cordon_parse_u32(argv[6], 2, ROUNDS_MAX, &rounds, &err) < 0) {
		fputs("usage: bench_ledger CORDON-LEDGER CORDON BWRAP DISK MEMORY ROUNDS\n",
			stderr);
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < 2 && result == 0; i++) {
		places[i].ledger = argv[1];
		places[i].cordon = argv[2];
		places[i].rounds = rounds;
		snprintf(
			places[i].directory, sizeof(places[i].directory), "%s/ledger", argv[4 + i]);
		result = ledger_measure(&places[i], &err);
		snprintf(runs.places[i], sizeof(runs.places[i]), "%s", argv[4 + i]);
	}
	if (result == 0) {
		runs.cordon = argv[2];
		runs.bwrap = argv[3];
		runs.rounds = rounds;
		result = ledger_runs_measure(&runs, &err);
	}
	if (result == 0) {
		printf("{\n  \"bench\": \"ledger\", \"rounds\": %" PRIu32
		       ", \"uid\": %u, \"unit\": \"us\",\n",
			rounds, (unsigned)geteuid());
		print_place("disk", &places[0]);
		print_place("memory", &places[1]);
		print_runs(&runs);
		printf("  \"budgets\": [\n");
		print_run_budgets(&runs);
		print_budgets(&places[0], &places[1]);
		printf("}\n");
	} else {
		fprintf(stderr, "bench_ledger: %s\n", err.text);
	}
	ledger_place_finish(&places[0]);
	ledger_place_finish(&places[1]);
	ledger_runs_finish(&runs);
	return result < 0;
}
