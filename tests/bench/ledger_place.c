#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cordon/digest.h>
#include <cordon/fd.h>
#include <cordon/ledger_format.h>
#include <cordon/mem.h>

#include "ledger.h"
#include "series.h"

#define FLUSHES    4 /* of each round */
#define ONES       4
#define MANYS      (PRODUCERS * 10)
#define PAGE_BYTES 4096
#define VERIFIES   5
#define WORK       (8u << 20) /* bytes that are digested at a time */

int
ledger_flush(int file, double *ret, struct cordon_error *err)
{
	static uint8_t page[PAGE_BYTES];
	const uint64_t begin = now_ns();

	for (int i = 0; i < FLUSHES; i++) {
		page[i]++;
		if (pwrite(file, page, sizeof(page), 0) != (ssize_t)sizeof(page) ||
			fdatasync(file) < 0)
			return cordon_fail(err, CORDON_ESYS, errno, "could not flush a file");
	}
	*ret = (double)(now_ns() - begin) / 1000 / FLUSHES;
	return 0;
}

static int
timed_write(struct ledger_writer *w, struct ledger_producer *producers, unsigned producer_count,
	uint64_t count, double *ret, struct cordon_error *err)
{
	const uint64_t begin = now_ns();

	if (ledger_write(w, producers, producer_count, count, err) < 0)
		return -1;
	*ret = (double)(now_ns() - begin) / 1000 / (double)count;
	return 0;
}

/* A flush, one producer and many of them, in alternation. */
static int
measure_records(struct ledger_place *p, int file, struct ledger_producer *producers,
	struct cordon_error *err)
{
	struct ledger_writer w;
	double ignored;
	int result = ledger_writer_start(&w, p->ledger, p->directory, err);

	if (result == 0)
		result = timed_write(&w, producers, PRODUCERS, MANYS, &ignored, err);
	for (uint32_t i = 0; i < p->rounds && result == 0; i++)
		if (ledger_flush(file, &p->flush[i], err) < 0 ||
			timed_write(&w, producers, 1, ONES, &p->one[i], err) < 0 ||
			timed_write(&w, producers, PRODUCERS, MANYS, &p->many[i], err) < 0)
			result = -1;
	if (result < 0) {
		cordon_fd_close_p(&w.link);
		return -1;
	}
	return ledger_writer_stop(&w, err);
}

static double
microseconds(struct timeval t)
{
	return (double)t.tv_sec * 1e6 + (double)t.tv_usec;
}

/* cpu_us: what it and its children used of a processor. */
static int
wait_for(pid_t pid, double *ret_cpu_us, struct cordon_error *err)
{
	struct rusage usage;
	int status;

	if (wait4(pid, &status, 0, &usage) != pid || status != 0)
		return cordon_fail(err, CORDON_EPEER, 0, "a program ended with %d", status);
	*ret_cpu_us = microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
	return 0;
}

/* Its output goes nowhere. */
static int
run(char *const *argv, double *ret_cpu_us, struct cordon_error *err)
{
	char *const none[] = { NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	error = posix_spawn(&pid, argv[0], &actions, NULL, argv, none);
	posix_spawn_file_actions_destroy(&actions);
	if (error != 0)
		return cordon_fail(err, CORDON_ESYS, error, "could not start '%s'", argv[0]);
	return wait_for(pid, ret_cpu_us, err);
}

/* A start and an end, with one run between them, as each cordon run has it. */
static int
start_once(struct ledger_place *p, struct ledger_producer *producer, double *ret_start,
	double *ret_stop, struct cordon_error *err)
{
	struct ledger_writer w;
	uint64_t at = now_ns();

	if (ledger_writer_start(&w, p->ledger, p->directory, err) < 0)
		return -1;
	*ret_start = (double)(now_ns() - at) / 1000;
	if (ledger_write(&w, producer, 1, 2, err) < 0)
		return -1;
	at = now_ns();
	if (ledger_writer_stop(&w, err) < 0)
		return -1;
	if (ret_stop != NULL)
		*ret_stop = (double)(now_ns() - at) / 1000;
	return 0;
}

static int
measure_starts(struct ledger_place *p, struct ledger_producer *producer, double *starts,
	struct cordon_error *err)
{
	char *argv[] = { (char *)(uintptr_t)p->ledger, (char *)(uintptr_t) "--version", NULL };

	for (uint32_t i = 0; i < p->rounds; i++) {
		const uint64_t at = now_ns();
		double ignored;

		if (run(argv, &ignored, err) < 0)
			return -1;
		p->exec[i] = (double)(now_ns() - at) / 1000;
		if (start_once(p, producer, &starts[i], &p->stop[i], err) < 0)
			return -1;
	}
	return 0;
}

/* How far its first segment goes. */
static int
used_bytes(const struct ledger_place *p, double *ret, struct cordon_error *err)
{
	char path[PATH_MAX + 32];
	uint8_t *data = malloc(CORDON_LEDGER_SEGMENT);
	CORDON_CLOSE int file = -1;
	size_t size = CORDON_LEDGER_SEGMENT;
	int result = 0;

	snprintf(path, sizeof(path), "%s/" CORDON_LEDGER_SEGMENT_NAME, p->directory, 0u);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (data == NULL || file < 0 ||
		cordon_fd_read_full(file, data, size) != (ssize_t)CORDON_LEDGER_SEGMENT)
		result = cordon_fail(err, CORDON_ESYS, errno, "could not read '%s'", path);
	while (result == 0 && size > 0 && data[size - 1] == 0)
		size--;
	*ret = (double)size;
	free(data);
	return result;
}

/* Up to its last pages. */
static int
fill_segment(struct ledger_place *p, struct ledger_producer *producers, struct cordon_error *err)
{
	const double wanted = CORDON_LEDGER_SEGMENT - (256u << 10);
	struct ledger_writer w;
	int result = ledger_writer_start(&w, p->ledger, p->directory, err);
	double used = 0;

	if (result == 0)
		result = used_bytes(p, &used, err);
	while (result == 0 && used < wanted) {
		/* A record takes at least 300 bytes, and none a kilobyte. */
		const uint64_t count = (uint64_t)(wanted - used) / 1024 / MANYS;

		result = ledger_write(&w, producers, PRODUCERS, (count + 1) * MANYS, err);
		if (result == 0)
			result = used_bytes(p, &used, err);
	}
	if (result < 0) {
		cordon_fd_close_p(&w.link);
		return -1;
	}
	p->segment_bytes = used;
	return ledger_writer_stop(&w, err);
}

/* Bytes per second of SHA-256 alone. */
static int
digest_rate(double *ret, struct cordon_error *err)
{
	uint8_t *data = calloc(1, WORK), digest[CORDON_DIGEST_SIZE];
	const uint64_t begin = now_ns();
	int result;

	if (data == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not make a digest");
	result = cordon_digest_of(data, WORK, digest, err);
	*ret = (double)WORK / ((double)(now_ns() - begin) / 1e9);
	free(data);
	return result;
}

static int
measure_verify(struct ledger_place *p, struct cordon_error *err)
{
	char *argv[] = { (char *)(uintptr_t)p->cordon, (char *)(uintptr_t) "ledger",
		(char *)(uintptr_t) "verify", (char *)(uintptr_t) "--path", p->directory, NULL };
	double rates[VERIFIES], busy[VERIFIES], digests[VERIFIES], cpu_us;

	for (int i = 0; i < VERIFIES; i++) {
		uint64_t at;

		if (digest_rate(&digests[i], err) < 0)
			return -1;
		at = now_ns();
		if (run(argv, &cpu_us, err) < 0)
			return -1;
		rates[i] = p->segment_bytes / ((double)(now_ns() - at) / 1e9);
		busy[i] = p->segment_bytes / (cpu_us / 1e6);
	}
	series_sort(busy, VERIFIES);
	p->verify_busy = quantile(busy, VERIFIES, 0.5);
	series_sort(rates, VERIFIES);
	series_sort(digests, VERIFIES);
	p->verify = quantile(rates, VERIFIES, 0.5);
	p->digest = quantile(digests, VERIFIES, 0.5);
	return 0;
}

static int
measure_recovery(struct ledger_place *p, struct ledger_producer *producer, struct cordon_error *err)
{
	char position[PATH_MAX + 16];
	double times[VERIFIES];

	snprintf(position, sizeof(position), "%s/position", p->directory);
	for (int i = 0; i < VERIFIES; i++) {
		if (unlink(position) < 0)
			return cordon_fail(
				err, CORDON_ESYS, errno, "could not remove '%s'", position);
		if (start_once(p, producer, &times[i], NULL, err) < 0)
			return -1;
	}
	series_sort(times, VERIFIES);
	p->recovery = quantile(times, VERIFIES, 0.5);
	return 0;
}

static void
sort_all(struct ledger_place *p)
{
	double *const all[] = { p->flush, p->one, p->many, p->exec, p->start_small, p->start_full,
		p->stop };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		series_sort(all[i], p->rounds);
}

static int
measure_all(struct ledger_place *p, int file, struct ledger_producer *producers,
	struct cordon_error *err)
{
	double ignored;

	if (ledger_flush(file, &ignored, err) < 0 ||
		start_once(p, producers, &ignored, NULL, err) < 0 ||
		measure_starts(p, producers, p->start_small, err) < 0 ||
		measure_records(p, file, producers, err) < 0 ||
		fill_segment(p, producers, err) < 0 || measure_verify(p, err) < 0 ||
		measure_starts(p, producers, p->start_full, err) < 0 ||
		measure_recovery(p, producers, err) < 0)
		return -1;
	sort_all(p);
	return 0;
}

int
ledger_measure(struct ledger_place *p, struct cordon_error *err)
{
	double **const all[] = { &p->flush, &p->one, &p->many, &p->exec, &p->start_small,
		&p->start_full, &p->stop };
	struct ledger_producer producers[PRODUCERS] = { { 0 } };
	char flushed[PATH_MAX + 16];
	CORDON_CLOSE int file = -1;
	int result = 0;

	snprintf(flushed, sizeof(flushed), "%s.flushed", p->directory);
	file = open(flushed, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file < 0 || mkdir(p->directory, 0700) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make '%s'", p->directory);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		*all[i] = cordon_array(p->rounds, sizeof(double));
		if (*all[i] == NULL)
			return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not measure");
	}
	for (int i = 0; i < PRODUCERS && result == 0; i++)
		result = ledger_producer_begin(&producers[i], err);
	if (result == 0)
		result = measure_all(p, file, producers, err);
	for (int i = 0; i < PRODUCERS; i++)
		ledger_producer_finish(&producers[i]);
	return result;
}

void
ledger_place_finish(struct ledger_place *p)
{
	double **const all[] = { &p->flush, &p->one, &p->many, &p->exec, &p->start_small,
		&p->start_full, &p->stop };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		free(*all[i]);
		*all[i] = NULL;
	}
}
