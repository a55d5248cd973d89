/* Text to host. MUSTs, and the attacks behind them (T-EXFIL-001):
 *
 * 1. No text is read as an address by one program and as a name by another: "0177.0.0.1", "2130706433", "127.1",
 *    "0x7f.1" and whatever else ends in a number are refused unless they are four plain decimal numbers.
 * 2. One host has one spelling. What is compared, shown and resolved are bytes from a small set.
 * 3. Nothing is decoded, trimmed or mapped: "%31", full-width digits, spaces and NUL are refused, not
 *    understood.
 * 4. IDNA happens once, here; from here on a name is ASCII.
 *
 * Tests: tests/unit/test_host.c, tests/unit/urls.tsv, tests/fuzz/target_host.c.
 * calls: none */
#include <cordon/host.h>

#include <string.h>

#include <cordon/text.h>

#include "idna.h"
#include "refuse.h"

#define TEXT_MAX 1024 /* before IDNA, which makes most names shorter */

static int
refuse(const void *text, size_t size, const char *why, struct cordon_error *err)
{
	return refuse_text(text, size, "a host", why, "net.host", err);
}

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char
to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Why c is no character of a label, or NULL. Bytes beyond ASCII are for IDNA to judge. */
static const char *
trouble_with(char c)
{
	if (is_letter(c) || is_digit(c) || c == '-' || c == '_' || (unsigned char)c >= 0x80)
		return NULL;
	if ((unsigned char)c < 0x20 || c == 0x7f)
		return "it has a control character";
	switch (c) {
	case '%':
		return "it is percent-encoded, or has a zone";
	case '\\':
		return "it has a backslash";
	case '@':
		return "it has a user";
	case '*':
		return "a star stands only at the begin of a pattern";
	case '[':
	case ']':
		return "brackets stand only around an IPv6 address with a port or in a URL";
	default:
		return "its labels may have letters, digits, '-' and '_'";
	}
}

/* Appends one label to name, which has *used bytes. Returns NULL, or why not. */
static const char *
add_label(const char *label, size_t size, struct cordon_host *host, size_t *used)
{
	char plain[4 * IDNA_LABEL_MAX + 1];
	int is_ascii = 1;
	size_t length;

	if (size == 0)
		return "it has an empty label";
	if (size >= sizeof(plain))
		return "a label is longer than 63 characters";
	for (size_t i = 0; i < size; i++) {
		const char *trouble = trouble_with(label[i]);

		if (trouble != NULL)
			return trouble;
		is_ascii &= (unsigned char)label[i] < 0x80;
		plain[i] = to_lower(label[i]);
	}
	plain[size] = '\0';
	if (plain[0] == '-' || plain[size - 1] == '-')
		return "a label begins or ends with '-'";
	if (!is_ascii || strncmp(plain, "xn--", 4) == 0) {
		char ascii[IDNA_LABEL_MAX + 1];
		struct cordon_error why;

		if (!cordon_text_is_utf8(plain, size) || idna_to_ascii(plain, ascii, &why) < 0)
			return "a label is none by IDNA 2008 (capitals beyond ASCII, full-width and "
			       "look-alike forms are not mapped)";
		memcpy(plain, ascii, sizeof(ascii));
	}
	length = strlen(plain);
	if (length > IDNA_LABEL_MAX)
		return "a label is longer than 63 characters";
	if (*used + (*used > 0) + length > CORDON_HOST_MAX)
		return "it is longer than 253 characters";
	if (*used > 0)
		host->text[(*used)++] = '.';
	memcpy(host->text + *used, plain, length + 1);
	*used += length;
	return NULL;
}

/* Whether there are programs that read the name as a number: its last label is one, decimal or hex. */
static int
ends_in_number(const char *name)
{
	const char *dot = strrchr(name, '.'), *last = dot == NULL ? name : dot + 1;

	if (last[strspn(last, "0123456789")] == '\0')
		return 1;
	return last[0] == '0' && last[1] == 'x' &&
	       last[2 + strspn(last + 2, "0123456789abcdef")] == '\0';
}

static int
take_address(const void *text, size_t size, struct cordon_host *ret)
{
	struct cordon_host host = { .kind = CORDON_HOST_ADDRESS };
	struct cordon_address address;
	struct cordon_error why;
	char spelling[CORDON_ADDRESS_TEXT];

	if (cordon_address_parse(text, size, &address, &why) < 0)
		return -1;
	/* One host for one destination: the kernel dials IPv4 for a mapped address. */
	host.address = cordon_address_unmapped(&address);
	cordon_address_print(&host.address, spelling);
	memcpy(host.text, spelling, sizeof(spelling));
	*ret = host;
	return 0;
}

int
cordon_host_parse(const void *text, size_t size, struct cordon_host *ret, struct cordon_error *err)
{
	struct cordon_host host = { .kind = CORDON_HOST_NAME };
	const char *at = text, *const end = at + size;
	size_t used = 0;

	if (size == 0)
		return refuse(text, size, "it is empty", err);
	if (size > TEXT_MAX)
		return refuse(text, size, "it is longer than 253 characters", err);
	if ((memchr(text, ':', size) != NULL || is_digit(end[-1])) &&
		take_address(text, size, ret) == 0)
		return 0;
	if (memchr(text, ':', size) != NULL)
		return refuse(text, size, "it is no IPv6 address, and names have no ':'", err);
	for (;;) {
		const char *dot = memchr(at, '.', (size_t)(end - at));
		const char *trouble =
			add_label(at, (size_t)((dot == NULL ? end : dot) - at), &host, &used);

		if (trouble != NULL)
			return refuse(text, size, trouble, err);
		if (dot == NULL || dot + 1 == end)
			break;
		at = dot + 1;
	}
	if (ends_in_number(host.text))
		return refuse(text, size,
			"it ends in a number, and is not the four decimal numbers of an IPv4 "
			"address",
			err);
	*ret = host;
	return 0;
}

int
cordon_host_equal(const struct cordon_host *a, const struct cordon_host *b)
{
	return a->kind == b->kind && strcmp(a->text, b->text) == 0;
}
