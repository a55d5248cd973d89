/* The action record: the complete canonical description of one thing with an effect. It is what is decided
 * about, shown to a person, written down and carried out, by one digest (M2, A21).
 *
 * MUST 1 Complete: everything that a start depends on and that somebody could change is in it.
 * MUST 2 Canonical: one action has one encoding, and two actions never have the same. Fields are typed and
 *        have their length in front, stand in a fixed order, and one that is absent differs from an empty
 *        one. What is decoded encodes to the same bytes.
 * MUST 3 The environment is in it name by name, in order, each once. Values are not: they are secrets as
 *        often as not, and a plain digest of one is an invitation to guess. Each is HMAC-SHA256 under a key
 *        that its monitor made and keeps to itself.
 * Tests: tests/unit/test_action.c, tests/fuzz/target_action.c. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/digest.h>
#include <cordon/error.h>
#include <cordon/path.h>
#include <cordon/wire.h>

#define CORDON_ACTION_MAX       (8u << 20) /* bytes of a record */
#define CORDON_ACTION_WORDS     65536u /* of argv */
#define CORDON_ACTION_WORD      (128u * 1024) /* bytes of one, MAX_ARG_STRLEN of execve(2) */
#define CORDON_ACTION_VARIABLES 4096u
#define CORDON_ACTION_NAME      256u /* bytes of caller, session and profile */

enum cordon_action_kind { CORDON_ACTION_EXEC = 1 };

enum cordon_stream_kind { /* of descriptors 0 to 2 of a run */
	CORDON_STREAM_NULL = 1,
	CORDON_STREAM_PIPE = 2,
	CORDON_STREAM_PTY = 3,
};

/* A file that is executed. */
struct cordon_action_file {
	char *path; /* as it was named, absolute; links in it are as they are */
	char *real; /* the same place without links */
	struct cordon_identity identity;
	uint64_t size;
	/* Who can change it (A06): owner is the file's or, when that is root, the first other one among the
	 * directories on the way to it; mode has the file's permissions, and of each of those directories
	 * the bits that let group and others write. */
	uint32_t owner, mode;
	int has_digest; /* of its content, where a decision needs it */
	uint8_t digest[CORDON_DIGEST_SIZE];
};

struct cordon_action_variable {
	char *name;
	uint8_t value[CORDON_DIGEST_SIZE]; /* HMAC of NAME=VALUE */
};

struct cordon_action_limits { /* UINT64_MAX: none */
	uint64_t memory, processes, wall_ms, cpu_ms, output, open_files, file_size;
	uint64_t memory_enforced; /* 1: no run where memory could only be sampled */
};

/* Owns all it points to. */
struct cordon_action {
	enum cordon_action_kind kind;
	char *caller; /* who asked, as the monitor knows it */
	char *session; /* agent:channel:peer, or NULL */
	char *profile;
	uint8_t profile_digest[CORDON_DIGEST_SIZE];
	uint8_t plan_digest[CORDON_DIGEST_SIZE]; /* of the plan that the launcher gets */

	char **argv; /* at least one word, ended by NULL */
	char *cwd;
	struct cordon_identity cwd_identity; /* zero: a place that the run makes */
	char *workspace; /* or NULL */
	struct cordon_identity workspace_identity;
	/* The program whose code runs: of a script, the interpreter that its first line names. */
	struct cordon_action_file executable;
	int has_script;
	struct cordon_action_file script;
	char *script_argument; /* the interpreter's, from that line, or NULL */

	struct cordon_action_variable *variables; /* as execve(2) gets them */
	size_t variable_count;
	uint8_t streams[3]; /* enum cordon_stream_kind */
	uint32_t umask;
	int tty; /* has a terminal of its own */
	struct cordon_action_limits limits;
};

/* Frees what action owns; it may be all zero or half built. */
void cordon_action_finish(struct cordon_action *action);

/* The secret of one monitor. */
struct cordon_action_key {
	uint8_t bytes[CORDON_DIGEST_SIZE];
};
int cordon_action_make_key(struct cordon_action_key *ret, struct cordon_error *err) CORDON_CHECKED;

/* Sets the variables of an action that has none. env: NAME=VALUE, ended by NULL. Returns 0, or -1 with
 * *err set: CORDON_EINPUT (reason input.invalid) for what is no such pair and for a name that comes
 * twice. */
int cordon_action_set_environment(struct cordon_action *action, char *const *env,
	const struct cordon_action_key *key, struct cordon_error *err) CORDON_CHECKED;

/* Appends the record; w needs room for CORDON_ACTION_MAX. Returns 0, or -1 with *err set: CORDON_EINPUT
 * (reason input.invalid) for what is no action, CORDON_ELIMIT for one that is too long. */
int cordon_action_encode(const struct cordon_action *action, struct cordon_writer *w,
	struct cordon_error *err) CORDON_CHECKED;
/* *ret is only written on success; the caller finishes it. -1 with CORDON_EPEER. */
int cordon_action_decode(const void *data, size_t size, struct cordon_action *ret,
	struct cordon_error *err) CORDON_CHECKED;

/* The digest of a record, which names the action. */
int cordon_action_digest(const void *record, size_t size, uint8_t out[CORDON_DIGEST_SIZE],
	struct cordon_error *err) CORDON_CHECKED;
