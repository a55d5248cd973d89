#include "control_proto.h"

static int
wrong_shape(struct cordon_error *err)
{
	return cordon_fail(
		err, CORDON_EPEER, 0, "a monitor answered with a message of the wrong shape");
}

void
control_row_encode(const struct control_row *row, struct cordon_writer *w)
{
	cordon_put_string(w, row->run);
	cordon_put_string(w, row->handle);
	cordon_put_string(w, row->label);
	cordon_put_string(w, row->profile);
	cordon_put_string(w, row->session);
	cordon_put_string(w, row->command);
	cordon_put_u8(w, row->running);
	cordon_put_u32(w, row->pid);
	cordon_put_u64(w, row->age_ms);
}

int
control_row_decode(const void *data, size_t size, struct control_row *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct control_row row = { 0 };

	if (cordon_get_text(&r, row.run, sizeof(row.run)) < 0 ||
		cordon_get_text(&r, row.handle, sizeof(row.handle)) < 0 ||
		cordon_get_text(&r, row.label, sizeof(row.label)) < 0 ||
		cordon_get_text(&r, row.profile, sizeof(row.profile)) < 0 ||
		cordon_get_text(&r, row.session, sizeof(row.session)) < 0 ||
		cordon_get_text(&r, row.command, sizeof(row.command)) < 0 ||
		cordon_get_u8(&r, &row.running) < 0 || cordon_get_u32(&r, &row.pid) < 0 ||
		cordon_get_u64(&r, &row.age_ms) < 0 || r.left != 0)
		return wrong_shape(err);
	*ret = row;
	return 0;
}

void
control_destination_encode(const struct control_destination *d, struct cordon_writer *w)
{
	cordon_put_string(w, d->host);
	cordon_put_u32(w, d->port);
	cordon_put_u8(w, d->allowed);
	cordon_put_string(w, d->reason);
	cordon_put_u64(w, d->begun);
	cordon_put_u64(w, d->open);
	cordon_put_u64(w, d->bytes_out);
	cordon_put_u64(w, d->bytes_in);
}

int
control_destination_decode(
	const void *data, size_t size, struct control_destination *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct control_destination d = { 0 };

	if (cordon_get_text(&r, d.host, sizeof(d.host)) < 0 || cordon_get_u32(&r, &d.port) < 0 ||
		cordon_get_u8(&r, &d.allowed) < 0 || d.allowed > 1 ||
		cordon_get_text(&r, d.reason, sizeof(d.reason)) < 0 ||
		cordon_get_u64(&r, &d.begun) < 0 || cordon_get_u64(&r, &d.open) < 0 ||
		cordon_get_u64(&r, &d.bytes_out) < 0 || cordon_get_u64(&r, &d.bytes_in) < 0 ||
		r.left != 0)
		return wrong_shape(err);
	*ret = d;
	return 0;
}

void
control_state_encode(const struct control_state *s, struct cordon_writer *w)
{
	cordon_put_string(w, s->kind);
	cordon_put_string(w, s->version);
	cordon_put_string(w, s->socket);
	cordon_put_string(w, s->workspace);
	cordon_put_u32(w, s->callers);
	cordon_put_u32(w, s->runs);
	cordon_put_u64(w, s->started);
	cordon_put_u64(w, s->refused);
	cordon_put_u64(w, s->strangers);
	cordon_put_u64(w, s->suspected);
	cordon_put_u64(w, s->loops);
	cordon_put_u64(w, s->ahead);
	cordon_put_u64(w, s->uptime_ms);
	cordon_put_u8(w, s->frozen);
}

int
control_state_decode(
	const void *data, size_t size, struct control_state *ret, struct cordon_error *err)
{
	struct cordon_reader r = { .at = data, .left = size };
	struct control_state s = { 0 };

	if (cordon_get_text(&r, s.kind, sizeof(s.kind)) < 0 ||
		cordon_get_text(&r, s.version, sizeof(s.version)) < 0 ||
		cordon_get_text(&r, s.socket, sizeof(s.socket)) < 0 ||
		cordon_get_text(&r, s.workspace, sizeof(s.workspace)) < 0 ||
		cordon_get_u32(&r, &s.callers) < 0 || cordon_get_u32(&r, &s.runs) < 0 ||
		cordon_get_u64(&r, &s.started) < 0 || cordon_get_u64(&r, &s.refused) < 0 ||
		cordon_get_u64(&r, &s.strangers) < 0 || cordon_get_u64(&r, &s.suspected) < 0 ||
		cordon_get_u64(&r, &s.loops) < 0 || cordon_get_u64(&r, &s.ahead) < 0 ||
		cordon_get_u64(&r, &s.uptime_ms) < 0 || cordon_get_u8(&r, &s.frozen) < 0 ||
		r.left != 0)
		return wrong_shape(err);
	*ret = s;
	return 0;
}
