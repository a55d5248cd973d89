/* A runtime's side of the pipe: one link to a cordon serve, requests as lines, answers by their id. As much
 * JSON as that needs: cordon writes an answer's id in a known place. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cordon/error.h>

#define CLIENT_CLOSED               \
	{                           \
		.in = -1, .out = -1 \
	}

struct client {
	int in, out; /* what we write to, and read from */
	char *buffer;
	size_t begin, end, room;
	uint64_t last_id;
	uint64_t bytes; /* received */
};

struct server {
	pid_t pid;
	struct client client; /* of its stdio, if that is where it serves */
};

/* Starts cordon serve --stdio and waits until it answers. */
int server_start(struct server *s, const char *cordon, const char *workspace,
	struct cordon_error *err) CORDON_CHECKED;
/* With --listen, and waits until it listens. */
int server_listen(struct server *s, const char *cordon, const char *workspace, const char *path,
	struct cordon_error *err) CORDON_CHECKED;
/* Ends it, and waits for that. */
void server_stop(struct server *s);

/* Connects to a server that listens, and introduces itself. */
int client_connect(struct client *c, const char *path, struct cordon_error *err) CORDON_CHECKED;
void client_finish(struct client *c);
/* Sends a request with params, the text of a JSON object, and gives its id. */
int client_send(struct client *c, const char *method, const char *params, uint64_t *ret_id,
	struct cordon_error *err) CORDON_CHECKED;
/* The next line, which stays valid until the next call: its end is '\0'. */
int client_line(struct client *c, char **ret_line, struct cordon_error *err) CORDON_CHECKED;
/* Waits for any answer; notifications are passed over. Returns 1 for a result, 0 for an error, whose line
 * *err quotes, and -1. ret_line may be NULL. */
int client_hear(struct client *c, uint64_t *ret_id, char **ret_line,
	struct cordon_error *err) CORDON_CHECKED;
/* The same, where an error is one here. */
int client_answer(struct client *c, uint64_t *ret_id, char **ret_line,
	struct cordon_error *err) CORDON_CHECKED;
/* Sends a request and waits for its answer, which has to come before any other. */
int client_call(struct client *c, const char *method, const char *params, char **ret_line,
	struct cordon_error *err) CORDON_CHECKED;
/* process/run of /bin/true, one whole. */
int client_run_true(struct client *c, struct cordon_error *err) CORDON_CHECKED;
