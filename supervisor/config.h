/* The operator's configuration. */
#pragma once

#include <stddef.h>

#include <cordon/address.h>
#include <cordon/error.h>
#include <cordon/profile.h>

#define CONFIG_RESOLVERS 3

struct config_resolver {
	struct cordon_address address;
	uint16_t port;
};

struct config {
	int map_root; /* degraded: root's runs on file systems without idmapping map host root */
	struct cordon_strings workspaces; /* roots of those that callers may name; owned */
	char *home; /* owned; $HOME if the caller's, else of the password file; may be NULL */
	char *user_directory; /* $XDG_CONFIG_HOME/cordon, owned; may be NULL */
	char *state_directory; /* $XDG_STATE_HOME/cordon, owned; may be NULL */
	char *profile_directory; /* user_directory/profiles, owned; may be NULL */
	char *ledger_path; /* where the operator wants it, owned; or NULL */
	char *ledger_witness; /* a file that checkpoints are copied to, owned; or NULL */
	struct config_resolver
		resolvers[CONFIG_RESOLVERS]; /* that the guard asks, in their order */
	unsigned resolver_count; /* 0: those of resolv.conf(5) */
	int ledger_halt; /* what cannot be recorded ends the monitor, not only the request */
};

/* Reads file, or when it is NULL the user's and the system's configuration where they exist. Returns
 * 0, or -1 with *err: "FILE:LINE:COLUMN: text", or reason floor.file_mode. */
int config_load(const char *file, struct config *ret, struct cordon_error *err) CORDON_CHECKED;
void config_finish(struct config *config);
/* Where profiles are looked up. Borrows from config. */
struct cordon_profile_places config_places(const struct config *config);
