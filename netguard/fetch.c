/* libcurl's door. Of libcurl we want HTTP/1.1, TLS by OpenSSL, and the undoing of gzip and deflate. MUSTs:
 *
 * 1. The connection is the one that it was given: libcurl resolves nothing (CURLOPT_RESOLVE has the address), asks for one
 *    socket, and is given ours when its other end is an address of the grant and the port of the URL; a second one it does
 *    not get. No connection is used again.
 * 2. It follows no redirect, and uses no proxy, cookies, .netrc, HSTS, Alt-Svc, nor any other protocol or HTTP version.
 * 3. It is told the URL in the one spelling that was judged, and what it asks the server for is our target, byte by byte.
 * 4. TLS 1.2 or newer; the certificate has to lead to one of the system's authorities and be for the host.
 * 5. What a server may make it do is bounded: see ENOUGH, and fetch_headers.c.
 *
 * It reads files when it begins: OpenSSL its configuration, we the authorities.
 *
 * Tests: tests/system/fetch, tests/kernel/test_fetch_jail.c.
 * calls: poll ppoll recvfrom sendto getpeername getsockname getsockopt setsockopt fcntl ioctl close getrandom
 *	clock_gettime gettimeofday getpid gettid futex sysinfo rt_sigaction; at start: openat read newfstatat fstat */
#include "fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

#include "fetch_peer.h"

#define AUTHORITIES_MAX (4u << 20) /* bytes of the system's certificates */
#define CHUNK           16384L
/* What may come over the network of one answer, whatever it is when it is decoded: the longest body, and as much again of
 * frames around it. */
#define ENOUGH ((curl_off_t)2 * CORDON_FETCH_BODY_MAX)

struct fetch {
	struct cordon_loop *loop;
	fetch_body_fn *body;
	fetch_done_fn *done;
	void *context;
	CURLM *multi;
	CURL *easy;
	char *authorities;
	size_t authorities_size;
	const struct fetch_ask *ask; /* NULL: there is none */
	struct fetch_answer answer;
	struct curl_slist *headers, *resolve;
	char trouble[CURL_ERROR_SIZE];
	int given; /* for libcurl to take; -1: nothing any more */
	int is_enough; /* the body was not wanted any more */
	int is_other; /* the socket leads elsewhere */
	struct cordon_watch *watch;
	curl_socket_t watched;
	struct cordon_timer *timer;
};

static void drive(struct fetch *f, curl_socket_t fd, int events);

/* what the loop is for */

static void
ready(void *context, unsigned events)
{
	struct fetch *f = context;
	int how = 0;

	if ((events & CORDON_LOOP_READ) != 0)
		how |= CURL_CSELECT_IN;
	if ((events & CORDON_LOOP_WRITE) != 0)
		how |= CURL_CSELECT_OUT;
	drive(f, f->watched, how);
}

/* A watch that cannot be had ends by the time of the fetch. */
static int
watch_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *unused)
{
	struct fetch *f = context;
	const unsigned events = what == CURL_POLL_IN      ? CORDON_LOOP_READ
				: what == CURL_POLL_OUT   ? CORDON_LOOP_WRITE
				: what == CURL_POLL_INOUT ? CORDON_LOOP_READ | CORDON_LOOP_WRITE
							  : 0;
	struct cordon_error ignored;

	(void)easy;
	(void)unused;
	if (what == CURL_POLL_REMOVE) {
		cordon_watch_remove(f->watch);
		f->watch = NULL;
	} else if (f->watch == NULL) {
		f->watched = fd;
		f->watch = cordon_loop_watch(f->loop, fd, events, ready, f, &ignored);
	} else {
		cordon_watch_set(f->watch, events);
	}
	return 0;
}

static void
due(void *context)
{
	struct fetch *f = context;

	cordon_timer_remove(f->timer);
	f->timer = NULL;
	drive(f, CURL_SOCKET_TIMEOUT, 0);
}

static int
set_timer(CURLM *multi, long after_ms, void *context)
{
	struct fetch *f = context;
	struct cordon_error ignored;

	(void)multi;
	cordon_timer_remove(f->timer);
	f->timer = NULL;
	if (after_ms < 0)
		return 0;
	f->timer = cordon_loop_timer(f->loop, (uint64_t)after_ms, 0, due, f, &ignored);
	return f->timer == NULL ? -1 : 0;
}

/* the socket */

static curl_socket_t
give_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct fetch *f = context;

	(void)address;
	if (f->given < 0 || purpose != CURLSOCKTYPE_IPCXN)
		return CURL_SOCKET_BAD;
	if (!fetch_peer_granted(f->given, f->ask->grant, f->ask->url)) {
		f->is_other = 1;
		return CURL_SOCKET_BAD;
	}
	return cordon_fd_take(&f->given);
}

static int
is_connected(void *context, curl_socket_t fd, curlsocktype purpose)
{
	(void)context;
	(void)fd;
	(void)purpose;
	return CURL_SOCKOPT_ALREADY_CONNECTED;
}

/* what comes */

static size_t
take_line(char *line, size_t one, size_t size, void *context)
{
	struct fetch *f = context;

	fetch_answer_line(&f->answer, line, size * one);
	return f->answer.bad_encoding ? 0 : size * one;
}

static size_t
take_body(char *data, size_t one, size_t size, void *context)
{
	struct fetch *f = context;

	if (f->body(f->context, &f->answer, data, size * one) == 0)
		return size * one;
	f->is_enough = 1;
	return 0;
}

static int
look_at_progress(void *context, curl_off_t wants, curl_off_t has, curl_off_t sends, curl_off_t sent)
{
	struct fetch *f = context;

	(void)wants;
	(void)sends;
	(void)sent;
	f->is_enough |= has > ENOUGH;
	return f->is_enough;
}

/* the end */

static void
forget(struct fetch *f)
{
	if (f->ask == NULL)
		return;
	(void)curl_multi_remove_handle(f->multi, f->easy);
	cordon_watch_remove(f->watch);
	f->watch = NULL;
	cordon_timer_remove(f->timer);
	f->timer = NULL;
	cordon_fd_close_p(&f->given);
	curl_slist_free_all(f->headers);
	curl_slist_free_all(f->resolve);
	f->headers = f->resolve = NULL;
	f->ask = NULL;
}

static const char *
reason_of(const struct fetch *f, CURLcode code)
{
	if (f->is_other)
		return "net.other_end";
	switch (code) {
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_ISSUER_ERROR:
		return "net.tls";
	case CURLE_BAD_CONTENT_ENCODING:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WRITE_ERROR:
	case CURLE_OK: /* what it took for an answer is none */
	case CURLE_OUT_OF_MEMORY:
		return "net.answer";
	default:
		return "net.transfer";
	}
}

static void
finish(struct fetch *f, CURLcode code)
{
	const char *url = f->ask->url->to.host.text;
	struct fetch_answer answer;
	struct cordon_error err;
	const int fine = f->is_enough || (code == CURLE_OK && f->answer.status >= 200);

	if (!fine) {
		cordon_fail(&err, CORDON_EPOLICY, 0, "'%s' was not fetched: %s", url,
			f->answer.bad_encoding  ? "it is encoded in a way that was not asked for"
			: f->is_other           ? "the connection leads to another address"
			: f->trouble[0] != '\0' ? f->trouble
			: code == CURLE_OK      ? "what came is no answer"
						: curl_easy_strerror(code));
		(void)cordon_because(&err, reason_of(f, code));
	}
	forget(f);
	/* So that what is called may begin anew. */
	answer = f->answer;
	answer.cut = f->is_enough;
	f->answer = (struct fetch_answer){ 0 };
	f->done(f->context, &answer, fine ? NULL : &err);
	fetch_answer_finish(&answer);
}

static void
drive(struct fetch *f, curl_socket_t fd, int events)
{
	const struct CURLMsg *m;
	int count = 0;

	(void)curl_multi_socket_action(f->multi, fd, events, &count);
	m = f->ask == NULL ? NULL : curl_multi_info_read(f->multi, &count);
	if (m != NULL && m->msg == CURLMSG_DONE)
		finish(f, m->data.result);
}

/* the beginning */

/* Where distributions have them, in PEM and one after the other. */
static int
read_authorities(struct fetch *f, struct cordon_error *err)
{
	static const char *const places[] = { "/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		CORDON_CLOSE int fd = open(places[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);

		if (fd >= 0)
			return cordon_fd_slurp(
				fd, AUTHORITIES_MAX, &f->authorities, &f->authorities_size, err);
	}
	return 0; /* https has none then, and fails */
}

struct fetch *
fetch_create(struct cordon_loop *loop, fetch_body_fn *body, fetch_done_fn *done, void *context,
	struct cordon_error *err)
{
	struct fetch *f = cordon_array(1, sizeof(*f));

	/* Certificates have times, and libc would open /etc/localtime for each when no zone is named. */
	if (f == NULL || setenv("TZ", "UTC0", 1) < 0 ||
		curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not begin with libcurl");
		free(f);
		return NULL;
	}
	tzset();
	*f = (struct fetch){
		.loop = loop, .body = body, .done = done, .context = context, .given = -1
	};
	f->multi = curl_multi_init();
	f->easy = curl_easy_init();
	if (f->multi == NULL || f->easy == NULL ||
		curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, watch_socket) != CURLM_OK ||
		curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f) != CURLM_OK ||
		curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, set_timer) != CURLM_OK ||
		curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f) != CURLM_OK) {
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not begin with libcurl");
		fetch_destroy(f);
		return NULL;
	}
	if (read_authorities(f, err) < 0) {
		fetch_destroy(f);
		return NULL;
	}
	return f;
}

void
fetch_cancel(struct fetch *f)
{
	forget(f);
	fetch_answer_finish(&f->answer);
}

void
fetch_destroy(struct fetch *f)
{
	if (f == NULL)
		return;
	fetch_cancel(f);
	curl_easy_cleanup(f->easy);
	curl_multi_cleanup(f->multi);
	free(f->authorities);
	free(f);
}

static int
append(struct curl_slist **list, const char *text)
{
	struct curl_slist *longer = curl_slist_append(*list, text);

	if (longer == NULL)
		return -1;
	*list = longer;
	return 0;
}

/* libcurl takes "Name;" for a header without a value, and "Name:" for one of its own that is not wanted. */
static int
add_header(struct fetch *f, const char *name, const char *value)
{
	CORDON_FREE char *line = NULL;
	const int empty = value[strspn(value, " \t")] == '\0';

	if (asprintf(&line, "%s%s%s", name, empty ? ";" : ": ", empty ? "" : value) < 0)
		line = NULL;
	return line == NULL ? -1 : append(&f->headers, line);
}

static int
add_headers(struct fetch *f)
{
	int result = append(&f->headers, "Expect:"), accepts = 0, types = 0;

	for (char *const *at = f->ask->headers; result == 0 && *at != NULL; at += 2) {
		if (f->ask->crossed && !fetch_header_crosses(at[0]))
			continue;
		accepts |= strcasecmp(at[0], "accept") == 0;
		types |= strcasecmp(at[0], "content-type") == 0;
		result = add_header(f, at[0], at[1]);
	}
	if (result == 0 && !accepts)
		result = add_header(f, "Accept", "*/*");
	return result == 0 && !types ? append(&f->headers, "Content-Type:") : result;
}

/* The address of our socket, so that libcurl has it without asking anybody. It does not connect with it. */
static int
add_address(struct fetch *f)
{
	const struct cordon_url *url = f->ask->url;
	const struct cordon_address *address = &f->ask->grant->addresses[0];
	char text[CORDON_ADDRESS_TEXT], line[CORDON_HOST_MAX + CORDON_ADDRESS_TEXT + 32];

	cordon_address_print(address, text);
	(void)snprintf(line, sizeof(line), "%s:%u:%s%s%s", url->to.host.text, url->to.port,
		address->family == 6 ? "[" : "", text, address->family == 6 ? "]" : "");
	return url->to.host.kind == CORDON_HOST_ADDRESS ? 0 : append(&f->resolve, line);
}

#define SET(option, value) (curl_easy_setopt(f->easy, CURLOPT_##option, value) == CURLE_OK)

static int
set_way(struct fetch *f)
{
	return SET(NOSIGNAL, 1L) && SET(PROTOCOLS_STR, "http,https") && SET(FOLLOWLOCATION, 0L) &&
	       SET(PROXY, "") && SET(NOPROXY, "*") && SET(NETRC, (long)CURL_NETRC_IGNORED) &&
	       SET(FRESH_CONNECT, 1L) && SET(FORBID_REUSE, 1L) &&
	       SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) && SET(HTTP09_ALLOWED, 0L) &&
	       SET(PATH_AS_IS, 1L) && SET(RESOLVE, f->resolve) &&
	       SET(OPENSOCKETFUNCTION, give_socket) && SET(OPENSOCKETDATA, f) &&
	       SET(SOCKOPTFUNCTION, is_connected) && SET(SOCKOPTDATA, f) &&
	       SET(TCP_KEEPALIVE, 0L) && SET(ERRORBUFFER, f->trouble);
}

static int
set_tls(struct fetch *f)
{
	struct curl_blob blob = { f->authorities, f->authorities_size, CURL_BLOB_NOCOPY };

	return SET(SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) && SET(SSL_VERIFYPEER, 1L) &&
	       SET(SSL_VERIFYHOST, 2L) && SET(CAINFO, NULL) && SET(CAPATH, NULL) &&
	       SET(SSL_SESSIONID_CACHE, 0L) && SET(SSL_ENABLE_ALPN, 0L) &&
	       (f->authorities_size == 0 || SET(CAINFO_BLOB, &blob));
}

static int
set_request(struct fetch *f, const char *url)
{
	const struct fetch_ask *ask = f->ask;
	const int head = strcmp(ask->method, "HEAD") == 0;
	/* POST, PUT and PATCH say that they have none. */
	const int has_body = ask->body_size > 0 || ask->method[0] == 'P';

	if (has_body && (!SET(POSTFIELDSIZE_LARGE, (curl_off_t)ask->body_size) ||
				!SET(POSTFIELDS, ask->body_size > 0 ? ask->body : "")))
		return 0;
	return SET(URL, url) && SET(REQUEST_TARGET, ask->url->target) &&
	       (head ? SET(NOBODY, 1L) : SET(CUSTOMREQUEST, ask->method)) &&
	       SET(HTTPHEADER, f->headers) && SET(ACCEPT_ENCODING, "gzip, deflate") &&
	       SET(BUFFERSIZE, CHUNK) && SET(HEADERFUNCTION, take_line) && SET(HEADERDATA, f) &&
	       SET(WRITEFUNCTION, take_body) && SET(WRITEDATA, f) && SET(NOPROGRESS, 0L) &&
	       SET(XFERINFOFUNCTION, look_at_progress) && SET(XFERINFODATA, f);
}

int
fetch_begin(struct fetch *f, const struct fetch_ask *ask, int fd, struct cordon_error *err)
{
	CORDON_FREE char *url = cordon_array(1, CORDON_URL_TEXT);

	f->ask = ask;
	f->given = fd;
	f->is_enough = f->is_other = 0;
	f->trouble[0] = '\0';
	curl_easy_reset(f->easy);
	if (url != NULL)
		cordon_url_print(ask->url, url);
	if (url == NULL || add_headers(f) < 0 || add_address(f) < 0 || !set_way(f) || !set_tls(f) ||
		!set_request(f, url) || curl_multi_add_handle(f->multi, f->easy) != CURLM_OK) {
		fetch_cancel(f);
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not ask libcurl for a page");
		return cordon_because(err, "limit.memory");
	}
	return 0;
}
