#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>

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
