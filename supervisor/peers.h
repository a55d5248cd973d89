/* Connections that come to nothing, by user (T-RECON-001). Whose do again and again is slow for a while: its
 * further connections are looked at late, so that a flood of them is not what the monitor is busy with.
 *
 * Pure: the time is the owner's to say, and all zero is nobody. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include <cordon/rate.h>

#define PEERS_MAX     16 /* users; the one who has been quiet longest is forgotten */
#define PEERS_BURST   16 /* failures at once that are nothing yet */
#define PEERS_SECOND  1 /* and in each second */
#define PEERS_CALM_MS 10000 /* without a failure: then it is not slow any more */

struct peer {
	uid_t uid;
	struct cordon_rate rate;
	uint64_t last_ms; /* of the last failure, plus one; 0: nobody */
	int is_slow;
};

struct peers {
	struct peer list[PEERS_MAX];
};

/* One has failed. Returns 1 when the user is slow from now on, and was not before. */
int peers_failed(struct peers *p, uid_t uid, uint64_t now_ms);
int peers_is_slow(const struct peers *p, uid_t uid, uint64_t now_ms);
