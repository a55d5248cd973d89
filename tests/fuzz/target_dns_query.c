/* A query: what is fine is put together again to the same bytes, but for the options of EDNS, and every
 * answer to it reads back: of the same id and question, with records only where they were asked for. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dns_answer.h"
#include "dns_query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_query(const uint8_t *data, size_t size, const struct dns_query *q)
{
	if ((data[2] & 0xf8) != 0 || data[5] != 1 || size > DNS_QUERY_MAX ||
		q->id != (uint16_t)(data[0] << 8 | data[1]) || q->question_size < 5 ||
		memcmp(q->question, data + DNS_HEADER, q->question_size) != 0 ||
		q->edns != (size > DNS_HEADER + q->question_size) || q->udp_size < DNS_UDP_MIN)
		abort();
	if (q->name.host) {
		char again[HOSTNAME_ROOM];

		/* The labels are the text, and the text is a host name. */
		if (strlen(q->name.text) + 2 + 4 != q->question_size ||
			hostname_take((const uint8_t *)q->name.text, strlen(q->name.text), again) <
				0 ||
			strcmp(again, q->name.text) != 0)
			abort();
	} else if (q->name.text[0] != '\0') {
		abort();
	}
}

static void
check_answer(const struct dns_query *q, const uint8_t *out, size_t size)
{
	struct dns_header h;

	if (size > DNS_ANSWER_MAX || dns_header_read(out, size, &h) < 0 || h.id != q->id ||
		(h.bits & (DNS_QR | DNS_RA | DNS_AA)) != (DNS_QR | DNS_RA) || h.answers > 1 ||
		h.authorities != 0 || h.additionals > 1 ||
		(h.questions == 1 && memcmp(out + DNS_HEADER, q->question, q->question_size) != 0))
		abort();
	/* What was sent is no query: no answer answers an answer. */
	struct dns_query back;
	if (dns_query_read(out, size, &back) != DNS_QUERY_SILENCE)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct dns_address address = { { 198, 18, 0, 1 }, 30 };
	uint8_t out[DNS_ANSWER_MAX];
	const uint8_t *message;
	size_t length, written;
	struct dns_query q;
	enum dns_query_verdict verdict = dns_query_read(data, size, &q);

	if (verdict == DNS_QUERY_FINE) {
		check_query(data, size, &q);
		for (int answer = DNS_ANSWER_ADDRESS; answer <= DNS_ANSWER_REFUSED; answer++) {
			written = dns_answer_write(&q, answer, &address, out, sizeof(out));
			if (written == 0)
				abort();
			check_answer(&q, out, written);
		}
	} else {
		written = dns_answer_refuse(&q, verdict, out, sizeof(out));
		if ((written == 0) != (verdict == DNS_QUERY_SILENCE))
			abort();
		if (written > 0)
			check_answer(&q, out, written);
	}
	if (dns_stream_next(data, size, &message, &length) == DNS_STREAM_ONE &&
		(message != data + 2 || length > size - 2))
		abort();
	return 0;
}
