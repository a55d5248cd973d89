#include "patterns.h"

#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

/* matching */

const char *
cordon_decision_name(enum cordon_decision decision)
{
	static const char *const names[] = { "refuse", "hold", "allow" };
	_Static_assert(sizeof(names) / sizeof(names[0]) == CORDON_DECISIONS, "a name is missing");

	return (unsigned)decision < CORDON_DECISIONS ? names[decision] : names[CORDON_REFUSE];
}

static const char *
after_slash(const char *text)
{
	const char *slash = strrchr(text, '/');

	return slash == NULL ? text : slash + 1;
}

/* Eight bytes of a text, zero behind its end. */
static uint64_t
head_of(const char *text)
{
	uint64_t head = 0;

	for (int i = 0; i < 8 && text[i] != '\0'; i++)
		head |= (uint64_t)(uint8_t)text[i] << (8 * i);
	return head;
}

/* Of the beginning of a text (FNV-1a): equal texts have the same. */
static uint64_t
hash_of(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (int i = 0; i < 64 && text[i] != '\0'; i++)
		hash = (hash ^ (uint8_t)text[i]) * 0x100000001b3;
	return hash;
}

/* One bit of 64. */
static uint64_t
mark_of(uint64_t hash)
{
	return 1ull << (hash ^ hash >> 32) % 64;
}

struct cordon_program
cordon_program(const char *name)
{
	const char *base = after_slash(name);

	return (struct cordon_program){ name, base, mark_of(hash_of(base)) };
}

static const char *
word_at(const struct cordon_words *words, size_t i)
{
	return i < words->front_count ? words->front[i] : words->rest[i - words->front_count];
}

void
cordon_words_init(struct cordon_words *words, const char *const *front, size_t front_count,
	char *const *rest, size_t rest_count)
{
	const size_t count = front_count + rest_count;

	words->front_count = front_count;
	for (size_t i = 0; i < front_count; i++)
		words->front[i] = front[i];
	words->rest = rest;
	words->rest_count = rest_count;
	for (size_t i = 0; i < count && i < CORDON_PATTERN_WORDS; i++) {
		words->heads[i] = head_of(word_at(words, i));
		words->hashes[i] = hash_of(word_at(words, i));
	}
}

/* The first byte settles most comparisons, and a list of rules is mostly such. */
static int
is_equal(const char *a, const char *b)
{
	return *a == *b && strcmp(a, b) == 0;
}

static int
has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* What can be told without a text: 0 is certain, 1 is not. */
static int
may_fit(const struct cordon_pattern_word *word, uint64_t head, uint64_t hash)
{
	switch (word->kind) {
	case CORDON_WORD_ANY:
		return 1;
	case CORDON_WORD_LITERAL:
		return hash == word->key;
	case CORDON_WORD_PREFIX:
		return (head & word->mask) == word->key;
	case CORDON_WORD_ONE_OF:
		return (word->key & mark_of(hash)) != 0;
	default:
		return 0;
	}
}

static int
fits_word(const struct cordon_pattern_word *word, const char *text)
{
	if (word->kind == CORDON_WORD_ANY)
		return 1;
	if (word->kind == CORDON_WORD_PREFIX)
		return word->count == 1 && has_prefix(text, word->texts[0]);
	for (size_t i = 0; i < word->count; i++)
		if (is_equal(word->texts[i], text))
			return 1;
	return 0;
}

/* A text without a slash can only equal the last part of a name, one with a slash only the whole: to compare
 * with both is to choose between them. Of prefixes that is not so. */
static int
is_program(enum cordon_word_kind kind, const char *text, const struct cordon_program *program)
{
	if (kind == CORDON_WORD_PREFIX)
		return has_prefix(program->base, text) ||
		       (has_prefix(program->name, text) && strchr(text, '/') != NULL);
	return is_equal(program->base, text) || is_equal(program->name, text);
}

int
cordon_pattern_fits_program(
	const struct cordon_pattern *pattern, const struct cordon_program *program)
{
	const struct cordon_pattern_word *word = pattern->words;

	if (pattern->count == 0 || (unsigned)word->kind >= CORDON_WORD_KINDS ||
		(pattern->programs & program->mark) == 0)
		return 0;
	if (word->kind == CORDON_WORD_ANY)
		return 1;
	for (size_t i = 0; i < word->count; i++)
		if (is_program(word->kind, word->texts[i], program))
			return 1;
	return 0;
}

int
cordon_pattern_fits_argv0(const struct cordon_pattern *pattern, const struct cordon_program *argv0)
{
	const struct cordon_pattern_word *word = pattern->words;

	if (cordon_pattern_fits_program(pattern, argv0))
		return 1;
	if (pattern->count == 0 || (unsigned)word->kind >= CORDON_WORD_KINDS ||
		argv0->name != argv0->base || (pattern->programs & argv0->mark) == 0)
		return 0;
	for (size_t i = 0; i < word->count; i++)
		if (is_program(word->kind, after_slash(word->texts[i]), argv0))
			return 1;
	return 0;
}

int
cordon_pattern_fits_words(const struct cordon_pattern *pattern, const struct cordon_words *words)
{
	const size_t count = words->front_count + words->rest_count, wanted = pattern->count - 1;

	if (pattern->count == 0 || pattern->count > CORDON_PATTERN_WORDS || count < wanted ||
		(count > wanted && !pattern->open))
		return 0;
	for (size_t i = 0; i < wanted; i++)
		if (!may_fit(&pattern->words[i + 1], words->heads[i], words->hashes[i]))
			return 0;
	for (size_t i = 0; i < wanted; i++)
		if (!fits_word(&pattern->words[i + 1], word_at(words, i)))
			return 0;
	return 1;
}

int
cordon_pattern_fits_command(
	const struct cordon_pattern *pattern, const struct cordon_command *command)
{
	/* The arguments first: most rules about a program are told apart by them. */
	return cordon_pattern_fits_words(pattern, &command->words) &&
	       (cordon_pattern_fits_program(pattern, &command->files[0]) ||
		       cordon_pattern_fits_program(pattern, &command->files[1]) ||
		       (command->has_argv0 &&
			       cordon_pattern_fits_program(pattern, &command->argv0)));
}

/* making */

/* What a word is passed over by. */
static void
mark_word(struct cordon_pattern *pattern)
{
	struct cordon_pattern_word *word = &pattern->words[pattern->count - 1];
	uint64_t bases = 0;

	for (size_t i = 0; i < word->count; i++) {
		const char *text = word->texts[i];
		const size_t length = strlen(text);

		bases |= mark_of(hash_of(after_slash(text)));
		if (word->kind == CORDON_WORD_LITERAL)
			word->key = hash_of(text);
		if (word->kind == CORDON_WORD_ONE_OF)
			word->key |= mark_of(hash_of(text));
		if (word->kind == CORDON_WORD_PREFIX) {
			word->key = head_of(text);
			word->mask = length >= 8 ? UINT64_MAX : (1ull << 8 * length) - 1;
		}
	}
	if (pattern->count == 1)
		pattern->programs =
			word->kind == CORDON_WORD_ANY || word->kind == CORDON_WORD_PREFIX
				? UINT64_MAX
				: bases;
}

int
pattern_add(struct cordon_pattern *pattern, enum cordon_word_kind kind, char *const *texts,
	size_t count)
{
	struct cordon_pattern_word *words = pattern->words, word = { .kind = kind };

	if (pattern->count == CORDON_PATTERN_WORDS)
		return -1;
	words = realloc(words, (pattern->count + 1) * sizeof(*words));
	if (words == NULL)
		return -1;
	pattern->words = words;
	word.texts = cordon_array(count + 1, sizeof(*word.texts));
	if (word.texts == NULL)
		return -1;
	words[pattern->count] = word;
	pattern->count++;
	for (size_t i = 0; i < count; i++) {
		word.texts[i] = strdup(texts[i]);
		if (word.texts[i] == NULL)
			return -1;
		words[pattern->count - 1].count = i + 1;
	}
	mark_word(pattern);
	return 0;
}

void
pattern_finish(struct cordon_pattern *pattern)
{
	for (size_t i = 0; i < pattern->count; i++)
		cordon_vector_free(pattern->words[i].texts);
	free(pattern->words);
	*pattern = (struct cordon_pattern){ 0 };
}

void
exec_rule_finish(struct cordon_exec_rule *rule)
{
	free(rule->id);
	free(rule->why);
	pattern_finish(&rule->pattern);
	secrets_finish(rule);
	*rule = (struct cordon_exec_rule){ 0 };
}

int
approvals_take(struct cordon_approvals *approvals, struct cordon_exec_rule *rule)
{
	if (cordon_grow(&approvals->rules, &approvals->capacity, approvals->count + 1,
		    CORDON_EXEC_RULES, sizeof(*approvals->rules)) < 0) {
		exec_rule_finish(rule);
		return -1;
	}
	approvals->rules[approvals->count++] = *rule;
	*rule = (struct cordon_exec_rule){ 0 };
	return secrets_index(approvals);
}

int
approvals_add(struct cordon_approvals *approvals, const struct cordon_exec_rule *rule)
{
	struct cordon_exec_rule copy = { .id = strdup(rule->id),
		.why = rule->why == NULL ? NULL : strdup(rule->why),
		.decision = rule->decision,
		.only_marks = rule->only_marks,
		.pattern.open = rule->pattern.open };
	int result = copy.id == NULL || (rule->why != NULL && copy.why == NULL) ? -1 : 0;

	for (size_t i = 0; i < rule->pattern.count && result == 0; i++) {
		const struct cordon_pattern_word *word = &rule->pattern.words[i];

		result = pattern_add(&copy.pattern, word->kind, word->texts, word->count);
	}
	for (size_t i = 0; i < rule->secret_count && result == 0; i++)
		result = secrets_add(&copy, rule->secrets[i].kind, rule->secrets[i].after,
			rule->secrets[i].text);
	if (result < 0) {
		exec_rule_finish(&copy);
		return -1;
	}
	return approvals_take(approvals, &copy);
}

const struct cordon_exec_rule *
approvals_find(const struct cordon_approvals *approvals, const char *id)
{
	for (size_t i = 0; i < approvals->count; i++)
		if (strcmp(approvals->rules[i].id, id) == 0)
			return &approvals->rules[i];
	return NULL;
}

void
approvals_finish(struct cordon_approvals *approvals)
{
	for (size_t i = 0; i < approvals->count; i++)
		exec_rule_finish(&approvals->rules[i]);
	free(approvals->rules);
	free(approvals->secrets);
	*approvals = (struct cordon_approvals){ 0 };
}
