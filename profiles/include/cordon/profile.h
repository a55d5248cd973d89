/* Profiles: what a run may execute, read, write, reach and consume.
 *
 * A profile is strict JSON, layered by "extends"; loading one yields the *effective* profile, in
 * which all layers are merged and checked. Nothing here starts or changes anything. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <linux/filter.h>

#include <cordon/approvals.h>
#include <cordon/digest.h>
#include <cordon/error.h>
#include <cordon/network.h>

enum cordon_access { CORDON_ACCESS_NONE, CORDON_ACCESS_READ, CORDON_ACCESS_WRITE };
enum cordon_sockets { CORDON_SOCKETS_PAIR, CORDON_SOCKETS_INSIDE };
enum cordon_proc { CORDON_PROC_RUN, CORDON_PROC_SYSTEM };

struct cordon_strings {
	char **items; /* owned, as are the strings */
	size_t count;
};

struct cordon_write_grant {
	char *path; /* absolute and clean; "~" is resolved */
	int exec;
};

#define CORDON_NO_LIMIT UINT64_MAX

struct cordon_limits {
	uint64_t memory; /* bytes of the whole run */
	uint64_t processes;
	uint64_t wall_ms, cpu_ms;
	uint64_t output; /* bytes a run may print in all */
	uint64_t open_files;
	uint64_t file_size; /* bytes of one file */
	int memory_enforced; /* refuse where memory could only be sampled */
};

/* An effective profile. Plain data, owned by the struct; made by cordon_profile_load. */
struct cordon_profile {
	char *name, *description;
	uint8_t digest[CORDON_DIGEST_SIZE]; /* of the canonical form of all that follows */

	enum cordon_access workspace;
	int workspace_exec; /* "@workspace" is in exec.allow */
	struct cordon_strings read; /* absolute and clean */
	struct cordon_write_grant *write;
	size_t write_count;
	struct cordon_strings hide; /* patterns below the workspace, cordon_path_match */
	struct cordon_strings protect; /* paths below the workspace; a component may be '*' (A03) */
	uint64_t tmp_size, tmp_files;
	int tmp_exec;

	struct cordon_strings exec; /* absolute and clean, without "@workspace" */

	enum cordon_sockets sockets;
	struct cordon_strings socket_connect; /* host sockets of {"connect": […]}; implies INSIDE */
	enum cordon_proc proc;

	struct cordon_strings pass; /* names */
	struct cordon_strings set; /* NAME=VALUE */

	struct cordon_limits limits;

	struct cordon_network network;

	struct cordon_approvals approvals;

	struct sock_filter *filter; /* verified verdict filter, see <cordon/bpf.h> */
	size_t filter_count;
	struct rules *rules; /* what it was made of, for cordon_profile_rule */
};

/* Where names are looked up; first match wins. */
struct cordon_profile_places {
	const char *directories[4]; /* in order; NULL entries are skipped */
	const char *home; /* for "~"; NULL: such paths are errors */
	/* Reads the hosts of "network", where errors get their place; NULL: a profile that names any is an error. */
	cordon_network_read_fn *read_host;
	int builtin_only; /* files and directories are not looked at (a pipe's callers: A15) */
};

/* Loads the profile with this name, or from this file when the text has a slash or ends in ".json".
 * Returns NULL with *err set: CORDON_EINPUT "FILE:LINE:COLUMN: text", CORDON_ENOTFOUND for an unknown
 * name (the message lists the nearest), CORDON_EPOLICY with reason floor.file_mode for a file that
 * another user can write. The caller destroys the result. */
struct cordon_profile *cordon_profile_load(const struct cordon_profile_places *places,
	const char *name, struct cordon_error *err) CORDON_CHECKED;
void cordon_profile_destroy(struct cordon_profile *profile);

/* One line for each profile that can be named: calls fn(context, name, description, origin), where
 * origin is "library" or the file. A file that cannot be read is listed with its error as
 * description. Returns 0 or -1 with *err set. */
int cordon_profile_list(const struct cordon_profile_places *places,
	void (*fn)(void *context, const char *name, const char *description, const char *origin),
	void *context, struct cordon_error *err) CORDON_CHECKED;

/* The effective profile as JSON text, for "profile show"; the caller frees it. NULL: no memory. The text is
 * a profile that stands alone and loads to the same digest, which it pins. */
char *cordon_profile_show(const struct cordon_profile *profile);

/* Which rule decides about a call of this architecture: "floor", or the name of the profile, or
 * "default" when no rule matches. Borrowed from profile. */
const char *cordon_profile_rule(
	const struct cordon_profile *profile, uint32_t nr, const uint64_t args[6]);

/* System calls of this architecture. NULL, or -1, for an unknown one. argc is 0 to 6. */
const char *cordon_syscall_name(uint32_t nr);
int cordon_syscall_number(const char *name);
int cordon_syscall_argc(uint32_t nr);
/* The kernel it came with, major << 8 | minor; 0: before 3.0, or unknown. */
unsigned cordon_syscall_since(uint32_t nr);
