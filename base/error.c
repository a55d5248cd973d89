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

/* Makes text printable in place of what does not fit a line; a backslash stays as it is, since our
 * own words and already escaped ones hold them. Cut visibly. */
static void
put_printable(char *out, size_t room, const char *text)
{
	size_t used = 0;

	for (; *text != '\0'; text++) {
		char escaped[5];
		const unsigned char c = (unsigned char)*text;
		const size_t need = (size_t)snprintf(escaped, sizeof(escaped),
			c >= 0x20 && c < 0x7f ? "%c" : "\\x%02x", c);

		if (used + need >= room) {
			memcpy(out + (used + 4 > room ? room - 4 : used), "...", 4);
			return;
		}
		memcpy(out + used, escaped, need);
		used += need;
	}
	out[used] = '\0';
}

int
cordon_fail(struct cordon_error *err, enum cordon_code code, int sys, const char *fmt, ...)
{
	char text[1024], whole[1100];
	va_list arguments;

	va_start(arguments, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, arguments);
	va_end(arguments);
	err->code = code;
	err->sys = sys;
	err->reason[0] = '\0';
	if (sys != 0)
		(void)snprintf(whole, sizeof(whole), "%s: %s", text, cordon_errno_text(sys));
	put_printable(err->text, sizeof(err->text) - 3, sys != 0 ? whole : text);
	return -1;
}

int
cordon_while(struct cordon_error *err, const char *fmt, ...)
{
	char context[1024], whole[sizeof(context) + sizeof(err->text) + 2];
	va_list arguments;

	va_start(arguments, fmt);
	(void)vsnprintf(context, sizeof(context), fmt, arguments);
	va_end(arguments);
	(void)snprintf(whole, sizeof(whole), "%s: %s", context, err->text);
	put_printable(err->text, sizeof(err->text) - 3, whole);
	return -1;
}

int
cordon_because(struct cordon_error *err, const char *reason)
{
	(void)snprintf(err->reason, sizeof(err->reason), "%s", reason);
	return -1;
}
