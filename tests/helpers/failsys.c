/* Lets the kernel refuse a system call: in a program, or in any of cordon's processes below it.
 *
 * usage: failsys CALL[:N] ERRNO -- PROGRAM ARG...
 *	In PROGRAM and its descendants the Nth such call (without N: each) fails with ERRNO.
 * usage: failsys -c FD -- PROGRAM ARG...
 *	PROGRAM is a cordon that serves. Orders are lines on FD, each is answered by lines; "." is the last:
 *	record                         counts calls by process: monitor, launcher, init, payload
 *	fail PROCESS CALL N ERRNO      the Nth call from now on fails; it is not made
 *	spoil PROCESS CALL N ERRNO     it is made, and its result is lost (for close)
 *	stop                           answers "PROCESS CALL COUNT" for each that was counted, and "fired"
 *
 * By ptrace(2), since a filter with a listener could not be had twice by a run's processes. The call is
 * turned into close(-1), which each of cordon's own filters allows. The command itself is let go when it
 * has been executed. */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>
#include <seccomp.h>

#define TRACEES 512
#define CALLS   512
#define OPTIONS                                                                                   \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | \
		PTRACE_O_TRACEEXEC)

enum role { UNKNOWN, MONITOR, LAUNCHER, INIT, PAYLOAD, RPC, ROLES };

static const char *const role_names[ROLES] = { "?", "monitor", "launcher", "init", "payload",
	"rpc" };

struct tracee {
	pid_t pid; /* 0: free */
	enum role role;
	int failing; /* the call that is being made fails with this errno */
	unsigned long long argument; /* that was overwritten */
};

struct failsys {
	struct tracee tracees[TRACEES];
	pid_t root;
	int all_ended, root_ended, root_status;
	int everywhere; /* whatever the process is */
	int armed, spoil, fired;
	enum role role;
	int call, error;
	unsigned nth; /* 0: each */
	unsigned counts[ROLES][CALLS];
};

static struct tracee *
find(struct failsys *f, pid_t pid)
{
	struct tracee *free_one = NULL;

	for (size_t i = 0; i < TRACEES; i++) {
		if (f->tracees[i].pid == pid)
			return &f->tracees[i];
		if (f->tracees[i].pid == 0 && free_one == NULL)
			free_one = &f->tracees[i];
	}
	if (free_one == NULL) {
		fprintf(stderr, "failsys: too many processes\n");
		exit(2);
	}
	*free_one = (struct tracee){ .pid = pid };
	return free_one;
}

static pid_t
parent_of(pid_t pid)
{
	char path[64], line[256];
	int parent = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "PPid: %d", &parent) == 1)
			break;
	if (file != NULL)
		fclose(file);
	return parent;
}

static int
is_called(pid_t pid, const char *name)
{
	char path[64], comm[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = fopen(path, "re");
	if (file != NULL && fgets(comm, sizeof(comm), file) == NULL)
		comm[0] = '\0';
	if (file != NULL)
		fclose(file);
	return strncmp(comm, name, strlen(name)) == 0;
}

/* Known from its place in the tree; a helper's once it has been executed. */
static enum role
role_of(struct failsys *f, struct tracee *t)
{
	pid_t parent;

	if (t->role != UNKNOWN)
		return t->role;
	if (t->pid == f->root)
		return t->role = MONITOR;
	parent = parent_of(t->pid);
	if (parent == f->root) {
		if (is_called(t->pid, "cordon-launch"))
			t->role = LAUNCHER;
		else if (is_called(t->pid, "cordon-rpc"))
			t->role = RPC;
	} else if (parent > 0) {
		const enum role above = find(f, parent)->role;

		t->role = above == LAUNCHER ? INIT : above == INIT ? PAYLOAD : UNKNOWN;
	}
	return t->role;
}

/* Whether what sendmsg(2) is to send has control data: only that can be too many references. */
static int
brings_descriptors(pid_t pid, unsigned long long message)
{
	return ptrace(PTRACE_PEEKDATA, pid, message + offsetof(struct msghdr, msg_controllen), 0) !=
	       0;
}

static void
enter_call(struct failsys *f, struct tracee *t, uint64_t number)
{
	struct user_regs_struct regs;
	enum role role;
	unsigned count;

	if (!f->armed || number >= CALLS)
		return;
	role = f->everywhere ? UNKNOWN : role_of(f, t);
	count = ++f->counts[role][number];
	if (f->call != (int)number || role != f->role || (f->nth != 0 && f->nth != count))
		return;
	if (ptrace(PTRACE_GETREGS, t->pid, 0, &regs) < 0)
		return;
	if (f->error == ETOOMANYREFS && !brings_descriptors(t->pid, regs.rsi))
		return;
	f->fired = 1;
	t->failing = f->error;
	if (f->spoil)
		return;
	t->argument = regs.rdi;
	regs.orig_rax = SYS_close;
	regs.rdi = ~0ULL;
	(void)ptrace(PTRACE_SETREGS, t->pid, 0, &regs);
}

static void
leave_call(struct failsys *f, struct tracee *t)
{
	struct user_regs_struct regs;

	if (t->failing == 0 || ptrace(PTRACE_GETREGS, t->pid, 0, &regs) < 0)
		return;
	regs.rax = (unsigned long long)-(long long)t->failing;
	if (!f->spoil)
		regs.rdi = t->argument;
	(void)ptrace(PTRACE_SETREGS, t->pid, 0, &regs);
	t->failing = 0;
}

static void
see_stop(struct failsys *f, pid_t pid, int status)
{
	struct tracee *t = find(f, pid);
	const int event = status >> 16, number = WSTOPSIG(status);
	int deliver = 0;

	if (number == (SIGTRAP | 0x80)) {
		struct ptrace_syscall_info info;

		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0) {
			if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
				enter_call(f, t, info.entry.nr);
			else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
				leave_call(f, t);
		}
	} else if (event == PTRACE_EVENT_EXEC && !f->everywhere && role_of(f, t) == PAYLOAD) {
		(void)ptrace(PTRACE_DETACH, pid, 0, 0);
		t->pid = 0;
		return;
	} else if (event == PTRACE_EVENT_STOP && number != SIGTRAP) {
		(void)ptrace(PTRACE_LISTEN, pid, 0, 0);
		return;
	} else if (event == 0) {
		deliver = number;
	}
	(void)ptrace(PTRACE_SYSCALL, pid, 0, deliver);
}

static void
see_all(struct failsys *f)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
		if (WIFSTOPPED(status)) {
			see_stop(f, pid, status);
			continue;
		}
		find(f, pid)->pid = 0;
		if (pid == f->root) {
			f->root_ended = 1;
			f->root_status = status;
		}
	}
	f->all_ended = pid < 0 && errno == ECHILD;
}

/* Names of errnos, as far as the tests need them; numbers are fine, too. */
static int
errno_of(const char *name)
{
	for (int e = 1; e < 134; e++) {
		const char *known = strerrorname_np(e);

		if (known != NULL && strcmp(known, name) == 0)
			return e;
	}
	return isdigit((unsigned char)name[0]) ? atoi(name) : 0;
}

static void
report(const struct failsys *f, int fd)
{
	for (int role = MONITOR; role < RPC; role++)
		for (int call = 0; call < CALLS; call++) {
			char *name;

			if (f->counts[role][call] == 0)
				continue;
			name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, call);
			dprintf(fd, "%s %s %u\n", role_names[role], name == NULL ? "?" : name,
				f->counts[role][call]);
			free(name);
		}
	if (f->fired)
		dprintf(fd, "fired\n");
}

static int
arm(struct failsys *f, const char *how, const char *role, const char *call, unsigned nth,
	const char *error)
{
	f->spoil = strcmp(how, "spoil") == 0;
	f->role = UNKNOWN;
	for (int i = MONITOR; i < ROLES; i++)
		if (strcmp(role_names[i], role) == 0)
			f->role = (enum role)i;
	f->call = seccomp_syscall_resolve_name(call);
	f->error = errno_of(error);
	f->nth = nth;
	return f->call < 0 || f->call >= CALLS || f->error == 0 ? -1 : 0;
}

static void
obey(struct failsys *f, int fd, const char *line)
{
	char how[16], role[16], call[64], error[32];
	unsigned nth;

	if (strcmp(line, "stop") == 0) {
		report(f, fd);
		f->armed = 0;
	} else {
		memset(f->counts, 0, sizeof(f->counts));
		f->fired = 0;
		f->call = -1;
		f->armed = 1;
		if (sscanf(line, "%15s %15s %63s %u %31s", how, role, call, &nth, error) == 5 &&
			arm(f, how, role, call, nth, error) < 0)
			dprintf(fd, "not understood: %s\n", line);
	}
	dprintf(fd, ".\n");
}

static void
hear(struct failsys *f, int fd)
{
	char text[4096], *line, *rest = text;
	const ssize_t got = read(fd, text, sizeof(text) - 1);

	if (got <= 0)
		exit(1); /* what is traced goes on alone */
	text[got] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL)
		if (line[0] != '\0')
			obey(f, fd, line);
}

static pid_t
start(char **argv, int orders, const sigset_t *none)
{
	const pid_t pid = fork();

	if (pid == 0) {
		if (orders >= 0)
			close(orders);
		sigprocmask(SIG_SETMASK, none, NULL);
		raise(SIGSTOP); /* until it is traced */
		execv(argv[0], argv);
		_exit(127);
	}
	return pid;
}

int
main(int argc, char **argv)
{
	static struct failsys f;
	int orders = -1, signals;
	sigset_t child, none;

	if (argc < 5 || strcmp(argv[3], "--") != 0) {
		fprintf(stderr, "usage: failsys CALL[:N] ERRNO -- PROGRAM ARG...\n"
				"       failsys -c FD -- PROGRAM ARG...\n");
		return 2;
	}
	if (strcmp(argv[1], "-c") == 0) {
		orders = atoi(argv[2]);
	} else {
		char *colon = strchr(argv[1], ':');

		if (colon != NULL)
			*colon = '\0';
		f.everywhere = f.armed = 1;
		if (arm(&f, "fail", "?", argv[1], colon == NULL ? 0 : (unsigned)atoi(colon + 1),
			    argv[2]) < 0) {
			fprintf(stderr, "failsys: no such call or errno\n");
			return 2;
		}
	}
	sigemptyset(&none);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	f.root = start(argv + 4, orders, &none);
	if (signals < 0 || f.root < 0 || waitpid(f.root, NULL, WUNTRACED) < 0 ||
		ptrace(PTRACE_SEIZE, f.root, 0, OPTIONS) < 0) {
		perror("failsys: could not trace");
		return 2;
	}
	kill(f.root, SIGCONT);
	while (!f.all_ended) {
		struct pollfd p[2] = { { .fd = signals, .events = POLLIN },
			{ .fd = orders, .events = POLLIN } };
		struct signalfd_siginfo info[8];

		see_all(&f);
		if (f.all_ended || poll(p, 2, 1000) < 0)
			continue;
		if (p[0].revents != 0)
			while (read(signals, info, sizeof(info)) > 0)
				;
		if (p[1].revents != 0)
			hear(&f, orders);
	}
	return WIFEXITED(f.root_status) ? WEXITSTATUS(f.root_status)
					: 128 + WTERMSIG(f.root_status);
}
