/* What a profile says of the network ("network"): plain data. The text of a host is that of the one reader of
 * hosts, netguard, which profiles get handed in: what is here is in its one spelling. Nothing here judges; that is
 * done by supervisor/network_judge.c. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>

#define CORDON_NETWORK_ENTRIES     1024 /* of each list */
#define CORDON_NETWORK_PORTS       64 /* of one entry */
#define CORDON_NETWORK_HOST        (2 + 253) /* "*." and a name */
#define CORDON_NETWORK_NAMES       4096 /* that one run may look up (A30) */
#define CORDON_NETWORK_CONNECTIONS 256 /* where a profile says nothing */

/* What becomes of what no entry lists, from the strictest. */
enum cordon_network_default {
	CORDON_NETWORK_REFUSE,
	CORDON_NETWORK_HOLD,
	CORDON_NETWORK_PUBLIC,
	CORDON_NETWORK_DEFAULTS
};

/* What is spoken at a port, and by that what is compared with the name that was dialed (A29): the server name
 * of TLS, the Host of every HTTP request, nothing. */
enum cordon_network_as {
	CORDON_AS_PORT, /* by the port: TLS at 443, HTTP at 80, else opaque */
	CORDON_AS_TLS,
	CORDON_AS_HTTP,
	CORDON_AS_OPAQUE,
	CORDON_AS_COUNT
};

enum cordon_network_kind {
	CORDON_NETWORK_NAME = 1,
	CORDON_NETWORK_BELOW, /* "*.name": all names below it, not itself */
	CORDON_NETWORK_ADDRESS, /* public, as far as it is known without the host's interfaces */
	CORDON_NETWORK_SPECIAL, /* an address that is not public */
	CORDON_NETWORK_KINDS
};

struct cordon_network_entry {
	char *host; /* with its "*."; IPv6 without brackets */
	enum cordon_network_kind kind;
	uint16_t ports[CORDON_NETWORK_PORTS]; /* ascending, each once */
	size_t port_count; /* of "refuse": 0 for every port; of "allow" never 0 */
	enum cordon_network_as as; /* of "allow" */
	int ech; /* of "allow": TLS may hide its server name (encrypted_client_hello) */
	char *why; /* or NULL */
};

/* One address and port, public or not. */
struct cordon_network_private {
	char *host; /* the address; IPv6 without brackets */
	uint16_t port;
	char *name; /* by which it is reached; NULL: by the address itself */
	char *why; /* or NULL */
};

/* Bounds of one run; CORDON_NO_LIMIT for none. */
struct cordon_network_limits {
	uint64_t connections; /* open at one time */
	uint64_t rate; /* connections begun in one second */
	uint64_t bytes_out, bytes_in;
	uint64_t names; /* that are looked up */
};

struct cordon_network {
	enum cordon_network_default otherwise;
	struct cordon_network_entry *allow, *refuse;
	size_t allow_count, refuse_count;
	struct cordon_network_private *private;
	size_t private_count;
	struct cordon_network_limits limits;
};

/* False when nothing can be reached, and nobody be asked about it. */
int cordon_network_opens(const struct cordon_network *network);

/* "refuse", "hold", "public"; "tls", "http", "opaque". */
const char *cordon_network_default_name(enum cordon_network_default otherwise);
const char *cordon_network_as_name(enum cordon_network_as as);

/* What is spoken at this port: never CORDON_AS_PORT. */
enum cordon_network_as cordon_network_as_at(enum cordon_network_as as, uint16_t port);

int cordon_network_has_port(const struct cordon_network_entry *entry, uint16_t port);

/* Where the text of a host stands. */
enum cordon_network_use {
	CORDON_HOST_ALLOW,
	CORDON_HOST_REFUSE,
	CORDON_HOST_PRIVATE, /* "IP:PORT" or "[IPv6]:PORT" */
	CORDON_HOST_PRIVATE_NAME
};

struct cordon_network_host {
	enum cordon_network_kind kind;
	char text[CORDON_NETWORK_HOST + 1]; /* the one spelling */
	uint16_t port; /* of CORDON_HOST_PRIVATE */
};

/* Reads the text of a host. Returns 0, or -1 with *err set to one sentence. */
typedef int cordon_network_read_fn(enum cordon_network_use use, const void *text, size_t size,
	struct cordon_network_host *ret, struct cordon_error *err);
