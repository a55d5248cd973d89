#include "ledger_build.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/ledger_payload.h>

#define SEGMENT_ROOM (16u << 20)

static void
must(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	abort();
}

static char *
make_payload(uint32_t number, size_t *ret_size)
{
	char run[32], word[64];
	const struct cordon_ledger_argument argv[] = { { "prog", 4, NULL },
		{ word,
			(size_t)snprintf(
				word, sizeof(word), "%0*u", (int)(number % 60) + 1, number),
			NULL } };
	const struct cordon_ledger_intent intent = { .time_ms = 1700000000000 + number,
		.run = run,
		.uid = 1000,
		.profile = "default",
		.decision = "allow",
		.argv = argv,
		.argc = 2,
		.cwd = "/tmp" };
	const struct cordon_ledger_end end = { .time_ms = 1700000000000 + number,
		.run = run,
		.intent = number - 1,
		.reason = "exit" };

	snprintf(run, sizeof(run), "r-%026u", number / 2);
	return number % 2 == 0 ? cordon_ledger_put_intent(&intent, ret_size)
			       : cordon_ledger_put_end(CORDON_LEDGER_EXIT, &end, ret_size);
}

static void
add_note(struct ledger_build *b, const struct cordon_ledger_state *state)
{
	struct cordon_ledger_checkpoint c = { .tree_size = state->tree.size,
		.segment = b->segments - 1 };
	struct cordon_error err = { 0 };
	ptrdiff_t size;

	must(cordon_ledger_tree_root(&state->tree, NULL, c.root) == 0, "root");
	memcpy(c.chain, state->chain, sizeof(c.chain));
	b->notes = realloc(b->notes, b->notes_size + CORDON_LEDGER_NOTE_MAX);
	must(b->notes != NULL, "memory");
	size = cordon_ledger_note_sign(&c, b->seed, b->notes + b->notes_size, &err);
	must(size > 0, err.text);
	b->notes_size += (size_t)size;
	b->note_end[b->note_count] = b->notes_size;
	b->note_size[b->note_count++] = c.tree_size;
}

static void
begin_segment(struct ledger_build *b, const struct cordon_ledger_state *state)
{
	must(b->segments < LEDGER_BUILD_SEGMENTS, "segments");
	b->data[b->segments] = calloc(1, SEGMENT_ROOM);
	must(b->data[b->segments] != NULL, "memory");
	cordon_ledger_segment_encode(b->segments, state, b->data[b->segments]);
	b->size[b->segments++] = CORDON_LEDGER_PAGE;
}

void
ledger_build(struct ledger_build *b)
{
	struct cordon_ledger_state state = { 0 };
	struct cordon_error err = { 0 };

	must(cordon_sign_public(b->seed, b->key, &err) == 0, err.text);
	b->begin = calloc(b->records, sizeof(*b->begin));
	b->end = calloc(b->records, sizeof(*b->end));
	b->note_end = calloc(b->records + 1, sizeof(*b->note_end));
	b->note_size = calloc(b->records + 1, sizeof(*b->note_size));
	must(b->begin != NULL && b->end != NULL && b->note_end != NULL && b->note_size != NULL,
		"memory");
	begin_segment(b, &state);
	for (uint32_t i = 0; i < b->records; i++) {
		uint8_t *data;
		size_t *size, length, room;
		char *payload = make_payload(i, &length);
		ptrdiff_t written;

		if (b->segment > 0 && i > 0 && i % b->segment == 0)
			begin_segment(b, &state);
		data = b->data[b->segments - 1];
		size = &b->size[b->segments - 1];
		must(payload != NULL, "payload");
		room = cordon_ledger_record_room(*size, length);
		written = cordon_ledger_record_encode(&state, *size, i % b->batch, payload, length,
			data + *size, SEGMENT_ROOM - *size, &err);
		must(written > 0 && (size_t)written == room, err.text);
		*size += (size_t)written;
		b->begin[i] = *size - cordon_ledger_record_room(0, length);
		b->end[i] = *size;
		free(payload);
		if ((i + 1) % b->note == 0 || i + 1 == b->records)
			add_note(b, &state);
	}
}

void
ledger_build_finish(struct ledger_build *b)
{
	for (uint32_t i = 0; i < b->segments; i++)
		free(b->data[i]);
	free(b->begin);
	free(b->end);
	free(b->note_end);
	free(b->note_size);
	free(b->notes);
}

void
ledger_build_put(int directory, const char *name, const void *data, size_t size)
{
	CORDON_CLOSE int file =
		openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(file >= 0 && cordon_fd_write_all(file, data, size) == 0, name);
}

void
ledger_build_write(const struct ledger_build *b, int directory)
{
	char name[32], public[CORDON_LEDGER_PUBLIC_MAX];
	struct cordon_error err = { 0 };

	for (uint32_t i = 0; i < b->segments; i++) {
		snprintf(name, sizeof(name), CORDON_LEDGER_SEGMENT_NAME, i);
		ledger_build_put(directory, name, b->data[i], b->size[i]);
	}
	ledger_build_put(directory, CORDON_LEDGER_CHECKPOINTS, b->notes, b->notes_size);
	must(cordon_ledger_public_encode(b->key, public, &err) == 0, err.text);
	ledger_build_put(directory, CORDON_LEDGER_PUBLIC, public, strlen(public));
}

int
ledger_build_directory(char path[64])
{
	int fd;

	snprintf(path, 64, "%s/cordon-ledger-XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	must(mkdtemp(path) != NULL, "directory");
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(fd >= 0, path);
	return fd;
}

void
ledger_build_remove(const char *path)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;

	must(directory != NULL, path);
	while ((entry = readdir(directory)) != NULL)
		if (entry->d_name[0] != '.')
			(void)unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
	(void)rmdir(path);
}
