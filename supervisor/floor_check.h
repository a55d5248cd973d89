/* Whether this machine has the floor, before anybody is served (T-IMPACT-001). */
#pragma once

#include "serve.h"

/* Also notes what initialize says is present. Returns 0, or -1 with *err set: reason floor.<name>. */
int floor_check(struct serve *s, struct cordon_error *err) CORDON_CHECKED;
