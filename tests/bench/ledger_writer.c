#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/ledger_payload.h>
#include <cordon/ledger_proto.h>
#include <cordon/link.h>
#include <cordon/mem.h>
#include <cordon/wire.h>

#include "ledger.h"

#define PATIENCE_MS 60000

/* Descriptors 3 and 4 of the program. */
static int
spawn(struct ledger_writer *w, const char *program, int link, int directory,
	struct cordon_error *err)
{
	char *const argv[] = { (char *)(uintptr_t)program, NULL }, *const none[] = { NULL };
	posix_spawn_file_actions_t actions;
	const int high_link = fcntl(link, F_DUPFD_CLOEXEC, 10);
	const int high_directory = fcntl(directory, F_DUPFD_CLOEXEC, 10);
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, high_link, 3);
	posix_spawn_file_actions_adddup2(&actions, high_directory, 4);
	error = posix_spawn(&w->pid, program, &actions, NULL, argv, none);
	posix_spawn_file_actions_destroy(&actions);
	(void)close(high_link);
	(void)close(high_directory);
	return error == 0 ? 0
			  : cordon_fail(err, CORDON_ESYS, error, "could not start '%s'", program);
}

/* The next answer, which is to be this message. */
static int
hear(struct ledger_writer *w, uint16_t wanted, struct cordon_ledger_answer *ret,
	struct cordon_error *err)
{
	struct pollfd ready = { .fd = w->link, .events = POLLIN };
	struct cordon_message m = { 0 };
	int result;

	if (poll(&ready, 1, PATIENCE_MS) <= 0)
		return cordon_fail(err, CORDON_EPEER, 0, "cordon-ledger does not answer");
	result = cordon_link_receive(w->link, &m, err);
	if (result <= 0)
		return result < 0 ? -1
				  : cordon_fail(err, CORDON_EPEER, 0, "cordon-ledger has gone");
	result = cordon_ledger_decode_answer(m.number, m.body, m.size, ret, err);
	if (result == 0 && m.number != wanted)
		result = cordon_fail(err, CORDON_EPEER, 0, "cordon-ledger says %u: %s", m.number,
			ret->error.text);
	cordon_message_finish(&m);
	return result;
}

int
ledger_writer_start(struct ledger_writer *w, const char *program, const char *directory,
	struct cordon_error *err)
{
	CORDON_CLOSE int place = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CORDON_CLOSE int theirs = -1;
	struct cordon_ledger_answer opened;
	int ends[2];

	*w = (struct ledger_writer){ .link = -1 };
	if (place < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not open '%s'", directory);
	if (cordon_link_pair(ends, err) < 0)
		return -1;
	w->link = ends[0];
	theirs = ends[1];
	if (spawn(w, program, theirs, place, err) < 0)
		return -1;
	cordon_fd_close_p(&theirs);
	return hear(w, CORDON_LEDGER_OPENED, &opened, err);
}

int
ledger_writer_stop(struct ledger_writer *w, struct cordon_error *err)
{
	int status = 0;

	if (w->pid == 0)
		return 0;
	cordon_fd_close_p(&w->link);
	if (waitpid(w->pid, &status, 0) != w->pid || status != 0)
		return cordon_fail(err, CORDON_EPEER, 0, "cordon-ledger ended with %d", status);
	w->pid = 0;
	return 0;
}

int
ledger_producer_begin(struct ledger_producer *p, struct cordon_error *err)
{
	static const char *const words[] = { "git", "commit", "--message", "a short description" };
	static const uint8_t digest[CORDON_DIGEST_SIZE] = { 1, 2, 3 };
	struct cordon_ledger_argument argv[4];
	const struct cordon_ledger_intent intent = { .time_ms = 1700000000000,
		.run = "r-01jxq6w3kqf5e8a4n7t2b9c0dm",
		.uid = 1000,
		.session = "main:cli:user",
		.profile = "default",
		.profile_digest = digest,
		.action_digest = digest,
		.decision = "allow",
		.executable = "/usr/bin/git",
		.cwd = "/home/user/project",
		.workspace = "/home/user/project",
		.argv = argv,
		.argc = 4 };

	for (int i = 0; i < 4; i++)
		argv[i] = (struct cordon_ledger_argument){ .text = words[i],
			.size = strlen(words[i]) };
	*p = (struct ledger_producer){ 0 };
	p->intent = cordon_ledger_put_intent(&intent, &p->intent_size);
	return p->intent != NULL ? 0 : cordon_fail(err, CORDON_ESYS, ENOMEM, "no intent");
}

void
ledger_producer_finish(struct ledger_producer *p)
{
	free(p->intent);
	p->intent = NULL;
}

static char *
make_end(uint64_t sequence, size_t *ret_size)
{
	const struct cordon_ledger_end end = { .time_ms = 1700000000000,
		.run = "r-01jxq6w3kqf5e8a4n7t2b9c0dm",
		.intent = sequence,
		.reason = "exit",
		.wall_ms = 12,
		.user_ms = 3,
		.system_ms = 4,
		.max_rss_bytes = 5242880,
		.processes = 3,
		.stdout_bytes = 6 };

	return cordon_ledger_put_end(CORDON_LEDGER_EXIT, &end, ret_size);
}

/* token: which producer it is. */
static int
send_next(struct ledger_writer *w, const struct ledger_producer *p, uint64_t token,
	struct cordon_error *err)
{
	size_t size = p->intent_size;
	CORDON_FREE char *end = p->begun ? make_end(p->sequence, &size) : NULL;
	const struct cordon_ledger_append append = { .token = token,
		.durable = 1,
		.payload = p->begun ? end : p->intent,
		.payload_size = size };
	struct cordon_writer message;
	int result;

	cordon_writer_init(&message, 8192);
	cordon_ledger_encode_append(&append, &message);
	result = cordon_link_send(
		w->link, CORDON_LEDGER_APPEND, message.data, message.size, NULL, 0, err);
	cordon_writer_finish(&message);
	w->sent++;
	return result;
}

int
ledger_write(struct ledger_writer *w, struct ledger_producer *producers, unsigned producer_count,
	uint64_t count, struct cordon_error *err)
{
	const uint64_t until = w->sent + count;
	struct cordon_ledger_answer kept;

	for (unsigned i = 0; i < producer_count && w->sent < until; i++)
		if (send_next(w, &producers[i], i, err) < 0)
			return -1;
	while (w->heard < until) {
		struct ledger_producer *p;

		if (hear(w, CORDON_LEDGER_KEPT, &kept, err) < 0)
			return -1;
		w->heard++;
		p = &producers[kept.token % producer_count];
		p->begun = !p->begun;
		p->sequence = kept.sequence;
		if (w->sent < until && send_next(w, p, kept.token, err) < 0)
			return -1;
	}
	return 0;
}
