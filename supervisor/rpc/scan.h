/* A look at a line before a tree is built of it: bounds what the tree can cost. */
#pragma once

#include <stddef.h>

#define SCAN_DEPTH  64
#define SCAN_VALUES 200000u

enum scan { SCAN_FINE, SCAN_BLANK, SCAN_DEEP, SCAN_MANY };

/* One pass. Says nothing about grammar; for text that is JSON, depth and number of values are exact or
 * larger than they are. */
enum scan scan_line(const char *line, size_t size);
