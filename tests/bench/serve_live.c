/* What runs that live cost: the time of another process/run in the same monitor, in alternation with one in
 * a monitor without runs and with a bare spawn, and the memory of cordon's processes.
 *
 * Levels follow each other, minutes may lie between them: what the machine does meanwhile shows in the
 * two that are measured beside. Those who live are of profile readonly: where the system bounds how many
 * may write a workspace, the measured one would be refused. That bound is looked for at the end. */
#include "serve.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include <cordon/mem.h>

#include "series.h"

#define STARTS_AT_ONCE 16u
#define WARM_UP        20

enum beside { HERE, IDLE, SPAWN, BESIDES };

static const uint32_t all_levels[LIVE_LEVELS] = { 1, 100, 1000 };
static const uint32_t brief_levels[LIVE_LEVELS] = { 1, 10, 50 };

/* Starts so many; *live is how many live at the end. Returns 1, 0 when one was refused, -1. */
static int
start_sleepers(struct client *c, const char *profile, uint32_t count, uint32_t *live,
	struct cordon_error *err)
{
	char params[160];
	uint64_t id;
	int result = 1;

	snprintf(params, sizeof(params),
		"{\"argv\":[\"./payload\",\"sleep\"],\"stdin\":\"none\",\"notify\":false,"
		"\"profile\":\"%s\"}",
		profile);
	for (uint32_t sent = 0, answered = 0; answered < sent || (sent < count && result == 1);) {
		int heard;

		if (sent < count && sent < answered + STARTS_AT_ONCE && result == 1) {
			if (client_send(c, "process/start", params, &id, err) < 0)
				return -1;
			sent++;
			continue;
		}
		heard = client_hear(c, &id, NULL, err);
		if (heard < 0)
			return -1;
		answered++;
		*live += (uint32_t)heard;
		result = heard == 0 ? 0 : result;
	}
	return result;
}

static int
one(struct bench *b, struct client *here, struct client *idle, enum beside what,
	struct cordon_error *err)
{
	pid_t pid;

	if (what != SPAWN)
		return client_run_true(what == HERE ? here : idle, err);
	pid = peer_begin_true(&b->peer, PEER_BARE, err);
	return pid < 0 ? -1 : peer_await(pid, err);
}

static int
measure_level(struct bench *b, struct client *here, struct client *idle, struct live_level *level,
	double *samples[BESIDES], struct cordon_error *err)
{
	double medians[BESIDES];

	for (uint32_t round = 0; round < b->rounds; round++)
		for (uint32_t i = 0; i < BESIDES; i++) {
			const enum beside what = (enum beside)((round + i) % BESIDES);
			const uint64_t start = now_ns();

			if (one(b, here, idle, what, err) < 0)
				return cordon_while(err, "with %u live runs", level->live);
			samples[what][round] = (double)(now_ns() - start) / 1000.0;
		}
	for (int what = 0; what < BESIDES; what++) {
		series_sort(samples[what], b->rounds);
		medians[what] = quantile(samples[what], b->rounds, 0.5);
	}
	level->run = medians[HERE];
	level->idle = medians[IDLE];
	level->spawn = medians[SPAWN];
	return 0;
}

static void
look(pid_t monitor, struct process_cost *ret_monitor, struct process_cost *ret_rpc,
	struct process_cost *ret_launcher)
{
	process_cost(monitor, ret_monitor);
	process_cost(process_child(monitor, "cordon-rpc"), ret_rpc);
	process_cost(process_child(monitor, "cordon-launcher"), ret_launcher);
}

static int
warm_up(struct client *c, struct cordon_error *err)
{
	for (int i = 0; i < WARM_UP; i++)
		if (client_run_true(c, err) < 0)
			return -1;
	return 0;
}

static int
measure_levels(struct bench *b, struct server *here, struct server *idle, struct live_found *found,
	double *samples[BESIDES], struct cordon_error *err)
{
	const uint32_t *wanted = b->brief ? brief_levels : all_levels;
	uint32_t live = 0;
	int started;

	if (warm_up(&here->client, err) < 0 || warm_up(&idle->client, err) < 0)
		return -1;
	look(here->pid, &found->monitor, &found->rpc, &found->launcher);
	for (int i = 0; i < LIVE_LEVELS; i++) {
		struct live_level *level = &found->levels[i];

		level->live = wanted[i];
		started = start_sleepers(&here->client, "readonly", level->live - live, &live, err);
		if (started != 1)
			return cordon_while(err, "process/start with %u live runs", live);
		if (measure_level(b, &here->client, &idle->client, level, samples, err) < 0)
			return -1;
		look(here->pid, &level->monitor, &level->rpc, &level->launcher);
	}
	found->writers_asked = wanted[LIVE_LEVELS - 1];
	started = start_sleepers(
		&idle->client, "default", found->writers_asked, &found->writers, &found->refusal);
	if (started < 0)
		*err = found->refusal;
	return started < 0 ? -1 : 0;
}

int
measure_live(struct bench *b, struct live_found *found, struct cordon_error *err)
{
	CORDON_FREE double *all = cordon_array(b->rounds, BESIDES * sizeof(double));
	double *samples[BESIDES];
	struct server here = { .pid = -1, .client = CLIENT_CLOSED };
	struct server idle = { .pid = -1, .client = CLIENT_CLOSED };
	int result = -1;

	if (all == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not keep samples");
	for (int what = 0; what < BESIDES; what++)
		samples[what] = all + (size_t)what * b->rounds;
	if (server_start(&here, b->cordon, b->peer.workspace_name, err) == 0 &&
		server_start(&idle, b->cordon, b->peer.workspace_name, err) == 0)
		result = measure_levels(b, &here, &idle, found, samples, err);
	server_stop(&here);
	server_stop(&idle);
	return result;
}
