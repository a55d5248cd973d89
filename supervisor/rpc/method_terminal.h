/* terminal/ as in the Agent Client Protocol, version 1 (agentclientprotocol.com), so that an editor's
 * terminals become runs. */
#pragma once

#include "calls.h"

call_fn terminal_create, terminal_output, terminal_release, terminal_wait, terminal_kill;
