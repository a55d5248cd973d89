/* Which arguments of a command are secret, so that the ledger has a keyed digest of each instead (A36).
 *
 * All rules that fit count. Their marks could be 4096, and a command has up to 65536 arguments, so the rules
 * are matched once and each argument is looked up: marks of all rules are kept in order, in four lists (words
 * and beginnings, each of the secret itself or of what stands before it), and from each list those of the
 * rules that fit are taken in that order. Of beginnings only the shortest are taken; then the one that a
 * word has, if any, is the last that is not behind the word, since all texts between the two begin so too.
 *
 * MUST 1 Pure, and without memory of its own: nothing here can fail and leave a secret in the open. */
#include "patterns.h"

#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

#define LIST_PREFIXES 1u /* else whole words */
#define LIST_AFTER    2u /* what follows such a word, else the word */
#define LISTS         4u

/* making */

int
secrets_add(struct cordon_exec_rule *rule, enum cordon_word_kind kind, int after, const char *text)
{
	struct cordon_secret *secrets = rule->secrets, secret = { .kind = kind, .after = after };

	if (rule->secret_count == CORDON_RULE_SECRETS)
		return -1;
	secrets = realloc(secrets, (rule->secret_count + 1) * sizeof(*secrets));
	if (secrets == NULL)
		return -1;
	rule->secrets = secrets;
	if (kind != CORDON_WORD_ANY) {
		secret.text = strdup(text);
		if (secret.text == NULL)
			return -1;
	}
	secrets[rule->secret_count++] = secret;
	return 0;
}

void
secrets_finish(struct cordon_exec_rule *rule)
{
	for (size_t i = 0; i < rule->secret_count; i++)
		free(rule->secrets[i].text);
	free(rule->secrets);
	rule->secrets = NULL;
	rule->secret_count = 0;
}

static int
is_before(const struct cordon_secret_text *a, const struct cordon_secret_text *b)
{
	return a->list != b->list ? a->list < b->list : strcmp(a->text, b->text) < 0;
}

static int
index_one(struct cordon_approvals *approvals, const struct cordon_secret_text *one)
{
	size_t low = 0, high = approvals->secret_count;
	struct cordon_secret_text *secrets;

	if (cordon_grow(&approvals->secrets, &approvals->secret_capacity, high + 1, CORDON_SECRETS,
		    sizeof(*secrets)) < 0)
		return -1;
	secrets = approvals->secrets;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (is_before(one, &secrets[middle]))
			high = middle;
		else
			low = middle + 1;
	}
	memmove(&secrets[low + 1], &secrets[low],
		(approvals->secret_count - low) * sizeof(*secrets));
	secrets[low] = *one;
	approvals->secret_count++;
	return 0;
}

int
secrets_index(struct cordon_approvals *approvals)
{
	const size_t number = approvals->count - 1;
	const struct cordon_exec_rule *rule = &approvals->rules[number];

	for (size_t i = 0; i < rule->secret_count; i++) {
		const struct cordon_secret *s = &rule->secrets[i];
		const struct cordon_secret_text one = { .text = s->text,
			.rule = (uint16_t)number,
			.list = (uint8_t)((s->kind == CORDON_WORD_PREFIX ? LIST_PREFIXES : 0) |
					  (s->after ? LIST_AFTER : 0)) };

		if (s->kind != CORDON_WORD_ANY && index_one(approvals, &one) < 0)
			return -1;
	}
	return 0;
}

/* looking up */

/* What a command is looked up in. */
struct lookup {
	const struct cordon_approvals *approvals;
	const struct cordon_command *commands;
	size_t count;
	uint64_t rules[CORDON_EXEC_RULES / 64]; /* that fit and have marks */
	int any; /* one of them marks all arguments */
	size_t at; /* how far the marks of all rules have been taken */
};

/* Texts of one list, in order, none of which makes another needless. */
struct texts {
	const char *items[CORDON_SECRETS];
	size_t count;
	int prefixes;
};

static int
fits_any(const struct cordon_pattern *pattern, const struct lookup *l)
{
	for (size_t i = 0; i < l->count; i++)
		if (cordon_pattern_fits_command(pattern, &l->commands[i]))
			return 1;
	return 0;
}

/* Returns whether there are any. */
static int
find_rules(struct lookup *l)
{
	uint64_t marks = 0; /* of all names */
	int found = 0;

	for (size_t i = 0; i < l->count; i++) {
		marks |= l->commands[i].files[0].mark | l->commands[i].files[1].mark;
		if (l->commands[i].has_argv0)
			marks |= l->commands[i].argv0.mark;
	}
	for (size_t i = 0; i < l->approvals->count && i < CORDON_EXEC_RULES; i++) {
		const struct cordon_exec_rule *rule = &l->approvals->rules[i];

		if (rule->secret_count == 0 || (rule->pattern.programs & marks) == 0 ||
			!fits_any(&rule->pattern, l))
			continue;
		found = 1;
		l->rules[i / 64] |= 1ull << i % 64;
		for (size_t k = 0; k < rule->secret_count; k++)
			l->any |= rule->secrets[k].kind == CORDON_WORD_ANY;
	}
	return found;
}

static int
fits(const struct texts *texts, const char *text, const char *word)
{
	return texts->prefixes ? strncmp(word, text, strlen(text)) == 0 : strcmp(word, text) == 0;
}

/* The next list: lists are in order, too. */
static void
take_texts(struct lookup *l, unsigned list, struct texts *ret)
{
	const struct cordon_approvals *approvals = l->approvals;

	ret->count = 0;
	ret->prefixes = (list & LIST_PREFIXES) != 0;
	for (; l->at < approvals->secret_count && approvals->secrets[l->at].list == list; l->at++) {
		const struct cordon_secret_text *s = &approvals->secrets[l->at];

		if ((l->rules[s->rule / 64] >> s->rule % 64 & 1) == 0)
			continue;
		if (ret->count == 0 || !fits(ret, ret->items[ret->count - 1], s->text))
			ret->items[ret->count++] = s->text;
	}
}

static int
has_word(const struct texts *texts, const char *word)
{
	size_t low = 0, high = texts->count; /* low: texts that are not behind the word */

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (strcmp(texts->items[middle], word) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && fits(texts, texts->items[low - 1], word);
}

static void
mark(uint64_t *bits, size_t argument)
{
	bits[argument / 64] |= 1ull << argument % 64;
}

/* rest[i] is argv[i + 1]; after: 1 where the word behind is meant. */
static void
mark_list(const struct lookup *l, const struct texts *texts, size_t after, uint64_t *bits)
{
	const struct cordon_words *words = &l->commands[0].words;

	if (texts->count == 0)
		return;
	for (size_t i = 0; i + after < words->rest_count; i++)
		if (has_word(texts, words->rest[i]))
			mark(bits, i + after + 1);
	/* What the kernel puts in front of a script's arguments. */
	for (size_t i = 0; i < l->count && after > 0 && words->rest_count > 0; i++) {
		const struct cordon_words *w = &l->commands[i].words;

		if (w->front_count > 0 && has_word(texts, w->front[w->front_count - 1]))
			mark(bits, 1);
	}
}

size_t
cordon_secrets_find(const struct cordon_approvals *approvals, const struct cordon_command *commands,
	size_t count, uint64_t *ret_bits)
{
	const size_t argc = 1 + commands[0].words.rest_count, words = CORDON_SECRET_BITS(argc);
	struct lookup l = { .approvals = approvals, .commands = commands, .count = count };
	struct texts texts;
	size_t result = 0;

	memset(ret_bits, 0, words * sizeof(*ret_bits));
	if (!find_rules(&l))
		return 0;
	if (l.any)
		for (size_t i = 1; i < argc; i++)
			mark(ret_bits, i);
	for (unsigned list = 0; list < LISTS && !l.any; list++) {
		take_texts(&l, list, &texts);
		mark_list(&l, &texts, (list & LIST_AFTER) != 0 ? 1 : 0, ret_bits);
	}
	for (size_t i = 0; i < words; i++)
		result += (size_t)__builtin_popcountll(ret_bits[i]);
	return result;
}
