/* pid 1 of a run: builds the sandbox from inside, starts the command, reaps, answers refused calls,
 * and takes everything with it when it ends. */
#pragma once

#include "caps.h"
#include "setup.h"

/* Runs in the child right after clone3(2). Never returns. */
_Noreturn void init_main(struct sandbox_setup *s, struct caps_none *no_caps);
