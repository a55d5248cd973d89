/* System call rules of an effective profile, and what they mean. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cordon/profile.h>

#define RULE_CONDITIONS 6
#define RULE_VALUES     32
#define RULE_NUMBERS    512

/* In order of severity: of the rules that match, the most severe decides; among equals the one that
 * comes first, parents before children. */
enum rule_action { RULE_KILL, RULE_ERRNO, RULE_NOTIFY, RULE_ALLOW };

struct rule_condition {
	unsigned argument; /* 0 to 5 */
	int wide; /* 64 bits count, else the low 32 */
	uint64_t mask; /* all ones for eq and in */
	uint64_t *values; /* owned by the rule, once it is in a list */
	unsigned value_count; /* any of them */
	int negated; /* none of them */
};

struct rule {
	uint16_t *numbers; /* owned; of this architecture, below RULE_NUMBERS */
	size_t number_count;
	uint64_t bits[RULE_NUMBERS / 64]; /* the same as a set; made by rules_add */
	enum rule_action action;
	int error; /* RULE_ERRNO */
	int quiet; /* RULE_ERRNO: not reported */
	char *why; /* owned, or NULL; for people */
	struct rule_condition conditions[RULE_CONDITIONS];
	unsigned condition_count; /* all of them */
};

struct rules {
	struct rule *items; /* owned */
	size_t count, capacity;
	size_t floor_count; /* the first of them are the floor's */
	size_t layer_count; /* those and what the layers say; the rest follows from `sockets` */
	int default_error; /* errno; 0: kill */
};

void rules_finish(struct rules *rules);
/* Appends a deep copy of rule; one without a call of this architecture is left out. Returns 0 or -1
 * (no memory, too many). */
int rules_add(struct rules *rules, const struct rule *rule);

/* Rules for one number, in the order in which they decide; the list ends with the first that has no
 * conditions. Returns the count (at most room). */
size_t rules_for(const struct rules *rules, uint32_t nr, const struct rule **list, size_t room);

/* What the rules say: a SECCOMP_RET_* value with ERRNO marked as <cordon/bpf.h> has it. */
uint32_t rules_evaluate(const struct rules *rules, const struct seccomp_data *data);
/* The rule that decides, or NULL: the default. */
const struct rule *rules_find(const struct rules *rules, const struct seccomp_data *data);
uint32_t rule_result(const struct rule *rule);
uint32_t rules_default(const struct rules *rules);
int rule_matches(const struct rule *rule, const struct seccomp_data *data);

/* sockets.c: what follows from `sockets`. Returns 0 or -1 (no memory). */
int rules_add_sockets(struct rules *rules, enum cordon_sockets sockets);

/* compile.c: a verdict filter for this architecture; the caller frees *ret. */
int rules_compile(const struct rules *rules, struct sock_filter **ret, size_t *ret_count,
	struct cordon_error *err) CORDON_CHECKED;
/* verify.c: compares filter and rules at every boundary of every rule. */
int rules_verify(const struct rules *rules, const struct sock_filter *filter, size_t count,
	struct cordon_error *err) CORDON_CHECKED;
