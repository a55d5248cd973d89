/* Each decoder of the link between monitor and cordon-rpc, chosen by the first byte: what is accepted
 * encodes to the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/fetch_json.h>
#include <cordon/rpc_fetch_proto.h>
#include <cordon/rpc_proto.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cordon_error err;

static void
same(struct cordon_writer *w, const uint8_t *data, size_t size)
{
	if (w->failed || w->size != size || (size > 0 && memcmp(w->data, data, size) != 0))
		abort();
	cordon_writer_finish(w);
}

/* One function for each type that has encode, decode and finish. */
#define WHOLE(type)                                                    \
	static void try_##type(const uint8_t *data, size_t size)       \
	{                                                              \
		struct rpc_##type value;                               \
		struct cordon_writer w;                                \
                                                                       \
		if (rpc_##type##_decode(data, size, &value, &err) < 0) \
			return;                                        \
		cordon_writer_init(&w, size + 1);                      \
		rpc_##type##_encode(&value, &w);                       \
		same(&w, data, size);                                  \
		rpc_##type##_finish(&value);                           \
	}

WHOLE(start)
WHOLE(session)
WHOLE(file)
WHOLE(welcome)
WHOLE(started)
WHOLE(refused)
WHOLE(checked)
WHOLE(fetch)
WHOLE(check_url)

static void
try_named(const uint8_t *data, size_t size)
{
	struct cordon_writer w;
	uint64_t request;
	char *name;

	if (rpc_named_decode(data, size, RPC_NAME, &request, &name, &err) < 0)
		return;
	if (strlen(name) > RPC_NAME)
		abort();
	cordon_writer_init(&w, size + 1);
	rpc_named_encode(request, name, &w);
	same(&w, data, size);
	free(name);
}

static void
try_order(const uint8_t *data, size_t size)
{
	struct cordon_writer w;
	uint64_t run;
	uint32_t number;

	if (rpc_order_decode(data, size, RPC_KILL_KINDS, &run, &number, &err) < 0)
		return;
	if (number >= RPC_KILL_KINDS)
		abort();
	cordon_writer_init(&w, size + 1);
	rpc_order_encode(run, number, &w);
	same(&w, data, size);
}

static void
try_exited(const uint8_t *data, size_t size)
{
	static struct run_result result;
	struct cordon_writer w;
	struct cordon_json *j;
	uint64_t run;

	if (rpc_exited_decode(data, size, &run, &result, &err) < 0)
		return;
	cordon_writer_init(&w, size + 1);
	rpc_exited_encode(run, &result, &w);
	same(&w, data, size);
	j = cordon_json_create(1u << 20);
	cordon_json_object(j, NULL);
	run_result_put(&result, j);
	cordon_json_end(j);
	if (cordon_json_text(j, NULL) == NULL)
		abort();
	cordon_json_destroy(j);
}

static void
try_done(const uint8_t *data, size_t size)
{
	struct cordon_writer w;
	uint64_t request;

	if (rpc_done_decode(data, size, &request, &err) < 0)
		return;
	cordon_writer_init(&w, size + 1);
	rpc_done_encode(request, &w);
	same(&w, data, size);
}

static void
try_text(const uint8_t *data, size_t size)
{
	struct cordon_writer w;
	uint64_t request;
	char *text;

	if (rpc_text_decode(data, size, &request, &text, &err) < 0)
		return;
	cordon_writer_init(&w, size + 1);
	rpc_text_encode(request, text, &w);
	same(&w, data, size);
	free(text);
}

static void
try_fetched(const uint8_t *data, size_t size)
{
	static struct cordon_fetch_result result;
	struct cordon_writer w;
	struct cordon_json *j;
	uint64_t request;

	if (rpc_fetched_decode(data, size, &request, &result, &err) < 0)
		return;
	cordon_writer_init(&w, size + 1);
	rpc_fetched_encode(request, &result, &w);
	same(&w, data, size);
	j = cordon_json_create(16u << 20);
	cordon_json_object(j, NULL);
	fetch_json_url(&result, j);
	fetch_json_headers(&result, j);
	fetch_json_hops(&result, j);
	cordon_json_end(j);
	if (cordon_json_text(j, NULL) == NULL)
		abort();
	cordon_json_destroy(j);
	cordon_fetch_result_finish(&result);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(const uint8_t *data, size_t size) = { try_start, try_session,
		try_file, try_named, try_order, try_welcome, try_started, try_exited, try_refused,
		try_checked, try_done, try_text, try_fetch, try_check_url, try_fetched };

	if (size > 0)
		tries[data[0] % (sizeof(tries) / sizeof(tries[0]))](data + 1, size - 1);
	return 0;
}
