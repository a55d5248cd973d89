/* The canonical form of an effective profile: bytes in a fixed order, absent and empty distinct. */
#pragma once

#include <cordon/profile.h>

#include "rules.h"

/* Sets profile->digest to the SHA-256 of everything that decides. Returns 0 or -1 with *err. */
int profile_digest(struct cordon_profile *profile, const struct rules *rules,
	struct cordon_error *err) CORDON_CHECKED;
