/* Seccomp programs as bytes: how cordon marks refusals that are to be reported, an interpreter,
 * and what may come out for a whole set of calls.
 * See seccomp(2), linux/filter.h, kernel/seccomp.c seccomp_check_filter(). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cordon/error.h>

/* A compiled filter returns ERRNO(n) for a quiet refusal and ERRNO(n + CORDON_ERRNO_REPORTED) for
 * one that the run's gate helper answers and counts. Such a filter is a *verdict* filter: it is
 * interpreted. What is loaded into the kernel is made from it by cordon_bpf_loadable. */
#define CORDON_ERRNO_REPORTED 2048u

/* Runs a program that cordon_bpf_check has accepted on data. Returns the SECCOMP_RET_* value, or
 * SECCOMP_RET_KILL_PROCESS where the kernel would stop the program (division by zero). */
uint32_t cordon_bpf_run(
	const struct sock_filter *program, size_t count, const struct seccomp_data *data);

/* What is known of a 32-bit word: the bits in known have the values they have in value, which has no
 * others. All zero: any word. */
struct cordon_bpf_bits {
	uint32_t known, value;
};

/* A set of calls. Of an argument the low half; the high one may be anything. */
struct cordon_bpf_calls {
	struct cordon_bpf_bits nr, arch, args[6];
};

/* Room for cordon_bpf_may_return; need not be initialised, and is worth keeping between two of them. */
struct cordon_bpf_room {
	struct cordon_bpf_bits a[BPF_MAXINSNS];
	uint64_t reached[BPF_MAXINSNS / 64];
};

/* Returns 0 when a program that cordon_bpf_check has accepted, run on any call of the set, surely
 * returns nothing that is_wanted; else 1. So it may err, but only towards 1. */
int cordon_bpf_may_return(const struct sock_filter *program, size_t count,
	const struct cordon_bpf_calls *calls, int (*is_wanted)(uint32_t result),
	struct cordon_bpf_room *room);

/* 0 when the program is one that the kernel accepts: 1 to BPF_MAXINSNS instructions, known opcodes,
 * aligned loads inside struct seccomp_data, forward jumps in range, scratch words written before they
 * are read, a return at the end. Else -1. */
int cordon_bpf_check(const struct sock_filter *program, size_t count);

/* Turns a verdict filter in place into a loadable one: reported refusals become
 * SECCOMP_RET_USER_NOTIF when notify is not 0, plain ERRNO(n) otherwise. */
void cordon_bpf_loadable(struct sock_filter *program, size_t count, int notify);
