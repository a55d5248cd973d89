/* M7: whichever of cordon's processes is killed with SIGKILL, at whatever moment, a second later nothing
 * of the run is left: no process, mount, cgroup, placeholder or temporary file.
 *
 * usage: kill_rounds CORDON SLEEPERS        (as root, or as an ordinary user)
 * CORDON_KILL_ROUNDS                        rounds (default 20; 1000 in full)
 * CORDON_KILL_SEED                          the rounds of an earlier run again
 *
 * Red without the lifeline (a killed launcher or monitor leaves trees), when children keep the
 * launcher's link or the lifeline's write end (A41), when the monitor does not sweep after its launcher,
 * and when the placeholders of a killed one are not recognised. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FAMILY_MAX 64
#define LEFT_MS    1000 /* what may pass before all is gone */
#define HANG_MS    5000 /* what may pass before cordon ends when another process was killed */

struct process {
	pid_t pid;
	unsigned long long started; /* clock ticks; pid and this together are one process */
	int depth; /* 0: the monitor */
};

struct rounds {
	const char *cordon, *sleepers;
	char scratch[64], workspace[80], temporary[80], mark[64];
	struct process family[FAMILY_MAX]; /* the monitor and everything below it, as last seen */
	int family_count;
	char how[40]; /* who was killed, and when */
	char what[400]; /* what is left, for the message */
	unsigned victims[4]; /* by depth */
	long worst_ms;
};

static long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long)(t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

static void
sleep_us(long us)
{
	const struct timespec t = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

	(void)nanosleep(&t, NULL);
}

/* Reads a small file of /proc; NULs become spaces. Returns its length, or -1. */
static ssize_t
read_proc(pid_t pid, const char *name, char *text, size_t room)
{
	char path[64];
	ssize_t got, size = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while ((got = read(fd, text + size, room - 1 - (size_t)size)) > 0)
		size += got;
	close(fd);
	for (ssize_t i = 0; i < size; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	text[size] = '\0';
	return size;
}

/* Parent, state and start of a process; see proc_pid_stat(5). */
static int
look_at(pid_t pid, pid_t *parent, char *state, unsigned long long *started)
{
	char text[2048];
	const char *tail;

	if (read_proc(pid, "stat", text, sizeof(text)) <= 0 || (tail = strrchr(text, ')')) == NULL)
		return -1;
	return sscanf(tail + 1,
		       " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
		       "%llu",
		       state, parent, started) == 3
		       ? 0
		       : -1;
}

static int
each_process(int (*call)(struct rounds *r, pid_t pid), struct rounds *r)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	int found = 0;

	while (proc != NULL && !found && (e = readdir(proc)) != NULL)
		if (isdigit((unsigned char)e->d_name[0]))
			found = call(r, atoi(e->d_name));
	if (proc != NULL)
		closedir(proc);
	return found;
}

/* The writer of the ledger is none of those whose end ends a run: ledger_rounds kills it. */
static int
is_ledger(pid_t pid)
{
	char name[32];
	const ssize_t got = read_proc(pid, "comm", name, sizeof(name));

	return got > 0 && strncmp(name, "cordon-ledger", 13) == 0;
}

/* Adds pid when its parent is known. */
static int
join_family(struct rounds *r, pid_t pid)
{
	struct process p = { .pid = pid };
	pid_t parent;
	char state;

	if (r->family_count == FAMILY_MAX || look_at(pid, &parent, &state, &p.started) < 0 ||
		is_ledger(pid))
		return 0;
	for (int i = 0; i < r->family_count; i++)
		if (r->family[i].pid == pid)
			return 0;
	for (int i = 0; i < r->family_count; i++) {
		if (r->family[i].pid != parent)
			continue;
		p.depth = r->family[i].depth + 1;
		r->family[r->family_count++] = p;
		return 0;
	}
	return 0;
}

/* The monitor, the launcher, the run's pid 1 and, at a depth of 3, the payload. */
static void
find_family(struct rounds *r, pid_t monitor)
{
	pid_t parent;
	char state;
	int before;

	r->family[0] = (struct process){ .pid = monitor };
	if (look_at(monitor, &parent, &state, &r->family[0].started) < 0)
		return;
	r->family_count = 1;
	do {
		before = r->family_count;
		each_process(join_family, r);
	} while (r->family_count > before);
}

static int left(struct rounds *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int
left(struct rounds *r, const char *fmt, ...)
{
	va_list arguments;

	va_start(arguments, fmt);
	vsnprintf(r->what, sizeof(r->what), fmt, arguments);
	va_end(arguments);
	return 1;
}

static int
is_of_run(struct rounds *r, pid_t pid)
{
	static char text[1 << 16];

	if (pid == getpid())
		return 0;
	if (read_proc(pid, "cmdline", text, sizeof(text)) > 0 && strstr(text, r->mark) != NULL)
		return left(r, "process %d: %.200s", pid, text);
	if (read_proc(pid, "mountinfo", text, sizeof(text)) > 0 && strstr(text, r->scratch) != NULL)
		return left(r, "a mount of %s, in process %d", r->scratch, pid);
	return 0;
}

/* One of cordon's processes that still is what it was. */
static int
family_lives(struct rounds *r)
{
	for (int i = 0; i < r->family_count; i++) {
		unsigned long long started;
		pid_t parent;
		char state;

		if (look_at(r->family[i].pid, &parent, &state, &started) == 0 &&
			started == r->family[i].started)
			return left(r, "process %d, at depth %d, state %c", r->family[i].pid,
				r->family[i].depth, state);
	}
	return 0;
}

/* nftw(3) passes nothing on. */
static struct rounds *walking;

static int
see_cgroup(const char *path, const struct stat *st, int type, struct FTW *place)
{
	const char *name = path + place->base;
	int launcher;

	(void)st;
	if (type != FTW_D || sscanf(name, "cordon-%*x-%d-", &launcher) != 1)
		return 0;
	/* Other runs of this machine have groups too. */
	for (int i = 0; i < walking->family_count; i++)
		if (walking->family[i].pid == launcher)
			return left(walking, "cgroup %s", path);
	return 0;
}

static int
cgroup_exists(struct rounds *r)
{
	walking = r;
	return nftw("/sys/fs/cgroup", see_cgroup, 16, FTW_PHYS) == 1;
}

static int
see_file(const char *path, const struct stat *st, int type, struct FTW *place)
{
	(void)st;
	(void)type;
	if (place->level == 0 || strcmp(path + place->base, "STARTED") == 0 ||
		strcmp(path + place->base, "sleepers") == 0 ||
		strcmp(path + place->base, ".git") == 0 ||
		strcmp(path + place->base, ".github") == 0)
		return 0;
	return left(walking, "file %s", path);
}

static int
file_exists(struct rounds *r)
{
	walking = r;
	return nftw(r->workspace, see_file, 16, FTW_PHYS) == 1 ||
	       nftw(r->temporary, see_file, 16, FTW_PHYS) == 1;
}

static int
anything_is_left(struct rounds *r)
{
	return family_lives(r) || each_process(is_of_run, r) || cgroup_exists(r) || file_exists(r);
}

static pid_t
start(const struct rounds *r)
{
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		for (int fd = 0; fd < 3; fd++)
			dup2(null, fd);
		setenv("TMPDIR", r->temporary, 1);
		execl(r->cordon, r->cordon, "run", "--workspace", r->workspace, "--", "./sleepers",
			r->mark, (char *)NULL);
		_exit(127);
	}
	return pid;
}

/* Waits for a random moment: of the start in half the rounds, else when the tree stands. */
static void
wait_for_moment(const struct rounds *r, int round)
{
	const long give_up = now_ms() + HANG_MS;
	char started[128];

	snprintf(started, sizeof(started), "%s/STARTED", r->workspace);
	if (round % 2 == 0) {
		sleep_us(random() % 60000);
		return;
	}
	while (access(started, F_OK) < 0 && now_ms() < give_up)
		sleep_us(1000);
	sleep_us(random() % 10000);
}

/* Waits for the end of the monitor; -1: it does not end. */
static int
await(pid_t monitor)
{
	int pidfd = (int)syscall(SYS_pidfd_open, monitor, 0);
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int ended = poll(&p, 1, HANG_MS) == 1;

	close(pidfd);
	if (!ended)
		return -1;
	waitpid(monitor, NULL, 0);
	return 0;
}

static int
has_depth(const struct rounds *r, int depth)
{
	for (int i = 0; i < r->family_count; i++)
		if (r->family[i].depth == depth)
			return 1;
	return 0;
}

/* What the living of the family wait for: for the message, where we may see it. */
static void
add_waits(struct rounds *r)
{
	for (int i = 0; i < r->family_count; i++) {
		const size_t used = strlen(r->what);
		char where[64] = "?";

		if (read_proc(r->family[i].pid, "wchan", where, sizeof(where)) >= 0)
			snprintf(r->what + used, sizeof(r->what) - used, "; depth %d in %.40s",
				r->family[i].depth, where);
	}
}

static int
kill_marked(struct rounds *r, pid_t pid)
{
	char text[4096];

	if (pid != getpid() && read_proc(pid, "cmdline", text, sizeof(text)) > 0 &&
		strstr(text, r->mark) != NULL)
		kill(pid, SIGKILL);
	return 0;
}

static void
clean_up_after_failure(struct rounds *r)
{
	for (int i = 0; i < r->family_count; i++)
		kill(r->family[i].pid, SIGKILL);
	each_process(kill_marked, r);
	/* Later rounds must not stumble over it. */
	if (strncmp(r->what, "file ", 5) == 0)
		(void)remove(r->what + 5);
}

/* Returns 0, or -1 with r->what. */
static int
play(struct rounds *r, int round)
{
	char started[128];
	struct process victim;
	pid_t monitor;
	long killed_at, took = 0;
	int cordons = 0;

	r->what[0] = '\0';
	r->family_count = 0;
	snprintf(r->mark, sizeof(r->mark), "kill-rounds-%d-%d", getpid(), round);
	snprintf(started, sizeof(started), "%s/STARTED", r->workspace);
	unlink(started);
	monitor = start(r);
	wait_for_moment(r, round);
	find_family(r, monitor);
	/* Cordon's own come first in the family: the payload is a child of pid 1. */
	for (int i = 0; i < r->family_count; i++)
		cordons += r->family[i].depth <= 2;
	if (cordons == 0) {
		(void)await(monitor);
		return left(r, "cordon ended by itself"), -1;
	}
	do
		victim = r->family[random() % r->family_count];
	while (victim.depth > 2 ||
		is_ledger(victim.pid)); /* before its exec nothing told it from others */
	r->victims[victim.depth]++;
	snprintf(r->how, sizeof(r->how), "depth %d %s", victim.depth,
		access(started, F_OK) == 0 ? "running" : "starting");
	kill(victim.pid, SIGKILL);
	killed_at = now_ms();
	/* What was born between the look and the signal. */
	find_family(r, monitor);
	if (await(monitor) < 0) {
		left(r, "cordon did not end");
		find_family(r, monitor);
		add_waits(r);
		kill(monitor, SIGKILL);
		waitpid(monitor, NULL, 0);
		/* A helper of a moment, which was not needed any more: the run goes on, rightly, and
		 * the monitor is who was killed. */
		if (victim.depth < 2 || !has_depth(r, 2)) {
			sleep_us(LEFT_MS * 1000);
			clean_up_after_failure(r);
			return -1;
		}
		killed_at = now_ms();
	}
	for (;;) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (!anything_is_left(r))
			break;
		took = now_ms() - killed_at;
		if (took > LEFT_MS) {
			clean_up_after_failure(r);
			return -1;
		}
		sleep_us(5000);
	}
	if (took > r->worst_ms)
		r->worst_ms = took;
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *place)
{
	(void)st;
	(void)type;
	(void)place;
	return remove(path);
}

static int
copy(const char *from, const char *to)
{
	char buffer[1 << 16];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
	ssize_t got = -1;

	while (in >= 0 && out >= 0 && (got = read(in, buffer, sizeof(buffer))) > 0)
		if (write(out, buffer, (size_t)got) != got)
			return -1;
	close(in);
	close(out);
	return got == 0 ? 0 : -1;
}

/* A workspace with protected names that are absent, at its top and below. */
static int
prepare(struct rounds *r)
{
	char path[128];

	snprintf(r->scratch, sizeof(r->scratch), "/tmp/fault.XXXXXX");
	if (mkdtemp(r->scratch) == NULL)
		return -1;
	snprintf(r->workspace, sizeof(r->workspace), "%s/w", r->scratch);
	snprintf(r->temporary, sizeof(r->temporary), "%s/t", r->scratch);
	if (mkdir(r->workspace, 0755) < 0 || mkdir(r->temporary, 0755) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/.git", r->workspace);
	if (mkdir(path, 0755) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/.github", r->workspace);
	if (mkdir(path, 0755) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/sleepers", r->workspace);
	return copy(r->sleepers, path);
}

static long
number_from(const char *variable, long otherwise)
{
	const char *text = getenv(variable);

	return text == NULL ? otherwise : strtol(text, NULL, 10);
}

int
main(int argc, char **argv)
{
	struct rounds r = { 0 };
	const long rounds = number_from("CORDON_KILL_ROUNDS", 20);
	const long seed = number_from("CORDON_KILL_SEED", (long)time(NULL) ^ getpid());
	long failures = 0, played = 0;

	if (argc != 3) {
		fprintf(stderr, "usage: kill_rounds CORDON SLEEPERS\n");
		return 2;
	}
	r.cordon = argv[1];
	r.sleepers = argv[2];
	umask(022);
	/* Orphans come to us, so that none is a zombie for as long as the machine's init likes. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return 2;
	srandom((unsigned)seed);
	if (prepare(&r) < 0) {
		perror("kill_rounds: could not prepare");
		return 2;
	}
	printf("# seed %ld, uid %u\n", seed, getuid());
	fflush(stdout);
	for (int round = 0; round < rounds && failures < 10; round++) {
		played++;
		if (play(&r, round) == 0)
			continue;
		failures++;
		printf("not ok round %d (%s killed): %s\n", round, r.how, r.what);
		fflush(stdout);
	}
	(void)nftw(r.scratch, remove_one, 16, FTW_PHYS | FTW_DEPTH);
	printf("# killed: %u monitors, %u launchers, %u of pid 1; slowest to be clean: %ld ms\n",
		r.victims[0], r.victims[1], r.victims[2], r.worst_ms);
	printf("%ld passed, %ld failed\n", played - failures, failures);
	return failures == 0 ? 0 : 1;
}
