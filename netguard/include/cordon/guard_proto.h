/* What the monitor and the parts of the guard say to each other: fixed layouts over links (<cordon/link.h>).
 *
 * The relay (`cordon-netguard relay`) serves the sockets of runs: it answers their DNS, accepts their connections, asks
 * the monitor what may become of each destination, and has the dialer (<cordon/dial_proto.h>) connect. It reads what runs
 * and servers send, so it may be somebody else's by now; what it says is counted, shown, and believed in nothing else.
 *
 *	relay -> monitor    READY                       once, first: it has locked itself
 *	monitor -> relay    SERVE run bounds names      with the 3 or 6 sockets of the run (<cordon/capture.h>)
 *	relay -> monitor    ASK run destination to      a connection wants to go there, the first to that destination
 *	monitor -> relay    ALLOW run destination ...   dial with this grant, and see that this is spoken
 *	                    REFUSE run destination why  do not
 *	relay -> monitor    TRAFFIC run destination ... what came of it so far: totals, the last word counts
 *	                    UNLISTED run name           a program looked a name up that no list has; of each name once
 *	monitor -> relay    END run                     close everything of it
 *	relay -> monitor    ENDED run                   all TRAFFIC of it was said before
 *
 * Destinations are numbered by the relay, in each run from 0 on without a gap; each is asked about once, and again when
 * what was allowed is not fresh any more, or was refused for a while only. An ASK is answered exactly once, in any order,
 * unless END comes before. END is answered exactly once.
 *
 * The resolver (`cordon-netguard resolve`) reads what name servers send. It sees no run.
 *
 *	resolver -> monitor    READY                    once, first: it has locked itself
 *	monitor -> resolver    SERVERS                  from now on ask these; it begins with none
 *	                       LOOK_UP id name
 *	resolver -> monitor    FOUND id ...             exactly once for each, in any order
 *
 * Each ends with its link to the monitor or to the dialer, and with the first message that is not one of these. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/address.h>
#include <cordon/dial_proto.h>
#include <cordon/error.h>
#include <cordon/host.h>

#define CORDON_GUARD_RUNS         1024u /* that one relay serves at one time */
#define CORDON_GUARD_NAMES        4096u /* names of SERVE */
#define CORDON_GUARD_DESTINATIONS 4096u /* of a run, refused ones included */
#define CORDON_GUARD_UNLISTED     256u /* UNLISTED of a run; what comes then is not said */
#define CORDON_GUARD_LOOKUPS      256u /* without an answer */
#define CORDON_GUARD_LANES        8u /* of these, that are looked up at one time; others wait */
#define CORDON_GUARD_REASON       32u /* of a reason code, with NUL */
#define CORDON_GUARD_SERVERS      3u
#define CORDON_GUARD_NO_LIMIT     UINT64_MAX

enum cordon_guard_message {
	CORDON_GUARD_READY = 1,
	CORDON_GUARD_SERVE,
	CORDON_GUARD_ASK,
	CORDON_GUARD_ALLOW,
	CORDON_GUARD_REFUSE,
	CORDON_GUARD_TRAFFIC,
	CORDON_GUARD_UNLISTED_NAME,
	CORDON_GUARD_END,
	CORDON_GUARD_ENDED,
	CORDON_GUARD_SERVERS_ARE = 32,
	CORDON_GUARD_LOOK_UP,
	CORDON_GUARD_FOUND,
};

/* What comes with SERVE, in this order (that of <cordon/capture.h>): all, or those for IPv4. */
enum cordon_guard_socket {
	CORDON_GUARD_TCP, /* a listener to which all connections of the run are redirected */
	CORDON_GUARD_DNS,
	CORDON_GUARD_DNS_TCP,
	CORDON_GUARD_TCP6,
	CORDON_GUARD_DNS6,
	CORDON_GUARD_DNS_TCP6,
	CORDON_GUARD_SOCKETS
};
#define CORDON_GUARD_SOCKETS_IPV4 3u

/* For which names a run may learn an address to connect to. What may be connected is the monitor's to say. */
struct cordon_guard_name {
	int refused; /* else listed; what is refused is so whatever lists it */
	int below; /* all names strictly below it, not itself */
	const char *text; /* the one spelling; borrowed from the message when decoded */
};

struct cordon_guard_serve {
	uint64_t run; /* not served yet */
	int others; /* names that nothing lists have addresses, too: those may be public, or asked about */
	uint64_t connections; /* at one time */
	uint64_t rate; /* begun in one second */
	uint64_t bytes_out, bytes_in;
	uint64_t names; /* that have addresses */
	const struct cordon_guard_name
		*list; /* what is decoded owns it, cordon_guard_serve_finish */
	size_t count; /* at most CORDON_GUARD_NAMES */
};

/* What is spoken there, and by that what is compared with the name that was dialed (A29). */
enum cordon_guard_as {
	CORDON_GUARD_TLS = 1,
	CORDON_GUARD_HTTP,
	CORDON_GUARD_OPAQUE,
	CORDON_GUARD_AS_COUNT
};

struct cordon_guard_ask {
	uint64_t run;
	uint32_t destination; /* below CORDON_GUARD_DESTINATIONS */
	struct cordon_endpoint
		to; /* by name, when the address is one that the run was given for it */
};

struct cordon_guard_allow {
	uint64_t run;
	uint32_t destination;
	enum cordon_guard_as as;
	int ech; /* TLS may hide its server name */
	uint32_t fresh_ms; /* ask again for connections that begin later than that */
	struct cordon_dial_grant grant; /* as it was granted to the dialer */
};

struct cordon_guard_refuse {
	uint64_t run;
	uint32_t destination;
	uint32_t fresh_ms; /* 0: for as long as the run lives */
	char reason[CORDON_GUARD_REASON]; /* stable code */
};

enum cordon_guard_verified {
	CORDON_GUARD_NOT_VERIFIED, /* it was not looked at, or nothing has been sent yet */
	CORDON_GUARD_VERIFIED_TLS, /* each connection said the name that was dialed */
	CORDON_GUARD_VERIFIED_HTTP,
	CORDON_GUARD_VERIFIED_COUNT
};

struct cordon_guard_traffic {
	uint64_t run;
	uint32_t destination;
	uint64_t begun, open; /* connections that were allowed */
	uint64_t bytes_out, bytes_in; /* passed on to the server, and to the run */
	uint64_t
		refused; /* connections that were ended by a rule: by the verdict, by what was spoken, by a bound */
	char reason[CORDON_GUARD_REASON]; /* of the last that was refused or failed; "": none */
	uint64_t failed; /* connections that could not be made */
	enum cordon_guard_verified verified;
};

struct cordon_guard_unlisted {
	uint64_t run;
	char name[CORDON_HOST_MAX + 1]; /* host name characters in small letters */
};

struct cordon_guard_servers {
	struct {
		struct cordon_address address;
		uint16_t port;
		uint64_t udp_grant, tcp_grant;
		uint8_t at; /* place of the address in both */
	} all[CORDON_GUARD_SERVERS];
	unsigned count;
};

struct cordon_guard_look_up {
	uint64_t id;
	struct cordon_host name; /* CORDON_HOST_NAME */
};

struct cordon_guard_found {
	uint64_t id;
	char reason[CORDON_GUARD_REASON]; /* "": there are addresses */
	char text[200]; /* for people, with a reason */
	struct cordon_address addresses[CORDON_DIAL_ADDRESSES];
	unsigned count;
	uint32_t ttl_s;
};

struct cordon_writer;

/* Decoders return 0, or -1 with CORDON_EPEER. They take what the encoders write and nothing else: names are in the one
 * spelling, texts end where they end, enumerations are known, bounds are kept. */
void cordon_guard_encode_serve(const struct cordon_guard_serve *serve, struct cordon_writer *w);
/* data has to outlive *ret. */
int cordon_guard_decode_serve(const void *data, size_t size, struct cordon_guard_serve *ret,
	struct cordon_error *err) CORDON_CHECKED;
void cordon_guard_serve_finish(struct cordon_guard_serve *serve);

void cordon_guard_encode_ask(const struct cordon_guard_ask *ask, struct cordon_writer *w);
int cordon_guard_decode_ask(const void *data, size_t size, struct cordon_guard_ask *ret,
	struct cordon_error *err) CORDON_CHECKED;
void cordon_guard_encode_allow(const struct cordon_guard_allow *allow, struct cordon_writer *w);
int cordon_guard_decode_allow(const void *data, size_t size, struct cordon_guard_allow *ret,
	struct cordon_error *err) CORDON_CHECKED;
void cordon_guard_encode_refuse(const struct cordon_guard_refuse *refuse, struct cordon_writer *w);
int cordon_guard_decode_refuse(const void *data, size_t size, struct cordon_guard_refuse *ret,
	struct cordon_error *err) CORDON_CHECKED;
void cordon_guard_encode_traffic(
	const struct cordon_guard_traffic *traffic, struct cordon_writer *w);
int cordon_guard_decode_traffic(const void *data, size_t size, struct cordon_guard_traffic *ret,
	struct cordon_error *err) CORDON_CHECKED;
void cordon_guard_encode_unlisted(
	const struct cordon_guard_unlisted *unlisted, struct cordon_writer *w);
int cordon_guard_decode_unlisted(const void *data, size_t size, struct cordon_guard_unlisted *ret,
	struct cordon_error *err) CORDON_CHECKED;
/* END and ENDED: the run alone. */
void cordon_guard_encode_run(uint64_t run, struct cordon_writer *w);
int cordon_guard_decode_run(
	const void *data, size_t size, uint64_t *ret_run, struct cordon_error *err) CORDON_CHECKED;

void cordon_guard_encode_servers(
	const struct cordon_guard_servers *servers, struct cordon_writer *w);
int cordon_guard_decode_servers(const void *data, size_t size, struct cordon_guard_servers *ret,
	struct cordon_error *err) CORDON_CHECKED;
void cordon_guard_encode_look_up(
	const struct cordon_guard_look_up *look_up, struct cordon_writer *w);
int cordon_guard_decode_look_up(const void *data, size_t size, struct cordon_guard_look_up *ret,
	struct cordon_error *err) CORDON_CHECKED;
void cordon_guard_encode_found(const struct cordon_guard_found *found, struct cordon_writer *w);
int cordon_guard_decode_found(const void *data, size_t size, struct cordon_guard_found *ret,
	struct cordon_error *err) CORDON_CHECKED;
