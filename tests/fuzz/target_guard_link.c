/* Each decoder of the links of relay and resolver, chosen by the first byte: what is accepted encodes to the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/guard_proto.h>
#include <cordon/wire.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
same(const struct cordon_writer *w, const uint8_t *data, size_t size)
{
	if (w->failed || w->size != size || (size > 0 && memcmp(w->data, data, size) != 0))
		abort();
}

#define LOOK(type, name)                                                   \
	static void look_##name(const uint8_t *data, size_t size)          \
	{                                                                  \
		struct cordon_guard_##type it;                             \
		struct cordon_error err;                                   \
		struct cordon_writer w;                                    \
                                                                           \
		if (cordon_guard_decode_##name(data, size, &it, &err) < 0) \
			return;                                            \
		cordon_writer_init(&w, size + 1);                          \
		cordon_guard_encode_##name(&it, &w);                       \
		same(&w, data, size);                                      \
		cordon_writer_finish(&w);                                  \
	}

LOOK(ask, ask)
LOOK(allow, allow)
LOOK(refuse, refuse)
LOOK(traffic, traffic)
LOOK(unlisted, unlisted)
LOOK(servers, servers)
LOOK(look_up, look_up)
LOOK(found, found)

static void
look_serve(const uint8_t *data, size_t size)
{
	struct cordon_guard_serve serve;
	struct cordon_error err;
	struct cordon_writer w;

	if (cordon_guard_decode_serve(data, size, &serve, &err) < 0)
		return;
	cordon_writer_init(&w, size + 1);
	cordon_guard_encode_serve(&serve, &w);
	same(&w, data, size);
	cordon_writer_finish(&w);
	cordon_guard_serve_finish(&serve);
}

static void
look_run(const uint8_t *data, size_t size)
{
	struct cordon_error err;
	struct cordon_writer w;
	uint64_t run;

	if (cordon_guard_decode_run(data, size, &run, &err) < 0)
		return;
	cordon_writer_init(&w, size + 1);
	cordon_guard_encode_run(run, &w);
	same(&w, data, size);
	cordon_writer_finish(&w);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const all[])(const uint8_t *data, size_t size) = { look_serve, look_ask,
		look_allow, look_refuse, look_traffic, look_unlisted, look_run, look_servers,
		look_look_up, look_found };

	if (size > 0)
		all[data[0] % (sizeof(all) / sizeof(all[0]))](data + 1, size - 1);
	return 0;
}
