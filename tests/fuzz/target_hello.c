/* A client's bytes: answers, passes and names do not depend on how they were cut; a hello that was read has a
 * name that is one, and is never passed on before it was read; a refused one stays refused. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct course {
	enum hello_answer last;
	unsigned hellos;
	size_t passes[2]; /* at each hello */
	size_t passed; /* in all */
	struct hello results[2];
};

static void
check_hello(const struct hello *h)
{
	char again[HOSTNAME_ROOM];
	const uint8_t *protocol;
	size_t at = 0, size, sum = 0;

	if (h->name[0] != '\0' &&
		(hostname_take((const uint8_t *)h->name, strlen(h->name), again) < 0 ||
			strcmp(h->name, again) != 0))
		abort();
	if (h->version < 0x0301 || h->version > 0x0304 ||
		(h->ech && h->allowed != HELLO_ECH_ALLOWED))
		abort();
	while (hello_protocol(h, &at, &protocol, &size)) {
		if (size == 0 || protocol + size > h->alpn + h->alpn_size)
			abort();
		sum += size + 1;
	}
	if (sum != h->alpn_size)
		abort();
}

/* step: 0 all at once, else so many bytes, varied by the data themselves when it is large. */
static void
run(const uint8_t *data, size_t size, enum hello_ech ech, size_t step, struct course *c)
{
	size_t have = 0, pass, piece;
	struct hello h;

	*c = (struct course){ .last = HELLO_MORE };
	hello_begin(&h, ech);
	do {
		piece = step == 0 ? size : step < 100 ? step : 1 + data[have] % 61u;
		have += size - have < piece ? size - have : piece;
		do {
			/* Ends where the bytes do. */
			uint8_t *exact = malloc(have - c->passed);

			if (have > c->passed)
				memcpy(exact, data + c->passed, have - c->passed);
			c->last = hello_look(&h, exact, have - c->passed, &pass);
			free(exact);
			if (pass > have - c->passed ||
				(c->hellos == 0 && pass > 0 && c->last != HELLO_DONE) ||
				(c->last == HELLO_REFUSED && (pass > 0 || h.refusal == HELLO_FINE)))
				abort();
			c->passed += pass;
			if (c->last == HELLO_DONE) {
				check_hello(&h);
				if (c->hellos == 2)
					abort();
				c->results[c->hellos] = h;
				c->passes[c->hellos++] = c->passed;
			}
		} while (c->last == HELLO_DONE);
	} while (have < size && c->last != HELLO_REFUSED);
	if (c->last == HELLO_REFUSED) {
		c->passed = 0; /* how much went before is a matter of the pieces */
		c->results[0].refusal = h.refusal;
	}
	if (c->hellos == 2 && strcmp(c->results[0].name, c->results[1].name) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct course whole, cut;
	const enum hello_ech ech = size % 2 == 0 ? HELLO_ECH_REFUSED : HELLO_ECH_ALLOWED;

	if (size == 0 || size > 3000)
		return 0;
	run(data, size, ech, 0, &whole);
	for (size_t i = 0; i < 3; i++) {
		static const size_t steps[] = { 1, 5, 100 };

		run(data, size, ech, steps[i], &cut);
		if (memcmp(&whole, &cut, sizeof(whole)) != 0)
			abort();
	}
	return 0;
}
