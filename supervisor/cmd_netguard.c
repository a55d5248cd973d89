/* cordon netguard: how the network is judged, as a filter. What it reads are a stranger's bytes, so the
 * process locks itself before the first of them: from then on it can read and write what it has open. */
#include "cmd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cordon/address.h>
#include <cordon/fd.h>
#include <cordon/json.h>
#include <cordon/mem.h>
#include <cordon/selfjail.h>
#include <cordon/text.h>

#define LINE_BYTES   1024 /* of a line; no address has more than 45 */
#define ANSWER_BYTES (8u << 10) /* of an answer, which may escape each byte of the line */
#define DATA_BYTES   (64ull << 20)

static const char usage[] =
	"Usage: cordon netguard classify\n\n"
	"Reads addresses, one in each line, and prints for each one line of JSON that says whether a run\n"
	"could be allowed to reach it, what kind of address it is, and which RFC says so. Lines that hold\n"
	"no address are answered, too, as \"invalid\". Nothing is looked up and nothing is connected to.\n\n"
	"      --help                print this\n\n"
	"Exit status: 0; 125 cordon could not do its part.\n";

struct filter {
	char line[LINE_BYTES];
	size_t size;
	int too_long; /* what did not fit is gone */
	char out[64u << 10]; /* answers on their way */
	size_t out_size;
};

static int
flush(struct filter *f, struct cordon_error *err)
{
	if (cordon_fd_write_all(STDOUT_FILENO, f->out, f->out_size) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not write to standard output");
	f->out_size = 0;
	return 0;
}

/* One line of JSON, for the caller to free; NULL without memory. */
static char *
describe(const struct filter *f, size_t *ret_size)
{
	struct cordon_json *j = cordon_json_create(ANSWER_BYTES);
	struct cordon_address_class class = { "invalid", NULL, 0 };
	struct cordon_address address;
	struct cordon_error why;

	if (j == NULL)
		return NULL;
	if (!f->too_long && cordon_address_parse(f->line, f->size, &address, &why) == 0)
		class = cordon_address_judge(&address, NULL, 0);
	cordon_json_object(j, NULL);
	cordon_json_bytes(
		j, "address", f->line, f->too_long ? cordon_text_whole(f->line, f->size) : f->size);
	cordon_json_bool(j, "allow", class.allow);
	cordon_json_string(j, "class", class.name);
	cordon_json_string(j, "source", class.source);
	cordon_json_end(j);
	return cordon_json_take(j, ret_size);
}

/* Answers the line that is there, and makes room for the next. */
static int
answer(struct filter *f, struct cordon_error *err)
{
	size_t size = 0;
	CORDON_FREE char *text = describe(f, &size);

	if (text == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not word an answer");
	if (sizeof(f->out) - f->out_size <= size && flush(f, err) < 0)
		return -1;
	memcpy(f->out + f->out_size, text, size);
	f->out[f->out_size + size] = '\n';
	f->out_size += size + 1;
	f->size = 0;
	f->too_long = 0;
	return 0;
}

static int
take(struct filter *f, const char *data, size_t size, struct cordon_error *err)
{
	while (size > 0) {
		const char *end = memchr(data, '\n', size);
		const size_t piece = end == NULL ? size : (size_t)(end - data);
		const size_t room = sizeof(f->line) - f->size;

		f->too_long |= piece > room;
		memcpy(f->line + f->size, data, piece < room ? piece : room);
		f->size += piece < room ? piece : room;
		if (end == NULL)
			return 0;
		if (answer(f, err) < 0)
			return -1;
		data += piece + 1;
		size -= piece + 1;
	}
	return 0;
}

static int
classify(struct cordon_error *err)
{
	struct filter f = { .size = 0 };
	char data[32u << 10];

	for (;;) {
		const ssize_t n = read(STDIN_FILENO, data, sizeof(data));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cordon_fail(
				err, CORDON_ESYS, errno, "could not read from standard input");
		if (n == 0)
			break;
		/* Whoever asks line by line gets each answer before the next question. */
		if (take(&f, data, (size_t)n, err) < 0 || flush(&f, err) < 0)
			return -1;
	}
	if ((f.size > 0 || f.too_long) && answer(&f, err) < 0)
		return -1;
	return flush(&f, err);
}

static int
lock_down(struct cordon_error *err)
{
	static const uint32_t calls[] = { SYS_read, SYS_write, SYS_exit_group, SYS_brk, SYS_mmap,
		SYS_munmap, SYS_mremap, SYS_madvise, SYS_getrandom, SYS_restart_syscall,
		SYS_rt_sigreturn };
	const struct cordon_selfjail jail = { .calls = calls,
		.call_count = sizeof(calls) / sizeof(calls[0]),
		.data_bytes = DATA_BYTES,
		.files = 4 }; /* the fourth while Landlock is set up */

	/* Whatever else was inherited is nothing that a stranger's bytes should find. */
	if (close_range(3, ~0U, 0) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not close descriptors");
	return cordon_selfjail_enter(&jail, err);
}

int
cmd_netguard(int argc, char **argv)
{
	const int help = argc == 2 && strcmp(argv[1], "--help") == 0;
	struct cordon_error err = { 0 };

	if (help) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "classify") == 0 && strcmp(argv[2], "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc < 2 || strcmp(argv[1], "classify") != 0) {
		fputs(usage, stderr);
		return EXIT_SETUP;
	}
	if (argc > 2)
		cordon_fail(&err, CORDON_EINPUT, 0,
			"cordon netguard classify takes no '%s': addresses come on standard input",
			argv[2]);
	else if (lock_down(&err) == 0 && classify(&err) == 0)
		return 0;
	cmd_say(&err);
	return EXIT_SETUP;
}
