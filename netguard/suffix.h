/* libpsl's door: names below which strangers register. */
#pragma once

enum suffix { SUFFIX_UNKNOWN, SUFFIX_NONE, SUFFIX_PROVIDER, SUFFIX_REGISTRY };

/* Whether a name (ASCII, small letters) is a public suffix of a registry ("co.uk"), of a provider
 * ("github.io") or of nobody. Top-level names that the list does not have ("test") are nobody's.
 * SUFFIX_UNKNOWN: the library was built without its list. */
enum suffix suffix_of(const char *name);
