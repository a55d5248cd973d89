/* The tables of expected decisions, in simulation: what each shipped filter says of each row. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/audit.h>

#include <cordon/bpf.h>

#include "../helpers/expect.h"

#if defined(__x86_64__)
#define NATIVE  AUDIT_ARCH_X86_64
#define FOREIGN AUDIT_ARCH_I386
#else
#define NATIVE  AUDIT_ARCH_AARCH64
#define FOREIGN AUDIT_ARCH_ARM
#endif

static const char *const names[] = { "default", "readonly", "strict", "build", "python", "node",
	"net-client", "web" };
#define NAMES (sizeof(names) / sizeof(names[0]))

static void
check_rows(const struct cordon_profile *profile, const struct expect_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct expect_row *row = &table->rows[i];
		struct seccomp_data data = { .nr = (int)row->nr,
			.arch = row->foreign ? FOREIGN : NATIVE };

		memcpy(data.args, row->args, sizeof(data.args));
		cr_expect(cordon_bpf_run(profile->filter, profile->filter_count, &data) ==
				  row->verdict,
			"profile %s, %s: 0x%x, not 0x%x", profile->name, row->what,
			cordon_bpf_run(profile->filter, profile->filter_count, &data),
			row->verdict);
	}
}

static struct expect_table table;

Test(profile_expect, each_profile_decides_as_its_table_says, .timeout = 30)
{
	for (size_t i = 0; i < NAMES; i++) {
		struct cordon_profile *profile = expect_profile(names[i]);

		expect_load(names[i], &table);
		check_rows(profile, &table);
		cordon_profile_destroy(profile);
	}
}

Test(profile_expect, the_floor_holds_in_each_profile, .timeout = 30)
{
	expect_load("floor", &table);
	for (size_t i = 0; i < NAMES; i++) {
		struct cordon_profile *profile = expect_profile(names[i]);

		check_rows(profile, &table);
		cordon_profile_destroy(profile);
	}
}

/* The most permissive profile that can be written. */
static void
write_greedy(FILE *file, const char *sockets)
{
	const char *comma = "";

	fprintf(file,
		"{\"cordonProfile\": 1, \"extends\": [], \"sockets\": \"%s\", \"syscalls\": "
		"{\"rules\": [{\"action\": \"allow\", \"names\": [",
		sockets);
	for (uint32_t nr = 0; nr < 512; nr++)
		if (cordon_syscall_name(nr) != NULL) {
			fprintf(file, "%s\"%s\"", comma, cordon_syscall_name(nr));
			comma = ", ";
		}
	fprintf(file, "]}]}}");
}

Test(profile_expect, no_profile_can_switch_the_floor_off, .timeout = 30)
{
	static const char *const sockets[] = { "pair", "inside" };

	expect_load("floor", &table);
	for (int i = 0; i < 2; i++) {
		char path[] = "/tmp/cordon-greedy-XXXXXX.json";
		const struct cordon_profile_places places = { 0 };
		struct cordon_error err = { 0 };
		const int fd = mkstemps(path, 5);
		FILE *file = fdopen(fd, "w");
		struct cordon_profile *profile;

		cr_assert(file != NULL);
		write_greedy(file, sockets[i]);
		fclose(file);
		profile = cordon_profile_load(&places, path, &err);
		unlink(path);

		cr_assert(profile != NULL, "%s", err.text);
		check_rows(profile, &table);
		cordon_profile_destroy(profile);
	}
}
