/* T-EXEC-005: parts of the kernel that a tool has no use for. Red when the rule that names the call is
 * taken out of the floor. Some need privileges that no ordinary user has; then it is enough that the
 * call came to the kernel's own code, which is told by an error that only that code gives. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>

#include "attacks.h"

void
attack_io_uring(char **argv)
{
	struct io_uring_params params = { 0 };

	(void)argv;
	verdict(syscall(SYS_io_uring_setup, 4, &params), "io_uring_setup");
}

void
attack_bpf(char **argv)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1
	};

	(void)argv;
	if (syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)) >= 0)
		escaped("a bpf map");
	/* Sizes are looked at before privileges. */
	if (syscall(SYS_bpf, BPF_MAP_CREATE, &attr, 1u << 20) < 0 && errno == E2BIG)
		escaped("bpf reached the kernel's code");
	held_by_errno("bpf");
}

void
attack_perf_event(char **argv)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_TASK_CLOCK,
		.exclude_kernel = 1,
		.exclude_hv = 1 };

	(void)argv;
	if (syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0) >= 0)
		escaped("a perf event");
	/* Flags are looked at before privileges. */
	if (syscall(SYS_perf_event_open, &attr, 0, -1, -1, ~0UL) < 0 && errno == EINVAL)
		escaped("perf_event_open reached the kernel's code");
	held_by_errno("perf_event_open");
}

void
attack_userfaultfd(char **argv)
{
	(void)argv;
	verdict(syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY), "userfaultfd");
}

void
attack_add_key(char **argv)
{
	(void)argv;
	verdict(syscall(SYS_add_key, "user", "cordon-test", "x", 1, KEY_SPEC_PROCESS_KEYRING),
		"add_key");
}

void
attack_keyctl(char **argv)
{
	(void)argv;
	verdict(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1), "keyctl");
}

void
attack_request_key(char **argv)
{
	(void)argv;
	/* No such key is a full answer. */
	if (syscall(SYS_request_key, "user", "cordon-test-absent", NULL, 0) >= 0 || errno == ENOKEY)
		escaped("request_key");
	held_by_errno("request_key");
}

/* Handles are how open_by_handle_at(2) leaves a mount. */
void
attack_name_to_handle(char **argv)
{
	struct {
		struct file_handle handle;
		unsigned char room[MAX_HANDLE_SZ];
	} h = { .handle = { .handle_bytes = MAX_HANDLE_SZ } };
	int mount;

	verdict(name_to_handle_at(AT_FDCWD, argument(argv, 1), &h.handle, &mount, 0),
		"name_to_handle_at");
}

void
attack_fanotify(char **argv)
{
	(void)argv;
	verdict(fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY), "fanotify_init");
}

void
attack_old_personality(char **argv)
{
	(void)argv;
	verdict(personality(PER_BSD), "personality");
}

void
attack_hostname(char **argv)
{
	(void)argv;
	verdict(sethostname("x", 1), "sethostname");
}
