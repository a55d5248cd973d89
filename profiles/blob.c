#include "blob.h"

#include <stdlib.h>
#include <string.h>

#include <cordon/bpf.h>
#include <cordon/mem.h>

#include "blob_network.h"
#include "network.h"
#include "patterns.h"
#include "rules.h"

#define BLOB_VERSION 3
#define BLOB_MAX     (4u << 20)
#define TEXT_MAX     65536

/* What is told of a rule over commands beside its decision. One without secrets has the form that it had
 * before there were any, and pins hold. */
#define RULE_OPEN    1
#define RULE_SECRETS 2
#define RULE_FLAGS   3
/* In the place of a decision. */
#define ONLY_MARKS CORDON_DECISIONS

static void
put_list(struct cordon_writer *w, const struct cordon_strings *list)
{
	cordon_put_u32(w, (uint32_t)list->count);
	for (size_t i = 0; i < list->count; i++)
		cordon_put_string(w, list->items[i]);
}

/* Numbers of a profile in a fixed order: once to write them, once to read them. */
#define NUMBERS(X, p)                  \
	X((p)->workspace_exec)         \
	X((p)->tmp_size)               \
	X((p)->tmp_files)              \
	X((p)->tmp_exec)               \
	X((p)->limits.memory)          \
	X((p)->limits.processes)       \
	X((p)->limits.wall_ms)         \
	X((p)->limits.cpu_ms)          \
	X((p)->limits.output)          \
	X((p)->limits.open_files)      \
	X((p)->limits.file_size)       \
	X((p)->limits.memory_enforced) \
	X((p)->rules->floor_count)     \
	X((p)->rules->layer_count)     \
	X((p)->rules->default_error)

#define LISTS(X, p)             \
	X(&(p)->read)           \
	X(&(p)->hide)           \
	X(&(p)->protect)        \
	X(&(p)->exec)           \
	X(&(p)->socket_connect) \
	X(&(p)->pass)           \
	X(&(p)->set)

static void
put_rule(struct cordon_writer *w, const struct rule *r)
{
	cordon_put_u8(w, (uint8_t)r->action);
	cordon_put_u32(w, (uint32_t)r->error);
	cordon_put_u8(w, r->quiet != 0);
	for (size_t i = 0; i < RULE_NUMBERS / 64; i++)
		cordon_put_u64(w, r->bits[i]);
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

static void
put_secrets(struct cordon_writer *w, const struct cordon_exec_rule *rule)
{
	if (rule->secret_count == 0)
		return;
	cordon_put_u32(w, (uint32_t)rule->secret_count);
	for (size_t i = 0; i < rule->secret_count; i++) {
		cordon_put_u8(w, (uint8_t)rule->secrets[i].kind);
		cordon_put_u8(w, rule->secrets[i].after != 0);
		cordon_put_string(w, rule->secrets[i].text);
	}
}

static void
put_approvals(struct cordon_writer *w, const struct cordon_approvals *approvals)
{
	cordon_put_u8(w, (uint8_t)approvals->otherwise);
	cordon_put_u8(w, (uint8_t)approvals->no_approver);
	cordon_put_u32(w, (uint32_t)approvals->count);
	for (size_t i = 0; i < approvals->count; i++) {
		const struct cordon_exec_rule *rule = &approvals->rules[i];

		cordon_put_string(w, rule->id);
		cordon_put_u8(w, (uint8_t)(rule->only_marks ? ONLY_MARKS : rule->decision));
		cordon_put_u8(w, (uint8_t)((rule->pattern.open ? RULE_OPEN : 0) |
					   (rule->secret_count > 0 ? RULE_SECRETS : 0)));
		cordon_put_u32(w, (uint32_t)rule->pattern.count);
		for (size_t k = 0; k < rule->pattern.count; k++) {
			cordon_put_u8(w, (uint8_t)rule->pattern.words[k].kind);
			cordon_put_vector(w, rule->pattern.words[k].texts);
		}
		put_secrets(w, rule);
	}
}

/* Everything that decides, in a fixed order. */
static void
put_decisions(const struct cordon_profile *p, struct cordon_writer *w)
{
	cordon_put_u8(w, (uint8_t)p->workspace);
	cordon_put_u8(w, (uint8_t)p->sockets);
	cordon_put_u8(w, (uint8_t)p->proc);
#define PUT(field) cordon_put_u64(w, (uint64_t)(field));
	NUMBERS(PUT, p)
#undef PUT
#define PUT(list) put_list(w, list);
	LISTS(PUT, p)
#undef PUT
	cordon_put_u32(w, (uint32_t)p->write_count);
	for (size_t i = 0; i < p->write_count; i++) {
		cordon_put_string(w, p->write[i].path);
		cordon_put_u8(w, p->write[i].exec != 0);
	}
	cordon_put_u32(w, (uint32_t)p->rules->count);
	for (size_t i = 0; i < p->rules->count; i++)
		put_rule(w, &p->rules->items[i]);
	put_approvals(w, &p->approvals);
	/* Last, and only where it says something: profiles without it have the digest that they had before. */
	if (!network_is_bare(&p->network))
		blob_put_network(w, &p->network);
}

int
blob_digest(struct cordon_profile *p, struct cordon_error *err)
{
	struct cordon_writer w;
	int result;

	cordon_writer_init(&w, BLOB_MAX);
	cordon_put_string(&w, "cordon effective profile");
	cordon_put_u32(&w, BLOB_VERSION);
	cordon_put_string(&w, p->name);
	put_decisions(p, &w);
	result = cordon_writer_check(&w, err);
	if (result == 0)
		result = cordon_digest_of(w.data, w.size, p->digest, err);
	cordon_writer_finish(&w);
	return result;
}

void
blob_write(const struct cordon_profile *p, struct cordon_writer *w)
{
	cordon_put_string(w, p->name);
	cordon_put_string(w, p->description);
	cordon_put_bytes(w, p->digest, sizeof(p->digest));
	cordon_put_u8(w, !network_is_bare(&p->network));
	put_decisions(p, w);
	for (size_t i = 0; i < p->rules->count; i++)
		cordon_put_string(w, p->rules->items[i].why);
	for (size_t i = 0; i < p->approvals.count; i++)
		cordon_put_string(w, p->approvals.rules[i].why);
	blob_put_network_whys(w, &p->network);
	cordon_put_u32(w, (uint32_t)p->filter_count);
	for (size_t i = 0; i < p->filter_count; i++) {
		cordon_put_u16(w, p->filter[i].code);
		cordon_put_u8(w, p->filter[i].jt);
		cordon_put_u8(w, p->filter[i].jf);
		cordon_put_u32(w, p->filter[i].k);
	}
}

static int
get_list(struct cordon_reader *r, struct cordon_strings *ret)
{
	uint32_t count;

	if (cordon_get_u32(r, &count) < 0 || count > r->left / 4)
		return -1;
	ret->items = cordon_array((size_t)count + 1, sizeof(*ret->items));
	if (ret->items == NULL)
		return -1;
	for (; ret->count < count; ret->count++)
		if (cordon_get_string(r, TEXT_MAX, &ret->items[ret->count]) < 0)
			return -1;
	return 0;
}

static int
get_writes(struct cordon_reader *r, struct cordon_profile *p)
{
	uint32_t count;
	uint8_t exec;

	if (cordon_get_u32(r, &count) < 0 || count > r->left / 5)
		return -1;
	p->write = cordon_array((size_t)count + 1, sizeof(*p->write));
	if (p->write == NULL)
		return -1;
	for (; p->write_count < count; p->write_count++) {
		struct cordon_write_grant *grant = &p->write[p->write_count];

		if (cordon_get_string(r, TEXT_MAX, &grant->path) < 0)
			return -1;
		if (cordon_get_u8(r, &exec) < 0) {
			free(grant->path);
			return -1;
		}
		grant->exec = exec;
	}
	return 0;
}

static int
get_filter(struct cordon_reader *r, struct cordon_profile *p)
{
	uint32_t count;

	if (cordon_get_u32(r, &count) < 0 || count > r->left / 8)
		return -1;
	p->filter = cordon_array((size_t)count + 1, sizeof(*p->filter));
	if (p->filter == NULL)
		return -1;
	for (; p->filter_count < count; p->filter_count++) {
		struct sock_filter *f = &p->filter[p->filter_count];

		if (cordon_get_u16(r, &f->code) < 0 || cordon_get_u8(r, &f->jt) < 0 ||
			cordon_get_u8(r, &f->jf) < 0 || cordon_get_u32(r, &f->k) < 0)
			return -1;
	}
	return cordon_bpf_check(p->filter, p->filter_count);
}

/* The rule's arrays are the caller's. */
static int
read_rule(struct cordon_reader *r, uint64_t values[RULE_CONDITIONS][RULE_VALUES], struct rule *rule)
{
	uint8_t action, quiet, argument, wide, negated;
	uint32_t error;

	if (cordon_get_u8(r, &action) < 0 || action > RULE_ALLOW || cordon_get_u32(r, &error) < 0 ||
		cordon_get_u8(r, &quiet) < 0)
		return -1;
	rule->action = action;
	rule->error = (int)error;
	rule->quiet = quiet;
	for (uint16_t i = 0; i < RULE_NUMBERS / 64; i++) {
		uint64_t bits;

		if (cordon_get_u64(r, &bits) < 0)
			return -1;
		for (uint16_t k = 0; k < 64; k++)
			if ((bits >> k & 1) != 0)
				rule->numbers[rule->number_count++] = (uint16_t)(64 * i + k);
	}
	if (cordon_get_u32(r, &rule->condition_count) < 0 ||
		rule->condition_count > RULE_CONDITIONS)
		return -1;
	for (unsigned i = 0; i < rule->condition_count; i++) {
		struct rule_condition *c = &rule->conditions[i];

		c->values = values[i];
		if (cordon_get_u8(r, &argument) < 0 || argument > 5 ||
			cordon_get_u8(r, &wide) < 0 || cordon_get_u8(r, &negated) < 0 ||
			cordon_get_u64(r, &c->mask) < 0 || cordon_get_u32(r, &c->value_count) < 0 ||
			c->value_count > RULE_VALUES)
			return -1;
		c->argument = argument;
		c->wide = wide;
		c->negated = negated;
		for (unsigned k = 0; k < c->value_count; k++)
			if (cordon_get_u64(r, &c->values[k]) < 0)
				return -1;
	}
	return 0;
}

static int
get_rule(struct cordon_reader *r, struct rules *rules)
{
	uint64_t values[RULE_CONDITIONS][RULE_VALUES];
	uint16_t numbers[RULE_NUMBERS];
	struct rule rule = { .numbers = numbers };

	return read_rule(r, values, &rule) < 0 ? -1 : rules_add(rules, &rule);
}

static int
read_secrets(struct cordon_reader *r, struct cordon_exec_rule *rule)
{
	uint32_t count;

	if (cordon_get_u32(r, &count) < 0 || count == 0 || count > CORDON_RULE_SECRETS)
		return -1;
	for (uint32_t i = 0; i < count; i++) {
		CORDON_FREE char *text = NULL;
		uint8_t kind, after;

		if (cordon_get_u8(r, &kind) < 0 || kind >= CORDON_WORD_KINDS ||
			kind == CORDON_WORD_ONE_OF || cordon_get_u8(r, &after) < 0 || after > 1 ||
			cordon_get_string(r, TEXT_MAX, &text) < 0 ||
			(kind == CORDON_WORD_ANY && (after || *text != '\0')) ||
			secrets_add(rule, kind, after, text) < 0)
			return -1;
	}
	return 0;
}

static int
read_exec_rule(struct cordon_reader *r, struct cordon_exec_rule *rule)
{
	uint8_t decision, flags, kind;
	uint32_t count;

	if (cordon_get_string(r, CORDON_RULE_ID, &rule->id) < 0 ||
		cordon_get_u8(r, &decision) < 0 || decision > ONLY_MARKS ||
		cordon_get_u8(r, &flags) < 0 || flags > RULE_FLAGS ||
		(decision == ONLY_MARKS && (flags & RULE_SECRETS) == 0) ||
		cordon_get_u32(r, &count) < 0 || count == 0 || count > CORDON_PATTERN_WORDS)
		return -1;
	rule->only_marks = decision == ONLY_MARKS;
	if (!rule->only_marks)
		rule->decision = decision;
	rule->pattern.open = (flags & RULE_OPEN) != 0;
	for (uint32_t i = 0; i < count; i++) {
		char **texts = NULL;
		size_t n = 0;
		int result = cordon_get_u8(r, &kind) < 0 || kind >= CORDON_WORD_KINDS ||
					     cordon_get_vector(r, TEXT_MAX, TEXT_MAX, &texts) < 0
				     ? -1
				     : 0;

		while (result == 0 && texts[n] != NULL)
			n++;
		if (result == 0)
			result = pattern_add(&rule->pattern, kind, texts, n);
		cordon_vector_free(texts);
		if (result < 0)
			return -1;
	}
	return (flags & RULE_SECRETS) != 0 ? read_secrets(r, rule) : 0;
}

static int
get_approvals(struct cordon_reader *r, struct cordon_approvals *approvals)
{
	uint8_t otherwise, no_approver;
	uint32_t count;

	if (cordon_get_u8(r, &otherwise) < 0 || otherwise >= CORDON_DECISIONS ||
		cordon_get_u8(r, &no_approver) < 0 || no_approver > CORDON_NO_APPROVER_WAIT ||
		cordon_get_u32(r, &count) < 0)
		return -1;
	approvals->otherwise = otherwise;
	approvals->no_approver = no_approver;
	for (uint32_t i = 0; i < count; i++) {
		struct cordon_exec_rule rule = { 0 };

		if (read_exec_rule(r, &rule) < 0) {
			exec_rule_finish(&rule);
			return -1;
		}
		if (approvals_take(approvals, &rule) < 0)
			return -1;
	}
	return 0;
}

int
blob_get_why(struct cordon_reader *r, char **ret)
{
	CORDON_FREE char *why = NULL;

	if (cordon_get_string(r, TEXT_MAX, &why) < 0)
		return -1;
	if (*why != '\0') {
		*ret = why;
		why = NULL;
	}
	return 0;
}

static int
get_whys(struct cordon_reader *r, struct cordon_profile *p)
{
	for (size_t i = 0; i < p->rules->count; i++)
		if (blob_get_why(r, &p->rules->items[i].why) < 0)
			return -1;
	for (size_t i = 0; i < p->approvals.count; i++)
		if (blob_get_why(r, &p->approvals.rules[i].why) < 0)
			return -1;
	return blob_get_network_whys(r, &p->network);
}

static int
get_profile(struct cordon_reader *r, struct cordon_profile *p)
{
	struct cordon_bytes digest;
	uint8_t has_network, workspace, sockets, proc;
	uint64_t number;
	uint32_t count;

	if (cordon_get_string(r, TEXT_MAX, &p->name) < 0 ||
		cordon_get_string(r, TEXT_MAX, &p->description) < 0 ||
		cordon_get_bytes(r, sizeof(p->digest), &digest) < 0 ||
		digest.size != sizeof(p->digest) || cordon_get_u8(r, &has_network) < 0 ||
		has_network > 1 || cordon_get_u8(r, &workspace) < 0 ||
		workspace > CORDON_ACCESS_WRITE || cordon_get_u8(r, &sockets) < 0 ||
		sockets > CORDON_SOCKETS_INSIDE || cordon_get_u8(r, &proc) < 0 ||
		proc > CORDON_PROC_SYSTEM)
		return -1;
	memcpy(p->digest, digest.data, digest.size);
	p->workspace = workspace;
	p->sockets = sockets;
	p->proc = proc;
#define GET(field)                          \
	if (cordon_get_u64(r, &number) < 0) \
		return -1;                  \
	(field) = (__typeof__(field))number;
	NUMBERS(GET, p)
#undef GET
#define GET(list)                  \
	if (get_list(r, list) < 0) \
		return -1;
	LISTS(GET, p)
#undef GET
	if (get_writes(r, p) < 0 || cordon_get_u32(r, &count) < 0)
		return -1;
	for (uint32_t i = 0; i < count; i++)
		if (get_rule(r, p->rules) < 0)
			return -1;
	network_init(&p->network);
	if (get_approvals(r, &p->approvals) < 0 ||
		(has_network && blob_get_network(r, &p->network) < 0) || get_whys(r, p) < 0 ||
		get_filter(r, p) < 0)
		return -1;
	return r->left == 0 ? 0 : -1;
}

struct cordon_profile *
blob_read(const uint8_t *bytes, size_t size)
{
	struct cordon_reader r = { bytes, size };
	struct cordon_profile *p = cordon_array(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->rules = cordon_array(1, sizeof(*p->rules));
	if (p->rules == NULL || get_profile(&r, p) < 0) {
		cordon_profile_destroy(p);
		return NULL;
	}
	return p;
}
