#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>
#include <stddef.h>

#include <cordon/bpf.h>

Test(bpf, check_refuses_what_the_kernel_would)
{
	const struct sock_filter no_return[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0) };
	const struct sock_filter outside[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64),
		BPF_STMT(BPF_RET | BPF_K, 0) };
	const struct sock_filter unaligned[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2),
		BPF_STMT(BPF_RET | BPF_K, 0) };
	const struct sock_filter too_far[] = { BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0) };
	const struct sock_filter packet[] = { BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		BPF_STMT(BPF_RET | BPF_K, 0) };

	cr_assert(eq(int, cordon_bpf_check(no_return, 1), -1));
	cr_assert(eq(int, cordon_bpf_check(outside, 2), -1));
	cr_assert(eq(int, cordon_bpf_check(unaligned, 2), -1));
	cr_assert(eq(int, cordon_bpf_check(too_far, 2), -1));
	cr_assert(eq(int, cordon_bpf_check(packet, 2), -1));
	cr_assert(eq(int, cordon_bpf_check(no_return, 0), -1));
}

Test(bpf, loadable_turns_marked_refusals_only)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (CORDON_ERRNO_REPORTED + EPERM)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_filter plain[3];

	for (int i = 0; i < 3; i++)
		plain[i] = program[i];
	cordon_bpf_loadable(program, 3, 1);
	cordon_bpf_loadable(plain, 3, 0);

	cr_assert(eq(u32, program[0].k, SECCOMP_RET_USER_NOTIF));
	cr_assert(eq(u32, program[1].k, SECCOMP_RET_ERRNO | ENOSYS));
	cr_assert(eq(u32, program[2].k, SECCOMP_RET_ALLOW));
	cr_assert(eq(u32, plain[0].k, SECCOMP_RET_ERRNO | EPERM));
}

/* What a program may return for a set of calls. */

static struct cordon_bpf_room room;

static int
allows(uint32_t result)
{
	return (result & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ALLOW;
}

#define LOAD(field)         BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define JUMP(op, k, jt, jf) BPF_JUMP(BPF_JMP | (op) | BPF_K, k, jt, jf)
#define ALLOW               BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define REFUSE              BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

Test(bpf, may_return_follows_known_bits_through_masks_and_comparisons)
{
	const struct {
		struct sock_filter jump;
		struct cordon_bpf_bits argument;
		int may;
	} cases[] = {
		{ JUMP(BPF_JEQ, 5, 1, 0), { UINT32_MAX, 5 }, 1 },
		{ JUMP(BPF_JEQ, 5, 1, 0), { UINT32_MAX, 4 }, 0 },
		{ JUMP(BPF_JEQ, 5, 1, 0), { 0, 0 }, 1 },
		{ JUMP(BPF_JEQ, 5, 1, 0), { 2, 2 }, 0 },
		{ JUMP(BPF_JEQ, 5, 1, 0), { 4, 4 }, 1 },
		{ JUMP(BPF_JEQ, 5, 0, 1), { UINT32_MAX, 5 }, 0 },
		{ JUMP(BPF_JEQ, 5, 0, 1), { 4, 4 }, 1 },
		{ JUMP(BPF_JGT, 7, 1, 0), { ~7u, 0 }, 0 },
		{ JUMP(BPF_JGT, 6, 1, 0), { ~7u, 0 }, 1 },
		{ JUMP(BPF_JGT, 6, 0, 1), { 8, 8 }, 0 },
		{ JUMP(BPF_JGT, 8, 0, 1), { 8, 8 }, 1 },
		{ JUMP(BPF_JGE, 8, 0, 1), { 8, 8 }, 0 },
		{ JUMP(BPF_JGE, 9, 0, 1), { 8, 8 }, 1 },
		{ JUMP(BPF_JGE, 8, 1, 0), { ~7u, 0 }, 0 },
		{ JUMP(BPF_JGE, 7, 1, 0), { ~7u, 0 }, 1 },
		{ JUMP(BPF_JSET, 6, 1, 0), { 6, 0 }, 0 },
		{ JUMP(BPF_JSET, 6, 1, 0), { 4, 0 }, 1 },
		{ JUMP(BPF_JSET, 6, 0, 1), { 4, 4 }, 0 },
		{ JUMP(BPF_JSET, 6, 0, 1), { 4, 0 }, 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct sock_filter program[] = { LOAD(args[1]), cases[i].jump, REFUSE,
			ALLOW };
		const struct cordon_bpf_calls calls = { .args[1] = cases[i].argument };

		cr_expect(eq(int, cordon_bpf_may_return(program, 4, &calls, allows, &room),
				  cases[i].may),
			"case %zu", i);
	}
}

Test(bpf, may_return_knows_less_where_ways_meet)
{
	/* Either 3 or 1 comes to the comparison: bit 0 is known, bit 1 is not. */
	struct sock_filter program[] = { LOAD(args[0]), JUMP(BPF_JEQ, 0, 0, 2),
		BPF_STMT(BPF_LD | BPF_IMM, 3), BPF_STMT(BPF_JMP | BPF_JA, 1),
		BPF_STMT(BPF_LD | BPF_IMM, 1), JUMP(BPF_JSET, 1, 0, 1), REFUSE, ALLOW };
	const struct cordon_bpf_calls any = { 0 };

	cr_expect(eq(int, cordon_bpf_may_return(program, 8, &any, allows, &room), 0));
	program[5].k = 2;
	cr_expect(eq(int, cordon_bpf_may_return(program, 8, &any, allows, &room), 1));
}

static uint32_t
random_word(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(*state >> 33);
}

/* Any instruction with small numbers, so that comparisons meet; valid programs are picked out. */
static struct sock_filter
random_instruction(uint64_t *state)
{
	static const uint16_t codes[] = { BPF_LD | BPF_W | BPF_ABS, BPF_LD | BPF_W | BPF_ABS,
		BPF_LD | BPF_W | BPF_LEN, BPF_LD | BPF_IMM, BPF_LDX | BPF_IMM, BPF_LD | BPF_MEM,
		BPF_LDX | BPF_MEM, BPF_ST, BPF_STX, BPF_MISC | BPF_TAX, BPF_MISC | BPF_TXA,
		BPF_ALU | BPF_ADD | BPF_K, BPF_ALU | BPF_AND | BPF_K, BPF_ALU | BPF_AND | BPF_X,
		BPF_ALU | BPF_OR | BPF_K, BPF_ALU | BPF_OR | BPF_X, BPF_ALU | BPF_XOR | BPF_K,
		BPF_ALU | BPF_LSH | BPF_K, BPF_ALU | BPF_RSH | BPF_X, BPF_ALU | BPF_NEG,
		BPF_ALU | BPF_DIV | BPF_X, BPF_JMP | BPF_JA, BPF_JMP | BPF_JEQ | BPF_K,
		BPF_JMP | BPF_JEQ | BPF_X, BPF_JMP | BPF_JGT | BPF_K, BPF_JMP | BPF_JGE | BPF_K,
		BPF_JMP | BPF_JSET | BPF_K, BPF_JMP | BPF_JEQ | BPF_K, BPF_JMP | BPF_JGE | BPF_X,
		BPF_RET | BPF_K, BPF_RET | BPF_A };
	struct sock_filter f = { codes[random_word(state) % (sizeof(codes) / sizeof(codes[0]))] };

	f.jt = random_word(state) % 4;
	f.jf = random_word(state) % 4;
	f.k = random_word(state) % 8;
	if (f.code == (BPF_LD | BPF_W | BPF_ABS))
		f.k = 4 * (random_word(state) % 16);
	if (f.code == (BPF_RET | BPF_K))
		f.k = random_word(state) % 2 ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO;
	return f;
}

static struct cordon_bpf_bits
forget(uint64_t *state, uint32_t word)
{
	uint32_t known = random_word(state) ^ random_word(state) << 16;

	if (random_word(state) % 3 == 0)
		known = UINT32_MAX;
	return (struct cordon_bpf_bits){ known, word & known };
}

/* The promise: what some call of the set gets is never denied. */
Test(bpf, may_return_never_overlooks_what_a_call_of_the_set_gets, .timeout = 120)
{
	uint64_t state = 20260101;
	size_t valid = 0, sure = 0, allowed = 0;

	while (valid < 60000) {
		struct sock_filter program[12];
		struct seccomp_data data = { 0 };
		struct cordon_bpf_calls calls;
		int may;

		for (int i = 0; i < 12; i++)
			program[i] = random_instruction(&state);
		program[11] = (struct sock_filter)ALLOW;
		if (cordon_bpf_check(program, 12) < 0)
			continue;
		valid++;
		data.nr = random_word(&state) % 8;
		data.arch = random_word(&state) % 8;
		data.instruction_pointer = random_word(&state) % 8;
		for (int i = 0; i < 6; i++)
			data.args[i] = random_word(&state) % 8 | (uint64_t)(random_word(&state) % 2)
									 << 32;
		calls.nr = forget(&state, (uint32_t)data.nr);
		calls.arch = forget(&state, data.arch);
		for (int i = 0; i < 6; i++)
			calls.args[i] = forget(&state, (uint32_t)data.args[i]);

		may = cordon_bpf_may_return(program, 12, &calls, allows, &room);

		sure += !may;
		if (allows(cordon_bpf_run(program, 12, &data))) {
			allowed++;
			cr_assert(may, "program %zu", valid);
		}
	}
	cr_expect(sure > 1000 && allowed > 1000, "%zu surely refused, %zu allowed", sure, allowed);
}
