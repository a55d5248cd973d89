/* The run's root file system. Called in the set-up child, in its own mount and pid namespace; they
 * allocate nothing. Each returns 0, or -1 with *fault set. */
#pragma once

#include "setup.h"
#include "stage.h"

/* A root that is still to be sealed. */
struct root {
	int root, workspace; /* workspace: its tree; -1: none */
};

/* Builds the root and makes it the root of the calling process's mount namespace; the host's tree
 * is gone afterwards. The workspace is in place. */
int root_build(const struct sandbox_setup *s, struct root *ret, struct sandbox_fault *fault);

/* Covers what is to be covered in the workspace, and seals the root. */
int root_seal(const struct sandbox_setup *s, struct root *root, struct sandbox_fault *fault);

/* Enters the working directory, which must be the one that was judged. */
int root_enter_cwd(const struct sandbox_setup *s, struct sandbox_fault *fault);
