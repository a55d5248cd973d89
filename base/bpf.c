#include <cordon/bpf.h>

#include <assert.h>
#include <string.h>

uint32_t
cordon_bpf_run(const struct sock_filter *program, size_t count, const struct seccomp_data *data)
{
	uint32_t a = 0, x = 0, mem[BPF_MEMWORDS] = { 0 };
	size_t pc = 0;

	/* Jumps only go forward and stay inside (checked), so every program ends in a return. */
	while (pc < count) {
		const struct sock_filter *f = &program[pc++];
		const uint32_t operand = BPF_SRC(f->code) == BPF_X ? x : f->k;

		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, (const char *)data + f->k, sizeof(a));
			break;
		case BPF_LD | BPF_W | BPF_LEN:
			a = sizeof(*data);
			break;
		case BPF_LDX | BPF_W | BPF_LEN:
			x = sizeof(*data);
			break;
		case BPF_LD | BPF_IMM:
			a = f->k;
			break;
		case BPF_LDX | BPF_IMM:
			x = f->k;
			break;
		case BPF_LD | BPF_MEM:
			a = mem[f->k];
			break;
		case BPF_LDX | BPF_MEM:
			x = mem[f->k];
			break;
		case BPF_ST:
			mem[f->k] = a;
			break;
		case BPF_STX:
			mem[f->k] = x;
			break;
		case BPF_MISC | BPF_TAX:
			x = a;
			break;
		case BPF_MISC | BPF_TXA:
			a = x;
			break;
		case BPF_ALU | BPF_ADD | BPF_K:
		case BPF_ALU | BPF_ADD | BPF_X:
			a += operand;
			break;
		case BPF_ALU | BPF_SUB | BPF_K:
		case BPF_ALU | BPF_SUB | BPF_X:
			a -= operand;
			break;
		case BPF_ALU | BPF_MUL | BPF_K:
		case BPF_ALU | BPF_MUL | BPF_X:
			a *= operand;
			break;
		case BPF_ALU | BPF_DIV | BPF_K:
		case BPF_ALU | BPF_DIV | BPF_X:
			if (operand == 0)
				return SECCOMP_RET_KILL_PROCESS;
			a /= operand;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
		case BPF_ALU | BPF_AND | BPF_X:
			a &= operand;
			break;
		case BPF_ALU | BPF_OR | BPF_K:
		case BPF_ALU | BPF_OR | BPF_X:
			a |= operand;
			break;
		case BPF_ALU | BPF_XOR | BPF_K:
		case BPF_ALU | BPF_XOR | BPF_X:
			a ^= operand;
			break;
		case BPF_ALU | BPF_LSH | BPF_K:
		case BPF_ALU | BPF_LSH | BPF_X:
			a <<= operand & 31; /* as the kernel's interpreter and compilers do */
			break;
		case BPF_ALU | BPF_RSH | BPF_K:
		case BPF_ALU | BPF_RSH | BPF_X:
			a >>= operand & 31;
			break;
		case BPF_ALU | BPF_NEG:
			a = 0u - a;
			break;
		case BPF_JMP | BPF_JA:
			pc += f->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JEQ | BPF_X:
			pc += a == operand ? f->jt : f->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_X:
			pc += a > operand ? f->jt : f->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_X:
			pc += a >= operand ? f->jt : f->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
		case BPF_JMP | BPF_JSET | BPF_X:
			pc += (a & operand) != 0 ? f->jt : f->jf;
			break;
		case BPF_RET | BPF_K:
			return f->k;
		case BPF_RET | BPF_A:
			return a;
		default:
			return SECCOMP_RET_KILL_PROCESS;
		}
	}
	return SECCOMP_RET_KILL_PROCESS;
}

/* True for what kernel/seccomp.c seccomp_check_filter() lets through. */
static int
instruction_is_known(const struct sock_filter *f)
{
	switch (f->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		return f->k < sizeof(struct seccomp_data) && (f->k & 3) == 0;
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
		return f->k < BPF_MEMWORDS;
	case BPF_ALU | BPF_DIV | BPF_K:
		return f->k != 0;
	case BPF_ALU | BPF_LSH | BPF_K:
	case BPF_ALU | BPF_RSH | BPF_K:
		return f->k < 32;
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_LD | BPF_IMM:
	case BPF_LDX | BPF_IMM:
	case BPF_MISC | BPF_TAX:
	case BPF_MISC | BPF_TXA:
	case BPF_ALU | BPF_ADD | BPF_K:
	case BPF_ALU | BPF_ADD | BPF_X:
	case BPF_ALU | BPF_SUB | BPF_K:
	case BPF_ALU | BPF_SUB | BPF_X:
	case BPF_ALU | BPF_MUL | BPF_K:
	case BPF_ALU | BPF_MUL | BPF_X:
	case BPF_ALU | BPF_DIV | BPF_X:
	case BPF_ALU | BPF_AND | BPF_K:
	case BPF_ALU | BPF_AND | BPF_X:
	case BPF_ALU | BPF_OR | BPF_K:
	case BPF_ALU | BPF_OR | BPF_X:
	case BPF_ALU | BPF_XOR | BPF_K:
	case BPF_ALU | BPF_XOR | BPF_X:
	case BPF_ALU | BPF_LSH | BPF_X:
	case BPF_ALU | BPF_RSH | BPF_X:
	case BPF_ALU | BPF_NEG:
	case BPF_JMP | BPF_JA:
	case BPF_JMP | BPF_JEQ | BPF_K:
	case BPF_JMP | BPF_JEQ | BPF_X:
	case BPF_JMP | BPF_JGT | BPF_K:
	case BPF_JMP | BPF_JGT | BPF_X:
	case BPF_JMP | BPF_JGE | BPF_K:
	case BPF_JMP | BPF_JGE | BPF_X:
	case BPF_JMP | BPF_JSET | BPF_K:
	case BPF_JMP | BPF_JSET | BPF_X:
	case BPF_RET | BPF_K:
	case BPF_RET | BPF_A:
		return 1;
	default:
		return 0;
	}
}

/* True when no path reads a scratch word before it was written (kernel check_load_and_stores()): jumps
 * go forward, so one pass sees each instruction after all of its predecessors. */
static int
scratch_is_written_first(const struct sock_filter *program, size_t count)
{
	uint16_t on_entry[BPF_MAXINSNS]; /* what jumps to here have surely written */
	uint16_t written = 0;

	static_assert(BPF_MEMWORDS <= 16, "one bit for each word");
	memset(on_entry, 0xff, sizeof(on_entry));
	for (size_t i = 0; i < count; i++) {
		const struct sock_filter *f = &program[i];

		written &= on_entry[i];
		switch (BPF_CLASS(f->code)) {
		case BPF_ST:
		case BPF_STX:
			written |= (uint16_t)(1u << f->k);
			break;
		case BPF_LD:
		case BPF_LDX:
			if (BPF_MODE(f->code) == BPF_MEM && (written >> f->k & 1) == 0)
				return 0;
			break;
		case BPF_JMP:
			if (BPF_OP(f->code) == BPF_JA) {
				on_entry[i + 1 + f->k] &= written;
			} else {
				on_entry[i + 1 + f->jt] &= written;
				on_entry[i + 1 + f->jf] &= written;
			}
			/* Nobody comes to the next one but by a jump. The kernel does not say this of a
			 * return, where it would be true too. */
			written = 0xffff;
			break;
		}
	}
	return 1;
}

int
cordon_bpf_check(const struct sock_filter *program, size_t count)
{
	if (count == 0 || count > BPF_MAXINSNS || BPF_CLASS(program[count - 1].code) != BPF_RET)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct sock_filter *f = &program[i];
		const size_t after = count - i - 1; /* instructions behind this one */

		if (!instruction_is_known(f))
			return -1;
		if (BPF_CLASS(f->code) != BPF_JMP)
			continue;
		if (BPF_OP(f->code) == BPF_JA ? f->k >= after : f->jt >= after || f->jf >= after)
			return -1;
	}
	return scratch_is_written_first(program, count) ? 0 : -1;
}

void
cordon_bpf_loadable(struct sock_filter *program, size_t count, int notify)
{
	for (size_t i = 0; i < count; i++) {
		struct sock_filter *f = &program[i];

		if (f->code != (BPF_RET | BPF_K) ||
			(f->k & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO ||
			(f->k & SECCOMP_RET_DATA) < CORDON_ERRNO_REPORTED)
			continue;
		if (notify)
			f->k = SECCOMP_RET_USER_NOTIF;
		else
			f->k -= CORDON_ERRNO_REPORTED;
	}
}
