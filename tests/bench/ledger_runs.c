/* process/run with its two records, on a disk and in memory, in alternation with a bare spawn and with bubblewrap:
 * two servers, whose ledgers are in the two places. Sandboxes are made ahead, since each run comes after a pause.
 * A flush of the disk is measured beside them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

#include "client.h"
#include "ledger.h"
#include "peer.h"
#include "series.h"

#define REFILL_MS 30

static int
serve(struct server *s, const char *cordon, const char *place, const char *workspace,
	struct cordon_error *err)
{
	char state[PATH_MAX + 8];

	snprintf(state, sizeof(state), "%s/state", place);
	if (mkdir(state, 0700) < 0 || setenv("XDG_STATE_HOME", state, 1) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make '%s'", state);
	return server_start(s, cordon, workspace, err);
}

static int
measure_kind(struct ledger_runs *r, enum ledger_run_kind kind, const struct peer *peer,
	struct server servers[2], double *ret, struct cordon_error *err)
{
	const struct timespec refill = { .tv_nsec = REFILL_MS * 1000000 };
	uint64_t begin;
	int result;

	(void)nanosleep(&refill, NULL);
	begin = now_ns();
	if (kind == LEDGER_RUN_FLUSH)
		return ledger_flush(r->file, ret, err);
	if (kind == LEDGER_RUN_DISK || kind == LEDGER_RUN_MEMORY) {
		result = client_run(&servers[kind == LEDGER_RUN_MEMORY].client, CLIENT_TRUE, err);
	} else {
		const pid_t pid = peer_begin_true(
			peer, kind == LEDGER_RUN_SPAWN ? PEER_BARE : PEER_BWRAP, err);

		result = pid < 0 ? -1 : peer_await(pid, err);
	}
	*ret = (double)(now_ns() - begin) / 1000;
	return result;
}

static int
measure_rounds(struct ledger_runs *r, const struct peer *peer, struct server servers[2],
	struct cordon_error *err)
{
	for (uint32_t round = 0; round < r->rounds; round++)
		for (uint32_t i = 0; i < LEDGER_RUN_KINDS; i++) {
			const enum ledger_run_kind kind =
				(enum ledger_run_kind)((round + i) % LEDGER_RUN_KINDS);

			if (measure_kind(r, kind, peer, servers, &r->samples[kind][round], err) < 0)
				return -1;
		}
	for (int kind = 0; kind < LEDGER_RUN_KINDS; kind++)
		series_sort(r->samples[kind], r->rounds);
	return 0;
}

int
ledger_runs_measure(struct ledger_runs *r, struct cordon_error *err)
{
	struct peer peer = { .bwrap = r->bwrap, .null = -1 };
	struct server servers[2] = { { .client = CLIENT_CLOSED }, { .client = CLIENT_CLOSED } };
	char workspace[PATH_MAX + 16], flushed[PATH_MAX + 16];
	int result;

	snprintf(workspace, sizeof(workspace), "%s/workspace", r->places[0]);
	snprintf(flushed, sizeof(flushed), "%s/flushed", r->places[0]);
	peer.workspace_name = workspace;
	for (int kind = 0; kind < LEDGER_RUN_KINDS; kind++) {
		r->samples[kind] = cordon_array(r->rounds, sizeof(double));
		if (r->samples[kind] == NULL)
			return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not measure");
	}
	r->file = open(flushed, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (r->file < 0 || mkdir(workspace, 0700) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make '%s'", workspace);
	result = peer_begin(&peer, err);
	for (int i = 0; i < 2 && result == 0; i++) {
		result = serve(&servers[i], r->cordon, r->places[i], workspace, err);
		if (result == 0)
			result = client_run(&servers[i].client, CLIENT_TRUE, err);
	}
	if (result == 0)
		result = measure_rounds(r, &peer, servers, err);
	for (int i = 0; i < 2; i++)
		if (servers[i].pid > 0)
			server_stop(&servers[i]);
	peer_finish(&peer);
	cordon_fd_close_p(&r->file);
	return result;
}

void
ledger_runs_finish(struct ledger_runs *r)
{
	for (int kind = 0; kind < LEDGER_RUN_KINDS; kind++)
		free(r->samples[kind]);
}
