/* Doctor: whether what runs could be recorded. */
#pragma once

#include <cordon/launcher.h>

#include "config.h"

/* Says where the ledger is and whether it can be written, and makes nothing. What its records say is not looked at: that
 * is `cordon ledger verify`. */
void ledger_probe(const struct config *config, struct cordon_protection *ret);
