/* The meaning of rules, written as plainly as can be: the compiler is proven against this. */
#include "rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/audit.h>

#include <cordon/bpf.h>
#include <cordon/mem.h>

#define RULES_MAX 1024

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#else
#define NATIVE AUDIT_ARCH_AARCH64
#endif

static void
rule_finish(struct rule *rule)
{
	for (unsigned i = 0; i < rule->condition_count; i++)
		free(rule->conditions[i].values);
	free(rule->numbers);
	free(rule->why);
}

void
rules_finish(struct rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		rule_finish(&rules->items[i]);
	free(rules->items);
	*rules = (struct rules){ 0 };
}

static int
has_number(const struct rule *rule, uint32_t nr)
{
	return nr < RULE_NUMBERS && (rule->bits[nr / 64] >> nr % 64 & 1) != 0;
}

int
rules_add(struct rules *rules, const struct rule *rule)
{
	struct rule copy = *rule;

	if (rule->number_count == 0)
		return 0;
	if (cordon_grow(&rules->items, &rules->capacity, rules->count + 1, RULES_MAX,
		    sizeof(*rules->items)) < 0)
		return -1;
	copy.condition_count = 0;
	copy.numbers = cordon_array(rule->number_count, sizeof(*copy.numbers));
	copy.why = rule->why == NULL ? NULL : strdup(rule->why);
	if (copy.numbers == NULL || (rule->why != NULL && copy.why == NULL)) {
		rule_finish(&copy);
		return -1;
	}
	for (; copy.condition_count < rule->condition_count; copy.condition_count++) {
		struct rule_condition *c = &copy.conditions[copy.condition_count];
		const size_t size = c->value_count * sizeof(*c->values);

		c->values = malloc(size);
		if (c->values == NULL) {
			rule_finish(&copy);
			return -1;
		}
		memcpy(c->values, rule->conditions[copy.condition_count].values, size);
	}
	/* In order, each once, so that one set of calls has one form. */
	memset(copy.bits, 0, sizeof(copy.bits));
	for (size_t i = 0; i < rule->number_count; i++)
		copy.bits[rule->numbers[i] / 64] |= 1ull << rule->numbers[i] % 64;
	copy.number_count = 0;
	for (uint16_t nr = 0; nr < RULE_NUMBERS; nr++)
		if (has_number(&copy, nr))
			copy.numbers[copy.number_count++] = nr;
	rules->items[rules->count++] = copy;
	return 0;
}

size_t
rules_for(const struct rules *rules, uint32_t nr, const struct rule **list, size_t room)
{
	size_t count = 0;

	for (int action = RULE_KILL; action <= RULE_ALLOW; action++)
		for (size_t i = 0; i < rules->count && count < room; i++) {
			const struct rule *rule = &rules->items[i];

			if ((int)rule->action != action || !has_number(rule, nr))
				continue;
			list[count++] = rule;
			if (rule->condition_count == 0)
				return count;
		}
	return count;
}

static int
condition_holds(const struct rule_condition *c, const struct seccomp_data *data)
{
	const uint64_t width = c->wide ? UINT64_MAX : UINT32_MAX;
	const uint64_t seen = data->args[c->argument] & c->mask & width;

	for (unsigned i = 0; i < c->value_count; i++)
		if (seen == (c->values[i] & width))
			return !c->negated;
	return c->negated;
}

int
rule_matches(const struct rule *rule, const struct seccomp_data *data)
{
	for (unsigned i = 0; i < rule->condition_count; i++)
		if (!condition_holds(&rule->conditions[i], data))
			return 0;
	return 1;
}

uint32_t
rule_result(const struct rule *rule)
{
	switch (rule->action) {
	case RULE_ALLOW:
		return SECCOMP_RET_ALLOW;
	case RULE_NOTIFY:
		return SECCOMP_RET_USER_NOTIF;
	case RULE_ERRNO:
		return SECCOMP_RET_ERRNO |
		       ((uint32_t)rule->error + (rule->quiet ? 0 : CORDON_ERRNO_REPORTED));
	default:
		return SECCOMP_RET_KILL_PROCESS;
	}
}

uint32_t
rules_default(const struct rules *rules)
{
	if (rules->default_error == 0)
		return SECCOMP_RET_KILL_PROCESS;
	return SECCOMP_RET_ERRNO | ((uint32_t)rules->default_error + CORDON_ERRNO_REPORTED);
}

const struct rule *
rules_find(const struct rules *rules, const struct seccomp_data *data)
{
	for (int action = RULE_KILL; action <= RULE_ALLOW; action++)
		for (size_t i = 0; i < rules->count; i++) {
			const struct rule *rule = &rules->items[i];

			if ((int)rule->action == action && has_number(rule, (uint32_t)data->nr) &&
				rule_matches(rule, data))
				return rule;
		}
	return NULL;
}

uint32_t
rules_evaluate(const struct rules *rules, const struct seccomp_data *data)
{
	const struct rule *rule;

	if (data->arch != NATIVE)
		return SECCOMP_RET_KILL_PROCESS;
#if defined(__x86_64__)
	if ((uint32_t)data->nr >= 0x40000000u && (uint32_t)data->nr != UINT32_MAX)
		return SECCOMP_RET_KILL_PROCESS; /* x32 */
#endif
	rule = rules_find(rules, data);
	return rule == NULL ? rules_default(rules) : rule_result(rule);
}
