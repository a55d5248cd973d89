/* calls: none */
#include <cordon/error.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cordon/text.h>

const char *
cordon_errno_text(int sys)
{
	const char *text = strerrordesc_np(sys);

	return text == NULL ? "unknown error" : text;
}

/* Writes text to out as printable ASCII, NUL-terminated, in at most room bytes (4 or more). What does
 * not fit gives way to "...", and no escape is cut in half. A backslash stays as it is, since our own
 * words and already escaped ones hold them. Returns the length. */
static size_t
put_printable(char *out, size_t room, const char *text)
{
	size_t used = 0, cut = 0; /* up to cut, the dots still fit behind */

	for (; *text != '\0'; text++) {
		char piece[5];
		const unsigned char c = (unsigned char)*text;
		size_t need = 1;

		piece[0] = *text;
		if (c < 0x20 || c >= 0x7f)
			need = (size_t)snprintf(piece, sizeof(piece), "\\x%02x", c);

		if (used + need >= room) {
			memcpy(out + cut, "...", 4);
			return cut + 3;
		}
		memcpy(out + used, piece, need);
		used += need;
		if (used + 4 <= room)
			cut = used;
	}
	out[used] = '\0';
	return used;
}

int
cordon_fail(struct cordon_error *err, enum cordon_code code, int sys, const char *fmt, ...)
{
	const char *reason = sys == 0 ? "" : cordon_errno_text(sys);
	const size_t tail = sys == 0 ? 0 : strlen(reason) + 2;
	char text[1024]; /* more than err->text, so that a cut here is one there too */
	va_list arguments;
	size_t used;

	va_start(arguments, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, arguments);
	va_end(arguments);
	err->code = code;
	err->sys = sys;
	err->reason[0] = '\0';
	used = put_printable(err->text, sizeof(err->text) - tail, text);
	if (sys != 0)
		(void)snprintf(err->text + used, sizeof(err->text) - used, ": %s", reason);
	return -1;
}

int
cordon_while(struct cordon_error *err, const char *fmt, ...)
{
	char context[1024], cause[sizeof(err->text)];
	va_list arguments;
	size_t length, used;

	va_start(arguments, fmt);
	(void)vsnprintf(context, sizeof(context), fmt, arguments);
	va_end(arguments);
	memcpy(cause, err->text, sizeof(cause));
	/* The cause says most: a long context gives way to it, down to half of the line. */
	length = strlen(cause);
	if (length > sizeof(err->text) / 2)
		length = sizeof(err->text) / 2;
	used = put_printable(err->text, sizeof(err->text) - 2 - length, context);
	memcpy(err->text + used, ": ", 2);
	used += 2;
	(void)put_printable(err->text + used, sizeof(err->text) - used, cause);
	return -1;
}

int
cordon_because(struct cordon_error *err, const char *reason)
{
	(void)snprintf(err->reason, sizeof(err->reason), "%s", reason);
	return -1;
}
