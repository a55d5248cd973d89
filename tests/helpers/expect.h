/* Tables of expected decisions: profiles/library/expect/NAME.json. A row is a call with arguments (numbers,
 * names of constants, several joined by '|') and what a profile says of it: "allow", "kill", "notify" or
 * an errno, which is reported unless the row says "quiet". "live" says that the call can be made on the
 * host: true where it is refused, "ok" or the kernel's own errno where it is allowed. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/profile.h>

#define EXPECT_ROWS 256

struct expect_row {
	char what[96]; /* for messages */
	uint32_t nr;
	uint64_t args[6];
	uint32_t verdict; /* as in <cordon/bpf.h> */
	int foreign; /* of another architecture */
	int live; /* the call can be made */
	int live_errno; /* what the kernel answers when it is allowed; 0: it succeeds */
};

struct expect_table {
	struct expect_row rows[EXPECT_ROWS];
	size_t count;
};

/* Loads the table of that name; rows of another architecture are left out. Ends the test on a mistake in
 * it. */
void expect_load(const char *name, struct expect_table *ret);

/* The library's profile of that name, or the test ends. */
struct cordon_profile *expect_profile(const char *name);
