/* Each decoder of a fetch's link, chosen by the first byte: what is accepted encodes to the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/fetch_proto.h>
#include <cordon/wire.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
same(const struct cordon_writer *w, const uint8_t *data, size_t size)
{
	if (w->failed || w->size != size || (size > 0 && memcmp(w->data, data, size) != 0))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cordon_fetch_hop hop;
	struct cordon_fetch_request request;
	struct cordon_fetch_result result;
	struct cordon_fetch_refuse refuse;
	struct cordon_error err;
	struct cordon_writer w;
	uint8_t message;

	if (size == 0)
		return 0;
	message = *data++;
	size--;
	cordon_writer_init(&w, size + 1);
	if (message == CORDON_FETCH_REQUEST &&
		cordon_fetch_decode_request(data, size, &request, &err) == 0) {
		cordon_fetch_encode_request(&request, &w);
		same(&w, data, size);
		cordon_fetch_request_finish(&request);
	} else if (message == CORDON_FETCH_HOP &&
		   cordon_fetch_decode_hop(data, size, &hop, &err) == 0) {
		cordon_fetch_encode_hop(&hop, &w);
		same(&w, data, size);
	} else if (message == CORDON_FETCH_REFUSE &&
		   cordon_fetch_decode_refuse(data, size, &refuse, &err) == 0) {
		cordon_fetch_encode_refuse(&refuse, &w);
		same(&w, data, size);
	} else if (message == CORDON_FETCH_RESULT &&
		   cordon_fetch_decode_result(data, size, &result, &err) == 0) {
		cordon_fetch_encode_result(&result, &w);
		same(&w, data, size);
		cordon_fetch_result_finish(&result);
	}
	cordon_writer_finish(&w);
	return 0;
}
