/* What a reader takes, a writer writes back to the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/wire.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cordon_reader r = { data, size };
	struct cordon_writer w;
	struct cordon_bytes bytes;
	uint64_t number;
	char *text;

	cordon_writer_init(&w, size + 1);
	for (size_t i = 0; r.left > 0; i++) {
		if (i % 3 == 0 && cordon_get_u64(&r, &number) == 0)
			cordon_put_u64(&w, number);
		else if (i % 3 == 1 && cordon_get_string(&r, 1000, &text) == 0) {
			cordon_put_string(&w, text);
			free(text);
		} else if (cordon_get_bytes(&r, 1000, &bytes) == 0)
			cordon_put_bytes(&w, bytes.data, bytes.size);
		else
			break;
	}
	if (w.failed || w.size != size - r.left ||
		(w.size > 0 && memcmp(w.data, data, w.size) != 0))
		abort();
	cordon_writer_finish(&w);
	return 0;
}
