/* From rules to BPF.
 *
 * Numbers with the same outcome are joined to ranges, and a balanced tree of comparisons finds the
 * range; a number with argument rules leads to a chain of tests, in the order in which its rules
 * decide. libseccomp is not used here: its unions of argument rules come out wrong too often (see
 * docs/decisions/0003); tests compare with it where it is right. Whatever comes out is verified
 * before it is used (verify.c). */
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
#define NATIVE AUDIT_ARCH_X86_64
#else
#define NATIVE AUDIT_ARCH_AARCH64
#endif

#define RULES_PER_CALL   64
#define ARGUMENT_LOW(i)  (uint32_t)(offsetof(struct seccomp_data, args) + 8 * (i))
#define ARGUMENT_HIGH(i) (ARGUMENT_LOW(i) + 4)

struct code {
	struct sock_filter *items; /* owned */
	size_t count, capacity;
	int failed;
};

static void
emit(struct code *c, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	if (c->failed || cordon_grow(&c->items, &c->capacity, c->count + 1, BPF_MAXINSNS,
				 sizeof(*c->items)) < 0) {
		c->failed = 1;
		return;
	}
	c->items[c->count++] = (struct sock_filter){ code, jt, jf, k };
}

static void
append(struct code *c, const struct code *tail)
{
	for (size_t i = 0; i < tail->count; i++)
		emit(c, tail->items[i].code, tail->items[i].jt, tail->items[i].jf,
			tail->items[i].k);
	c->failed |= tail->failed;
}

/* A jump to the end of the piece that is being made: marked, and set by patch(). */
#define TO_NEXT 255

static void
patch(struct code *c, size_t from)
{
	for (size_t i = from; i < c->count; i++) {
		const size_t distance = c->count - i - 1;

		if (BPF_CLASS(c->items[i].code) != BPF_JMP)
			continue;
		if (c->items[i].jt == TO_NEXT || c->items[i].jf == TO_NEXT)
			c->failed |= distance >= TO_NEXT;
		if (c->items[i].jt == TO_NEXT)
			c->items[i].jt = (uint8_t)distance;
		if (c->items[i].jf == TO_NEXT)
			c->items[i].jf = (uint8_t)distance;
	}
}

/* One half of an argument, masked, in the accumulator. */
static void
load_half(struct code *c, uint32_t offset, uint32_t mask)
{
	emit(c, BPF_LD | BPF_W | BPF_ABS, 0, 0, offset);
	if (mask != UINT32_MAX)
		emit(c, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask);
}

/* Falls through when the argument has none of the values, else jumps TO_NEXT. */
static void
emit_none_of(struct code *c, const struct rule_condition *condition)
{
	const uint32_t low_mask = (uint32_t)condition->mask;
	const uint32_t high_mask = (uint32_t)(condition->mask >> 32);

	for (unsigned i = 0; i < condition->value_count; i++) {
		const uint32_t low = (uint32_t)condition->values[i];
		const uint32_t high = (uint32_t)(condition->values[i] >> 32);

		if (i == 0 || condition->wide)
			load_half(c, ARGUMENT_LOW(condition->argument), low_mask);
		if (!condition->wide) {
			emit(c, BPF_JMP | BPF_JEQ | BPF_K, TO_NEXT, 0, low);
			continue;
		}
		/* Another low half: over load, [mask] and comparison of the high one. */
		emit(c, BPF_JMP | BPF_JEQ | BPF_K, 0, high_mask != UINT32_MAX ? 3 : 2, low);
		load_half(c, ARGUMENT_HIGH(condition->argument), high_mask);
		emit(c, BPF_JMP | BPF_JEQ | BPF_K, TO_NEXT, 0, high);
	}
}

/* Falls through when the argument has one of the values, else jumps TO_NEXT. */
static void
emit_one_of(struct code *c, const struct rule_condition *condition)
{
	const unsigned count = condition->value_count;

	for (unsigned i = 0; i < count; i++) {
		const int last = i + 1 == count;
		const uint32_t low = (uint32_t)condition->values[i];
		const uint32_t high = (uint32_t)(condition->values[i] >> 32);

		if (!condition->wide) {
			if (i == 0)
				load_half(c, ARGUMENT_LOW(condition->argument),
					(uint32_t)condition->mask);
			emit(c, BPF_JMP | BPF_JEQ | BPF_K, last ? 0 : (uint8_t)(count - 1 - i),
				last ? TO_NEXT : 0, low);
			continue;
		}
		/* Each value is a piece of its own: load, [mask,] compare, load, [mask,] compare,
		 * and a jump over the pieces behind it. */
		struct code piece = { 0 };
		const uint32_t low_mask = (uint32_t)condition->mask;
		const uint32_t high_mask = (uint32_t)(condition->mask >> 32);
		const size_t piece_length =
			4u + (low_mask != UINT32_MAX) + (high_mask != UINT32_MAX) + 1u;
		const uint8_t rest_low = (uint8_t)(3 + (high_mask != UINT32_MAX));

		load_half(&piece, ARGUMENT_LOW(condition->argument), low_mask);
		emit(&piece, BPF_JMP | BPF_JEQ | BPF_K, 0, last ? TO_NEXT : rest_low, low);
		load_half(&piece, ARGUMENT_HIGH(condition->argument), high_mask);
		emit(&piece, BPF_JMP | BPF_JEQ | BPF_K, 0, last ? TO_NEXT : 1, high);
		emit(&piece, BPF_JMP | BPF_JA, 0, 0, (uint32_t)(piece_length * (count - 1 - i)));
		append(c, &piece);
		free(piece.items);
	}
}

/* What happens to one number whose rules look at arguments. */
static void
emit_chain(struct code *c, const struct rules *rules, const struct rule *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const size_t start = c->count;

		for (unsigned k = 0; k < list[i]->condition_count; k++)
			if (list[i]->conditions[k].negated)
				emit_none_of(c, &list[i]->conditions[k]);
			else
				emit_one_of(c, &list[i]->conditions[k]);
		emit(c, BPF_RET | BPF_K, 0, 0, rule_result(list[i]));
		patch(c, start);
		if (list[i]->condition_count == 0)
			return;
	}
	emit(c, BPF_RET | BPF_K, 0, 0, rules_default(rules));
}

/* Numbers from first up to the next range's first, with one outcome. */
struct range {
	uint32_t first;
	struct code code;
};

struct ranges {
	struct range items[CALL_NUMBERS + 1];
	size_t count;
};

static int
same_code(const struct code *a, const struct code *b)
{
	return a->count == b->count && !a->failed && !b->failed &&
	       memcmp(a->items, b->items, a->count * sizeof(*a->items)) == 0;
}

static void
collect(const struct rules *rules, struct ranges *ranges)
{
	for (uint32_t nr = 0; nr <= CALL_NUMBERS; nr++) {
		const struct rule *list[RULES_PER_CALL];
		const size_t count = rules_for(rules, nr, list, RULES_PER_CALL);
		struct range *previous =
			ranges->count > 0 ? &ranges->items[ranges->count - 1] : NULL;
		struct code code = { 0 };

		emit_chain(&code, rules, list, count);
		code.failed |= count == RULES_PER_CALL;
		if (previous != NULL && same_code(&previous->code, &code))
			free(code.items);
		else
			ranges->items[ranges->count++] = (struct range){ nr, code };
	}
}

/* The tree over ranges low to high - 1; the number is in the accumulator. */
static void
emit_tree(struct code *c, const struct ranges *ranges, size_t low, size_t high)
{
	const size_t middle = (low + high) / 2;
	struct code left = { 0 };

	if (high - low == 1) {
		append(c, &ranges->items[low].code);
		return;
	}
	emit_tree(&left, ranges, low, middle);
	if (left.count < 255) {
		emit(c, BPF_JMP | BPF_JGE | BPF_K, (uint8_t)left.count, 0,
			ranges->items[middle].first);
	} else {
		emit(c, BPF_JMP | BPF_JGE | BPF_K, 0, 1, ranges->items[middle].first);
		emit(c, BPF_JMP | BPF_JA, 0, 0, (uint32_t)left.count);
	}
	append(c, &left);
	free(left.items);
	emit_tree(c, ranges, middle, high);
}

int
rules_compile(const struct rules *rules, struct sock_filter **ret, size_t *ret_count,
	struct cordon_error *err)
{
	struct ranges *ranges = cordon_array(1, sizeof(*ranges));
	struct code c = { 0 };

	if (ranges == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not compile the filter");
	emit(&c, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
	emit(&c, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, NATIVE);
	emit(&c, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
	emit(&c, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
	/* x32 has bit 30. A tracer that skips a call sets the number to -1, which is not x32:
	 * seccomp(2), "x86-64". It falls to the default below. */
	emit(&c, BPF_JMP | BPF_JGE | BPF_K, 0, 2, 0x40000000u);
	emit(&c, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, UINT32_MAX);
	emit(&c, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
#endif
	collect(rules, ranges);
	emit_tree(&c, ranges, 0, ranges->count);
	for (size_t i = 0; i < ranges->count; i++) {
		c.failed |= ranges->items[i].code.failed;
		free(ranges->items[i].code.items);
	}
	free(ranges);
	if (c.failed) {
		free(c.items);
		return cordon_fail(err, CORDON_ELIMIT, 0,
			"the system call rules need more than %d instructions, the kernel's limit",
			BPF_MAXINSNS);
	}
	*ret = c.items;
	*ret_count = c.count;
	return 0;
}
