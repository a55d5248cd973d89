/* The table of calls against what others know: libseccomp's tables for both architectures, and the running
 * kernel's own description of its calls. */
#include <criterion/criterion.h>
#include <sched.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <seccomp.h>

#include <cordon/profile.h>

#include "calls.h"

struct row {
	const char *name;
	int x86_64, aarch64;
	unsigned since;
};

static const struct row rows[] = {
#define OLD                                                  0
#define V(major, minor)                                      ((major) << 8 | (minor))
#define CALL(name, x86_64, aarch64, since, count, arguments) { #name, x86_64, aarch64, since },
#include "calls_table.h"
#undef CALL
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

Test(profile_calls, are_sorted_and_their_numbers_differ)
{
	for (size_t i = 0; i < ROWS; i++) {
		cr_expect(i == 0 || strcmp(rows[i - 1].name, rows[i].name) < 0, "%s", rows[i].name);
		cr_expect(call_by_name(rows[i].name) != NULL, "%s is not found", rows[i].name);
		cr_expect(rows[i].x86_64 < CALL_NUMBERS && rows[i].aarch64 < CALL_NUMBERS);
		for (size_t k = 0; k < i; k++) {
			cr_expect(rows[i].x86_64 < 0 || rows[i].x86_64 != rows[k].x86_64, "%s, %s",
				rows[i].name, rows[k].name);
			cr_expect(rows[i].aarch64 < 0 || rows[i].aarch64 != rows[k].aarch64,
				"%s, %s", rows[i].name, rows[k].name);
		}
	}
}

static void
compare(const struct row *row, uint32_t arch, int number)
{
	const int theirs = seccomp_syscall_resolve_name_arch(arch, row->name);

	if (theirs == __NR_SCMP_ERROR)
		return; /* newer than this libseccomp */
	cr_expect(theirs < 0 ? number == -1 : number == theirs, "%s: %d, libseccomp has %d",
		row->name, number, theirs);
}

Test(profile_calls, have_the_numbers_that_libseccomp_knows)
{
	for (size_t i = 0; i < ROWS; i++) {
		compare(&rows[i], SCMP_ARCH_X86_64, rows[i].x86_64);
		compare(&rows[i], SCMP_ARCH_AARCH64, rows[i].aarch64);
	}
}

Test(profile_calls, leave_none_out_that_libseccomp_knows)
{
	static const uint32_t arches[] = { SCMP_ARCH_X86_64, SCMP_ARCH_AARCH64 };

	for (int a = 0; a < 2; a++)
		for (int nr = 0; nr < CALL_NUMBERS; nr++) {
			char *name = seccomp_syscall_resolve_num_arch(arches[a], nr);

			cr_expect(name == NULL || call_by_name(name) != NULL, "%s (%d) is missing",
				name, nr);
			free(name);
		}
}

Test(profile_calls, of_groups_exist)
{
	static const char *const names[] = { "@mount", "@keyring", "@module", "@io-uring", "@clock",
		"@reboot", "@swap", "@debug", "@raw-io", "@obsolete" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *const *member = call_group(names[i]);

		cr_assert(member != NULL, "%s", names[i]);
		for (; *member != NULL; member++)
			cr_expect(call_by_name(*member) != NULL, "%s in %s", *member, names[i]);
	}
	cr_expect(call_group("@nothing") == NULL);
}

static enum call_kind
kind_of(const char *type)
{
	static const char *const longs[] = { "unsigned long ", "long ", "size_t ", "loff_t ",
		"off_t ", "aio_context_t ", "u64 ", "__u64 " };

	if (strncmp(type, "const ", 6) == 0)
		type += 6;
	if (strchr(type, '*') != NULL || strstr(type, "cap_user_") != NULL)
		return CALL_POINTER;
	for (size_t i = 0; i < sizeof(longs) / sizeof(longs[0]); i++)
		if (strncmp(type, longs[i], strlen(longs[i])) == 0)
			return CALL_LONG;
	return CALL_INT;
}

/* Makes tracefs visible where nobody has mounted it, for this process alone. */
static void
mount_tracefs(void)
{
	if (access("/sys/kernel/tracing/events", F_OK) == 0 || unshare(CLONE_NEWNS) < 0)
		return;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		(void)mount("tracefs", "/sys/kernel/tracing", "tracefs", MS_RDONLY, NULL);
}

/* Compares one call with /sys/kernel/tracing/events/syscalls. Returns 1 when it is described there. */
static int
compare_with_kernel(const struct call *call)
{
	char path[256], line[512], type[256];
	int count = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/tracing/events/syscalls/sys_enter_%s/format",
		call->name);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, " field:%255[^;];", type) != 1 ||
			strstr(type, "common_") != NULL || strstr(type, "__syscall_nr") != NULL)
			continue;
		/* clone's pointers are at other places on other architectures: looked at as numbers. */
		if (strcmp(call->name, "clone") != 0 && count < call->argument_count)
			cr_expect(call->arguments[count].kind == kind_of(type),
				"%s, argument %d: %s", call->name, count, type);
		count++;
	}
	fclose(f);
	cr_expect(count == call->argument_count, "%s has %d arguments, not %d", call->name, count,
		call->argument_count);
	return 1;
}

Test(profile_calls, have_the_arguments_that_the_running_kernel_describes)
{
	int described = 0;

	mount_tracefs();
	for (size_t i = 0; i < ROWS; i++)
		described += compare_with_kernel(call_by_name(rows[i].name));
	if (described == 0)
		cr_skip_test("tracefs is not readable: arguments were not compared");
}

Test(profile_calls, newer_ones_know_their_kernel)
{
	cr_expect(cordon_syscall_since((uint32_t)cordon_syscall_number("openat2")) == (5 << 8 | 6));
	cr_expect(
		cordon_syscall_since((uint32_t)cordon_syscall_number("fchmodat2")) == (6 << 8 | 6));
	cr_expect(cordon_syscall_since((uint32_t)cordon_syscall_number("read")) == 0);
	/* From 424 on, numbers are given in the order of releases on all architectures. */
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].x86_64 >= 424)
			cr_expect(
				rows[i].since >= (5 << 8 | 1) && rows[i].x86_64 == rows[i].aarch64,
				"%s", rows[i].name);
}

Test(profile_calls, hints_are_near_or_absent)
{
	char hint[CALL_HINT];

	cr_expect_str_eq(call_hint("opennat", hint), "; did you mean 'openat'?");
	cr_expect_str_eq(call_hint("xyzzyplughqwert", hint), "");
	cr_expect_str_eq(
		call_hint("an_absurdly_long_name_that_no_system_call_has_ever_had", hint), "");
}
