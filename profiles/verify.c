/* Proves a compiled filter against the meaning of its rules (rules.c): every call number of the
 * table and around it, every other architecture's mark, and for calls with argument rules the values
 * at which a condition changes its mind, with the high half of the argument clean and dirty. Each
 * argument takes all of its values while the others take all combinations of a few that stand for
 * theirs. A filter that differs anywhere is not used. */
#include "rules.h"

#include <string.h>

#include <linux/audit.h>

#include <cordon/bpf.h>

#include "calls.h"

#if defined(__x86_64__)
#define NATIVE  AUDIT_ARCH_X86_64
#define FOREIGN AUDIT_ARCH_I386
#else
#define NATIVE  AUDIT_ARCH_AARCH64
#define FOREIGN AUDIT_ARCH_ARM
#endif

#define POINTS_MAX       512 /* per argument */
#define COMBINATIONS_MAX 2000000 /* per call */
#define RULES_PER_CALL   64
#define DIRTY            0xdeadbeef00000000ull

/* Values to try for one argument; the first `chief` of them stand for the rest. */
struct points {
	uint64_t values[POINTS_MAX];
	unsigned count, chief;
};

struct proof {
	const struct rules *rules;
	const struct sock_filter *filter;
	size_t count;
};

static int
agrees(const struct proof *p, const struct seccomp_data *data, uint32_t wanted,
	struct cordon_error *err)
{
	const uint32_t got = cordon_bpf_run(p->filter, p->count, data);
	const struct call *call;

	if (wanted == got)
		return 0;
	call = call_by_number((uint32_t)data->nr);
	return cordon_fail(err, CORDON_ENOSUPPORT, 0,
		"the compiled filter is not what the rules say: %s(0x%llx, 0x%llx, 0x%llx, 0x%llx) "
		"gives "
		"0x%x, not 0x%x",
		call == NULL ? "unknown call" : call->name, (unsigned long long)data->args[0],
		(unsigned long long)data->args[1], (unsigned long long)data->args[2],
		(unsigned long long)data->args[3], got, wanted);
}

static void
add_point(struct points *p, uint64_t value)
{
	for (unsigned i = 0; i < p->count; i++)
		if (p->values[i] == value)
			return;
	if (p->count < POINTS_MAX)
		p->values[p->count++] = value;
}

static void
add_chief_points(struct points *p, const struct rule_condition *c)
{
	const uint64_t v = c->values[0];

	add_point(p, v);
	add_point(p, v | DIRTY);
	/* One that differs where the mask looks, so that the condition is also seen the other way. */
	add_point(p, c->mask == UINT64_MAX ? v + 1 : v ^ (c->mask & -c->mask));
	p->chief = p->count;
}

static void
add_all_points(struct points *p, const struct rule_condition *c)
{
	for (unsigned i = 0; i < c->value_count; i++) {
		const uint64_t v = c->values[i];

		add_point(p, v);
		add_point(p, v + 1);
		add_point(p, v - 1);
		add_point(p, v | DIRTY);
		add_point(p, v | ~c->mask); /* all that the mask ignores */
		/* One bit of the mask at a time: lowest and highest are the boundaries that a wrong
		 * half or shift would miss. */
		if (c->mask != 0 && c->mask != UINT64_MAX) {
			add_point(p, v ^ (c->mask & -c->mask));
			add_point(p, v ^ (1ull << (63 - __builtin_clzll(c->mask))));
		}
	}
}

/* What the ordered rules of one call say; the same as rules_evaluate, which is used for the rest. */
static uint32_t
decide(const struct proof *p, const struct rule *const *list, size_t count,
	const struct seccomp_data *data)
{
	for (size_t i = 0; i < count; i++)
		if (rule_matches(list[i], data))
			return rule_result(list[i]);
	return rules_default(p->rules);
}

/* Argument `full` takes all its values, the others their chief ones. */
static int
prove_argument(const struct proof *p, uint32_t nr, const struct rule *const *list, size_t count,
	const struct points points[6], int full, struct cordon_error *err)
{
	struct seccomp_data data = { .nr = (int)nr, .arch = NATIVE };
	unsigned at[6] = { 0 };

	for (unsigned long tried = 0;; tried++) {
		int a = 0;

		if (tried == COMBINATIONS_MAX)
			return cordon_fail(err, CORDON_ELIMIT, 0,
				"the rules for one call have too many combinations to prove");
		for (int i = 0; i < 6; i++)
			data.args[i] = points[i].values[at[i]];
		if (agrees(p, &data, decide(p, list, count, &data), err) < 0)
			return -1;
		while (a < 6 && ++at[a] == (a == full ? points[a].count : points[a].chief))
			at[a++] = 0;
		if (a == 6)
			return 0;
	}
}

static int
prove_call(const struct proof *p, uint32_t nr, struct cordon_error *err)
{
	const struct rule *list[RULES_PER_CALL];
	const size_t count = rules_for(p->rules, nr, list, RULES_PER_CALL);
	struct points points[6];

	for (int a = 0; a < 6; a++) {
		points[a].values[0] = 0;
		points[a].count = points[a].chief = 1;
	}
	for (int all = 0; all < 2; all++)
		for (size_t i = 0; i < count; i++)
			for (unsigned k = 0; k < list[i]->condition_count; k++) {
				const struct rule_condition *c = &list[i]->conditions[k];

				if (all)
					add_all_points(&points[c->argument], c);
				else
					add_chief_points(&points[c->argument], c);
				if (points[c->argument].count == POINTS_MAX)
					return cordon_fail(err, CORDON_ELIMIT, 0,
						"the rules for one call have too many values to "
						"prove");
			}
	for (int a = 0; a < 6; a++)
		if ((a == 0 || points[a].count > 1) &&
			prove_argument(p, nr, list, count, points, a, err) < 0)
			return -1;
	return 0;
}

int
rules_verify(const struct rules *rules, const struct sock_filter *filter, size_t count,
	struct cordon_error *err)
{
	static const uint32_t others[] = { 0x3fffffff, 0x40000000, 0x40000001, 0x7fffffff,
		0x80000000, 0xfffffffe, UINT32_MAX };
	const struct proof p = { rules, filter, count };

	if (cordon_bpf_check(filter, count) < 0)
		return cordon_fail(err, CORDON_ENOSUPPORT, 0,
			"the compiled filter is not a program that the kernel accepts");
	for (uint32_t nr = 0; nr < CALL_NUMBERS + 64; nr++) {
		const struct seccomp_data foreign = { .nr = (int)nr, .arch = FOREIGN };

		const struct seccomp_data x32 = { .nr = (int)(nr | 0x40000000u), .arch = NATIVE };

		if (prove_call(&p, nr, err) < 0 ||
			agrees(&p, &foreign, SECCOMP_RET_KILL_PROCESS, err) < 0 ||
			agrees(&p, &x32, rules_evaluate(rules, &x32), err) < 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		const struct seccomp_data data = { .nr = (int)others[i], .arch = NATIVE };

		if (agrees(&p, &data, rules_evaluate(rules, &data), err) < 0)
			return -1;
	}
	return 0;
}
