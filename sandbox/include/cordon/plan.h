/* A plan: all that a profile decided about a sandbox, in the words of the kernel. The monitor makes
 * one from an effective profile, once; the launcher decodes it, checks it against the floor that is
 * compiled into it (floor.c, A14), and builds any number of runs from it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <linux/filter.h>

#include <cordon/error.h>
#include <cordon/path.h>
#include <cordon/wire.h>

#define CORDON_PLAN_MOUNTS   256
#define CORDON_PLAN_FILES    64
#define CORDON_PLAN_PATTERNS 256
#define CORDON_PLAN_CALLS    512

/* The mode of the empty directories that hold protected names while a run is going: nobody else makes a
 * directory sticky that nobody can write. */
#define CORDON_PLACEHOLDER_MODE 01555

enum cordon_plan_workspace { CORDON_WORKSPACE_NONE, CORDON_WORKSPACE_READ, CORDON_WORKSPACE_WRITE };

enum cordon_plan_flag {
	CORDON_PLAN_WORKSPACE_EXEC = 1u << 0, /* programs in the workspace may be executed */
	CORDON_PLAN_TMP_EXEC = 1u << 1, /* programs in /tmp and the private home may be executed */
	CORDON_PLAN_PROC_SYSTEM = 1u << 2, /* the whole of /proc, read-only */
	CORDON_PLAN_MAP_ROOT = 1u << 3, /* operator's configuration: host uid 0 inside, degraded */
	CORDON_PLAN_MEMORY_ENFORCED = 1u << 4, /* no run where memory could only be sampled */
	CORDON_PLAN_SOCKETS_INSIDE = 1u
				     << 5, /* connect(2) is carried out by the gate helper (A08) */
	CORDON_PLAN_NETWORK = 1u << 6, /* what it sends arrives at sockets of ours: capture.h */
	CORDON_PLAN_FLAGS = (1u << 7) - 1,
};

enum cordon_mount_flag {
	CORDON_MOUNT_WRITE = 1u << 0,
	CORDON_MOUNT_EXEC = 1u << 1,
	CORDON_MOUNT_OWNED = 1u << 2, /* idmapped from its owner when the launcher is root */
	CORDON_MOUNT_FLAGS = (1u << 3) - 1,
};

/* A piece of the host's tree, bound into the run at the same or another place. */
struct cordon_plan_mount {
	char *source; /* host path, absolute and clean; links in it are followed when it is opened */
	char *target; /* path inside the run */
	struct cordon_identity identity; /* of source; a different file there refuses the run */
	uint32_t flags; /* enum cordon_mount_flag */
};

struct cordon_plan_link {
	char *target; /* where the link is, inside the run */
	char *text; /* what it says */
};

struct cordon_plan_file { /* a generated read-only file, such as /etc/passwd; mode 0444 */
	char *target;
	char *text;
};

struct cordon_plan {
	enum cordon_plan_workspace workspace;
	uint32_t flags; /* enum cordon_plan_flag */
	uint64_t tmp_bytes, tmp_inodes; /* of each private tmpfs: /tmp, /home/user, /dev/shm */

	/* Applied in this order: mounts, links, files; then the workspace. "%u" and "%g" in the text
	 * of a file stand for the run's uid and gid, which the launcher chooses. */
	struct cordon_plan_mount *mounts;
	size_t mount_count;
	struct cordon_plan_link *links;
	size_t link_count;
	struct cordon_plan_file *files;
	size_t file_count;

	char **protect; /* below the workspace; a component may be "*" */
	size_t protect_count;
	char **hide; /* patterns below the workspace, cordon_path_match */
	size_t hide_count;
	char **exec; /* Landlock: inside paths below which programs may be executed */
	size_t exec_count;

	uint64_t memory_bytes, processes, cpu_ms, open_files, file_bytes; /* UINT64_MAX: no limit */

	/* How many arguments call n has: what lies behind them is left over and no reason to count a
	 * refusal twice. */
	uint8_t arguments[CORDON_PLAN_CALLS];

	struct sock_filter *filter; /* verdict filter, <cordon/bpf.h> */
	size_t filter_count;
};

/* Frees what plan owns; plan may be all zero or half built. */
void cordon_plan_finish(struct cordon_plan *plan);
void cordon_plan_encode(const struct cordon_plan *plan, struct cordon_writer *w);
/* Decodes and checks shape and bounds. *ret is only written on success; the caller finishes it. */
int cordon_plan_decode(const void *data, size_t size, struct cordon_plan *ret,
	struct cordon_error *err) CORDON_CHECKED;
