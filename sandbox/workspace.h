/* The workspace inside the set-up child: cloned while the host's tree is whole, attached at its own
 * path, covered where protect and hide say so. They allocate nothing. Each returns 0, or -1 with *fault. */
#pragma once

#include "setup.h"
#include "stage.h"

/* Clones the workspace off the host's tree, detached. *ret_tree is -1 when there is none. */
int workspace_clone(const struct sandbox_setup *s, int *ret_tree, struct sandbox_fault *fault);
/* Attaches the clone at its place below root. */
int workspace_attach(
	const struct sandbox_setup *s, int root, int tree, struct sandbox_fault *fault);
/* Covers what is to be covered in it; root must still be writable. */
int workspace_cover(const struct sandbox_setup *s, int root, int tree, struct sandbox_fault *fault);
