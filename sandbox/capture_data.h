/* What is said to the kernel, as it is sent: made by the build (capture_embed.c). Each ends with a message that the
 * kernel answers. */
#pragma once

#include <stddef.h>

extern const unsigned char capture_route4[], capture_route6[], capture_rules[];
extern const size_t capture_route4_size, capture_route6_size, capture_rules_size;
