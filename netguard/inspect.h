/* What a client says first, and who it says it is for: compared with the destination before a byte goes on. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/guard_proto.h>

#include "hello.h"
#include "http_head.h"

#define INSPECT_HELD 65536u /* bytes that are held at most: HELLO_MAX, HTTP_HEAD_MAX */

enum inspect_answer {
	INSPECT_MORE, /* what is not passed on has to be held until there is more */
	INSPECT_OPEN, /* look no longer */
	INSPECT_REFUSED
};

struct inspect {
	int agreed; /* it has said at least once who it is for */
	enum cordon_guard_as as;
	union {
		struct hello hello;
		struct http http;
	};
};

/* as: TLS or HTTP. */
void inspect_begin(struct inspect *i, enum cordon_guard_as as, int ech);
/* data: everything that the client has sent and that was not passed on yet. *ret_pass, which is always written: so many
 * of these bytes may go on; the next call's data begin behind them. A destination that is a name has to be named by
 * TLS as by HTTP. One that is an address has to be named by HTTP; by TLS none may be named, for a name in a hello is
 * never an address (RFC 6066, 3). With REFUSED, *ret_reason is a stable code. */
enum inspect_answer inspect_look(struct inspect *i, const struct cordon_endpoint *to,
	const uint8_t *data, size_t size, size_t *ret_pass, const char **ret_reason) CORDON_CHECKED;
