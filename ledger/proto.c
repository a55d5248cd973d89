/* calls: none */
#include <cordon/ledger_proto.h>

#include <cordon/wire.h>

void
cordon_ledger_encode_append(const struct cordon_ledger_append *append, struct cordon_writer *w)
{
	cordon_put_u64(w, append->token);
	cordon_put_u8(w, append->durable != 0);
	cordon_put_bytes(w, append->payload, append->payload_size);
}

int
cordon_ledger_decode_append(
	const void *data, size_t size, struct cordon_ledger_append *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct cordon_ledger_append append = { 0 };
	struct cordon_bytes payload;
	uint8_t durable = 0;

	if (cordon_get_u64(&r, &append.token) < 0 || cordon_get_u8(&r, &durable) < 0 ||
		durable > 1 || cordon_get_bytes(&r, CORDON_LEDGER_PAYLOAD_MAX, &payload) < 0 ||
		r.left != 0)
		return cordon_fail(err, CORDON_EPEER, 0, "an append has the wrong shape");
	append.durable = durable;
	append.payload = payload.data;
	append.payload_size = payload.size;
	*ret = append;
	return 0;
}

void
cordon_ledger_encode_answer(
	uint16_t message, const struct cordon_ledger_answer *answer, struct cordon_writer *w)
{
	cordon_put_u64(w, answer->token);
	if (message == CORDON_LEDGER_KEPT || message == CORDON_LEDGER_OPENED) {
		cordon_put_u64(w, answer->sequence);
		return;
	}
	cordon_put_u32(w, answer->error.code);
	cordon_put_u32(w, (uint32_t)answer->error.sys);
	cordon_put_string(w, answer->error.reason);
	cordon_put_string(w, answer->error.text);
}

int
cordon_ledger_decode_answer(uint16_t message, const void *data, size_t size,
	struct cordon_ledger_answer *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct cordon_ledger_answer answer = { 0 };
	uint32_t code = 0, sys = 0;
	int result = cordon_get_u64(&r, &answer.token);

	if (message == CORDON_LEDGER_KEPT || message == CORDON_LEDGER_OPENED) {
		if (result == 0)
			result = cordon_get_u64(&r, &answer.sequence);
	} else if (message == CORDON_LEDGER_REFUSED_APPEND || message == CORDON_LEDGER_UNOPENED) {
		if (result < 0 || cordon_get_u32(&r, &code) < 0 || code == CORDON_OK ||
			code >= CORDON_CODE_COUNT || cordon_get_u32(&r, &sys) < 0 ||
			cordon_get_text(&r, answer.error.reason, sizeof(answer.error.reason)) < 0 ||
			cordon_get_text(&r, answer.error.text, sizeof(answer.error.text)) < 0)
			result = -1;
		answer.error.code = code;
		answer.error.sys = (int)sys;
	} else {
		result = -1;
	}
	if (result < 0 || r.left != 0)
		return cordon_fail(err, CORDON_EPEER, 0,
			"the writer of the ledger sent a message with the wrong shape (number %u)",
			message);
	*ret = answer;
	return 0;
}
