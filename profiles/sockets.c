/* Rules that follow from `sockets` (A08, A39). For AF_UNIX, `pair` refuses socket(2) whatever the type;
 * `inside` allows streams, whose connect(2) is carried out by the gate helper. They come after those
 * of the layers and win over any allow among them, because an errno and a notification are more
 * severe. */
#include <errno.h>
#include <sys/socket.h>

#include <cordon/profile.h>

#include "rules.h"

#define SOCK_TYPE_MASK 0xf /* of the kernel: without SOCK_CLOEXEC and SOCK_NONBLOCK */

static int
add(struct rules *rules, const char *call, struct rule rule)
{
	uint16_t number = (uint16_t)cordon_syscall_number(call);

	rule.numbers = &number;
	rule.number_count = 1;
	return rules_add(rules, &rule);
}

static int
add_pair(struct rules *rules, const struct rule_condition *is_unix)
{
	/* glibc asks nscd, by a socket of exactly this type, before it reads the password file. */
	uint64_t nscd = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
	const struct rule_condition is_nscd = {
		.argument = 1, .mask = UINT64_MAX, .values = &nscd, .value_count = 1
	};
	const struct rule refuse_nscd = { .action = RULE_ERRNO,
		.error = EAFNOSUPPORT,
		.quiet = 1,
		.conditions = { *is_unix, is_nscd },
		.condition_count = 2 };
	const struct rule refuse = { .action = RULE_ERRNO,
		.error = EAFNOSUPPORT,
		.conditions = { *is_unix },
		.condition_count = 1 };

	return add(rules, "socket", refuse_nscd) < 0 || add(rules, "socket", refuse) < 0 ? -1 : 0;
}

static int
add_inside(struct rules *rules, const struct rule_condition *is_unix)
{
	uint64_t stream = SOCK_STREAM;
	const struct rule_condition is_stream = {
		.argument = 1, .mask = SOCK_TYPE_MASK, .values = &stream, .value_count = 1
	};
	const struct rule_condition is_other = { .argument = 1,
		.mask = SOCK_TYPE_MASK,
		.values = &stream,
		.value_count = 1,
		.negated = 1 };
	const struct rule refuse = { .action = RULE_ERRNO,
		.error = EAFNOSUPPORT,
		.conditions = { *is_unix, is_other },
		.condition_count = 2 };
	const struct rule allow = {
		.action = RULE_ALLOW, .conditions = { *is_unix, is_stream }, .condition_count = 2
	};
	const struct rule notify = { .action = RULE_NOTIFY };

	return add(rules, "socket", refuse) < 0 || add(rules, "socket", allow) < 0 ||
			       add(rules, "connect", notify) < 0
		       ? -1
		       : 0;
}

int
rules_add_sockets(struct rules *rules, enum cordon_sockets sockets)
{
	uint64_t family = AF_UNIX;
	const struct rule_condition is_unix = {
		.argument = 0, .mask = UINT64_MAX, .values = &family, .value_count = 1
	};

	return sockets == CORDON_SOCKETS_INSIDE ? add_inside(rules, &is_unix)
						: add_pair(rules, &is_unix);
}
