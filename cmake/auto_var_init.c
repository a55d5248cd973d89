/* Whether -ftrivial-auto-var-init leaves alone what a variable was initialized with. It ends with 0 when it does. */
struct address {
	unsigned char family, bytes[16];
};

struct grant {
	unsigned long id;
	unsigned short port;
	unsigned timeout;
	struct address all[16];
	unsigned count; /* and padding, whose place gcc 12 gets wrong by the size of the array before it */
};

struct outer {
	unsigned run;
	struct grant grant;
};

static __attribute__((noinline)) int
differs(const struct outer *a, const struct grant *b)
{
	for (unsigned i = 0; i < 16; i++)
		for (unsigned j = 0; j < 16; j++)
			if (a->grant.all[i].bytes[j] != b->all[i].bytes[j])
				return 1;
	return a->grant.id != b->id || a->grant.port != b->port || a->grant.count != b->count;
}

static __attribute__((noinline)) int
copy(const struct grant *from)
{
	const struct outer o = { .run = 1, .grant = *from };

	return differs(&o, from);
}

int
main(void)
{
	static struct grant g = { .id = 1, .port = 2, .count = 3 };

	for (unsigned i = 0; i < 16; i++)
		for (unsigned j = 0; j < 16; j++)
			g.all[i].bytes[j] = 34;
	return copy(&g);
}
