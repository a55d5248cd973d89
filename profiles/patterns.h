/* Making rules over commands, and the lists they are in. */
#pragma once

#include <cordon/approvals.h>
#include <cordon/error.h>

/* Appends a word whose texts are copied. Returns 0 or -1 (no memory, more than CORDON_PATTERN_WORDS). */
int pattern_add(struct cordon_pattern *pattern, enum cordon_word_kind kind, char *const *texts,
	size_t count) CORDON_CHECKED;
void pattern_finish(struct cordon_pattern *pattern);

/* secrets.c: appends a mark; text is copied, and NULL for CORDON_WORD_ANY. Returns 0 or -1 (no memory, more than
 * CORDON_RULE_SECRETS). */
int secrets_add(struct cordon_exec_rule *rule, enum cordon_word_kind kind, int after,
	const char *text) CORDON_CHECKED;
void secrets_finish(struct cordon_exec_rule *rule);
/* Puts the marks of the last rule among all of approvals. Returns 0 or -1 (no memory, more than
 * CORDON_SECRETS). */
int secrets_index(struct cordon_approvals *approvals) CORDON_CHECKED;

void exec_rule_finish(struct cordon_exec_rule *rule);
/* Appends rule and takes what it owns: *rule is empty afterwards, whatever came of it. Returns 0 or -1
 * (no memory, more than CORDON_EXEC_RULES or CORDON_SECRETS). */
int approvals_take(
	struct cordon_approvals *approvals, struct cordon_exec_rule *rule) CORDON_CHECKED;
/* Appends a copy. */
int approvals_add(
	struct cordon_approvals *approvals, const struct cordon_exec_rule *rule) CORDON_CHECKED;
const struct cordon_exec_rule *approvals_find(
	const struct cordon_approvals *approvals, const char *id);
void approvals_finish(struct cordon_approvals *approvals);
