/* What runs under measurement: "payload sleep" waits for its end, "payload print [BYTES]" prints lines,
 * for ever without BYTES. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cordon/text.h>

static int
print(uint64_t bytes)
{
	char block[65536];

	memset(block, 'x', sizeof(block));
	for (size_t i = 79; i < sizeof(block); i += 80)
		block[i] = '\n';
	while (bytes > 0) {
		const size_t piece = bytes < sizeof(block) ? (size_t)bytes : sizeof(block);
		const ssize_t put = write(STDOUT_FILENO, block, piece);

		if (put <= 0)
			return 1;
		bytes -= (uint64_t)put;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct cordon_error err;
	uint64_t bytes = UINT64_MAX;

	if (argc == 2 && strcmp(argv[1], "sleep") == 0)
		for (;;)
			(void)pause();
	if (argc < 2 || argc > 3 || strcmp(argv[1], "print") != 0 ||
		(argc == 3 && cordon_parse_u64(argv[2], 0, UINT64_MAX, &bytes, &err) < 0)) {
		fputs("usage: payload sleep | payload print [BYTES]\n", stderr);
		return 2;
	}
	return print(bytes);
}
