/* calls: none */
#include "guard_wire.h"

#include <string.h>

#include "hostname.h"

void
guard_put_address(const struct cordon_address *address, struct cordon_writer *w)
{
	cordon_put_u8(w, address->family);
	for (unsigned i = 0; i < (address->family == 4 ? 4 : sizeof(address->bytes)); i++)
		cordon_put_u8(w, address->bytes[i]);
}

/* A mapped address has no place here: it is IPv4. */
int
guard_get_address(struct cordon_reader *r, struct cordon_address *ret)
{
	struct cordon_address address = { 0 };

	if (cordon_get_u8(r, &address.family) < 0 || (address.family != 4 && address.family != 6))
		return -1;
	for (unsigned i = 0; i < (address.family == 4 ? 4 : sizeof(address.bytes)); i++)
		if (cordon_get_u8(r, &address.bytes[i]) < 0)
			return -1;
	if (cordon_address_unmapped(&address).family != address.family)
		return -1;
	*ret = address;
	return 0;
}

/* A name in the one spelling. */
int
guard_get_name(struct cordon_reader *r, char out[CORDON_HOST_MAX + 1])
{
	char text[CORDON_HOST_MAX + 1], taken[HOSTNAME_ROOM];

	_Static_assert(HOSTNAME_ROOM == CORDON_HOST_MAX + 1, "both are RFC 1035's");
	if (cordon_get_text(r, text, sizeof(text)) < 0 ||
		hostname_take((const uint8_t *)text, strlen(text), taken) < 0 ||
		strcmp(text, taken) != 0)
		return -1;
	memcpy(out, taken, sizeof(taken));
	return 0;
}

void
guard_put_host(const struct cordon_host *host, struct cordon_writer *w)
{
	cordon_put_u8(w, (uint8_t)host->kind);
	if (host->kind == CORDON_HOST_ADDRESS)
		guard_put_address(&host->address, w);
	else
		cordon_put_string(w, host->text);
}

int
guard_get_host(struct cordon_reader *r, struct cordon_host *ret)
{
	struct cordon_host host = { 0 };
	uint8_t kind = 0;

	if (cordon_get_u8(r, &kind) < 0)
		return -1;
	host.kind = kind;
	if (kind == CORDON_HOST_ADDRESS) {
		if (guard_get_address(r, &host.address) < 0)
			return -1;
		cordon_address_print(&host.address, host.text);
	} else if (kind != CORDON_HOST_NAME || guard_get_name(r, host.text) < 0) {
		return -1;
	}
	*ret = host;
	return 0;
}

/* "word.word" of small letters and underscores. */
static int
is_reason(const char *text)
{
	const size_t first = strspn(text, "abcdefghijklmnopqrstuvwxyz_");

	return first > 0 && text[first] == '.' && text[first + 1] != '\0' &&
	       text[first + 1 + strspn(text + first + 1, "abcdefghijklmnopqrstuvwxyz_")] == '\0';
}

int
guard_get_reason(struct cordon_reader *r, int may_be_empty, char out[CORDON_GUARD_REASON])
{
	if (cordon_get_text(r, out, CORDON_GUARD_REASON) < 0)
		return -1;
	return is_reason(out) || (may_be_empty && out[0] == '\0') ? 0 : -1;
}

int
guard_get_flag(struct cordon_reader *r, int *ret)
{
	uint8_t flag = 0;

	if (cordon_get_u8(r, &flag) < 0 || flag > 1)
		return -1;
	*ret = flag;
	return 0;
}
