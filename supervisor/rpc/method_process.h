/* Methods about a run that there is. */
#pragma once

#include "calls.h"

call_fn process_write, process_close_stdin, process_resize, process_signal, process_read,
	process_wait, process_list, process_release;
