/* Runs a program in a session keyring with a key in it, which only those who possess the keyring can see
 * (keyrings(7)), not every process of the user: withkey NAME PROGRAM [ARGUMENT]... */
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/keyctl.h>

#define POSSESSOR_ALL 0x3f000000u

int
main(int argc, char **argv)
{
	long key;

	if (argc < 3)
		return 2;
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 ||
		(key = syscall(SYS_add_key, "user", argv[1], "x", 1, KEY_SPEC_SESSION_KEYRING)) <
			0 ||
		syscall(SYS_keyctl, KEYCTL_SETPERM, key, POSSESSOR_ALL) < 0) {
		perror("withkey");
		return 2;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
