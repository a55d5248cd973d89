/* Attack programs: `attacks NAME [ARGUMENT]...` tries one thing that a sandbox must not let happen, and
 * says in exactly one line how it went:
 *
 *	ESCAPED what            exit status 0: it worked
 *	HELD what: ERRNO        exit status 10: it was refused
 *
 * Anything else is an error of the test (status 2). Outside of a sandbox the same program must say
 * ESCAPED: that is its control. Nothing but libc is linked, and no attack does damage when it works:
 * it opens, but does not write, what belongs to the host. */
#pragma once

#include <errno.h>

_Noreturn void escaped(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void held(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* held, with the name of errno. */
_Noreturn void held_by_errno(const char *what);
/* The test itself cannot go on. */
_Noreturn void broken(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* result >= 0: escaped, else held by errno. */
_Noreturn void verdict(long result, const char *what);

/* The nth argument of the attack (from 1), or broken(). */
const char *argument(char **argv, int n);
long number(char **argv, int n);

/* name, and the file that has it */
#define ATTACKS(X)                                                                               \
	X(leaked_descriptor) /* descriptors.c */                                                 \
	X(leaked_directory)                                                                      \
	X(leaked_cwd)                                                                            \
	X(stdin_reopened)                                                                        \
	X(stdout_emptied)                                                                        \
	X(parent_environment) /* secrets.c */                                                    \
	X(read_file)                                                                             \
	X(sysv_memory) X(posix_memory) X(proc_root) /* proc.c */                                 \
		X(proc_open) X(proc_exe) X(proc_inspect) X(unshare_user) /* namespaces.c */      \
		X(unshare_any) X(clone_user) X(clone_user_high_bits) X(clone3_user) X(setns)     \
			X(mount_tmpfs) /* mounts.c */                                            \
		X(mount_bind) X(mount_remount) X(mount_unmount) X(mount_pivot) X(mount_chroot)   \
			X(mount_fsopen) X(mount_open_tree) X(mount_setattr)                      \
				X(foreign_int80) /* foreign_calls.c */                           \
		X(foreign_x32) X(io_uring) /* kernel_surface.c */                                \
		X(bpf) X(perf_event) X(userfaultfd) X(add_key) X(keyctl) X(request_key)          \
			X(name_to_handle) X(fanotify) X(old_personality) X(hostname)             \
				X(ptrace_pid) /* debug.c */                                      \
		X(read_memory_of_pid) X(descriptor_of_pid) X(kill_pid) /* signals.c */           \
		X(kill_all) X(tiocsti) /* terminal.c */                                          \
		X(tiocsti_high_bits) X(tioclinux) X(tioclinux_high_bits) X(controlling_terminal) \
			X(unix_stream) /* unix_sockets.c */                                      \
		X(unix_datagram) X(unix_seqpacket) X(unix_pair_datagram) X(unix_own_listener)    \
			X(unix_same_inode) X(unix_full_queue)                                    \
				X(unix_swapped_file) /* unix_races.c */                          \
		X(unix_swapped_address) X(socket_of_family) /* socket_families.c */              \
		X(socket_high_bits) X(socket_any_family) X(netlink_write) X(tcp_connect)         \
			X(setuid_program) /* setuid.c */                                         \
		X(set_id_open) /* set_id_files.c */                                              \
		X(set_id_openat) X(set_id_tmpfile) X(set_id_openat2) X(set_id_creat)             \
			X(set_id_mknod) X(set_id_mknodat) X(set_id_chmod) X(set_id_fchmod)       \
				X(set_id_fchmodat) X(set_id_fchmodat2) X(set_id_capability)      \
					X(through_loader) /* executables.c */                    \
		X(mapped_executable) X(memory_file) X(copied_program)                            \
			X(open_device) /* devices.c */                                           \
		X(make_device) X(write_file) /* workspace.c */                                   \
		X(make_directory) X(make_symlink) X(rename_path) X(link_and_write)               \
			X(forks) /* floods.c */                                                  \
		X(memory) X(fill) X(inodes) X(descriptors) X(descriptors_in_flight)              \
			X(daemon) /* daemons.c */

#define DECLARE_ATTACK(name) void attack_##name(char **argv);
ATTACKS(DECLARE_ATTACK)
