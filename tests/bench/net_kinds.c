#include "net_kinds.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cordon/fd.h>

#include "process.h"

/* A public address, which in the namespace of the measurement is nobody's but our server's. */
#define ADDRESS    "93.184.216.34"
#define PORT       "9000"
#define RELAY_PORT "9001"
#define PROXY_PORT "9002"

static const char profile_text[] =
	"{\"cordonProfile\": 1, \"name\": \"bench\", \"extends\": [\"default\"],\n"
	" \"widens\": [\"network\", \"limits\"], \"limits\": {\"openFiles\": 65536},\n"
	" \"network\": {\"allow\": [{\"host\": \"" ADDRESS "\", \"ports\": [" PORT "]}],\n"
	"  \"limits\": {\"connections\": 16384}}}\n";

static const char proxy_text[] = "Port " PROXY_PORT "\nListen 127.0.0.1\nTimeout 600\n"
				 "MaxClients 16384\nLogLevel Critical\nDisableViaHeader Yes\n";

const char *const net_kind_names[NET_KINDS] = { "direct", "plainRelay", "tinyproxy", "cordon" };

/* Starts a program; its streams are pipes where the pointers are not NULL. */
static pid_t
start(char *const *argv, FILE **ret_to, FILE **ret_from, struct cordon_error *err)
{
	posix_spawn_file_actions_t actions;
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, error;
	pid_t pid = -1;

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not make pipes");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in[0], 0);
	posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	error = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(in[0]);
	close(out[1]);
	*ret_to = fdopen(in[1], "we");
	*ret_from = fdopen(out[0], "re");
	if (error != 0 || *ret_to == NULL || *ret_from == NULL)
		return cordon_fail(err, CORDON_ESYS, error, "could not start '%s'", argv[0]);
	return pid;
}

static int
hear(FILE *from, char **ret_line, struct cordon_error *err)
{
	static char *line;
	static size_t room;

	if (getline(&line, &room, from) < 0)
		return cordon_fail(err, CORDON_EPEER, 0, "it ended without an answer");
	*ret_line = line;
	return 0;
}

static int
hear_ready(FILE *from, const char *who, struct cordon_error *err)
{
	char *line = NULL;

	if (hear(from, &line, err) < 0)
		return cordon_while(err, "%s", who);
	if (strcmp(line, "ready\n") != 0)
		return cordon_fail(err, CORDON_EPEER, 0, "%s said '%s'", who, line);
	return 0;
}

/* A program of ours that says "ready" and needs no more of us. */
static int
start_ready(char *const *argv, pid_t *ret, struct cordon_error *err)
{
	FILE *to = NULL, *from = NULL;
	int result;

	*ret = start(argv, &to, &from, err);
	result = *ret < 0 ? -1 : hear_ready(from, argv[0], err);
	if (to != NULL)
		(void)fclose(to);
	if (from != NULL)
		(void)fclose(from);
	return result;
}

static int
write_file(const char *path, const char *text, struct cordon_error *err)
{
	CORDON_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || cordon_fd_write_all(fd, text, strlen(text)) < 0)
		return cordon_fail(err, CORDON_ESYS, errno, "could not write '%s'", path);
	return 0;
}

/* tinyproxy says nothing when it is ready. */
static int
await_proxy(struct cordon_error *err)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct timespec pause = { .tv_nsec = 10000000 };

	at.sin_port = htons((uint16_t)strtoumax(PROXY_PORT, NULL, 10));
	for (int i = 0; i < 1000; i++) {
		CORDON_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
			return 0;
		(void)nanosleep(&pause, NULL);
	}
	return cordon_fail(err, CORDON_EPEER, 0, "tinyproxy does not listen");
}

static int
start_between(struct net_world *w, struct cordon_error *err)
{
	char server[PATH_MAX], relay[PATH_MAX], conf[PATH_MAX];
	char *server_argv[] = { server, (char *)(uintptr_t)ADDRESS, (char *)(uintptr_t)PORT, NULL };
	char *relay_argv[] = { relay, (char *)(uintptr_t)RELAY_PORT, (char *)(uintptr_t)ADDRESS,
		(char *)(uintptr_t)PORT, NULL };
	char *proxy_argv[] = { (char *)(uintptr_t)w->tinyproxy, (char *)(uintptr_t) "-d",
		(char *)(uintptr_t) "-c", conf, NULL };
	FILE *to = NULL, *from = NULL;

	snprintf(server, sizeof(server), "%s/net_server", w->programs);
	snprintf(relay, sizeof(relay), "%s/net_relay", w->programs);
	snprintf(conf, sizeof(conf), "%s/tinyproxy.conf", w->directory);
	if (start_ready(server_argv, &w->server, err) < 0 ||
		start_ready(relay_argv, &w->ways[NET_RELAY].between, err) < 0 ||
		write_file(conf, proxy_text, err) < 0)
		return -1;
	/* Its streams stay open: what it says of itself would end it otherwise. */
	w->ways[NET_TINYPROXY].between = start(proxy_argv, &to, &from, err);
	return w->ways[NET_TINYPROXY].between < 0 ? -1 : await_proxy(err);
}

static int
start_client(struct net_world *w, enum net_kind kind, struct cordon_error *err)
{
	struct net_way *way = &w->ways[kind];
	char cordon[PATH_MAX], client[PATH_MAX], profile[PATH_MAX];
	char *argv[16] = { 0 };
	const char *words[] = { cordon, "run", "-q", "-p", profile, "--workspace", w->directory,
		"--" };
	size_t count = 0;

	snprintf(cordon, sizeof(cordon), "%s/cordon", w->programs);
	snprintf(client, sizeof(client), "%s/net_client",
		kind == NET_CORDON ? w->directory : w->programs);
	snprintf(profile, sizeof(profile), "%s/profile.json", w->directory);
	if (kind == NET_CORDON) {
		if (write_file(profile, profile_text, err) < 0)
			return -1;
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			argv[count++] = (char *)(uintptr_t)words[i];
	}
	argv[count++] = client;
	argv[count++] = (char *)(uintptr_t)(kind == NET_RELAY ? "127.0.0.1" : ADDRESS);
	argv[count++] = (char *)(uintptr_t)(kind == NET_RELAY ? RELAY_PORT : PORT);
	if (kind == NET_TINYPROXY)
		argv[count++] = (char *)(uintptr_t)PROXY_PORT;
	way->client = start(argv, &way->to, &way->from, err);
	if (way->client < 0 || hear_ready(way->from, net_kind_names[kind], err) < 0)
		return -1;
	if (kind == NET_CORDON)
		way->between = way->client;
	return 0;
}

int
net_world_begin(struct net_world *w, struct cordon_error *err)
{
	w->server = -1;
	for (int k = 0; k < NET_KINDS; k++)
		w->ways[k] = (struct net_way){ .between = -1, .client = -1 };
	if (start_between(w, err) < 0)
		return -1;
	for (int k = 0; k < NET_KINDS; k++)
		if (start_client(w, (enum net_kind)k, err) < 0)
			return -1;
	return 0;
}

static void
end(pid_t pid)
{
	if (pid > 0) {
		(void)kill(pid, SIGTERM);
		(void)waitpid(pid, NULL, 0);
	}
}

void
net_world_finish(struct net_world *w)
{
	for (int k = 0; k < NET_KINDS; k++) {
		struct net_way *way = &w->ways[k];

		if (way->to != NULL)
			(void)fclose(way->to);
		if (way->from != NULL)
			(void)fclose(way->from);
		if (way->between != way->client)
			end(way->between);
		end(way->client);
	}
	end(w->server);
}

int
net_tell(struct net_world *w, enum net_kind kind, const char *line, char **ret_answer,
	struct cordon_error *err)
{
	struct net_way *way = &w->ways[kind];

	if (fprintf(way->to, "%s\n", line) < 0 || fflush(way->to) != 0)
		return cordon_fail(
			err, CORDON_ESYS, errno, "%s: it does not listen", net_kind_names[kind]);
	if (hear(way->from, ret_answer, err) < 0)
		return cordon_while(err, "%s: '%s'", net_kind_names[kind], line);
	return 0;
}

double
net_memory_kib(const struct net_world *w, enum net_kind kind)
{
	const pid_t pid = w->ways[kind].between;

	if (pid < 0)
		return 0;
	return process_own_kib(pid) +
	       (kind == NET_CORDON ? process_children_own_kib(pid, "cordon-netguard") : 0);
}
