/* From the fork in pid 1 to the command's exec. */
#pragma once

#include "caps.h"
#include "setup.h"
#include "stage.h"

/* What became of it, in memory that pid 1 and the payload share until the exec. */
struct payload_outcome {
	struct sandbox_fault fault; /* STAGE_NONE: the command was executed */
	int listener; /* of the filter, in the table of descriptors that both share; or -1 */
};

/* Never returns: executes the command, or records a fault and exits. terminal: the pty's slave, or
 * -1. */
_Noreturn void payload_main(
	const struct sandbox_setup *s, int terminal, struct payload_outcome *outcome);
