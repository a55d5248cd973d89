/* The monitor of a pipe from its beginning to its end; cmd_serve.c is what drives it. */
#pragma once

#include "serve.h"

/* Starts the launcher and makes the loop. s: zero but for descriptors, which are -1, and what options say.
 * Returns 0, or -1 with *err set; serve_finish follows in any case. */
int serve_begin(
	struct serve *s, const char *launcher_path, struct cordon_error *err) CORDON_CHECKED;
/* Serves until the last caller of a pipe has gone, a signal says so, or the launcher is lost. */
int serve_run(struct serve *s, struct cordon_error *err) CORDON_CHECKED;
void serve_finish(struct serve *s);

/* listen.c: callers who come to a Unix socket. Returns 0, or -1 with *err set. */
int listen_begin(struct serve *s, const char *path, struct cordon_error *err) CORDON_CHECKED;
void listen_finish(struct serve *s);
/* Refuses to serve with a listening internet socket among the descriptors (T-RECON-001). */
int listen_check_inherited(struct cordon_error *err) CORDON_CHECKED;

/* Kills every cordon-rpc and frees all callers, whatever their state. */
void callers_finish(struct serve *s);
/* Removes what a killed launcher left. */
void plans_sweep(const struct serve *s, pid_t launcher);
