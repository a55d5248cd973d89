/* calls: munmap */
#include "requests.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cordon/mem.h>

#include "answers.h"
#include "rpc.h"

static_assert((RPC_INFLIGHT & (RPC_INFLIGHT - 1)) == 0, "a slot is the low bits of a number");

void
requests_init(struct requests *r)
{
	*r = (struct requests){ 0 };
	r->ready_end = &r->ready;
}

struct request *
request_begin(
	struct rpc *rpc, const struct jsonrpc_id *id, enum request_kind kind, struct fault *fault)
{
	struct requests *r = &rpc->requests;
	size_t i = (size_t)(r->counter % RPC_INFLIGHT);

	if (r->count == RPC_INFLIGHT) {
		fault_set(fault, FAULT_BUSY, "limit.inflight",
			"%d requests are in flight: wait for an answer first", RPC_INFLIGHT);
		return NULL;
	}
	while (r->slots[i].kind != REQUEST_FREE)
		i = (i + 1) % RPC_INFLIGHT;
	r->count++;
	r->counter++;
	r->slots[i] = (struct request){
		.kind = kind, .id = *id, .number = r->counter * RPC_INFLIGHT + i
	};
	return &r->slots[i];
}

struct request *
requests_find(struct requests *r, const struct jsonrpc_id *id)
{
	for (size_t i = 0; i < RPC_INFLIGHT; i++)
		if (r->slots[i].kind != REQUEST_FREE && jsonrpc_same_id(&r->slots[i].id, id))
			return &r->slots[i];
	return NULL;
}

struct request *
requests_asked(struct requests *r, uint64_t number)
{
	struct request *request = &r->slots[number % RPC_INFLIGHT];

	return request->kind != REQUEST_FREE && request->number == number && !request->is_ready
		       ? request
		       : NULL;
}

void
request_attach(struct request *request, struct run *run)
{
	request->run = run_ref(run);
}

void
request_wait(struct request *request)
{
	struct run *run = request->run;

	request->link = &run->waiters;
	request->next = run->waiters;
	if (request->next != NULL)
		request->next->link = &request->next;
	run->waiters = request;
}

static void
stop_waiting(struct request *request)
{
	if (request->link != NULL) {
		*request->link = request->next;
		if (request->next != NULL)
			request->next->link = request->link;
		request->link = NULL;
	}
	cordon_timer_remove(request->timer);
	request->timer = NULL;
}

int
request_timeout(struct rpc *rpc, struct request *request, uint64_t ms, cordon_timer_fn *fn)
{
	struct cordon_error ignored;

	request->timer = cordon_loop_timer(rpc->loop, ms, 0, fn, request, &ignored);
	return request->timer == NULL ? -1 : 0;
}

void
request_keep(struct request *request, struct cordon_message *m)
{
	free(request->data);
	request->data = m->body;
	request->size = m->size;
	m->body = NULL;
	m->size = 0;
}

void
request_ready(struct rpc *rpc, struct request *request, request_render_fn *render)
{
	struct requests *r = &rpc->requests;

	stop_waiting(request);
	request->is_ready = 1;
	request->render = render;
	*r->ready_end = request;
	r->ready_end = &request->next_ready;
}

static void
free_slot(struct request *request)
{
	struct run *run = request->run;

	stop_waiting(request);
	free(request->data);
	for (size_t i = 0; i < sizeof(request->pages) / sizeof(request->pages[0]); i++)
		if (request->pages[i].data != NULL)
			(void)munmap(request->pages[i].data, request->pages[i].size);
	*request = (struct request){ .kind = REQUEST_FREE };
	if (run != NULL)
		run_unref(run);
}

void
requests_finish(struct rpc *rpc)
{
	for (size_t i = 0; i < RPC_INFLIGHT; i++) {
		struct request *request = &rpc->requests.slots[i];

		if (request->kind == REQUEST_FREE)
			continue;
		if (request->run != NULL && request->run->state == RUN_ASKED)
			run_unref(request->run); /* in no table, which would hold it */
		free_slot(request);
	}
}

/* The slot is free before the answer is a line: its id may be used again. */
static struct jsonrpc_id
leave(struct rpc *rpc, struct request *request)
{
	const struct jsonrpc_id id = request->id;

	rpc->requests.count--;
	free_slot(request);
	return id;
}

void
request_fail(struct rpc *rpc, struct request *request, const struct fault *fault)
{
	const struct jsonrpc_id id = leave(rpc, request);

	answer_fault(rpc, &id, fault);
}

void
request_cancelled(struct rpc *rpc, struct request *request)
{
	struct fault fault;

	fault_set(&fault, FAULT_CANCELLED, "request.cancelled", "the request was cancelled");
	request_fail(rpc, request, &fault);
}

void
request_succeed(struct rpc *rpc, struct request *request)
{
	const struct jsonrpc_id id = leave(rpc, request);

	answer_empty(rpc, &id);
}

int
requests_any_ready(const struct rpc *rpc)
{
	return rpc->requests.ready != NULL;
}

void
request_answer(struct rpc *rpc, struct request *request, request_render_fn *render)
{
	struct cordon_json *j = answer_begin(&request->id);
	struct jsonrpc_id id;

	if (j != NULL)
		render(rpc, request, j);
	id = leave(rpc, request);
	answer_end(rpc, &id, j);
}

int
requests_render_one(struct rpc *rpc)
{
	struct requests *r = &rpc->requests;
	struct request *request = r->ready;

	if (request == NULL)
		return 0;
	r->ready = request->next_ready;
	if (r->ready == NULL)
		r->ready_end = &r->ready;
	request_answer(rpc, request, request->render);
	return 1;
}

void
request_send(struct rpc *rpc, struct request *request, uint16_t number, struct cordon_writer *w)
{
	struct fault fault;

	if (link_has_room(&rpc->link) && link_send(&rpc->link, number, w) == 0)
		return;
	cordon_writer_finish(w);
	fault_set(&fault, FAULT_BUSY, "limit.link", "the monitor cannot take the request now");
	request_fail(rpc, request, &fault);
}
