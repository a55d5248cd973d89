/* Every address is local: what is sent to it arrives at lo. A client that names no source address of its own
 * has 127.0.0.1 or ::1. See rtnetlink(7), ip-route(8) "local".
 *
 * calls: none */
#include "capture_messages.h"

#include <net/if.h>
#include <netinet/in.h>

#include <linux/rtnetlink.h>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "capture_batch.h"

#define LOOPBACK_INDEX 1u /* LOOPBACK_IFINDEX of the kernel: lo is the first of each namespace */

static void
put_route(struct capture_batch *b, unsigned char family, const void *source, int source_size)
{
	const struct rtmsg route = { .rtm_family = family,
		.rtm_table = RT_TABLE_LOCAL,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_scope = RT_SCOPE_HOST,
		.rtm_type = RTN_LOCAL };
	struct nl_msg *m = capture_batch_message(
		b, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &route, sizeof(route));
	int put = 0;

	if (m == NULL)
		return;
	put |= nla_put_u32(m, RTA_OIF, LOOPBACK_INDEX);
	if (source_size > 0)
		put |= nla_put(m, RTA_PREFSRC, source_size, source);
	capture_batch_add(b, m, put);
}

void
capture_put_route4(struct capture_batch *b)
{
	const struct in_addr loopback = { htonl(INADDR_LOOPBACK) };

	put_route(b, AF_INET, &loopback, sizeof(loopback));
}

/* There is but one address to choose from. */
void
capture_put_route6(struct capture_batch *b)
{
	put_route(b, AF_INET6, NULL, 0);
}
