/* What a seccomp program may return for a whole set of calls. Trying some calls cannot show that a program
 * refuses all of them: it may look for exactly those.
 *
 * Each instruction that can be reached is taken once, with what is known of the accumulator on every
 * way to it. Jumps go forward, so that the lowest instruction that waits has seen all of its
 * predecessors. What is not followed (the index register, scratch words, most arithmetic) leaves an
 * accumulator of which nothing is known, and a comparison with that goes both ways.
 *
 * Tests: tests/unit/test_bpf.c. */
#include <cordon/bpf.h>

#include <assert.h>
#include <string.h>

struct walk {
	const struct sock_filter *program;
	const struct cordon_bpf_calls *calls;
	struct cordon_bpf_room *room;
};

static struct cordon_bpf_bits
load(const struct cordon_bpf_calls *calls, uint32_t offset)
{
	static const struct cordon_bpf_bits anything;

	static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "low halves come first");
	if (offset == offsetof(struct seccomp_data, nr))
		return calls->nr;
	if (offset == offsetof(struct seccomp_data, arch))
		return calls->arch;
	for (uint32_t i = 0; i < 6; i++)
		if (offset == offsetof(struct seccomp_data, args) + 8 * i)
			return calls->args[i];
	return anything;
}

/* One more way to an instruction. */
static void
reach(const struct walk *w, size_t at, struct cordon_bpf_bits a)
{
	const uint64_t bit = 1ull << at % 64;
	struct cordon_bpf_bits *there = &w->room->a[at];

	if ((w->room->reached[at / 64] & bit) != 0) {
		a.known &= there->known & ~(a.value ^ there->value);
		a.value &= a.known;
	}
	w->room->reached[at / 64] |= bit;
	*there = a;
}

/* 1 or 0 where the comparison has the same outcome for all, else -1. */
static int
compare(struct cordon_bpf_bits a, const struct sock_filter *f)
{
	const uint32_t least = a.value, most = a.value | ~a.known;

	if (BPF_SRC(f->code) == BPF_X)
		return -1;
	switch (BPF_OP(f->code)) {
	case BPF_JEQ:
		if (((a.value ^ f->k) & a.known) != 0)
			return 0;
		return a.known == UINT32_MAX ? 1 : -1;
	case BPF_JGT:
		return least > f->k ? 1 : most <= f->k ? 0 : -1;
	case BPF_JGE:
		return least >= f->k ? 1 : most < f->k ? 0 : -1;
	case BPF_JSET:
		return (least & f->k) != 0 ? 1 : (most & f->k) == 0 ? 0 : -1;
	default:
		return -1;
	}
}

static void
jump(const struct walk *w, size_t at, struct cordon_bpf_bits a)
{
	const struct sock_filter *f = &w->program[at];
	int outcome;

	if (BPF_OP(f->code) == BPF_JA) {
		reach(w, at + 1 + f->k, a);
		return;
	}
	outcome = compare(a, f);
	if (outcome != 0)
		reach(w, at + 1 + f->jt, a);
	if (outcome != 1)
		reach(w, at + 1 + f->jf, a);
}

/* The accumulator after an instruction that does not jump. */
static struct cordon_bpf_bits
after(const struct walk *w, const struct sock_filter *f, struct cordon_bpf_bits a)
{
	switch (f->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		return load(w->calls, f->k);
	case BPF_LD | BPF_IMM:
		return (struct cordon_bpf_bits){ UINT32_MAX, f->k };
	case BPF_ALU | BPF_AND | BPF_K:
		return (struct cordon_bpf_bits){ a.known | ~f->k, a.value & f->k };
	case BPF_ALU | BPF_OR | BPF_K:
		return (struct cordon_bpf_bits){ a.known | f->k, a.value | f->k };
	case BPF_ST:
	case BPF_STX:
	case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_IMM:
	case BPF_LDX | BPF_MEM:
	case BPF_MISC | BPF_TAX:
		return a;
	default:
		return (struct cordon_bpf_bits){ 0, 0 };
	}
}

int
cordon_bpf_may_return(const struct sock_filter *program, size_t count,
	const struct cordon_bpf_calls *calls, int (*is_wanted)(uint32_t result),
	struct cordon_bpf_room *room)
{
	const struct walk w = { program, calls, room };
	const size_t words = (count + 63) / 64;

	memset(room->reached, 0, words * sizeof(room->reached[0]));
	reach(&w, 0, (struct cordon_bpf_bits){ UINT32_MAX, 0 });
	for (size_t word = 0; word < words; word++)
		while (room->reached[word] != 0) {
			const size_t at = 64 * word + (size_t)__builtin_ctzll(room->reached[word]);
			const struct cordon_bpf_bits a = room->a[at];

			room->reached[word] &= room->reached[word] - 1;
			if (program[at].code == (BPF_RET | BPF_K)) {
				if (is_wanted(program[at].k))
					return 1;
			} else if (BPF_CLASS(program[at].code) == BPF_RET) {
				if (a.known != UINT32_MAX || is_wanted(a.value))
					return 1;
			} else if (BPF_CLASS(program[at].code) == BPF_JMP) {
				jump(&w, at, a);
			} else {
				reach(&w, at + 1, after(&w, &program[at], a));
			}
		}
	return 0;
}
