/* Records of the ledger for people and for machines, one a line on standard output. */
#pragma once

#include <cordon/ledger_read.h>

/* {"sequence":N,"record":{...}} */
void audit_print_json(const struct cordon_ledger_record *record);
/* The same with what checks it: "leaf" and "chain", in hex. */
void audit_print_export(
	const struct cordon_ledger_record *record, const uint8_t chain[CORDON_DIGEST_SIZE]);
/* Sequence, time, kind, run, and what is worth a look; printable ASCII. */
void audit_print_line(
	const struct cordon_ledger_record *record, const struct cordon_ledger_about *about);
