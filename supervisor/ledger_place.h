/* Where a monitor's ledger is (INTERFACES, "Files"). */
#pragma once

#include <cordon/error.h>

#include "config.h"

/* The directory, as the configuration says or in the state directory: for the caller to free, or NULL with
 * *err set. It need not exist. */
char *ledger_place(const struct config *config, struct cordon_error *err);

/* Opens the file that checkpoints are copied to, which is made where it is missing. Returns a descriptor that the
 * caller owns, or -1: with *err untouched when the configuration names none, else set. */
int ledger_place_witness(const struct config *config, struct cordon_error *err) CORDON_CHECKED;

/* Opens the directory, which is made where it is missing, and is ours alone. Returns a descriptor that the
 * caller owns, or -1 with *err set. */
int ledger_place_open(const struct config *config, struct cordon_error *err) CORDON_CHECKED;
