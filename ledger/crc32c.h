/* What the test of the CRC compares. */
#pragma once

#include <cordon/ledger_format.h>

/* cordon_ledger_crc without the processor's instruction. */
uint32_t crc_portable(uint32_t before, const void *data, size_t size);
