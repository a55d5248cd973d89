#include "peers.h"

#include <stddef.h>

/* The user's place, or the one to give away. */
static struct peer *
place_of(struct peers *p, uid_t uid)
{
	struct peer *oldest = &p->list[0];

	for (size_t i = 0; i < PEERS_MAX; i++) {
		struct peer *peer = &p->list[i];

		if (peer->last_ms != 0 && peer->uid == uid)
			return peer;
		if (peer->last_ms < oldest->last_ms)
			oldest = peer;
	}
	*oldest = (struct peer){ .uid = uid };
	return oldest;
}

static int
is_slow(const struct peer *peer, uint64_t now_ms)
{
	return peer->is_slow && now_ms - (peer->last_ms - 1) < PEERS_CALM_MS;
}

int
peers_failed(struct peers *p, uid_t uid, uint64_t now_ms)
{
	struct peer *peer = place_of(p, uid);
	const int was_slow = is_slow(peer, now_ms);

	peer->is_slow =
		was_slow || cordon_rate_take(&peer->rate, PEERS_SECOND, PEERS_BURST, now_ms) > 0;
	peer->last_ms = now_ms + 1;
	return peer->is_slow && !was_slow;
}

int
peers_is_slow(const struct peers *p, uid_t uid, uint64_t now_ms)
{
	for (size_t i = 0; i < PEERS_MAX; i++)
		if (p->list[i].last_ms != 0 && p->list[i].uid == uid)
			return is_slow(&p->list[i], now_ms);
	return 0;
}
