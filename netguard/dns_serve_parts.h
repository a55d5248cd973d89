/* What the files of dns_serve share. */
#pragma once

#include "dns_serve.h"

#define DNS_SERVE_SOCKETS 4u

struct dns_serve_tcp_end;

struct dns_serve_socket {
	struct dns_serve *serve;
	int fd, family;
	struct cordon_watch *watch;
	int listens; /* by TCP */
};

struct dns_serve {
	struct cordon_loop *loop;
	struct names *names;
	struct dns_serve_policy policy;
	struct dns_serve_socket sockets[DNS_SERVE_SOCKETS];
	unsigned socket_count;
	struct dns_serve_tcp_end *ends[DNS_SERVE_CONNECTIONS];
	unsigned end_count;
};

/* Takes fd as the next of s->sockets and watches it. */
int dns_serve_add(struct dns_serve *s, int fd, int listens, cordon_watch_fn *fn,
	struct cordon_error *err) CORDON_CHECKED;
void dns_serve_end_all(struct dns_serve *s);
