#include "attacks.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *name;
	void (*run)(char **argv);
} attacks[] = {
#define ENTRY(name) { #name, attack_##name },
	ATTACKS(ENTRY)
};

static _Noreturn void say(int status, const char *word, const char *fmt, va_list arguments)
	__attribute__((format(printf, 3, 0)));

static _Noreturn void
say(int status, const char *word, const char *fmt, va_list arguments)
{
	char line[512];
	int used = snprintf(line, sizeof(line), "%s ", word);

	vsnprintf(line + used, sizeof(line) - (size_t)used - 1, fmt, arguments);
	strcat(line, "\n");
	/* One write: a line that is cut by a signal would be an error of the test. */
	(void)!write(status == 2 ? 2 : 1, line, strlen(line));
	_exit(status);
}

void
escaped(const char *fmt, ...)
{
	va_list arguments;

	va_start(arguments, fmt);
	say(0, "ESCAPED", fmt, arguments);
}

void
held(const char *fmt, ...)
{
	va_list arguments;

	va_start(arguments, fmt);
	say(10, "HELD", fmt, arguments);
}

void
held_by_errno(const char *what)
{
	const char *name = strerrorname_np(errno);

	held("%s: %s", what, name == NULL ? "?" : name);
}

void
broken(const char *fmt, ...)
{
	va_list arguments;

	va_start(arguments, fmt);
	say(2, "error:", fmt, arguments);
}

void
verdict(long result, const char *what)
{
	if (result >= 0)
		escaped("%s", what);
	held_by_errno(what);
}

const char *
argument(char **argv, int n)
{
	for (int i = 0; i <= n; i++)
		if (argv[i] == NULL)
			broken("%s needs %d arguments", argv[0], n);
	return argv[n];
}

long
number(char **argv, int n)
{
	char *end;
	const char *text = argument(argv, n);
	long value = strtol(text, &end, 0);

	if (end == text || *end != '\0')
		broken("'%s' is no number", text);
	return value;
}

int
main(int argc, char **argv)
{
	/* Whoever asked may be gone; that is no reason to die of it. */
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2)
		broken("usage: attacks NAME [ARGUMENT]...");
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++)
		if (strcmp(attacks[i].name, argv[1]) == 0)
			attacks[i].run(argv + 1);
	broken("'%s' is no attack", argv[1]);
}
