/* What messages of the guard have in common: addresses, hosts and codes, each in one form. The readers return -1 for what the
 * writers do not write. */
#pragma once

#include <cordon/guard_proto.h>
#include <cordon/host.h>
#include <cordon/wire.h>

void guard_put_address(const struct cordon_address *address, struct cordon_writer *w);
/* A mapped address has no place here: it is IPv4. */
int guard_get_address(struct cordon_reader *r, struct cordon_address *ret) CORDON_CHECKED;
/* A name in the one spelling. */
int guard_get_name(struct cordon_reader *r, char out[CORDON_HOST_MAX + 1]) CORDON_CHECKED;
void guard_put_host(const struct cordon_host *host, struct cordon_writer *w);
int guard_get_host(struct cordon_reader *r, struct cordon_host *ret) CORDON_CHECKED;
int guard_get_reason(
	struct cordon_reader *r, int may_be_empty, char out[CORDON_GUARD_REASON]) CORDON_CHECKED;
int guard_get_flag(struct cordon_reader *r, int *ret) CORDON_CHECKED;
