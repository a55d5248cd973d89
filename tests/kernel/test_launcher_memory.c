/* A11: pid 1 is a copy of the launcher, and never has what another run was given: neither of one that has
 * ended or failed, nor of one that lives or starts beside it. Whoever takes a pid 1 over reads one launch.
 *
 * The memory is read as root of the host, whom nothing stops; a run cannot (tests/escape, a11). */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

#include "../helpers/liar.h"

#define RUNS      8
#define MARK_SIZE 64
#define SHADOW    (1u << 30) /* a sanitizer's own areas are larger */

static struct liar liar;
static char marks[RUNS + 1][MARK_SIZE]; /* by number of the run */
static pid_t pids[RUNS + 1]; /* pid 1 of what has started */

static void
prepare(void)
{
	uint64_t random;

	liar_scene_make();
	liar_start(&liar);
	for (int i = 0; i <= RUNS; i++) {
		cr_assert(eq(sz, (size_t)getrandom(&random, sizeof(random), 0), sizeof(random)));
		snprintf(marks[i], MARK_SIZE, "it-is-of-run-%d-%016" PRIx64, i, random);
	}
}

static void
finish(void)
{
	liar_finish(&liar);
	liar_scene_drop();
}

TestSuite(launcher_memory, .init = prepare, .fini = finish, .timeout = 120);

/* An environment that is full of a run's mark. Each is shorter than the one before, so that none of those is
 * overwritten by chance; the first two are longer than a packet of a link. */
static char *
variable(uint64_t number)
{
	const size_t size = (RUNS + 2 - number) * 12 * 1024;
	char *text = calloc(1, size + 1);

	cr_assert(text != NULL);
	memcpy(text, "MARKS=", 6);
	for (size_t at = 6; at < size; at += strlen(marks[number]))
		memcpy(text + at, marks[number], MIN(strlen(marks[number]), size - at));
	return text;
}

/* Launches run number, whose arguments and environment have its mark. */
static void
launch(uint64_t number, const char *script)
{
	char *argv[] = { (char *)"/bin/sh", (char *)"-c", (char *)(uintptr_t)script, marks[number],
		NULL };
	char *env[] = { variable(number), NULL };
	struct cordon_launch l = liar.launch;
	struct cordon_error err = { 0 };

	l.run = number;
	l.argv = argv;
	l.env = env;
	if (strcmp(script, "refused") == 0)
		l.exe_identity.ino++;
	cr_assert(cordon_launch_send_launch(liar.link, &l, liar.streams, 3, &err) == 0, "%s",
		err.text);
	free(env[0]);
}

/* Waits until run number says this much. */
static void
hear(uint64_t number, uint16_t message)
{
	struct cordon_launch_event event;
	struct cordon_error err = { 0 };

	do {
		struct pollfd p = { .fd = liar.link, .events = POLLIN };

		cr_assert(poll(&p, 1, 60000) == 1, "run %" PRIu64 " is silent", number);
		cr_assert(cordon_launch_receive(liar.link, &event, &err) == 1, "%s", err.text);
		if (event.message == CORDON_LAUNCH_STARTED)
			pids[event.run] = event.started.pid;
	} while (event.run != number || event.message != message);
}

static int
holds(int memory, uint64_t from, uint64_t to, const char *text)
{
	CORDON_FREE char *bytes = malloc(to - from);
	ssize_t got;

	cr_assert(bytes != NULL);
	got = pread(memory, bytes, to - from, (off_t)from);
	return got > 0 && memmem(bytes, (size_t)got, text, strlen(text)) != NULL;
}

/* Whether what pid can write of its memory has text. */
static int
memory_has(pid_t pid, const char *text)
{
	char path[64], line[512], mode[8];
	CORDON_CLOSE int memory = -1;
	uint64_t from, to;
	int found = 0;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	memory = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	cr_assert(memory >= 0 && maps != NULL, "the memory of pid %d cannot be read", pid);
	while (fgets(line, sizeof(line), maps) != NULL)
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &from, &to, mode) == 3 &&
			strncmp(mode, "rw", 2) == 0 && to - from < SHADOW)
			found |= holds(memory, from, to, text);
	(void)fclose(maps);
	return found;
}

/* pid has the launch of run number, or of none when that is 0, and no other. */
static void
expect_only(pid_t pid, uint64_t number)
{
	cr_assert(pid > 0);
	for (uint64_t other = 1; other <= RUNS; other++)
		cr_expect(eq(int, memory_has(pid, marks[other]), other == number),
			"pid 1 of run %" PRIu64 " and the launch of run %" PRIu64, number, other);
}

static pid_t
parent_of(pid_t pid)
{
	char path[64];
	int parent = 0;
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	stat = fopen(path, "re");
	if (stat != NULL) {
		if (fscanf(stat, "%*d (%*[^)]) %*c %d", &parent) != 1)
			parent = 0;
		(void)fclose(stat);
	}
	return parent;
}

static int
is_known(pid_t pid)
{
	for (int i = 0; i <= RUNS; i++)
		if (pids[i] == pid)
			return 1;
	return 0;
}

/* A child of this process that is of no run, or 0. */
static pid_t
find_child(pid_t launcher)
{
	pid_t found = 0;
	DIR *all = opendir("/proc");

	cr_assert(all != NULL);
	for (struct dirent *e = readdir(all); e != NULL; e = readdir(all)) {
		const pid_t pid = atoi(e->d_name);

		if (pid > 0 && parent_of(pid) == launcher && !is_known(pid))
			found = pid;
	}
	(void)closedir(all);
	return found;
}

/* Waits for what is made ahead. */
static pid_t
find_prepared(void)
{
	const struct timespec pause = { .tv_nsec = 20 * 1000000 };
	const pid_t launcher = parent_of(pids[1]);
	pid_t found = 0;

	for (int round = 0; found == 0 && round < 500; round++) {
		(void)nanosleep(&pause, NULL);
		found = find_child(launcher);
	}
	cr_assert(found != 0, "nothing was made ahead");
	return found;
}

static void
make_ahead(uint32_t count)
{
	const struct cordon_prepare p = { .plan = 1,
		.count = count,
		.workspace = liar.launch.workspace,
		.workspace_identity = liar.launch.workspace_identity };
	struct cordon_writer w;

	cordon_writer_init(&w, 8192);
	cordon_launch_encode_prepare(&p, &w);
	cr_assert(eq(int, liar_send(&liar, CORDON_LAUNCH_PREPARE, w.data, w.size, NULL, 0), 0));
	cordon_writer_finish(&w);
}

Test(launcher_memory, a11_pid_1_has_one_launch_and_no_other)
{
	struct cordon_error err = { 0 };
	pid_t prepared;

	if (geteuid() != 0)
		cr_skip_test("only root reads the memory of a process that is not dumpable");
	liar_hello(&liar);
	cr_assert(eq(int, cordon_launch_send_plan(liar.link, 1, &liar.plan, &err), 0));

	launch(1, "exec sleep 1000"); /* lives */
	hear(1, CORDON_LAUNCH_STARTED);
	launch(2, ":"); /* has ended */
	hear(2, CORDON_LAUNCH_EXITED);
	launch(3, "refused");
	hear(3, CORDON_LAUNCH_FAILED);
	launch(4, "exec sleep 1000"); /* the two at one time */
	launch(5, "exec sleep 1000");
	hear(5, CORDON_LAUNCH_STARTED);
	if (pids[4] == 0)
		hear(4, CORDON_LAUNCH_STARTED);
	expect_only(pids[1], 1);
	expect_only(pids[4], 4);
	expect_only(pids[5], 5);

	make_ahead(1);
	prepared = find_prepared();
	expect_only(prepared, 0);
	launch(6, "exec sleep 1000");
	launch(7, "exec sleep 1000"); /* cold, while 6 takes what is prepared */
	hear(7, CORDON_LAUNCH_STARTED);
	if (pids[6] == 0)
		hear(6, CORDON_LAUNCH_STARTED);
	cr_expect(eq(int, pids[6], prepared), "control: it was taken");
	expect_only(pids[6], 6);
	expect_only(pids[7], 7);
	launch(8, "exec sleep 1000");
	hear(8, CORDON_LAUNCH_STARTED);
	expect_only(pids[8], 8);
}
