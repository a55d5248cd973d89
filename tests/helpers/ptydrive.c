/* Drives a program on a terminal of its own, by a script on standard input, one step a line:
 *
 *	send TEXT        types TEXT (\r \n \t \\ \e \xNN)
 *	expect TEXT      waits for TEXT in what was printed since the last match
 *	absent TEXT      fails when TEXT was printed since the last match
 *	resize ROWS COLS changes the size of the terminal
 *	quiet            waits until nothing was printed for 200 ms
 *	pause MS         takes that long, as an answer from far away would
 *	hangup           closes the terminal
 *	exits N          waits for the end of the program and compares its status (128+N for a signal)
 *
 * usage: ptydrive [-o TRANSCRIPT] [-t SECONDS] [-s ROWSxCOLS] -- PROGRAM ARG…  <script
 * Exit status 0 when every step came true; else 1, with the step and what was printed on stderr. Each
 * wait lasts at most -t seconds (default 20). The program's session is killed at the end. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define TRANSCRIPT (4u << 20)

struct drive {
	int master;
	pid_t child;
	int seconds;
	char *printed; /* NUL-terminated */
	size_t size, seen; /* seen: end of the last match */
	int line;
};

static long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long)(t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

/* Reads what comes within wait_ms. Returns 1 when something came, 0 when not, -1 at the end. */
static int
take(struct drive *d, int wait_ms)
{
	struct pollfd p = { .fd = d->master, .events = POLLIN };
	ssize_t got;

	if (d->master < 0)
		return -1;
	if (poll(&p, 1, wait_ms) <= 0)
		return 0;
	if (d->size + 4096 > TRANSCRIPT) /* keep what was not looked at */
		d->size = d->seen = 0;
	got = read(d->master, d->printed + d->size, 4095);
	if (got <= 0)
		return -1;
	for (ssize_t i = 0; i < got; i++) /* strings end at NUL, terminals ignore it */
		if (d->printed[d->size + (size_t)i] == '\0')
			d->printed[d->size + (size_t)i] = '@';
	d->size += (size_t)got;
	d->printed[d->size] = '\0';
	return 1;
}

static void
show(const char *text)
{
	for (; *text != '\0'; text++) {
		const unsigned char c = (unsigned char)*text;

		if (c == '\n')
			fputs("\\n\n    ", stderr);
		else if (c < 0x20 || c > 0x7e)
			fprintf(stderr, "\\x%02x", c);
		else
			fputc(c, stderr);
	}
	fputc('\n', stderr);
}

static int
fail(const struct drive *d, const char *why, const char *text)
{
	fprintf(stderr, "ptydrive: line %d: %s '%s'; printed since the last match:\n    ", d->line,
		why, text);
	show(d->printed + d->seen);
	return -1;
}

/* Resolves the escapes of the script in place. Returns the length. */
static size_t
unescape(char *text)
{
	size_t out = 0;

	for (size_t i = 0; text[i] != '\0'; i++) {
		if (text[i] != '\\' || text[i + 1] == '\0') {
			text[out++] = text[i];
			continue;
		}
		i++;
		if (text[i] == 'x') {
			const char digits[3] = { text[i + 1], text[i + 1] ? text[i + 2] : '\0',
				'\0' };

			text[out++] = (char)strtoul(digits, NULL, 16);
			i += strlen(digits);
		} else {
			const char *const from = "rnte\\", *const to = "\r\n\t\033\\";
			const char *const found = strchr(from, text[i]);

			text[out++] = found == NULL ? text[i] : to[found - from];
		}
	}
	text[out] = '\0';
	return out;
}

static int
do_send(struct drive *d, const char *text, size_t size)
{
	while (size > 0) {
		const ssize_t written = write(d->master, text, size);

		if (written < 0 && errno != EINTR && errno != EAGAIN)
			return fail(d, "could not type", text);
		if (written > 0) {
			text += written;
			size -= (size_t)written;
		}
		(void)take(d, 0);
	}
	return 0;
}

static int
do_expect(struct drive *d, const char *text)
{
	const long until = now_ms() + d->seconds * 1000L;

	for (;;) {
		const char *const found = strstr(d->printed + d->seen, text);
		long left = until - now_ms();
		int got;

		if (found != NULL) {
			d->seen = (size_t)(found - d->printed) + strlen(text);
			return 0;
		}
		if (left <= 0)
			return fail(d, "waited in vain for", text);
		got = take(d, (int)left);
		if (got < 0 && strstr(d->printed + d->seen, text) == NULL)
			return fail(d, "the terminal ended before", text);
	}
}

static int
do_exits(struct drive *d, int wanted)
{
	const long until = now_ms() + d->seconds * 1000L;
	int status, code;
	pid_t got;

	while ((got = waitpid(d->child, &status, WNOHANG)) == 0 && now_ms() < until)
		if (take(d, 10) < 0)
			(void)poll(NULL, 0, 10);
	while (take(d, 50) > 0)
		;
	if (got != d->child)
		return fail(d, "it did not end with status", wanted == 0 ? "0" : "asked for");
	d->child = -1;
	code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	if (code != wanted) {
		fprintf(stderr, "ptydrive: line %d: exit status %d instead of %d\n", d->line, code,
			wanted);
		return fail(d, "wrong", "status");
	}
	return 0;
}

static int
step(struct drive *d, char *line)
{
	char *argument = strchr(line, ' ');
	struct winsize size = { 0 };
	size_t length;

	if (argument != NULL)
		*argument++ = '\0';
	else
		argument = line + strlen(line);
	if (strcmp(line, "resize") == 0) {
		if (sscanf(argument, "%hu %hu", &size.ws_row, &size.ws_col) != 2)
			return fail(d, "not a size:", argument);
		return ioctl(d->master, TIOCSWINSZ, &size);
	}
	if (strcmp(line, "exits") == 0)
		return do_exits(d, atoi(argument));
	if (strcmp(line, "quiet") == 0) {
		while (take(d, 200) > 0)
			;
		return 0;
	}
	if (strcmp(line, "pause") == 0) {
		for (const long until = now_ms() + atoi(argument); now_ms() < until;)
			(void)take(d, (int)(until - now_ms()));
		return 0;
	}
	if (strcmp(line, "hangup") == 0) {
		close(d->master);
		d->master = -1;
		return 0;
	}
	length = unescape(argument);
	if (strcmp(line, "send") == 0)
		return do_send(d, argument, length);
	if (strcmp(line, "expect") == 0)
		return do_expect(d, argument);
	if (strcmp(line, "absent") == 0)
		return strstr(d->printed + d->seen, argument) == NULL
			       ? 0
			       : fail(d, "must not print", argument);
	return fail(d, "unknown step", line);
}

static int
start(struct drive *d, const struct winsize *size, char **argv)
{
	char name[64];
	int slave;

	d->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (d->master < 0 || grantpt(d->master) < 0 || unlockpt(d->master) < 0 ||
		ptsname_r(d->master, name, sizeof(name)) != 0 ||
		ioctl(d->master, TIOCSWINSZ, size) < 0)
		return -1;
	/* Held until the child has it, so that a read of the master does not end before. */
	slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	d->child = slave < 0 ? -1 : fork();
	if (d->child == 0) {
		setsid();
		if (ioctl(slave, TIOCSCTTY, 0) < 0)
			_exit(125);
		for (int i = 0; i < 3; i++)
			dup2(slave, i);
		/* As in a terminal emulator, whatever whoever started the tests ignores (nohup). */
		for (int number = 1; number < NSIG; number++)
			(void)signal(number, SIG_DFL);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(slave);
	return d->child < 0 ? -1 : 0;
}

int
main(int argc, char **argv)
{
	struct drive d = { .master = -1, .child = -1, .seconds = 20 };
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	const char *transcript = NULL;
	char *line = NULL;
	size_t room = 0;
	int option, result = 0;

	while ((option = getopt(argc, argv, "+o:t:s:")) != -1) {
		if (option == 'o')
			transcript = optarg;
		else if (option == 't')
			d.seconds = atoi(optarg);
		else if (option != 's' ||
			 sscanf(optarg, "%hux%hu", &size.ws_row, &size.ws_col) != 2)
			return 2;
	}
	d.printed = calloc(1, TRANSCRIPT + 1);
	if (optind == argc || d.printed == NULL || start(&d, &size, argv + optind) < 0) {
		perror("ptydrive");
		return 2;
	}
	while (result == 0 && getline(&line, &room, stdin) > 0) {
		d.line++;
		line[strcspn(line, "\n")] = '\0';
		if (line[0] != '\0' && line[0] != '#')
			result = step(&d, line);
	}
	if (transcript != NULL) {
		FILE *file = fopen(transcript, "we");

		if (file == NULL || fwrite(d.printed, 1, d.size, file) != d.size ||
			fclose(file) != 0)
			result = -1;
	}
	if (d.child > 0) {
		(void)kill(-d.child, SIGKILL);
		(void)kill(d.child, SIGKILL);
		(void)waitpid(d.child, NULL, 0);
	}
	free(line);
	free(d.printed);
	return result == 0 ? 0 : 1;
}
