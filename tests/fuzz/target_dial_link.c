/* Each decoder of the dialer's links, chosen by the first byte: what is accepted encodes to the same bytes, and keeps
 * what the rest of the code rests on. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/dial_proto.h>
#include <cordon/wire.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
same(const struct cordon_writer *w, const uint8_t *data, size_t size)
{
	if (w->failed || w->size != size || (size > 0 && memcmp(w->data, data, size) != 0))
		abort();
}

static void
look_at(const struct cordon_dial_grant *g)
{
	if (g->count == 0 || g->count > CORDON_DIAL_ADDRESSES || g->port == 0 ||
		g->timeout_ms == 0 || g->timeout_ms > CORDON_DIAL_TIMEOUT_MS_MAX)
		abort();
	for (unsigned i = 0; i < g->count; i++) {
		const struct cordon_address plain = cordon_address_unmapped(&g->addresses[i]);

		if (!cordon_address_equal(&plain, &g->addresses[i]))
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cordon_dial_grant grant;
	struct cordon_dial_word word;
	struct cordon_error err;
	struct cordon_writer w;
	uint16_t message;

	if (size == 0)
		return 0;
	message = data[0];
	data++;
	size--;
	cordon_writer_init(&w, size + 1);
	if (message == CORDON_DIAL_GRANT) {
		if (cordon_dial_decode_word(message, data, size, &word, &err) == 0)
			abort();
		if (cordon_dial_decode_grant(data, size, &grant, &err) == 0) {
			look_at(&grant);
			cordon_dial_encode_grant(&grant, &w);
			same(&w, data, size);
		}
	} else if (cordon_dial_decode_word(message, data, size, &word, &err) == 0) {
		cordon_dial_encode_word(message, &word, &w);
		same(&w, data, size);
	}
	cordon_writer_finish(&w);
	return 0;
}
