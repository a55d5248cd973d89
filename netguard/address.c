/* calls: none */
#include <cordon/address.h>

#include <arpa/inet.h>
#include <string.h>

#include <cordon/text.h>

int
cordon_address_parse(
	const void *text, size_t size, struct cordon_address *ret, struct cordon_error *err)
{
	char copy[CORDON_ADDRESS_TEXT], shown[120];
	struct cordon_address address = { 0 };
	int family = AF_INET;

	/* inet_pton(3) is as strict as we are, but it reads a C string. */
	if (size > 0 && size < sizeof(copy) && memchr(text, '\0', size) == NULL) {
		memcpy(copy, text, size);
		copy[size] = '\0';
		if (strchr(copy, ':') != NULL)
			family = AF_INET6;
		address.family = family == AF_INET6 ? 6 : 4;
		if (inet_pton(family, copy, address.bytes) == 1) {
			*ret = address;
			return 0;
		}
	}
	(void)cordon_text_escape(text, size, shown, sizeof(shown));
	cordon_fail(err, CORDON_EINPUT, 0, "'%s' is not an IPv4 or IPv6 address", shown);
	return cordon_because(err, "net.host");
}

void
cordon_address_print(const struct cordon_address *address, char out[CORDON_ADDRESS_TEXT])
{
	const int family = address->family == 6 ? AF_INET6 : AF_INET;

	/* Fails only for want of room. */
	if (inet_ntop(family, address->bytes, out, CORDON_ADDRESS_TEXT) == NULL)
		out[0] = '\0';
}

int
cordon_address_equal(const struct cordon_address *a, const struct cordon_address *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, a->family == 6 ? 16 : 4) == 0;
}

struct cordon_address
cordon_address_unmapped(const struct cordon_address *address)
{
	/* ::ffff:0:0/96, RFC 4291, 2.5.5.2 */
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct cordon_address plain = { .family = 4 };

	if (address->family != 6 || memcmp(address->bytes, mapped, sizeof(mapped)) != 0)
		return *address;
	memcpy(plain.bytes, address->bytes + sizeof(mapped), 4);
	return plain;
}
