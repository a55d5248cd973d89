/* calls: none */
#include <cordon/resolv_conf.h>

#include <string.h>

static int
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Whether a line names a server, which then is *ret. The keyword stands at its begin, as for glibc. */
static int
read_line(const char *line, size_t size, struct cordon_address *ret)
{
	static const char keyword[] = "nameserver";
	struct cordon_error ignored;
	size_t at = sizeof(keyword) - 1, end;

	if (size <= at || memcmp(line, keyword, at) != 0 || !is_space(line[at]))
		return 0;
	while (at < size && is_space(line[at]))
		at++;
	for (end = at; end < size && !is_space(line[end]); end++)
		;
	return cordon_address_parse(line + at, end - at, ret, &ignored) == 0;
}

unsigned
cordon_resolv_conf_servers(
	const char *text, size_t size, struct cordon_address ret[CORDON_RESOLV_CONF_SERVERS])
{
	unsigned count = 0;

	while (size > 0 && count < CORDON_RESOLV_CONF_SERVERS) {
		const char *end = memchr(text, '\n', size);
		const size_t length = end == NULL ? size : (size_t)(end - text);
		const size_t step = end == NULL ? size : length + 1;
		struct cordon_address address;

		if (read_line(text, length, &address))
			ret[count++] = cordon_address_unmapped(&address);
		text += step;
		size -= step;
	}
	return count;
}
