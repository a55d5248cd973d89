/* What the monitor and one fetch say to each other (`cordon-fetch`, one process for each): fixed layouts over a link
 * (<cordon/link.h>). The fetch reads what servers send, by libcurl, so it may be somebody else's by now. What it says of
 * a page is shown as a stranger's; what it asks for is judged.
 *
 *	fetch -> monitor   READY                    once, first: it has locked itself
 *	monitor -> fetch   REQUEST                  what the caller wants, as it was given
 *	fetch -> monitor   HOP url                  it wants to connect there, and waits:
 *	monitor -> fetch   ALLOW grant              by that grant, whose asker it is
 *	                   REFUSE reason text       that is the end
 *	fetch -> monitor   RESULT                   exactly once, last; with the body
 *
 * A REQUEST has one HOP for each connection that is made, so one for each redirect that is followed, also to where it has
 * been. ALLOW and REFUSE are legal behind a HOP alone. It ends behind RESULT, with either of its links, and with the first
 * message that is not one of these.
 *
 * With RESULT, when its outcome is DONE, comes the body in a memfd, and when it is wrapped a second one with that text. They
 * are sealed against writing, growing and shrinking; who reads them looks whether they are (F_GET_SEALS), and at their
 * size. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/dial_proto.h>
#include <cordon/error.h>
#include <cordon/guard_proto.h>
#include <cordon/url.h>

#define CORDON_FETCH_URL      65536u /* bytes of what may be read as a URL */
#define CORDON_FETCH_METHOD   16u /* with NUL */
#define CORDON_FETCH_HEADERS  128u /* of the caller's, and of an answer */
#define CORDON_FETCH_HEADER   8192u /* bytes of a name or a value */
#define CORDON_FETCH_SENT_MAX (1u << 20) /* bytes of the caller's body */
#define CORDON_FETCH_BODY_MAX (16u << 20) /* and of an answer's */
#define CORDON_FETCH_HOPS     11u /* the first and ten redirects */
#define CORDON_FETCH_TIME_MAX 3600000u
#define CORDON_FETCH_BOUNDARY 33u /* 128 bits in hex, with NUL */
#define CORDON_FETCH_DIGEST   32u
#define CORDON_FETCH_EARLIER  32u /* boundaries of earlier pages */

enum cordon_fetch_message {
	CORDON_FETCH_READY = 1,
	CORDON_FETCH_REQUEST,
	CORDON_FETCH_HOP,
	CORDON_FETCH_ALLOW,
	CORDON_FETCH_REFUSE,
	CORDON_FETCH_RESULT,
};

struct cordon_fetch_request {
	const void *url; /* any bytes; borrowed from the message when decoded */
	size_t url_size; /* at most CORDON_FETCH_URL */
	char method[CORDON_FETCH_METHOD];
	char **headers; /* name, value, name, value, NULL; cordon_fetch_request_finish */
	const void *body; /* borrowed, too */
	size_t body_size;
	uint32_t
		max_bytes; /* of the answer, decoded, that are kept; at most CORDON_FETCH_BODY_MAX */
	uint32_t timeout_ms; /* in all, but for the time in which the monitor decides; not 0 */
	uint32_t redirects; /* that are followed, below CORDON_FETCH_HOPS */
	int wrap;
	/* Of pages that the same reader has had; a page that has one of them is not to be taken for the one before. */
	char earlier[CORDON_FETCH_EARLIER][CORDON_FETCH_BOUNDARY];
	unsigned earlier_count;
};

struct cordon_fetch_hop {
	enum cordon_url_scheme scheme;
	struct cordon_endpoint to;
	char url[CORDON_URL_TEXT]; /* for people; printable ASCII */
};

struct cordon_fetch_refuse {
	char reason[CORDON_GUARD_REASON];
	char text[200];
};

enum cordon_fetch_outcome {
	CORDON_FETCH_DONE = 1, /* there is an answer, whatever its status */
	CORDON_FETCH_FAILED, /* all that was tried was allowed, and came to nothing */
	CORDON_FETCH_BLOCKED, /* a hop was refused or cannot be used, or there are too many */
	CORDON_FETCH_INVALID, /* the request itself cannot be used */
	CORDON_FETCH_OUTCOMES /* one more than the last */
};

struct cordon_fetch_step {
	char *url; /* printable ASCII */
	int has_address; /* it was connected */
	struct cordon_address address;
	uint16_t port;
	uint16_t status; /* 100 to 599, or 0: there was none */
};

struct cordon_fetch_result {
	enum cordon_fetch_outcome outcome;
	char reason[CORDON_GUARD_REASON]; /* "": DONE */
	char text[200];
	struct cordon_fetch_step steps[CORDON_FETCH_HOPS]; /* those that were allowed, in order */
	unsigned step_count;
	/* DONE alone: */
	char **headers; /* name, value, ..., NULL; of the last answer */
	uint32_t headers_dropped; /* for which there was no room, or which are no text */
	uint64_t bytes; /* of the body that is there */
	int truncated; /* there was more */
	int is_text; /* UTF-8 */
	uint8_t digest[CORDON_FETCH_DIGEST]; /* SHA-256 of the body that is there */
	char boundary[CORDON_FETCH_BOUNDARY]; /* "": not wrapped */
	uint64_t wrapped_bytes;
	uint32_t neutralised,
		invisible; /* marks in the wrapped text, and characters that it has not */
	uint64_t
		hidden; /* bytes of the page's text that a reader would not have seen, and that it has not */
};

struct cordon_writer;

/* Decoders return 0, or -1 with CORDON_EPEER (or CORDON_ESYS without memory). They take what the encoders write and nothing
 * else; what they give that has to be freed, ..._finish frees, also of a structure that is all zero. */
void cordon_fetch_encode_request(
	const struct cordon_fetch_request *request, struct cordon_writer *w);
/* data has to outlive *ret. */
int cordon_fetch_decode_request(const void *data, size_t size, struct cordon_fetch_request *ret,
	struct cordon_error *err) CORDON_CHECKED;
void cordon_fetch_request_finish(struct cordon_fetch_request *request);

void cordon_fetch_encode_hop(const struct cordon_fetch_hop *hop, struct cordon_writer *w);
int cordon_fetch_decode_hop(const void *data, size_t size, struct cordon_fetch_hop *ret,
	struct cordon_error *err) CORDON_CHECKED;
/* ALLOW is the grant alone: cordon_dial_encode_grant. */
void cordon_fetch_encode_refuse(const struct cordon_fetch_refuse *refuse, struct cordon_writer *w);
int cordon_fetch_decode_refuse(const void *data, size_t size, struct cordon_fetch_refuse *ret,
	struct cordon_error *err) CORDON_CHECKED;
void cordon_fetch_encode_result(const struct cordon_fetch_result *result, struct cordon_writer *w);
int cordon_fetch_decode_result(const void *data, size_t size, struct cordon_fetch_result *ret,
	struct cordon_error *err) CORDON_CHECKED;
void cordon_fetch_result_finish(struct cordon_fetch_result *result);
