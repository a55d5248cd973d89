/* What a profile says about single commands: allowed, held for a person, or refused, by patterns over their
 * words. Of all rules that fit, the most severe decides; without one the default does. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define CORDON_EXEC_RULES      1024 /* of an effective profile */
#define CORDON_PATTERN_WORDS   64
#define CORDON_RULE_ID         64 /* bytes of a rule's id, without NUL */
#define CORDON_RULE_ID_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

/* In order of severity; what nobody has set is a refusal. */
enum cordon_decision { CORDON_REFUSE, CORDON_HOLD, CORDON_ALLOW, CORDON_DECISIONS };
/* "refuse", "hold", "allow"; "refuse" for any other value. */
const char *cordon_decision_name(enum cordon_decision decision);

/* What becomes of a hold while no approver is connected. */
enum cordon_no_approver { CORDON_NO_APPROVER_REFUSE, CORDON_NO_APPROVER_WAIT };

enum cordon_word_kind {
	CORDON_WORD_LITERAL,
	CORDON_WORD_ANY, /* "*" */
	CORDON_WORD_ONE_OF,
	CORDON_WORD_PREFIX,
	CORDON_WORD_KINDS
};

struct cordon_pattern_word {
	enum cordon_word_kind kind;
	char **texts; /* owned, as are the strings; one, but for ANY and ONE_OF */
	size_t count;
	/* To pass over most words that do not fit without looking at a text: of LITERAL a hash, of PREFIX the
	 * bytes of its beginning that mask covers, of ONE_OF a set of marks. */
	uint64_t key, mask;
};

struct cordon_pattern {
	struct cordon_pattern_word *words; /* owned; at least one, which stands for the program */
	size_t count;
	int open; /* ends with "...": any words may follow, also none */
	uint64_t programs; /* marks of the names that word 0 can fit */
};

struct cordon_exec_rule {
	char *id; /* owned; unique in a profile */
	char *why; /* owned, or NULL; for people */
	enum cordon_decision decision;
	struct cordon_pattern pattern;
};

struct cordon_approvals {
	enum cordon_decision otherwise; /* when no rule fits: "default" */
	enum cordon_no_approver no_approver;
	struct cordon_exec_rule *rules; /* owned; parents before children */
	size_t count, capacity;
};

/* A name of a program. */
struct cordon_program {
	const char *name;
	const char *base; /* what follows its last slash */
	uint64_t mark; /* one bit; a pattern whose programs lack it does not fit */
};
struct cordon_program cordon_program(const char *name);

/* Words after the first of a command line, in two pieces, so that a caller can put some in front. */
struct cordon_words {
	const char *front[2];
	size_t front_count;
	char *const *rest;
	size_t rest_count;
	uint64_t heads[CORDON_PATTERN_WORDS],
		hashes[CORDON_PATTERN_WORDS]; /* of the first of them */
};
/* front: at most two. Everything is borrowed. */
void cordon_words_init(struct cordon_words *words, const char *const *front, size_t front_count,
	char *const *rest, size_t rest_count);

/* Matching allocates nothing and follows nothing. Each returns 1 or 0. */

/* Word 0 fits a program by this name: a word without a slash is compared with the last part of the name,
 * one with a slash with all of it (A19). */
int cordon_pattern_fits_program(
	const struct cordon_pattern *pattern, const struct cordon_program *program);
/* The same for an argv[0] that may be the bare name of the program that the pattern has a path of. */
int cordon_pattern_fits_argv0(
	const struct cordon_pattern *pattern, const struct cordon_program *argv0);
/* The other words of pattern fit all of these. */
int cordon_pattern_fits_words(
	const struct cordon_pattern *pattern, const struct cordon_words *words);
