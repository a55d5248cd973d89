/* The names of one run: each has an address of 198.18.0.0/15 (RFC 2544), which nobody else has, so that who connects
 * with the address is known to mean the name. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/address.h>
#include <cordon/host.h>

#include "name_table.h"

#define NAMES_SKIPPED \
	16u /* 198.18.0.0 to 198.18.0.15 are no name's; 198.18.0.1 is the run's resolver */

struct names;

/* NULL without memory. */
struct names *names_create(void);
void names_destroy(struct names *n); /* NULL is accepted */

/* At most max names have addresses from now on; NAME_TABLE_MAX in any case. */
void names_limit(struct names *n, uint64_t max);

/* The address of a name (not of a literal): always the same of a name, and never another name's, as long as the run
 * lives (A30). Returns 0, or -1: CORDON_ELIMIT, "net.budget", when there are as many names as may be. */
int names_give(struct names *n, const struct cordon_host *name, struct cordon_address *ret,
	struct cordon_error *err) CORDON_CHECKED;
/* Whose address it is. Returns 0, or -1: CORDON_EPOLICY, "net.not_listed", when it was never given. */
int names_whose(const struct names *n, const struct cordon_address *address,
	struct cordon_host *ret, struct cordon_error *err) CORDON_CHECKED;
size_t names_count(const struct names *n);
