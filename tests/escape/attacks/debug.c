/* A process of the host by its number, which a run may have learned. Red without the pid namespace. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attacks.h"

void
attack_ptrace_pid(char **argv)
{
	verdict(ptrace(PTRACE_SEIZE, (pid_t)number(argv, 1), 0, 0), "ptrace of a host process");
}

/* Reads at its stack pointer, or else at the address that its map begins with. */
void
attack_read_memory_of_pid(char **argv)
{
	const pid_t pid = (pid_t)number(argv, 1);
	char path[64], buffer[16];
	uintptr_t address = (uintptr_t)path & ~(uintptr_t)4095;
	struct iovec here = { buffer, sizeof(buffer) }, there;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	if (maps != NULL && fscanf(maps, "%lx", &address) != 1)
		address = 4096;
	there = (struct iovec){ (void *)address, sizeof(buffer) };
	verdict(process_vm_readv(pid, &here, 1, &there, 1, 0), "memory of a host process");
}

void
attack_descriptor_of_pid(char **argv)
{
	int pidfd = (int)syscall(SYS_pidfd_open, (pid_t)number(argv, 1), 0);

	if (pidfd < 0)
		held_by_errno("pidfd_open of a host process");
	verdict(syscall(SYS_pidfd_getfd, pidfd, 0, 0), "descriptor of a host process");
}
