/* From a client's bytes to its hello. MUSTs:
 *
 * 1. Nothing is passed on before the whole hello was read; a hello in many records and segments is put
 *    together (the middle of a name is a favourite place to cut). Its bytes are bounded by HELLO_MAX.
 * 2. The answers depend on the bytes, not on how they came.
 * 3. Bytes that are not the hello's do not share its records, and no other message comes first.
 * 4. A second hello is seen and has the name of the first. (A client makes the server send HelloRetryRequest,
 *    by offering no usable key share, and asks for another server in the hello that follows; servers judge
 *    that one: attack A29, "agreement that is checked once".)
 *
 * When can a second one come? Only when the first offers TLS 1.3, as a plaintext handshake record, after
 * ChangeCipherSpec, alerts, and early data that the server will skip (RFC 8446, 4.1.4, 4.2.10, D.4). Any other
 * application data means that keys are there; any other handshake message, that an older version was
 * agreed on. That one may be encrypted already (Finished, in a resumed session of TLS 1.2) and begins like a
 * hello by accident, once in 2^14. It is held then, until application data follows it, which never follow
 * a piece of a hello. Versions are no help in telling them apart: servers overlook a strange one there.
 *
 * Encrypted hellos inside a connection (renegotiation up to TLS 1.2) are not seen; the manual says that names
 * inside TLS are not.
 *
 * calls: none */
#include "hello.h"

#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

#include "hello_parse.h"

#define RECORD_HEADER    5u
#define RECORD_MAX       16384u /* RFC 8446, 5.1 */
#define RECORD_ENCRYPTED (16384u + 2048) /* RFC 5246, 6.2.3 */
#define MESSAGE_HEADER   4u

enum { RECORD_CIPHER = 20, RECORD_ALERT = 21, RECORD_HANDSHAKE = 22, RECORD_DATA = 23 };
enum { PHASE_FIRST, PHASE_SECOND, PHASE_OPEN, PHASE_REFUSED };

/* clang-format off */
static const struct {
	const char *name, *text;
} words[] = {
	[HELLO_FINE] = { "hello.fine", "nothing is wrong with the hello" },
	[HELLO_NOT_TLS] = { "hello.not_tls", "the client does not speak TLS" },
	[HELLO_SSLV2] = { "hello.sslv2", "the client speaks SSL 2" },
	[HELLO_BAD_RECORD] = { "hello.record", "a record is not one of a TLS handshake" },
	[HELLO_TOO_LONG] = { "hello.too_long", "the hello is longer than 64 KiB" },
	[HELLO_NO_HELLO] = { "hello.other_message", "the first message is no hello" },
	[HELLO_MORE_IN_RECORD] = { "hello.more", "something else stands in the record of the hello" },
	[HELLO_MALFORMED] = { "hello.malformed", "the hello is malformed" },
	[HELLO_OLD_VERSION] = { "hello.version", "the hello offers no version of TLS" },
	[HELLO_EXTENSION_TWICE] = { "hello.twice", "the hello has an extension twice" },
	[HELLO_EXTENSION_ORDER] = { "hello.order", "the pre-shared key is not the last extension of the hello" },
	[HELLO_BAD_NAME] = { "hello.name", "the hello does not name one server by a host name" },
	[HELLO_BAD_ALPN] = { "hello.alpn", "the hello's list of protocols is malformed or too long" },
	[HELLO_HIDDEN] = { "hello.hidden", "the hello hides another one (ECH), which only an entry with 'ech' lets pass" },
	[HELLO_OTHER_NAME] = { "hello.other_name", "the second hello names another server than the first" },
	[HELLO_NO_MEMORY] = { "hello.memory", "there is no memory for the hello" },
};
/* clang-format on */
_Static_assert(sizeof(words) / sizeof(*words) == HELLO_REFUSALS, "words for each");

const char *
hello_refusal_name(enum hello_refusal refusal)
{
	return (unsigned)refusal < HELLO_REFUSALS ? words[refusal].name : "hello.unknown";
}

const char *
hello_refusal_text(enum hello_refusal refusal)
{
	return (unsigned)refusal < HELLO_REFUSALS ? words[refusal].text : "the hello is refused";
}

void
hello_begin(struct hello *h, enum hello_ech ech)
{
	*h = (struct hello){ .allowed = ech, .phase = PHASE_FIRST };
}

static enum hello_answer
refuse(struct hello *h, enum hello_refusal why)
{
	h->refusal = why;
	h->phase = PHASE_REFUSED;
	return HELLO_REFUSED;
}

static size_t
message_size(const struct hello *h)
{
	return MESSAGE_HEADER + ((size_t)h->lead[1] << 16 | (size_t)h->lead[2] << 8 | h->lead[3]);
}

/* Whether what is there is a hello's type and a length of less than 256 KiB, which is more than servers take,
 * and than what is let through here. */
static int
may_be_hello(const struct hello *h)
{
	return h->lead[0] == 1 && (h->gathered < 2 || h->lead[1] <= 3);
}

/* The handshake bytes of the records up to h->at, together. *ret_copy is to be freed. */
static const uint8_t *
put_together(const struct hello *h, const uint8_t *data, uint8_t **ret_copy)
{
	const size_t first = (size_t)data[3] << 8 | data[4];
	size_t size = 0;

	*ret_copy = NULL;
	if (first == h->gathered)
		return data + RECORD_HEADER;
	*ret_copy = malloc(h->gathered);
	if (*ret_copy == NULL)
		return NULL;
	for (size_t at = 0; at < h->at;) {
		const size_t length = (size_t)data[at + 3] << 8 | data[at + 4];

		memcpy(*ret_copy + size, data + at + RECORD_HEADER, length);
		size += length;
		at += RECORD_HEADER + length;
	}
	return *ret_copy;
}

static enum hello_answer
read_hello(struct hello *h, const uint8_t *data, size_t *ret_pass)
{
	char first[HOSTNAME_ROOM];
	CORDON_FREE uint8_t *copy = NULL;
	const uint8_t *message = put_together(h, data, &copy);
	enum hello_refusal refusal;

	if (message == NULL)
		return refuse(h, HELLO_NO_MEMORY);
	memcpy(first, h->name, sizeof(first));
	refusal = hello_parse(message + MESSAGE_HEADER, h->gathered - MESSAGE_HEADER, h);
	if (refusal != HELLO_FINE)
		return refuse(h, refusal);
	if (h->phase == PHASE_SECOND && strcmp(first, h->name) != 0)
		return refuse(h, HELLO_OTHER_NAME);
	/* A server asks for a second one, never for a third. */
	h->phase = h->phase == PHASE_FIRST && h->may_repeat ? PHASE_SECOND : PHASE_OPEN;
	*ret_pass = h->at;
	h->at = h->gathered = 0;
	return HELLO_DONE;
}

/* A whole record of handshake at h->at, of length bytes. */
static enum hello_answer
add_record(struct hello *h, const uint8_t *data, size_t length, size_t *ret_pass)
{
	const uint8_t *fragment = data + h->at + RECORD_HEADER;

	for (size_t i = 0; i < length && h->gathered + i < sizeof(h->lead); i++)
		h->lead[h->gathered + i] = fragment[i];
	h->gathered += length;
	h->at += RECORD_HEADER + length;
	if (h->phase == PHASE_SECOND && !may_be_hello(h))
		return HELLO_OPEN;
	if (h->lead[0] != 1)
		return refuse(h, HELLO_NO_HELLO);
	if (h->gathered < MESSAGE_HEADER)
		return HELLO_MORE;
	/* What only looks like a second hello may claim any length: the bytes that are held are counted. */
	if (message_size(h) > HELLO_MAX && h->phase == PHASE_FIRST)
		return refuse(h, HELLO_TOO_LONG);
	if (h->gathered > message_size(h))
		return refuse(h, HELLO_MORE_IN_RECORD);
	return h->gathered == message_size(h) ? read_hello(h, data, ret_pass) : HELLO_MORE;
}

/* What can be told of the first bytes, before there is a record's header. */
static enum hello_answer
look_at_first(struct hello *h, const uint8_t *data, size_t size)
{
	if (size < 1 || data[0] == RECORD_HANDSHAKE)
		return HELLO_MORE;
	/* SSL 2: a length of 15 bits, its upper bit set, and the type of the message. */
	if ((data[0] & 0x80) != 0 && size < 3)
		return HELLO_MORE;
	return refuse(h, (data[0] & 0x80) != 0 && data[2] == 1 ? HELLO_SSLV2 : HELLO_NOT_TLS);
}

/* A record between two hellos that is no handshake. */
static enum hello_answer
pass_record(struct hello *h, unsigned type, size_t length)
{
	if (type == RECORD_DATA && !h->early_data)
		return HELLO_OPEN;
	if ((type != RECORD_CIPHER && type != RECORD_ALERT && type != RECORD_DATA) ||
		length > RECORD_ENCRYPTED)
		return refuse(h, HELLO_BAD_RECORD);
	h->skip = RECORD_HEADER + length;
	return HELLO_MORE;
}

/* Whether a record says that keys are there: data behind what looked like the piece of a hello, or more than
 * a plaintext record holds. Skipped early data could stand between pieces. */
static int
no_second(const struct hello *h, unsigned type, size_t length)
{
	return (type == RECORD_DATA && !h->early_data) ||
	       (type == RECORD_HANDSHAKE && h->gathered == 0 && length > RECORD_MAX &&
		       length <= RECORD_ENCRYPTED);
}

/* One record further; MORE with *ret_moved 0 when that takes more bytes. */
static enum hello_answer
step(struct hello *h, const uint8_t *data, size_t size, size_t *ret_pass, int *ret_moved)
{
	const uint8_t *record = data + h->at;
	size_t length;

	*ret_moved = 0;
	if (h->phase == PHASE_FIRST && h->at == 0 && look_at_first(h, data, size) == HELLO_REFUSED)
		return HELLO_REFUSED;
	if (size - h->at < RECORD_HEADER)
		return HELLO_MORE;
	length = (size_t)record[3] << 8 | record[4];
	if (record[1] != 3)
		return refuse(h, HELLO_BAD_RECORD);
	*ret_moved = 1;
	if (h->phase == PHASE_SECOND && h->gathered == 0 && record[0] != RECORD_HANDSHAKE)
		return pass_record(h, record[0], length);
	if (h->phase == PHASE_SECOND && no_second(h, record[0], length))
		return HELLO_OPEN;
	/* Pieces of a message follow each other, and none is empty: RFC 8446, 5.1. */
	if (record[0] != RECORD_HANDSHAKE || length == 0 || length > RECORD_MAX)
		return refuse(h, HELLO_BAD_RECORD);
	if (h->at + RECORD_HEADER + length > HELLO_MAX)
		return refuse(h, HELLO_TOO_LONG);
	*ret_moved = size - h->at - RECORD_HEADER >= length;
	return *ret_moved ? add_record(h, data, length, ret_pass) : HELLO_MORE;
}

enum hello_answer
hello_look(struct hello *h, const uint8_t *data, size_t size, size_t *ret_pass)
{
	enum hello_answer answer = HELLO_MORE;
	size_t passed = 0, pass = 0;
	int moved = 1;

	while (answer == HELLO_MORE && moved && h->phase < PHASE_OPEN) {
		const size_t now = h->skip < size - passed ? h->skip : size - passed;

		h->skip -= now;
		passed += now;
		if (h->skip > 0)
			break;
		answer = step(h, data + passed, size - passed, &pass, &moved);
	}
	if (answer == HELLO_OPEN)
		h->phase = PHASE_OPEN;
	else if (answer == HELLO_MORE && h->phase == PHASE_OPEN)
		answer = HELLO_OPEN;
	else if (h->phase == PHASE_REFUSED)
		answer = HELLO_REFUSED;
	*ret_pass = answer == HELLO_OPEN ? size : answer == HELLO_REFUSED ? 0 : passed + pass;
	return answer;
}

int
hello_agrees(const struct hello *h, const char *name)
{
	return h->name[0] != '\0' && strcmp(h->name, name) == 0;
}

int
hello_protocol(const struct hello *h, size_t *at, const uint8_t **ret_protocol, size_t *ret_size)
{
	if (*at >= h->alpn_size)
		return 0;
	*ret_size = h->alpn[*at];
	*ret_protocol = h->alpn + *at + 1;
	*at += 1 + *ret_size;
	return 1;
}
