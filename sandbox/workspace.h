/* The workspace inside the set-up child: cloned while the host's tree is whole, attached at its own
 * path, covered where protect and hide say so. They allocate nothing. */
#pragma once

#include "setup.h"
#include "stage.h"

struct workspace_pieces {
	int source; /* O_PATH, the host's directory */
	int tree; /* detached clone */
};

int workspace_clone(const struct sandbox_setup *s, struct workspace_pieces *pieces,
	struct sandbox_fault *fault);
int workspace_attach(const struct sandbox_setup *s, int root, struct workspace_pieces *pieces,
	struct sandbox_fault *fault);
void workspace_drop(struct workspace_pieces *pieces);
