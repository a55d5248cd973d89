/* workspace/read, write and list: files below a session's workspace, as its runs would see them. */
#pragma once

#include <cordon/error.h>
#include <cordon/rpc_proto.h>

struct caller;

/* Answers the request, or returns -1 with *err set: what its refusal says. */
int file_request_serve(
	struct caller *c, const struct rpc_file *request, struct cordon_error *err) CORDON_CHECKED;
