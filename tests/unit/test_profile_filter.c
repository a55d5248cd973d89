/* Compiler, proof and meaning of rules: three things that must agree, and a proof that fails when they do
 * not. Random, from a fixed seed. */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/audit.h>
#include <seccomp.h>

#include <cordon/bpf.h>

#include "calls.h"
#include "rules.h"

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#else
#define NATIVE AUDIT_ARCH_AARCH64
#endif

static uint64_t state = 0x9e3779b97f4a7c15u;

static uint64_t
draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static unsigned
below(unsigned end)
{
	return (unsigned)(draw() % end);
}

/* Few values, so that rules meet. */
static uint64_t
draw_value(void)
{
	static const uint64_t some[] = { 0, 1, 2, 3, 0x40, 0x400, 0x800, 0xc00, 0x7fffffff,
		0x80000000, 0xffffffff, 0x100000000, 0x100000001, 0xffffffff00000000, UINT64_MAX };

	return below(4) == 0 ? draw() : some[below(sizeof(some) / sizeof(some[0]))];
}

struct made {
	struct rule rule;
	uint16_t numbers[8];
	uint64_t values[RULE_CONDITIONS][RULE_VALUES];
};

static void
draw_condition(struct made *m)
{
	struct rule_condition *c = &m->rule.conditions[m->rule.condition_count];

	*c = (struct rule_condition){ .values = m->values[m->rule.condition_count],
		.argument = below(3),
		.wide = below(2) == 0,
		.negated = below(2) == 0,
		.mask = UINT64_MAX,
		.value_count = below(3) == 0 ? 1 + below(4) : 1 };
	if (below(2) == 0)
		while ((c->mask = draw_value() & (c->wide ? UINT64_MAX : UINT32_MAX)) == 0)
			;
	for (unsigned i = 0; i < c->value_count; i++)
		c->values[i] = draw_value() & c->mask & (c->wide ? UINT64_MAX : UINT32_MAX);
	m->rule.condition_count++;
}

static void
draw_rules(struct rules *rules, unsigned count)
{
	*rules = (struct rules){ .default_error = below(4) == 0 ? 0 : ENOSYS };
	for (unsigned i = 0; i < count; i++) {
		struct made m = { 0 };

		m.rule.numbers = m.numbers;
		m.rule.action = below(RULE_ALLOW + 1);
		m.rule.error = 1 + (int)below(100);
		m.rule.quiet = m.rule.action == RULE_ERRNO && below(2) == 0;
		for (m.rule.number_count = 0; m.rule.number_count < 1 + below(3);)
			m.numbers[m.rule.number_count++] = (uint16_t)(below(5) * 90);
		for (unsigned k = below(4); k > 0; k--)
			draw_condition(&m);
		cr_assert(rules_add(rules, &m.rule) == 0);
	}
}

static void
draw_call(struct seccomp_data *data)
{
	*data = (struct seccomp_data){ .nr = (int)(below(5) * 90 + (below(8) == 0)),
		.arch = NATIVE };
	for (int i = 0; i < 3; i++)
		data->args[i] = draw_value();
}

TestSuite(profile_filter, .timeout = 300);

Test(profile_filter, is_what_random_rules_say)
{
	for (int round = 0; round < 400; round++) {
		struct rules rules;
		struct sock_filter *filter;
		struct cordon_error err = { 0 };
		size_t count;

		draw_rules(&rules, 1 + below(8));
		cr_assert(rules_compile(&rules, &filter, &count, &err) == 0, "%s", err.text);
		cr_assert(cordon_bpf_check(filter, count) == 0);
		if (rules_verify(&rules, filter, count, &err) < 0)
			cr_assert(err.code == CORDON_ELIMIT, "round %d: %s", round, err.text);
		for (int i = 0; i < 2000; i++) {
			struct seccomp_data data;

			draw_call(&data);
			cr_assert(cordon_bpf_run(filter, count, &data) ==
					  rules_evaluate(&rules, &data),
				"round %d", round);
		}
		free(filter);
		rules_finish(&rules);
	}
}

/* libseccomp as a second opinion, where it is right: one rule a call, one condition. */
static size_t
compile_with_libseccomp(const struct rules *rules, struct sock_filter *filter, size_t room)
{
	scmp_filter_ctx context = seccomp_init(
		SCMP_ACT_ERRNO((uint32_t)rules->default_error + CORDON_ERRNO_REPORTED));
	char path[] = "/tmp/cordon-bpf-XXXXXX";
	const int fd = mkstemp(path);
	ssize_t size;

	cr_assert(context != NULL && fd >= 0);
	unlink(path);
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *r = &rules->items[i];
		const struct rule_condition *c = &r->conditions[0];
		const uint64_t mask = c->mask & (c->wide ? UINT64_MAX : UINT32_MAX);
		const struct scmp_arg_cmp compare =
			SCMP_CMP64(c->argument, SCMP_CMP_MASKED_EQ, mask, c->values[0]);

		const int result = seccomp_rule_add_exact_array(context,
			r->action == RULE_ALLOW ? SCMP_ACT_ALLOW
						: SCMP_ACT_ERRNO(rule_result(r) & 0xffff),
			r->numbers[0], 1, &compare);

		cr_assert(result == 0, "%s", strerror(-result));
	}
	cr_assert(seccomp_export_bpf(context, fd) == 0);
	seccomp_release(context);
	size = pread(fd, filter, room * sizeof(*filter), 0);
	close(fd);
	cr_assert(size > 0);
	return (size_t)size / sizeof(*filter);
}

Test(profile_filter, is_what_libseccomp_makes_of_simple_rules)
{
	static struct sock_filter theirs[BPF_MAXINSNS];

	for (int round = 0; round < 100; round++) {
		struct rules rules = { .default_error = ENOSYS };
		struct sock_filter *ours;
		struct cordon_error err = { 0 };
		size_t count, their_count;

		for (uint16_t i = 0; i < 5; i++) {
			struct made m = { .numbers = { (uint16_t)(i * 90) } };

			m.rule.numbers = m.numbers;
			m.rule.number_count = 1;
			m.rule.action = below(2) == 0 ? RULE_ALLOW : RULE_ERRNO;
			m.rule.error =
				ENOSYS + 1 + (int)below(90); /* the default is refused there */
			draw_condition(&m);
			m.rule.conditions[0].negated = 0;
			m.rule.conditions[0].value_count = 1;
			cr_assert(rules_add(&rules, &m.rule) == 0);
		}
		their_count = compile_with_libseccomp(&rules, theirs, BPF_MAXINSNS);
		cr_assert(rules_compile(&rules, &ours, &count, &err) == 0);
		for (int i = 0; i < 2000; i++) {
			struct seccomp_data data;

			draw_call(&data);
			cr_assert(cordon_bpf_run(ours, count, &data) ==
					  cordon_bpf_run(theirs, their_count, &data),
				"round %d", round);
		}
		free(ours);
		rules_finish(&rules);
	}
}

static int
seems_equal(const struct rules *rules, const struct sock_filter *filter, size_t count)
{
	for (int i = 0; i < 20000; i++) {
		struct seccomp_data data;

		draw_call(&data);
		data.nr = (int)below(512);
		if (cordon_bpf_run(filter, count, &data) != rules_evaluate(rules, &data))
			return 0;
	}
	return 1;
}

/* Changes one instruction. Returns 0 when there is no such change of it. */
static int
mutate(struct sock_filter *f, int kind)
{
	const int is_jump = BPF_CLASS(f->code) == BPF_JMP && BPF_OP(f->code) != BPF_JA;
	const uint8_t jt = f->jt;

	switch (kind) {
	case 0:
		f->k++;
		return BPF_CLASS(f->code) != BPF_LD;
	case 1:
		f->k ^= 0x80000000u;
		return BPF_CLASS(f->code) != BPF_LD;
	case 2:
		f->jt = f->jf;
		f->jf = jt;
		return is_jump && f->jt != f->jf;
	case 3:
		f->jt++;
		return is_jump;
	case 4:
		f->jf++;
		return is_jump;
	default:
		f->k += 4; /* the next half of an argument, or the next argument */
		return BPF_CLASS(f->code) == BPF_LD;
	}
}

Test(profile_filter, the_proof_fails_for_a_filter_with_one_wrong_instruction)
{
	static const char *const names[] = { "strict", "build" };
	int caught = 0, survived = 0;

	for (int n = 0; n < 2; n++) {
		const struct cordon_profile_places places = { .builtin_only = 1 };
		struct cordon_error err = { 0 };
		struct cordon_profile *p = cordon_profile_load(&places, names[n], &err);

		cr_assert(p != NULL, "%s", err.text);
		for (size_t i = 0; i < p->filter_count; i++)
			for (int kind = 0; kind < 6; kind++) {
				const struct sock_filter saved = p->filter[i];

				if (mutate(&p->filter[i], kind)) {
					if (rules_verify(
						    p->rules, p->filter, p->filter_count, &err) < 0)
						caught++;
					else if (seems_equal(p->rules, p->filter, p->filter_count))
						survived++; /* another way to write the same */
					else
						cr_expect(0,
							"%s: instruction %zu, change %d is missed",
							names[n], i, kind);
				}
				p->filter[i] = saved;
			}
		cordon_profile_destroy(p);
	}
	cr_expect(caught > 1500, "%d caught", caught);
	cr_expect(survived < caught / 20, "%d of %d survived", survived, caught + survived);
}

/* Severity, then the order of layers: what INTERFACES calls the most severe. */
Test(profile_filter, the_most_severe_rule_decides_and_the_first_among_equals)
{
	uint16_t number = 0;
	uint64_t one = 1;
	struct rules rules = { .default_error = ENOSYS };
	const struct rule_condition is_one = {
		.mask = UINT64_MAX, .values = &one, .value_count = 1
	};
	struct rule rule = { .numbers = &number, .number_count = 1, .action = RULE_ALLOW };
	struct seccomp_data data = { .nr = 0, .arch = NATIVE };

	cr_assert(rules_add(&rules, &rule) == 0);
	rule.action = RULE_ERRNO;
	rule.error = EPERM;
	rule.conditions[0] = is_one;
	rule.condition_count = 1;
	cr_assert(rules_add(&rules, &rule) == 0);
	rule.error = EACCES;
	cr_assert(rules_add(&rules, &rule) == 0);

	cr_expect(rules_evaluate(&rules, &data) == SECCOMP_RET_ALLOW);
	data.args[0] = 1;
	cr_expect(rules_evaluate(&rules, &data) ==
		  (SECCOMP_RET_ERRNO | (EPERM + CORDON_ERRNO_REPORTED)));
	rule.action = RULE_KILL;
	cr_assert(rules_add(&rules, &rule) == 0);
	cr_expect(rules_evaluate(&rules, &data) == SECCOMP_RET_KILL_PROCESS);
	rules_finish(&rules);
}

Test(profile_filter, too_large_is_an_error_and_not_a_wrong_filter)
{
	struct rules rules = { .default_error = ENOSYS };
	struct cordon_error err = { 0 };
	struct sock_filter *filter = NULL;
	size_t count = 0;

	for (unsigned i = 0; i < 60; i++) {
		struct made m = { 0 };

		m.rule.numbers = m.numbers;
		m.numbers[0] = 1;
		m.rule.number_count = 1;
		m.rule.action = RULE_ALLOW;
		for (unsigned k = 0; k < RULE_CONDITIONS; k++) {
			struct rule_condition *c = &m.rule.conditions[k];

			*c = (struct rule_condition){ .argument = k,
				.wide = 1,
				.mask = UINT64_MAX,
				.values = m.values[k],
				.value_count = RULE_VALUES };
			for (unsigned v = 0; v < RULE_VALUES; v++)
				c->values[v] = i * 1000 + v;
			m.rule.condition_count++;
		}
		cr_assert(rules_add(&rules, &m.rule) == 0);
	}
	cr_expect(rules_compile(&rules, &filter, &count, &err) == -1);
	cr_expect(err.code == CORDON_ELIMIT, "%s", err.text);
	rules_finish(&rules);
}
