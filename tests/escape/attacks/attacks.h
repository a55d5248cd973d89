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

/* The name of each, under the file that has it. (clang-format 14 cannot decide where to break these.) */
/* clang-format off */
#define ATTACKS(X) \
	/* descriptors.c */ \
	X(leaked_descriptor) X(leaked_directory) X(leaked_cwd) X(stdin_reopened) \
	X(stdout_emptied) \
	/* secrets.c */ \
	X(parent_environment) X(read_file) X(sysv_memory) X(posix_memory) \
	/* proc.c */ \
	X(proc_root) X(proc_open) X(proc_exe) X(proc_inspect) \
	/* namespaces.c */ \
	X(unshare_user) X(unshare_any) X(clone_user) X(clone_user_high_bits) X(clone3_user) \
	X(setns) \
	/* mounts.c */ \
	X(mount_tmpfs) X(mount_bind) X(mount_remount) X(mount_unmount) X(mount_pivot) \
	X(mount_chroot) X(mount_fsopen) X(mount_open_tree) X(mount_setattr) \
	/* foreign_calls.c */ \
	X(foreign_int80) X(foreign_x32) \
	/* kernel_surface.c */ \
	X(io_uring) X(bpf) X(perf_event) X(userfaultfd) X(add_key) X(keyctl) X(request_key) \
	X(name_to_handle) X(fanotify) X(old_personality) X(hostname) \
	/* debug.c */ \
	X(ptrace_pid) X(read_memory_of_pid) X(descriptor_of_pid) \
	/* signals.c */ \
	X(kill_pid) X(kill_all) \
	/* terminal.c */ \
	X(tiocsti) X(tiocsti_high_bits) X(tioclinux) X(tioclinux_high_bits) \
	X(controlling_terminal) \
	/* unix_sockets.c */ \
	X(unix_stream) X(unix_datagram) X(unix_seqpacket) X(unix_pair_datagram) \
	X(unix_own_listener) X(unix_same_inode) X(unix_full_queue) \
	/* unix_races.c */ \
	X(unix_swapped_file) X(unix_swapped_address) \
	/* socket_families.c */ \
	X(socket_of_family) X(socket_high_bits) X(socket_any_family) X(netlink_write) \
	X(tcp_connect) \
	/* network.c */ \
	X(datagram) X(any_port) X(flush_rules) X(transparent) \
	/* setuid.c */ \
	X(setuid_program) \
	/* set_id_files.c */ \
	X(set_id_open) X(set_id_openat) X(set_id_tmpfile) X(set_id_openat2) X(set_id_creat) \
	X(set_id_mknod) X(set_id_mknodat) X(set_id_chmod) X(set_id_fchmod) X(set_id_fchmodat) \
	X(set_id_fchmodat2) X(set_id_capability) \
	/* executables.c */ \
	X(through_loader) X(mapped_executable) X(memory_file) X(copied_program) \
	/* devices.c */ \
	X(open_device) X(make_device) \
	/* workspace.c */ \
	X(write_file) X(make_directory) X(make_symlink) X(rename_path) X(link_and_write) \
	/* floods.c */ \
	X(forks) X(memory) X(fill) X(inodes) X(descriptors) X(descriptors_in_flight) \
	/* daemons.c */ \
	X(daemon)
/* clang-format on */

#define DECLARE_ATTACK(name) void attack_##name(char **argv);
ATTACKS(DECLARE_ATTACK)
