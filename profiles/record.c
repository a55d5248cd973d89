#include "record.h"

#include <cordon/wire.h>

#define RECORD_VERSION 1
#define RECORD_MAX     (4u << 20)

static void
put_list(struct cordon_writer *w, const struct cordon_strings *list)
{
	cordon_put_u32(w, (uint32_t)list->count);
	for (size_t i = 0; i < list->count; i++)
		cordon_put_string(w, list->items[i]);
}

static void
put_limits(struct cordon_writer *w, const struct cordon_limits *l)
{
	cordon_put_u64(w, l->memory);
	cordon_put_u64(w, l->processes);
	cordon_put_u64(w, l->wall_ms);
	cordon_put_u64(w, l->cpu_ms);
	cordon_put_u64(w, l->output);
	cordon_put_u64(w, l->open_files);
	cordon_put_u64(w, l->file_size);
	cordon_put_u8(w, l->memory_enforced != 0);
}

static void
put_rule(struct cordon_writer *w, const struct rule *r)
{
	cordon_put_u32(w, (uint32_t)r->number_count);
	for (size_t i = 0; i < r->number_count; i++)
		cordon_put_u16(w, r->numbers[i]);
	cordon_put_u8(w, (uint8_t)r->action);
	cordon_put_u32(w, (uint32_t)r->error);
	cordon_put_u8(w, r->quiet != 0);
	cordon_put_u32(w, r->condition_count);
	for (unsigned i = 0; i < r->condition_count; i++) {
		const struct rule_condition *c = &r->conditions[i];

		cordon_put_u8(w, (uint8_t)c->argument);
		cordon_put_u8(w, c->wide != 0);
		cordon_put_u8(w, c->negated != 0);
		cordon_put_u64(w, c->mask);
		cordon_put_u32(w, c->value_count);
		for (unsigned k = 0; k < c->value_count; k++)
			cordon_put_u64(w, c->values[k]);
	}
}

int
profile_digest(struct cordon_profile *p, const struct rules *rules, struct cordon_error *err)
{
	struct cordon_writer w;
	int result;

	cordon_writer_init(&w, RECORD_MAX);
	cordon_put_string(&w, "cordon effective profile");
	cordon_put_u32(&w, RECORD_VERSION);
	cordon_put_string(&w, p->name);
	cordon_put_u8(&w, (uint8_t)p->workspace);
	cordon_put_u8(&w, p->workspace_exec != 0);
	put_list(&w, &p->read);
	cordon_put_u32(&w, (uint32_t)p->write_count);
	for (size_t i = 0; i < p->write_count; i++) {
		cordon_put_string(&w, p->write[i].path);
		cordon_put_u8(&w, p->write[i].exec != 0);
	}
	put_list(&w, &p->hide);
	put_list(&w, &p->protect);
	cordon_put_u64(&w, p->tmp_size);
	cordon_put_u64(&w, p->tmp_files);
	cordon_put_u8(&w, p->tmp_exec != 0);
	put_list(&w, &p->exec);
	cordon_put_u8(&w, (uint8_t)p->sockets);
	put_list(&w, &p->socket_connect);
	cordon_put_u8(&w, (uint8_t)p->proc);
	put_list(&w, &p->pass);
	put_list(&w, &p->set);
	put_limits(&w, &p->limits);
	cordon_put_u32(&w, (uint32_t)rules->default_error);
	cordon_put_u32(&w, (uint32_t)rules->count);
	for (size_t i = 0; i < rules->count; i++)
		put_rule(&w, &rules->items[i]);
	result = cordon_writer_check(&w, err);
	if (result == 0)
		result = cordon_digest_of(w.data, w.size, p->digest, err);
	cordon_writer_finish(&w);
	return result;
}
