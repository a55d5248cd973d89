/* CRC-32C, reflected: by the processor where it can, else by a table. calls: none */
#include "crc32c.h"

#include <string.h>

#if defined(__x86_64__)
#define HARDWARE_TARGET    __attribute__((target("sse4.2")))
#define HARDWARE_THERE()   __builtin_cpu_supports("sse4.2")
#define HARDWARE_8(crc, v) ((uint32_t)__builtin_ia32_crc32di(crc, v))
#define HARDWARE_1(crc, v) __builtin_ia32_crc32qi(crc, v)
#endif

#if defined(HARDWARE_TARGET)
HARDWARE_TARGET static uint32_t
by_processor(uint32_t crc, const uint8_t *at, size_t size)
{
	uint64_t word;

	for (; size >= sizeof(word); at += sizeof(word), size -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		crc = HARDWARE_8(crc, word);
	}
	for (; size > 0; size--)
		crc = HARDWARE_1(crc, *at++);
	return crc;
}
#endif

/* Where the instruction is missing: four bits a step. steps[i] is i after four shifts by the polynomial
 * 0x82f63b78. */
static uint32_t
by_table(uint32_t crc, const uint8_t *at, size_t size)
{
	static const uint32_t steps[16] = {
		0x00000000,
		0x105ec76f,
		0x20bd8ede,
		0x30e349b1,
		0x417b1dbc,
		0x5125dad3,
		0x61c69362,
		0x7198540d,
		0x82f63b78,
		0x92a8fc17,
		0xa24bb5a6,
		0xb21572c9,
		0xc38d26c4,
		0xd3d3e1ab,
		0xe330a81a,
		0xf36e6f75,
	};

	for (; size > 0; size--) {
		crc ^= *at++;
		crc = crc >> 4 ^ steps[crc & 15];
		crc = crc >> 4 ^ steps[crc & 15];
	}
	return crc;
}

uint32_t
crc_portable(uint32_t before, const void *data, size_t size)
{
	return ~by_table(~before, data, size);
}

uint32_t
cordon_ledger_crc(uint32_t before, const void *data, size_t size)
{
#if defined(HARDWARE_TARGET)
	if (HARDWARE_THERE())
		return ~by_processor(~before, data, size);
#endif
	return crc_portable(before, data, size);
}
