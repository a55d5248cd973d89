/* Measuring the writer of a ledger: cordon-ledger, started and spoken to as a monitor does it. */
#pragma once

#include <limits.h>
#include <stdint.h>
#include <sys/types.h>

#include <cordon/error.h>

#define PRODUCERS 64

struct ledger_writer {
	pid_t pid;
	int link;
	uint64_t sent, heard; /* appends */
};

/* Starts it on directory, and waits until it has the ledger. */
int ledger_writer_start(struct ledger_writer *w, const char *program, const char *directory,
	struct cordon_error *err) CORDON_CHECKED;
/* Closes the link, and waits for its end. Nothing is done for one that is all zero. */
int ledger_writer_stop(struct ledger_writer *w, struct cordon_error *err) CORDON_CHECKED;

/* What producers write in turn: an intent, and then its end, as they are for a command of some words. */
struct ledger_producer {
	char *intent;
	size_t intent_size;
	int begun; /* its intent is kept, as sequence */
	uint64_t sequence;
};

int ledger_producer_begin(struct ledger_producer *p, struct cordon_error *err) CORDON_CHECKED;
void ledger_producer_finish(struct ledger_producer *p);

/* Writes count records, all durable, by some producers, of which each waits for its own. */
int ledger_write(struct ledger_writer *w, struct ledger_producer *producers,
	unsigned producer_count, uint64_t count, struct cordon_error *err) CORDON_CHECKED;

/* An overwritten page, on the disk, some times; the mean. */
int ledger_flush(int file, double *ret_us, struct cordon_error *err) CORDON_CHECKED;

/* One directory, and what was measured in it; times in microseconds, rates per second. */
struct ledger_place {
	const char *ledger, *cordon; /* programs */
	char directory[PATH_MAX]; /* of the ledger; the file "flushed" stands beside it */
	uint32_t rounds;

	double *flush, *one, *many; /* a flush; a record of one producer, and of PRODUCERS */
	double *exec; /* the program, doing nothing */
	double *start_small, *start_full; /* up to its first message */
	double *stop; /* from its last answer on, to its end */
	double recovery; /* start, without its position, of a full segment */
	double segment_bytes;
	double verify, digest; /* bytes per second */
	double verify_busy; /* bytes per second of a processor, whoever else had one */
};

int ledger_measure(struct ledger_place *p, struct cordon_error *err) CORDON_CHECKED;
void ledger_place_finish(struct ledger_place *p);

/* ledger_runs.c: process/run of /bin/true with its records, in microseconds. */
enum ledger_run_kind {
	LEDGER_RUN_SPAWN,
	LEDGER_RUN_BWRAP,
	LEDGER_RUN_DISK,
	LEDGER_RUN_MEMORY,
	LEDGER_RUN_FLUSH,
	LEDGER_RUN_KINDS
};

struct ledger_runs {
	const char *cordon, *bwrap; /* programs */
	char places[2][PATH_MAX]; /* a directory on a disk, and one in memory */
	uint32_t rounds;
	int file; /* that is flushed */
	double *samples[LEDGER_RUN_KINDS]; /* sorted */
};

int ledger_runs_measure(struct ledger_runs *r, struct cordon_error *err) CORDON_CHECKED;
void ledger_runs_finish(struct ledger_runs *r);
