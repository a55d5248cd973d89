/* Each decoder of the link between monitor and cordon-ledger, chosen by the first byte: what is accepted
 * encodes to the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/ledger_proto.h>
#include <cordon/wire.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
same(struct cordon_writer *w, const uint8_t *data, size_t size)
{
	if (w->failed || w->size != size || (size > 0 && memcmp(w->data, data, size) != 0))
		abort();
	cordon_writer_finish(w);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cordon_ledger_append append;
	struct cordon_ledger_answer answer;
	struct cordon_error err;
	struct cordon_writer w;
	uint16_t message;

	if (size == 0)
		return 0;
	message = data[0];
	data++;
	size--;
	cordon_writer_init(&w, size + 1);
	if (message == CORDON_LEDGER_APPEND) {
		if (cordon_ledger_decode_append(data, size, &append, &err) == 0) {
			cordon_ledger_encode_append(&append, &w);
			same(&w, data, size);
		}
	} else if (cordon_ledger_decode_answer(message, data, size, &answer, &err) == 0) {
		cordon_ledger_encode_answer(message, &answer, &w);
		same(&w, data, size);
	}
	return 0;
}
