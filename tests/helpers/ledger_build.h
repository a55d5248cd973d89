/* Ledgers for tests: written in one go, without the process that writes real ones. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/ledger_format.h>
#include <cordon/ledger_note.h>

#define LEDGER_BUILD_SEGMENTS 4

struct ledger_build {
	uint32_t records;
	uint32_t batch; /* records in one */
	uint32_t note; /* a checkpoint after so many, and after the last one */
	uint32_t segment; /* records in one; 0: all in the first */
	uint8_t seed[CORDON_SIGN_SEED]; /* of the key */

	/* What came of it. */
	uint8_t key[CORDON_SIGN_PUBLIC];
	uint8_t *data[LEDGER_BUILD_SEGMENTS]; /* bytes of each, up to the last record */
	size_t size[LEDGER_BUILD_SEGMENTS];
	uint32_t segments;
	size_t *begin, *end; /* of each record in its segment */
	size_t *note_end; /* of each checkpoint in notes */
	uint64_t *note_size; /* records that it covers */
	uint32_t note_count;
	char *notes;
	size_t notes_size;
};

/* Fills what came of it, or aborts. Odd records end the intent before them. */
void ledger_build(struct ledger_build *b);
void ledger_build_finish(struct ledger_build *b);
/* Writes the files into a directory, or aborts. */
void ledger_build_write(const struct ledger_build *b, int directory);
/* Puts these bytes in the place of a file, or aborts. */
void ledger_build_put(int directory, const char *name, const void *data, size_t size);
/* A fresh directory in memory, where there is /dev/shm; its path is put in path. Aborts, else. */
int ledger_build_directory(char path[64]);
/* Removes it and its files. */
void ledger_build_remove(const char *path);
