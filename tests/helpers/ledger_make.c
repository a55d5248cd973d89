/* Writes a ledger for tests of what reads one: ledger_make DIR RECORDS [SEED]. Its segments have 200 records,
 * its batches eight, and every tenth record a checkpoint. */
#include "ledger_build.h"

#include <fcntl.h>
#include <stdio.h>

#include <cordon/fd.h>
#include <cordon/text.h>

int
main(int argc, char **argv)
{
	struct ledger_build b = { .batch = 8, .note = 10, .segment = 200, .seed = { 1 } };
	struct cordon_error err = { 0 };
	uint32_t seed = 1;
	CORDON_CLOSE int directory =
		argc < 3 ? -1 : open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (directory < 0 || cordon_parse_u32(argv[2], 1, 800, &b.records, &err) < 0 ||
		(argc > 3 && cordon_parse_u32(argv[3], 0, 255, &seed, &err) < 0)) {
		fprintf(stderr, "usage: ledger_make DIR RECORDS [SEED] %s\n", err.text);
		return 2;
	}
	b.seed[0] = (uint8_t)seed;
	ledger_build(&b);
	ledger_build_write(&b, directory);
	ledger_build_finish(&b);
	return 0;
}
