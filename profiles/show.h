/* Sections of the effective profile as text (show*.c). */
#pragma once

#include <stdint.h>

#include <cordon/json.h>
#include <cordon/network.h>

/* Nothing for CORDON_NO_LIMIT. */
void show_limit(struct cordon_json *j, const char *key, uint64_t value);

void show_network(struct cordon_json *j, const struct cordon_network *network);
