/* Rules while they are read: parse_syscalls.c reads which calls and what happens, parse_conditions.c
 * "when". */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "calls.h"
#include "parse.h"
#include "rules.h"

struct rule_text {
	const struct call *calls[CALL_NUMBERS]; /* each once, of all architectures */
	size_t call_count;
	uint16_t numbers[CALL_NUMBERS]; /* of this one */
	uint64_t values[RULE_CONDITIONS][RULE_VALUES];
	struct rule rule;
};

/* Adds the conditions of a rule whose calls are known. */
int parse_when(struct parse *p, const char *key, const struct json_t *when,
	struct rule_text *text) CORDON_CHECKED;
