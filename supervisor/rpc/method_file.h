/* Files below the workspace, by runs that read, write and list them: what a run may see is what the caller
 * gets. */
#pragma once

#include "calls.h"

call_fn file_read, file_write, file_list;
