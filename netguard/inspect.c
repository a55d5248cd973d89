/* The readers refuse in many words; programs get few codes, by what is to be done about it.
 *
 * calls: none */
#include "inspect.h"

static const char other_name[] = "net.name_mismatch";

void
inspect_begin(struct inspect *i, enum cordon_guard_as as, int ech)
{
	*i = (struct inspect){ .as = as };
	if (as == CORDON_GUARD_TLS)
		hello_begin(&i->hello, ech ? HELLO_ECH_ALLOWED : HELLO_ECH_REFUSED);
	else
		http_begin(&i->http, HTTP_UPGRADE_REFUSED);
}

static const char *
hello_reason(enum hello_refusal refusal)
{
	switch (refusal) {
	case HELLO_BAD_NAME:
	case HELLO_OTHER_NAME:
		return other_name;
	case HELLO_HIDDEN:
		return "net.name_hidden";
	case HELLO_NOT_TLS:
	case HELLO_SSLV2:
	case HELLO_OLD_VERSION:
		return "net.not_tls";
	case HELLO_NO_MEMORY:
		return "limit.memory";
	default:
		return "net.bad_tls";
	}
}

static const char *
http_reason(enum http_refusal refusal)
{
	switch (refusal) {
	case HTTP_NO_HOST:
	case HTTP_HOST_TWICE:
	case HTTP_BAD_HOST:
	case HTTP_HOSTS_DIFFER:
		return other_name;
	case HTTP_NOT_HTTP:
	case HTTP_VERSION_2:
	case HTTP_BAD_VERSION:
		return "net.not_http";
	case HTTP_TUNNEL:
	case HTTP_SWITCH:
		return "net.http_upgrade";
	default:
		return "net.bad_http";
	}
}

/* One part further. Returns MORE with *ret_again when there may be more in the data. */
static enum inspect_answer
look_tls(struct inspect *i, const struct cordon_endpoint *to, const uint8_t *data, size_t size,
	size_t *ret_pass, int *ret_again, const char **ret_reason)
{
	const struct hello *h = &i->hello;

	switch (hello_look(&i->hello, data, size, ret_pass)) {
	case HELLO_MORE:
		return INSPECT_MORE;
	case HELLO_DONE:
		if (to->host.kind == CORDON_HOST_NAME ? !hello_agrees(h, to->host.text)
						      : h->name[0] != '\0')
			break;
		i->agreed = 1;
		*ret_again = 1;
		return INSPECT_MORE;
	case HELLO_OPEN:
		if (i->agreed)
			return INSPECT_OPEN;
		break;
	case HELLO_REFUSED:
		*ret_reason = hello_reason(h->refusal);
		return INSPECT_REFUSED;
	}
	*ret_reason = other_name;
	return INSPECT_REFUSED;
}

static enum inspect_answer
look_http(struct inspect *i, const struct cordon_endpoint *to, const uint8_t *data, size_t size,
	size_t *ret_pass, int *ret_again, const char **ret_reason)
{
	switch (http_look(&i->http, data, size, ret_pass)) {
	case HTTP_MORE:
		return INSPECT_MORE;
	case HTTP_REQUEST:
		if (!http_agrees(&i->http, to->host.text, to->port))
			break;
		i->agreed = 1;
		*ret_again = 1;
		return INSPECT_MORE;
	case HTTP_OPEN: /* which was not allowed */
		break;
	case HTTP_REFUSED:
		*ret_reason = http_reason(i->http.refusal);
		return INSPECT_REFUSED;
	}
	*ret_reason = other_name;
	return INSPECT_REFUSED;
}

enum inspect_answer
inspect_look(struct inspect *i, const struct cordon_endpoint *to, const uint8_t *data, size_t size,
	size_t *ret_pass, const char **ret_reason)
{
	enum inspect_answer answer;
	size_t passed = 0;
	int again;

	do {
		size_t pass = 0;

		again = 0;
		answer = (i->as == CORDON_GUARD_TLS ? look_tls : look_http)(
			i, to, data + passed, size - passed, &pass, &again, ret_reason);
		passed += pass;
	} while (again);
	*ret_pass = answer == INSPECT_REFUSED ? 0 : passed;
	return answer;
}
