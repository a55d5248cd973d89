/* The effective profile as text, in the profile language: what is printed loads again, by itself, to the
 * same digest. So it extends nothing, says the list of protected paths in full, and leaves out the
 * rules of the floor and those that follow from `sockets`. */
#include <cordon/profile.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/json.h>

#include "calls.h"
#include "rules.h"
#include "show.h"

static void
show_list(struct cordon_json *j, const char *key, const struct cordon_strings *list)
{
	cordon_json_array(j, key);
	for (size_t i = 0; i < list->count; i++)
		cordon_json_string(j, NULL, list->items[i]);
	cordon_json_end(j);
}

static void
show_filesystem(struct cordon_json *j, const struct cordon_profile *p)
{
	static const char *const access_names[] = { "none", "read", "write" };

	cordon_json_object(j, "filesystem");
	cordon_json_string(j, "workspace", access_names[p->workspace]);
	show_list(j, "read", &p->read);
	cordon_json_array(j, "write");
	for (size_t i = 0; i < p->write_count; i++) {
		cordon_json_object(j, NULL);
		cordon_json_string(j, "path", p->write[i].path);
		cordon_json_bool(j, "exec", p->write[i].exec);
		cordon_json_end(j);
	}
	cordon_json_end(j);
	show_list(j, "hide", &p->hide);
	show_list(j, "protect", &p->protect);
	cordon_json_object(j, "tmp");
	cordon_json_u64(j, "size", p->tmp_size);
	cordon_json_u64(j, "files", p->tmp_files);
	cordon_json_bool(j, "exec", p->tmp_exec);
	cordon_json_end(j);
	cordon_json_end(j);
}

void
show_limit(struct cordon_json *j, const char *key, uint64_t value)
{
	if (value != CORDON_NO_LIMIT)
		cordon_json_u64(j, key, value);
}

static void
show_limits(struct cordon_json *j, const struct cordon_limits *l)
{
	cordon_json_object(j, "limits");
	show_limit(j, "memory", l->memory);
	show_limit(j, "processes", l->processes);
	show_limit(j, "wall", l->wall_ms);
	show_limit(j, "cpu", l->cpu_ms);
	show_limit(j, "output", l->output);
	show_limit(j, "openFiles", l->open_files);
	show_limit(j, "fileSize", l->file_size);
	cordon_json_bool(j, "memoryEnforced", l->memory_enforced);
	cordon_json_end(j);
}

static void
show_exec(struct cordon_json *j, const struct cordon_profile *p)
{
	cordon_json_object(j, "exec");
	cordon_json_array(j, "allow");
	for (size_t i = 0; i < p->exec.count; i++)
		cordon_json_string(j, NULL, p->exec.items[i]);
	if (p->workspace_exec)
		cordon_json_string(j, NULL, "@workspace");
	cordon_json_end(j);
	cordon_json_string(j, "gate", "off");
	cordon_json_end(j);
}

static void
show_environment(struct cordon_json *j, const struct cordon_profile *p)
{
	cordon_json_object(j, "environment");
	show_list(j, "pass", &p->pass);
	cordon_json_object(j, "set");
	for (size_t i = 0; i < p->set.count; i++) {
		char *name = strndup(p->set.items[i], strcspn(p->set.items[i], "="));

		if (name != NULL)
			cordon_json_string(j, name, strchr(p->set.items[i], '=') + 1);
		free(name);
	}
	cordon_json_end(j);
	cordon_json_end(j);
}

static void
show_action(struct cordon_json *j, const char *key, int error)
{
	if (error == 0) {
		cordon_json_string(j, key, "kill");
		return;
	}
	cordon_json_object(j, key);
	cordon_json_string(j, "errno", strerrorname_np(error));
	cordon_json_end(j);
}

static void
show_number(struct cordon_json *j, const char *key, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value);
	cordon_json_string(j, key, text);
}

static void
show_condition(struct cordon_json *j, const struct call *call, const struct rule_condition *c)
{
	cordon_json_object(j, NULL);
	cordon_json_string(j, "arg", call->arguments[c->argument].name);
	if (c->mask != UINT64_MAX)
		show_number(j, "mask", c->mask);
	if (c->value_count == 1 && !c->negated) {
		show_number(j, "eq", c->values[0]);
	} else {
		cordon_json_array(j, c->negated ? "notIn" : "in");
		for (unsigned i = 0; i < c->value_count; i++)
			show_number(j, NULL, c->values[i]);
		cordon_json_end(j);
	}
	cordon_json_end(j);
}

static void
show_rule(struct cordon_json *j, const struct rule *rule)
{
	cordon_json_object(j, NULL);
	if (rule->why != NULL)
		cordon_json_string(j, "why", rule->why);
	cordon_json_array(j, "names");
	for (size_t i = 0; i < rule->number_count; i++)
		cordon_json_string(j, NULL, cordon_syscall_name(rule->numbers[i]));
	cordon_json_end(j);
	if (rule->condition_count > 0) {
		cordon_json_array(j, "when");
		for (unsigned i = 0; i < rule->condition_count; i++)
			show_condition(j, call_by_number(rule->numbers[0]), &rule->conditions[i]);
		cordon_json_end(j);
	}
	if (rule->action == RULE_ALLOW)
		cordon_json_string(j, "action", "allow");
	else
		show_action(j, "action", rule->action == RULE_KILL ? 0 : rule->error);
	if (rule->quiet)
		cordon_json_bool(j, "quiet", 1);
	cordon_json_end(j);
}

static void
show_syscalls(struct cordon_json *j, const struct rules *rules)
{
	cordon_json_object(j, "syscalls");
	show_action(j, "default", rules->default_error);
	cordon_json_array(j, "rules");
	for (size_t i = rules->floor_count; i < rules->layer_count; i++)
		show_rule(j, &rules->items[i]);
	cordon_json_end(j);
	cordon_json_end(j);
}

/* A word that means only itself. */
static void
show_literal(struct cordon_json *j, const char *key, const char *text)
{
	if (strcmp(text, "*") != 0 && strcmp(text, "...") != 0) {
		cordon_json_string(j, key, text);
		return;
	}
	cordon_json_object(j, key);
	cordon_json_array(j, "oneOf");
	cordon_json_string(j, NULL, text);
	cordon_json_end(j);
	cordon_json_end(j);
}

static void
show_prefix(struct cordon_json *j, const char *key, const char *text)
{
	cordon_json_object(j, key);
	cordon_json_string(j, "prefix", text);
	cordon_json_end(j);
}

static void
show_word(struct cordon_json *j, const struct cordon_pattern_word *word)
{
	switch (word->kind) {
	case CORDON_WORD_ANY:
		cordon_json_string(j, NULL, "*");
		break;
	case CORDON_WORD_LITERAL:
		cordon_json_string(j, NULL, word->texts[0]);
		break;
	case CORDON_WORD_PREFIX:
		show_prefix(j, NULL, word->texts[0]);
		break;
	default:
		cordon_json_object(j, NULL);
		cordon_json_array(j, "oneOf");
		for (size_t i = 0; i < word->count; i++)
			cordon_json_string(j, NULL, word->texts[i]);
		cordon_json_end(j);
		cordon_json_end(j);
	}
}

static void
show_secret(struct cordon_json *j, const struct cordon_secret *secret)
{
	const char *key = secret->after ? "after" : NULL;

	if (secret->after)
		cordon_json_object(j, NULL);
	if (secret->kind == CORDON_WORD_ANY)
		cordon_json_string(j, key, "*");
	else if (secret->kind == CORDON_WORD_PREFIX)
		show_prefix(j, key, secret->text);
	else
		show_literal(j, key, secret->text);
	if (secret->after)
		cordon_json_end(j);
}

/* Without the examples, which have been tried. */
static void
show_exec_rule(struct cordon_json *j, const struct cordon_exec_rule *rule)
{
	cordon_json_object(j, NULL);
	cordon_json_string(j, "id", rule->id);
	if (rule->why != NULL)
		cordon_json_string(j, "why", rule->why);
	cordon_json_array(j, "argv");
	for (size_t i = 0; i < rule->pattern.count; i++)
		show_word(j, &rule->pattern.words[i]);
	if (rule->pattern.open)
		cordon_json_string(j, NULL, "...");
	cordon_json_end(j);
	if (!rule->only_marks)
		cordon_json_string(j, "decision", cordon_decision_name(rule->decision));
	if (rule->secret_count > 0) {
		cordon_json_array(j, "secret");
		for (size_t i = 0; i < rule->secret_count; i++)
			show_secret(j, &rule->secrets[i]);
		cordon_json_end(j);
	}
	cordon_json_end(j);
}

static void
show_approvals(struct cordon_json *j, const struct cordon_approvals *approvals)
{
	cordon_json_object(j, "approvals");
	cordon_json_string(j, "default", cordon_decision_name(approvals->otherwise));
	cordon_json_array(j, "rules");
	for (size_t i = 0; i < approvals->count; i++)
		show_exec_rule(j, &approvals->rules[i]);
	cordon_json_end(j);
	cordon_json_string(j, "noApprover",
		approvals->no_approver == CORDON_NO_APPROVER_WAIT ? "wait" : "refuse");
	cordon_json_end(j);
}

char *
cordon_profile_show(const struct cordon_profile *p)
{
	struct cordon_json *j = cordon_json_create(4u << 20);
	char digest[CORDON_DIGEST_HEX], marked[CORDON_DIGEST_HEX + 8];
	const char *text;
	char *result = NULL;

	if (j == NULL)
		return NULL;
	cordon_digest_hex(p->digest, digest);
	snprintf(marked, sizeof(marked), "sha256:%s", digest);
	cordon_json_object(j, NULL);
	cordon_json_u64(j, "cordonProfile", 1);
	cordon_json_string(j, "name", p->name);
	cordon_json_string(j, "description", p->description == NULL ? "" : p->description);
	cordon_json_string(j, "digest", marked);
	cordon_json_array(j, "extends");
	cordon_json_end(j);
	cordon_json_array(j, "widens");
	cordon_json_string(j, NULL, "filesystem.protect");
	cordon_json_end(j);
	show_filesystem(j, p);
	show_exec(j, p);
	show_network(j, &p->network);
	cordon_json_string(j, "sockets", p->sockets == CORDON_SOCKETS_PAIR ? "pair" : "inside");
	cordon_json_string(j, "proc", p->proc == CORDON_PROC_RUN ? "run" : "system");
	show_environment(j, p);
	show_limits(j, &p->limits);
	show_syscalls(j, p->rules);
	show_approvals(j, &p->approvals);
	cordon_json_end(j);
	text = cordon_json_text(j, NULL);
	if (text != NULL)
		result = strdup(text);
	cordon_json_destroy(j);
	return result;
}
