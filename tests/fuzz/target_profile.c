/* A profile that loads has a filter that was proven, and a digest that depends on nothing else. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/bpf.h>

#include "layer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cordon_error err = { 0 };
	struct layer layer;
	struct sock_filter *filter = NULL;
	size_t count = 0;

	if (layer_parse((const char *)data, size, "fuzz.json", "/home/x", &layer, &err) < 0) {
		/* Every error has its place and is one printable line. */
		if (strncmp(err.text, "fuzz.json:", 10) != 0)
			abort();
		for (const char *p = err.text; *p != '\0'; p++)
			if (*p < 0x20 || *p > 0x7e)
				abort();
		return 0;
	}
	if (rules_compile(&layer.rules, &filter, &count, &err) == 0) {
		if (cordon_bpf_check(filter, count) < 0)
			abort();
		if (rules_verify(&layer.rules, filter, count, &err) < 0 &&
			err.code != CORDON_ELIMIT)
			abort();
	}
	free(filter);
	layer_finish(&layer);
	return 0;
}
