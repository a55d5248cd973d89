/* Between the files of the action record. */
#pragma once

#include <cordon/action.h>

/* Fails unless action is one: every part there, within its bounds, and not against another. what: the code
 * of the error. Returns 0, or -1 with reason input.invalid. */
int action_check(const struct cordon_action *action, enum cordon_code code,
	struct cordon_error *err) CORDON_CHECKED;
