/* calls: none */
#include <cordon/guard_proto.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>
#include <cordon/wire.h>

#include "guard_wire.h"
#include "hostname.h"

static int
bad(const char *what, struct cordon_error *err)
{
	return cordon_fail(err, CORDON_EPEER, 0, "%s has the wrong shape", what);
}

static int
get_numbers(struct cordon_reader *r, uint64_t *const *ret, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (cordon_get_u64(r, ret[i]) < 0)
			return -1;
	return 0;
}

static int
get_destination(struct cordon_reader *r, uint64_t *ret_run, uint32_t *ret)
{
	return cordon_get_u64(r, ret_run) < 0 || cordon_get_u32(r, ret) < 0 ||
			       *ret >= CORDON_GUARD_DESTINATIONS
		       ? -1
		       : 0;
}

/* the relay's */

void
cordon_guard_encode_serve(const struct cordon_guard_serve *serve, struct cordon_writer *w)
{
	const uint64_t numbers[] = { serve->run, serve->connections, serve->rate, serve->bytes_out,
		serve->bytes_in, serve->names };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		cordon_put_u64(w, numbers[i]);
	cordon_put_u8(w, serve->others != 0);
	cordon_put_u32(w, (uint32_t)serve->count);
	for (size_t i = 0; i < serve->count; i++) {
		cordon_put_u8(w, serve->list[i].refused != 0);
		cordon_put_u8(w, serve->list[i].below != 0);
		/* With its NUL, so that what is decoded can be borrowed. */
		cordon_put_bytes(w, serve->list[i].text, strlen(serve->list[i].text) + 1);
	}
}

static int
get_entry(struct cordon_reader *r, struct cordon_guard_name *ret)
{
	struct cordon_bytes text;
	char taken[HOSTNAME_ROOM];

	if (guard_get_flag(r, &ret->refused) < 0 || guard_get_flag(r, &ret->below) < 0 ||
		cordon_get_bytes(r, sizeof(taken), &text) < 0 || text.size == 0 ||
		hostname_take(text.data, text.size - 1, taken) < 0 ||
		memcmp(text.data, taken, text.size) != 0)
		return -1;
	ret->text = (const char *)text.data;
	return 0;
}

int
cordon_guard_decode_serve(
	const void *data, size_t size, struct cordon_guard_serve *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct cordon_guard_serve serve = { 0 };
	struct cordon_guard_name *list;
	uint64_t *const numbers[] = { &serve.run, &serve.connections, &serve.rate, &serve.bytes_out,
		&serve.bytes_in, &serve.names };
	uint32_t count = 0;
	int result = 0;

	if (get_numbers(&r, numbers, sizeof(numbers) / sizeof(numbers[0])) < 0 ||
		guard_get_flag(&r, &serve.others) < 0 || cordon_get_u32(&r, &count) < 0 ||
		count > CORDON_GUARD_NAMES)
		return bad("what is to be served", err);
	list = cordon_array(count + 1, sizeof(*list));
	if (list == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not keep a list of names");
	for (; result == 0 && serve.count < count; serve.count++)
		result = get_entry(&r, &list[serve.count]);
	if (result < 0 || r.left != 0) {
		free(list);
		return bad("what is to be served", err);
	}
	serve.list = list;
	*ret = serve;
	return 0;
}

void
cordon_guard_serve_finish(struct cordon_guard_serve *serve)
{
	free((void *)(uintptr_t)serve->list);
	serve->list = NULL;
	serve->count = 0;
}

void
cordon_guard_encode_ask(const struct cordon_guard_ask *ask, struct cordon_writer *w)
{
	cordon_put_u64(w, ask->run);
	cordon_put_u32(w, ask->destination);
	guard_put_host(&ask->to.host, w);
	cordon_put_u16(w, ask->to.port);
}

int
cordon_guard_decode_ask(
	const void *data, size_t size, struct cordon_guard_ask *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct cordon_guard_ask ask = { 0 };

	if (get_destination(&r, &ask.run, &ask.destination) < 0 ||
		guard_get_host(&r, &ask.to.host) < 0 || cordon_get_u16(&r, &ask.to.port) < 0 ||
		ask.to.port == 0 || r.left != 0)
		return bad("a question of the relay", err);
	*ret = ask;
	return 0;
}

void
cordon_guard_encode_allow(const struct cordon_guard_allow *allow, struct cordon_writer *w)
{
	cordon_put_u64(w, allow->run);
	cordon_put_u32(w, allow->destination);
	cordon_put_u8(w, (uint8_t)allow->as);
	cordon_put_u8(w, allow->ech != 0);
	cordon_put_u32(w, allow->fresh_ms);
	cordon_dial_encode_grant(&allow->grant, w);
}

int
cordon_guard_decode_allow(
	const void *data, size_t size, struct cordon_guard_allow *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct cordon_guard_allow allow = { 0 };
	uint8_t as = 0;

	if (get_destination(&r, &allow.run, &allow.destination) < 0 || cordon_get_u8(&r, &as) < 0 ||
		as == 0 || as >= CORDON_GUARD_AS_COUNT || guard_get_flag(&r, &allow.ech) < 0 ||
		cordon_get_u32(&r, &allow.fresh_ms) < 0)
		return bad("what is allowed", err);
	allow.as = as;
	if (cordon_dial_decode_grant(r.at, r.left, &allow.grant, err) < 0)
		return -1;
	*ret = allow;
	return 0;
}

void
cordon_guard_encode_refuse(const struct cordon_guard_refuse *refuse, struct cordon_writer *w)
{
	cordon_put_u64(w, refuse->run);
	cordon_put_u32(w, refuse->destination);
	cordon_put_u32(w, refuse->fresh_ms);
	cordon_put_string(w, refuse->reason);
}

int
cordon_guard_decode_refuse(
	const void *data, size_t size, struct cordon_guard_refuse *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct cordon_guard_refuse refuse = { 0 };

	if (get_destination(&r, &refuse.run, &refuse.destination) < 0 ||
		cordon_get_u32(&r, &refuse.fresh_ms) < 0 ||
		guard_get_reason(&r, 0, refuse.reason) < 0 || r.left != 0)
		return bad("what is refused", err);
	*ret = refuse;
	return 0;
}

void
cordon_guard_encode_traffic(const struct cordon_guard_traffic *t, struct cordon_writer *w)
{
	const uint64_t numbers[] = { t->begun, t->open, t->bytes_out, t->bytes_in, t->refused,
		t->failed };

	cordon_put_u64(w, t->run);
	cordon_put_u32(w, t->destination);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		cordon_put_u64(w, numbers[i]);
	cordon_put_u8(w, (uint8_t)t->verified);
	cordon_put_string(w, t->reason);
}

int
cordon_guard_decode_traffic(
	const void *data, size_t size, struct cordon_guard_traffic *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct cordon_guard_traffic t = { 0 };
	uint64_t *const numbers[] = { &t.begun, &t.open, &t.bytes_out, &t.bytes_in, &t.refused,
		&t.failed };
	uint8_t verified = 0;

	if (get_destination(&r, &t.run, &t.destination) < 0 ||
		get_numbers(&r, numbers, sizeof(numbers) / sizeof(numbers[0])) < 0 ||
		cordon_get_u8(&r, &verified) < 0 || verified >= CORDON_GUARD_VERIFIED_COUNT ||
		guard_get_reason(&r, 1, t.reason) < 0 || r.left != 0)
		return bad("what the relay counts", err);
	t.verified = verified;
	*ret = t;
	return 0;
}

void
cordon_guard_encode_unlisted(const struct cordon_guard_unlisted *unlisted, struct cordon_writer *w)
{
	cordon_put_u64(w, unlisted->run);
	cordon_put_string(w, unlisted->name);
}

int
cordon_guard_decode_unlisted(
	const void *data, size_t size, struct cordon_guard_unlisted *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct cordon_guard_unlisted unlisted = { 0 };

	if (cordon_get_u64(&r, &unlisted.run) < 0 || guard_get_name(&r, unlisted.name) < 0 ||
		r.left != 0)
		return bad("a name that is not listed", err);
	*ret = unlisted;
	return 0;
}

void
cordon_guard_encode_run(uint64_t run, struct cordon_writer *w)
{
	cordon_put_u64(w, run);
}

int
cordon_guard_decode_run(const void *data, size_t size, uint64_t *ret_run, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };

	if (size != sizeof(*ret_run) || cordon_get_u64(&r, ret_run) < 0)
		return bad("the end of a run", err);
	return 0;
}

/* the resolver's */

void
cordon_guard_encode_servers(const struct cordon_guard_servers *servers, struct cordon_writer *w)
{
	cordon_put_u8(w, (uint8_t)servers->count);
	for (unsigned i = 0; i < servers->count; i++) {
		guard_put_address(&servers->all[i].address, w);
		cordon_put_u16(w, servers->all[i].port);
		cordon_put_u64(w, servers->all[i].udp_grant);
		cordon_put_u64(w, servers->all[i].tcp_grant);
		cordon_put_u8(w, servers->all[i].at);
	}
}

int
cordon_guard_decode_servers(
	const void *data, size_t size, struct cordon_guard_servers *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct cordon_guard_servers servers = { 0 };
	uint8_t count = 0;

	if (cordon_get_u8(&r, &count) < 0 || count > CORDON_GUARD_SERVERS)
		return bad("a list of name servers", err);
	for (; servers.count < count; servers.count++)
		if (guard_get_address(&r, &servers.all[servers.count].address) < 0 ||
			cordon_get_u16(&r, &servers.all[servers.count].port) < 0 ||
			servers.all[servers.count].port == 0 ||
			cordon_get_u64(&r, &servers.all[servers.count].udp_grant) < 0 ||
			cordon_get_u64(&r, &servers.all[servers.count].tcp_grant) < 0 ||
			cordon_get_u8(&r, &servers.all[servers.count].at) < 0 ||
			servers.all[servers.count].at >= CORDON_DIAL_ADDRESSES)
			return bad("a list of name servers", err);
	if (r.left != 0)
		return bad("a list of name servers", err);
	*ret = servers;
	return 0;
}

void
cordon_guard_encode_look_up(const struct cordon_guard_look_up *look_up, struct cordon_writer *w)
{
	cordon_put_u64(w, look_up->id);
	guard_put_host(&look_up->name, w);
}

int
cordon_guard_decode_look_up(
	const void *data, size_t size, struct cordon_guard_look_up *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct cordon_guard_look_up look_up = { 0 };

	if (cordon_get_u64(&r, &look_up.id) < 0 || guard_get_host(&r, &look_up.name) < 0 ||
		look_up.name.kind != CORDON_HOST_NAME || r.left != 0)
		return bad("a name to look up", err);
	*ret = look_up;
	return 0;
}

void
cordon_guard_encode_found(const struct cordon_guard_found *found, struct cordon_writer *w)
{
	cordon_put_u64(w, found->id);
	cordon_put_string(w, found->reason);
	cordon_put_string(w, found->text);
	cordon_put_u32(w, found->ttl_s);
	cordon_put_u8(w, (uint8_t)found->count);
	for (unsigned i = 0; i < found->count; i++)
		guard_put_address(&found->addresses[i], w);
}

int
cordon_guard_decode_found(
	const void *data, size_t size, struct cordon_guard_found *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct cordon_guard_found found = { 0 };
	uint8_t count = 0;
	int result = 0;

	if (cordon_get_u64(&r, &found.id) < 0 || guard_get_reason(&r, 1, found.reason) < 0 ||
		cordon_get_text(&r, found.text, sizeof(found.text)) < 0 ||
		cordon_get_u32(&r, &found.ttl_s) < 0 || cordon_get_u8(&r, &count) < 0 ||
		count > CORDON_DIAL_ADDRESSES || (count == 0) != (found.reason[0] != '\0'))
		return bad("what was found", err);
	for (; result == 0 && found.count < count; found.count++)
		result = guard_get_address(&r, &found.addresses[found.count]);
	if (result < 0 || r.left != 0)
		return bad("what was found", err);
	*ret = found;
	return 0;
}
