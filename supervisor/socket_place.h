/* A Unix socket that is there when its name is: bound and listened to under another name, then renamed. Bound
 * under its own, it would for a moment refuse who connects, which is what the socket of a dead monitor does
 * (and which a question of an operator takes away then). */
#pragma once

#include <sys/socket.h>

#include <cordon/error.h>

/* type: SOCK_STREAM or SOCK_SEQPACKET. Returns a listening, non-blocking descriptor that the caller owns; the
 * socket at path has mode 0600 and is the caller's to unlink. -1 with *err set; then nothing is left at any
 * name. What is at path stays there: CORDON_EINPUT. */
int socket_place(const char *path, int type, int backlog, struct cordon_error *err) CORDON_CHECKED;
