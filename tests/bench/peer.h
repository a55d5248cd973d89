/* What cordon is measured beside: the same program started bare, and by bubblewrap with the namespaces,
 * mounts and filter that profile default amounts to.
 *
 * bubblewrap gets what it can do of the same: it has no Landlock, no protected names in the workspace,
 * no counting of refused calls, no cgroup limits and no idmapped workspace, so it does less. */
#pragma once

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cordon/error.h>
#include <cordon/plan.h>
#include <cordon/profile.h>

#include "config.h"
#include "resolve.h"
#include "workspace.h"

#define ARGUMENTS_MAX 1024

struct command_line {
	char *items[ARGUMENTS_MAX];
	size_t count;
};

void command_line_add(struct command_line *line, const char *text);
void command_line_add3(
	struct command_line *line, const char *first, const char *second, const char *third);

struct peer {
	const char *bwrap, *workspace_name;
	char scratch[PATH_MAX]; /* a directory of ours: the filter, generated files */
	struct config config;
	struct cordon_profile *profile;
	struct workspace workspace;
	struct cordon_plan plan;
	struct command command; /* /bin/true */
	char **env;
	struct command_line line; /* bubblewrap's, to start /bin/true */
	int null; /* the null device */
};

enum peer_kind { PEER_BARE, PEER_BWRAP };

/* Makes scratch, and in it what bubblewrap reads. */
int peer_begin(struct peer *p, struct cordon_error *err) CORDON_CHECKED;
void peer_finish(struct peer *p);
/* Starts a program with the null device as its streams; output >= 0: as its standard output. Returns its
 * pid. PEER_BWRAP: argv is bubblewrap's, and the filter is its descriptor 3. */
pid_t peer_spawn(const struct peer *p, enum peer_kind kind, char *const *argv, int output,
	struct cordon_error *err) CORDON_CHECKED;
/* Starts /bin/true one way or the other. */
pid_t peer_begin_true(
	const struct peer *p, enum peer_kind kind, struct cordon_error *err) CORDON_CHECKED;
/* Waits for pid, or with -1 for any child; one that did not end with status 0 is an error. */
int peer_await(pid_t pid, struct cordon_error *err) CORDON_CHECKED;
