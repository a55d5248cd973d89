/* The codes of destinations (docs/reasons.md) in words. */
#pragma once

/* "it is not listed"; of a code that is not known the code itself. */
const char *network_words(const char *reason);
