/* From the fork in pid 1 to the command's exec. */
#pragma once

#include "caps.h"
#include "setup.h"

/* Never returns: executes the command, or writes a fault to the descriptor report and exits.
 * terminal: the pty's slave, or -1. gate: where the listener goes, or -1. */
_Noreturn void payload_main(const struct sandbox_setup *s, int terminal, int report, int gate);
