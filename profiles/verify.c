/* Proves a compiled filter against the meaning of its rules (rules.c): every call number of the table and
 * around it, another architecture's mark, and x32.
 *
 * For each number the program is followed first, with the number known and arguments not: what can be
 * reached, and with which constants an argument is compared on the way. A call whose rules look at no
 * argument must not reach such a comparison, so that one run says everything about it. For a call
 * with argument rules the filter is run at the values where a condition of a rule, or a comparison of
 * the filter, changes its mind, with the high half of the argument clean and dirty: all combinations
 * of them, or where those are too many, all values of each argument with a few that stand for those of
 * the others. A filter that differs anywhere is not used. The test changes each instruction of a
 * shipped filter and sees that the proof fails (test_profile_filter.c). */
#include "rules.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <linux/audit.h>

#include <cordon/bpf.h>
#include <cordon/mem.h>

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
#define COMBINATIONS_ALL 20000 /* up to here all of them are tried */
#define RULES_PER_CALL   64
#define DIRTY            0xdeadbeef00000000ull

/* Values to try for one argument; the first `chief` of them stand for the rest. */
struct points {
	uint64_t values[POINTS_MAX];
	unsigned count, chief;
};

/* What is known of the accumulator before an instruction. */
struct state {
	uint32_t number; /* the call it was last reached for, plus 1 */
	enum { ANYTHING, KNOWN, ARGUMENT } kind;
	uint32_t value; /* KNOWN: that; ARGUMENT: offset of the half */
	uint32_t mask; /* ARGUMENT: what is left of it */
};

struct proof {
	const struct rules *rules;
	const struct sock_filter *filter;
	size_t count;
	struct state *states; /* of each instruction */
	struct points *points; /* of the six arguments of the call that is being proven */
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

static void
arrive(const struct proof *p, size_t at, struct state from)
{
	struct state *s = &p->states[at];

	if (s->number != from.number)
		*s = from;
	else if (s->kind != from.kind || s->value != from.value || s->mask != from.mask)
		s->kind = ANYTHING;
}

static struct state
after_load(const struct sock_filter *f, struct state s)
{
	s.mask = UINT32_MAX;
	s.value = f->k;
	s.kind = ARGUMENT;
	if (f->k == offsetof(struct seccomp_data, nr) ||
		f->k == offsetof(struct seccomp_data, arch)) {
		s.kind = KNOWN;
		s.value = f->k == offsetof(struct seccomp_data, nr) ? s.number - 1 : NATIVE;
	} else if (f->k < offsetof(struct seccomp_data, args)) {
		s.kind = ANYTHING; /* the instruction pointer, which no rule is about */
	}
	return s;
}

/* The filter compares a masked half of an argument with k: values around that one are tried as well. */
static void
add_compared(const struct proof *proof, const struct state *s, uint32_t k)
{
	const uint32_t offset = s->value - (uint32_t)offsetof(struct seccomp_data, args);
	const unsigned shift = offset % 8 == 0 ? 0 : 32;
	struct points *p = &proof->points[offset / 8];

	add_point(p, (uint64_t)k << shift);
	add_point(p, (uint64_t)(k + 1) << shift);
	add_point(p, (uint64_t)(k - 1) << shift);
	add_point(p, (uint64_t)(k ^ (s->mask & -s->mask)) << shift);
}

/* Where a jump can go from s: bit 0 for jt, bit 1 for jf. */
static int
directions(const struct sock_filter *f, const struct state *s)
{
	int taken;

	if (s->kind != KNOWN)
		return 3;
	switch (BPF_OP(f->code)) {
	case BPF_JEQ:
		taken = s->value == f->k;
		break;
	case BPF_JGT:
		taken = s->value > f->k;
		break;
	case BPF_JGE:
		taken = s->value >= f->k;
		break;
	default:
		taken = (s->value & f->k) != 0;
		break;
	}
	return taken ? 1 : 2;
}

/* Follows the filter for one number, adding to the points what it compares arguments with. Returns how many
 * comparisons it can reach, or -1 where it does something that cannot be followed. */
static int
follow(const struct proof *p, uint32_t nr)
{
	const struct state start = { .number = nr + 1 };
	int comparisons = 0;

	arrive(p, 0, start);
	for (size_t i = 0; i < p->count; i++) {
		const struct sock_filter *f = &p->filter[i];
		struct state s = p->states[i];
		int way;

		if (s.number != nr + 1)
			continue;
		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			arrive(p, i + 1, after_load(f, s));
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			if (s.kind == KNOWN)
				s.value &= f->k;
			s.mask &= f->k;
			arrive(p, i + 1, s);
			break;
		case BPF_JMP | BPF_JA:
			arrive(p, i + 1 + f->k, s);
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
		case BPF_JMP | BPF_JSET | BPF_K:
			if (s.kind == ANYTHING)
				return -1;
			if (s.kind == ARGUMENT) {
				add_compared(p, &s, f->k);
				comparisons++;
			}
			way = directions(f, &s);
			if ((way & 1) != 0)
				arrive(p, i + 1 + f->jt, s);
			if ((way & 2) != 0)
				arrive(p, i + 1 + f->jf, s);
			break;
		case BPF_RET | BPF_K:
			break;
		default:
			return -1;
		}
	}
	return comparisons;
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

/* Argument `full` takes all its values, the others their chief ones; with ALL every one takes all. */
#define ALL 6
static int
prove_argument(const struct proof *p, uint32_t nr, const struct rule *const *list, size_t count,
	int full, struct cordon_error *err)
{
	const struct points *points = p->points;
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
		while (a < 6 &&
			++at[a] == (a == full || full == ALL ? points[a].count : points[a].chief))
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
	struct points *points = p->points;
	unsigned long combinations = 1;
	int looks = 0, comparisons;

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
				looks = 1;
			}
	comparisons = follow(p, nr);
	if (comparisons < 0 || (comparisons > 0 && !looks))
		return cordon_fail(err, CORDON_ENOSUPPORT, 0,
			"the compiled filter is not what the rules say: it looks at more than they "
			"do for call number %u",
			nr);
	for (int a = 0; a < 6; a++) {
		if (points[a].count == POINTS_MAX)
			return cordon_fail(err, CORDON_ELIMIT, 0,
				"the rules for one call have too many values to prove");
		if (combinations <= COMBINATIONS_ALL)
			combinations *= points[a].count;
	}
	if (combinations <= COMBINATIONS_ALL)
		return prove_argument(p, nr, list, count, ALL, err);
	for (int a = 0; a < 6; a++)
		if ((a == 0 || points[a].count > 1) &&
			prove_argument(p, nr, list, count, a, err) < 0)
			return -1;
	return 0;
}

static int
prove(const struct proof *p, struct cordon_error *err)
{
	static const uint32_t others[] = { 0x3fffffff, 0x40000000, 0x40000001, 0x7fffffff,
		0x80000000, 0xfffffffe };
	const struct seccomp_data skipped = { .nr = -1, .arch = NATIVE }; /* by a tracer */

	for (uint32_t nr = 0; nr < CALL_NUMBERS + 64; nr++) {
		const struct seccomp_data foreign = { .nr = (int)nr, .arch = FOREIGN };

		const struct seccomp_data x32 = { .nr = (int)(nr | 0x40000000u), .arch = NATIVE };

		if (prove_call(p, nr, err) < 0 ||
			agrees(p, &foreign, SECCOMP_RET_KILL_PROCESS, err) < 0 ||
			agrees(p, &x32, rules_evaluate(p->rules, &x32), err) < 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		const struct seccomp_data data = { .nr = (int)others[i], .arch = NATIVE };

		if (follow(p, others[i]) != 0)
			return cordon_fail(err, CORDON_ENOSUPPORT, 0,
				"the compiled filter looks at arguments of call number 0x%x, which "
				"no rule is about",
				others[i]);
		if (agrees(p, &data, rules_evaluate(p->rules, &data), err) < 0)
			return -1;
	}
	return agrees(p, &skipped, rules_evaluate(p->rules, &skipped), err);
}

int
rules_verify(const struct rules *rules, const struct sock_filter *filter, size_t count,
	struct cordon_error *err)
{
	struct proof p = { .rules = rules, .filter = filter, .count = count };
	int result;

	if (cordon_bpf_check(filter, count) < 0)
		return cordon_fail(err, CORDON_ENOSUPPORT, 0,
			"the compiled filter is not a program that the kernel accepts");
	p.states = cordon_array(count, sizeof(*p.states));
	p.points = cordon_array(6, sizeof(*p.points));
	result = p.states == NULL || p.points == NULL
			 ? cordon_fail(err, CORDON_ESYS, ENOMEM, "could not verify the filter")
			 : prove(&p, err);
	free(p.points);
	free(p.states);
	return result;
}
