/* The tables of expected decisions, live: a forked child loads the filter and makes the call.
 *
 * Each row is made twice. First under the verdict filter as it is, where a reported refusal shows as
 * errno + CORDON_ERRNO_REPORTED, a number that no kernel answers by itself: so it was the filter that
 * refused, and not a missing privilege. Then under the loadable filter, which is what a run has. */
#include <criterion/criterion.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cordon/bpf.h>

#include "../helpers/expect.h"

struct outcome {
	int loaded; /* the filter */
	int answered; /* else the call killed the child */
	long value;
	int error;
};

/* In the child: nothing but plain calls after the filter is on. */
static _Noreturn void
make_call(const struct sock_fprog *program, const struct expect_row *row, int report)
{
	struct outcome o = { .loaded = 1 };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program) < 0)
		_exit(1);
	/* The report that the filter is on, in case the call kills. */
	(void)!write(report, &o, sizeof(o));
	errno = 0;
	o.value = syscall((long)row->nr, row->args[0], row->args[1], row->args[2], row->args[3],
		row->args[4], row->args[5]);
	o.error = o.value == -1 ? errno : 0;
	o.answered = 1;
	(void)!write(report, &o, sizeof(o));
	_exit(0);
}

static struct outcome
outcome_of(const struct sock_filter *filter, size_t count, const struct expect_row *row,
	int *ret_status)
{
	const struct sock_fprog program = { (unsigned short)count, (struct sock_filter *)filter };
	struct outcome o = { 0 };
	int ends[2];
	pid_t child;

	cr_assert(pipe(ends) == 0);
	child = fork();
	cr_assert(child >= 0);
	if (child == 0)
		make_call(&program, row, ends[1]);
	close(ends[1]);
	while (read(ends[0], &o, sizeof(o)) == (ssize_t)sizeof(o))
		;
	close(ends[0]);
	cr_assert(waitpid(child, ret_status, 0) == child);
	cr_assert(o.loaded, "%s: the kernel did not take the filter", row->what);
	return o;
}

static void
check_row(const struct sock_filter *filter, size_t count, const struct expect_row *row,
	unsigned reported)
{
	const uint32_t action = row->verdict & SECCOMP_RET_ACTION_FULL;
	int status, wanted;
	struct outcome o = outcome_of(filter, count, row, &status);

	if (action == SECCOMP_RET_KILL_PROCESS) {
		cr_expect(!o.answered && WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS,
			"%s: was not killed", row->what);
		return;
	}
	cr_expect(o.answered, "%s: status 0x%x", row->what, status);
	if (action == SECCOMP_RET_ALLOW)
		wanted = row->live_errno;
	else if (action == SECCOMP_RET_USER_NOTIF)
		wanted = ENOSYS; /* nobody listens: seccomp(2) */
	else
		wanted = (int)((row->verdict & SECCOMP_RET_DATA) % CORDON_ERRNO_REPORTED +
			       ((row->verdict & SECCOMP_RET_DATA) > CORDON_ERRNO_REPORTED ? reported
											  : 0));
	cr_expect(o.error == wanted, "%s: errno %d, not %d", row->what, o.error, wanted);
}

static struct expect_table table;

static void
check_table(const char *name)
{
	struct cordon_profile *profile = expect_profile(name);
	struct sock_filter *loadable;

	loadable = calloc(profile->filter_count, sizeof(*loadable));
	cr_assert(loadable != NULL);
	memcpy(loadable, profile->filter, profile->filter_count * sizeof(*loadable));
	cordon_bpf_loadable(loadable, profile->filter_count, 0);
	for (int floor = 0; floor < 2; floor++) {
		size_t made = 0;

		expect_load(floor ? "floor" : name, &table);
		for (size_t i = 0; i < table.count; i++) {
			if (!table.rows[i].live)
				continue;
			check_row(profile->filter, profile->filter_count, &table.rows[i],
				CORDON_ERRNO_REPORTED);
			check_row(loadable, profile->filter_count, &table.rows[i], 0);
			made++;
		}
		cr_expect(made > 0, "%s: no row was made", name);
	}
	free(loadable);
	cordon_profile_destroy(profile);
}

TestSuite(filters_live, .timeout = 120);

#define PROFILE(name)                                        \
	Test(filters_live, name##_decides_as_its_table_says) \
	{                                                    \
		check_table(#name);                          \
	}

PROFILE(default)
PROFILE(readonly)
PROFILE(strict)
PROFILE(build)
PROFILE(python)
PROFILE(node)
