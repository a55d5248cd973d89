/* What a profile says about single commands: allowed, held for a person, or refused, by patterns over their
 * words. Of all rules that fit, the most severe decides; without one the default does. Rules also mark
 * arguments as secret, which the ledger then does not keep; there all that fit count. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define CORDON_EXEC_RULES      1024 /* of an effective profile */
#define CORDON_PATTERN_WORDS   64
#define CORDON_RULE_SECRETS    32 /* marks of one rule */
#define CORDON_SECRETS         4096 /* of an effective profile */
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

/* What makes an argument a secret (A36): that it fits a word, or follows one that does. */
struct cordon_secret {
	enum cordon_word_kind kind; /* LITERAL, PREFIX, or ANY, which has no text */
	int after; /* not the word is secret, but the argument that follows it */
	char *text; /* owned */
};

struct cordon_exec_rule {
	char *id; /* owned; unique in a profile */
	char *why; /* owned, or NULL; for people */
	enum cordon_decision decision;
	int only_marks; /* it has secrets and no decision, which is unset, and decides nothing */
	struct cordon_pattern pattern;
	struct cordon_secret *secrets; /* owned */
	size_t secret_count;
};

/* A mark with a text, in the order by which words are looked up (secrets.c). */
struct cordon_secret_text {
	const char *text; /* the rule's */
	uint16_t rule; /* number in cordon_approvals.rules */
	uint8_t list;
};

struct cordon_approvals {
	enum cordon_decision otherwise; /* when no rule fits: "default" */
	enum cordon_no_approver no_approver;
	struct cordon_exec_rule *rules; /* owned; parents before children */
	size_t count, capacity;
	struct cordon_secret_text *secrets; /* owned; of all rules */
	size_t secret_count, secret_capacity;
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

/* A command line as a rule may see it. A script is two of them: the one that was given, and the one that the
 * kernel makes of it, which starts the interpreter (execve(2), Interpreter scripts). */
struct cordon_command {
	struct cordon_program files[2]; /* as named, and without links */
	struct cordon_program argv0;
	int has_argv0; /* the kernel's own line has none to choose */
	struct cordon_words words;
};

/* The whole pattern fits by any name of the program, as what restricts does (A19). */
int cordon_pattern_fits_command(
	const struct cordon_pattern *pattern, const struct cordon_command *command);

/* Words of 64 bits that have one for each of argc words. */
#define CORDON_SECRET_BITS(argc) (((argc) + 63) / 64)

/* Which arguments are secret, by all rules that fit any of these command lines, whatever they decide (A36).
 * commands: at least one; all end with the same words, the rest, which are argv without its first word.
 * Writes CORDON_SECRET_BITS(1 + rest_count) words: bit i % 64 of word i / 64 stands for argv[i]. argv[0]
 * is never secret: it is the name of the program. Returns how many bits are set. */
size_t cordon_secrets_find(const struct cordon_approvals *approvals,
	const struct cordon_command *commands, size_t count, uint64_t *ret_bits);
