/* calls: none */
#include "siphash.h"

struct state {
	uint64_t a, b, c, d;
};

static uint64_t
turn(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static void
rounds(struct state *s, int count)
{
	while (count-- > 0) {
		s->a += s->b;
		s->c += s->d;
		s->b = turn(s->b, 13) ^ s->a;
		s->d = turn(s->d, 16) ^ s->c;
		s->a = turn(s->a, 32);
		s->c += s->b;
		s->a += s->d;
		s->b = turn(s->b, 17) ^ s->c;
		s->d = turn(s->d, 21) ^ s->a;
		s->c = turn(s->c, 32);
	}
}

uint64_t
siphash(const uint64_t key[2], const void *data, size_t size)
{
	const uint8_t *at = data;
	struct state s = { key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
		key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573 };
	uint64_t word = 0;

	for (size_t i = 0; i < size; i++) {
		word |= (uint64_t)at[i] << 8 * (i % 8);
		if (i % 8 == 7) {
			s.d ^= word;
			rounds(&s, 2);
			s.a ^= word;
			word = 0;
		}
	}
	word |= (uint64_t)size << 56;
	s.d ^= word;
	rounds(&s, 2);
	s.a ^= word;
	s.c ^= 0xff;
	rounds(&s, 4);
	return s.a ^ s.b ^ s.c ^ s.d;
}
