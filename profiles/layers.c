/* Merging layers: a child may freely add what restricts and name less than its parents; whatever goes
 * further must be named in "widens", where a section's name covers all below it. A list in a child
 * replaces the parent's; one that widens is added to it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>
#include <cordon/path.h>

#include "layer.h"
#include "merge.h"
#include "network.h"
#include "patterns.h"

void
layer_finish(struct layer *layer)
{
	free(layer->name);
	free(layer->description);
	strings_finish(&layer->parents);
	strings_finish(&layer->widens);
	strings_finish(&layer->values.read);
	for (size_t i = 0; i < layer->values.write_count; i++)
		free(layer->values.write[i].path);
	free(layer->values.write);
	strings_finish(&layer->values.hide);
	strings_finish(&layer->values.protect);
	strings_finish(&layer->values.exec);
	strings_finish(&layer->values.socket_connect);
	strings_finish(&layer->values.pass);
	strings_finish(&layer->values.set);
	network_finish(&layer->values.network);
	approvals_finish(&layer->values.approvals);
	rules_finish(&layer->rules);
	memset(layer, 0, sizeof(*layer));
}

static int
is_within_any(const char *path, const struct cordon_strings *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (cordon_path_within(path, list->items[i]))
			return 1;
	return 0;
}

/* Replaces *list by the child's, or adds to it where the child widens. as_paths: an entry below one of
 * the parent's is a subset of it. */
static int
merge_list(const struct merge *m, const char *key, struct cordon_strings *list,
	const struct cordon_strings *child, int as_paths)
{
	struct cordon_strings merged = { 0 };
	int widened = m->base;

	for (size_t i = 0; i < child->count; i++) {
		const int known = as_paths ? is_within_any(child->items[i], list)
					   : strings_has(list, child->items[i]);
		char what[300];

		if (known)
			continue;
		snprintf(what, sizeof(what), "names '%.200s'", child->items[i]);
		if (merge_need_widens(m, key, what) < 0)
			return -1;
		widened = 1;
	}
	for (size_t i = 0; i < list->count && widened; i++)
		if (strings_add(&merged, list->items[i]) < 0)
			goto fail;
	for (size_t i = 0; i < child->count; i++)
		if (!strings_has(&merged, child->items[i]) &&
			strings_add(&merged, child->items[i]) < 0)
			goto fail;
	strings_finish(list);
	*list = merged;
	return 0;
fail:
	strings_finish(&merged);
	return merge_no_memory(m);
}

/* What restricts is only ever added. */
static int
add_all(const struct merge *m, struct cordon_strings *list, const struct cordon_strings *child)
{
	for (size_t i = 0; i < child->count; i++)
		if (!strings_has(list, child->items[i]) && strings_add(list, child->items[i]) < 0)
			return merge_no_memory(m);
	return 0;
}

static int
merge_limits(const struct merge *m)
{
	struct cordon_limits *limits = &m->profile->limits;
	const struct layer *l = m->layer;
	const struct cordon_limits *child = &l->values.limits;

	if (merge_limit(m, "limits.memory", l->has_memory, &limits->memory, child->memory) < 0 ||
		merge_limit(m, "limits.processes", l->has_processes, &limits->processes,
			child->processes) < 0 ||
		merge_limit(m, "limits.wall", l->has_wall, &limits->wall_ms, child->wall_ms) < 0 ||
		merge_limit(m, "limits.cpu", l->has_cpu, &limits->cpu_ms, child->cpu_ms) < 0 ||
		merge_limit(m, "limits.output", l->has_output, &limits->output, child->output) <
			0 ||
		merge_limit(m, "limits.openFiles", l->has_open_files, &limits->open_files,
			child->open_files) < 0 ||
		merge_limit(m, "limits.fileSize", l->has_file_size, &limits->file_size,
			child->file_size) < 0)
		return -1;
	if (l->has_memory_enforced) {
		if (limits->memory_enforced && !child->memory_enforced &&
			merge_need_widens(m, "limits.memoryEnforced", "is switched off") < 0)
			return -1;
		limits->memory_enforced = child->memory_enforced;
	}
	return 0;
}

static int
find_grant(const struct cordon_profile *p, const struct cordon_write_grant *grant)
{
	for (size_t i = 0; i < p->write_count; i++)
		if (cordon_path_within(grant->path, p->write[i].path) &&
			(p->write[i].exec || !grant->exec))
			return 1;
	return 0;
}

static int
merge_write(const struct merge *m)
{
	struct cordon_profile *p = m->profile;
	const struct cordon_profile *child = &m->layer->values;
	struct cordon_write_grant *merged =
		cordon_array(p->write_count + child->write_count + 1, sizeof(*merged));
	size_t count = 0;
	int widened = m->base;

	if (merged == NULL)
		return merge_no_memory(m);
	for (size_t i = 0; i < child->write_count; i++) {
		char what[300];

		if (find_grant(p, &child->write[i]))
			continue;
		snprintf(what, sizeof(what), "grants '%.200s'", child->write[i].path);
		if (merge_need_widens(m, "filesystem.write", what) < 0) {
			free(merged);
			return -1;
		}
		widened = 1;
	}
	for (size_t i = 0; i < p->write_count; i++) {
		int again = 0;

		for (size_t k = 0; k < child->write_count; k++)
			again |= strcmp(child->write[k].path, p->write[i].path) == 0;
		if (widened && !again)
			merged[count++] = p->write[i];
		else
			free(p->write[i].path);
	}
	free(p->write);
	p->write = merged;
	p->write_count = count;
	for (size_t i = 0; i < child->write_count; i++) {
		merged[count].path = strdup(child->write[i].path);
		merged[count].exec = child->write[i].exec;
		if (merged[count].path == NULL)
			return merge_no_memory(m);
		p->write_count = ++count;
	}
	return 0;
}

static int
merge_filesystem(const struct merge *m)
{
	struct cordon_profile *p = m->profile;
	const struct layer *l = m->layer;

	if (l->has_workspace) {
		if (l->values.workspace > p->workspace &&
			merge_need_widens(m, "filesystem.workspace", "grants more") < 0)
			return -1;
		p->workspace = l->values.workspace;
	}
	if (l->has_read && merge_list(m, "filesystem.read", &p->read, &l->values.read, 1) < 0)
		return -1;
	if (l->has_write && merge_write(m) < 0)
		return -1;
	if (merge_limit(m, "filesystem.tmp.size", l->has_tmp_size, &p->tmp_size,
		    l->values.tmp_size) < 0 ||
		merge_limit(m, "filesystem.tmp.files", l->has_tmp_files, &p->tmp_files,
			l->values.tmp_files) < 0)
		return -1;
	if (l->has_tmp_exec) {
		if (l->values.tmp_exec && !p->tmp_exec &&
			merge_need_widens(m, "filesystem.tmp.exec", "is switched on") < 0)
			return -1;
		p->tmp_exec = l->values.tmp_exec;
	}
	/* The floor's list stands unless it is given up by name. */
	if (l->has_protect && merge_says_widens(m, "filesystem.protect"))
		strings_finish(&p->protect);
	return add_all(m, &p->hide, &l->values.hide) < 0 ||
			       add_all(m, &p->protect, &l->values.protect) < 0
		       ? -1
		       : 0;
}

static int
merge_exec(const struct merge *m)
{
	struct cordon_profile *p = m->profile;
	const struct layer *l = m->layer;
	int widened = 0;

	if (!l->has_exec)
		return 0;
	if (l->values.workspace_exec && !p->workspace_exec) {
		if (merge_need_widens(m, "exec.allow", "names '@workspace'") < 0)
			return -1;
		widened = 1;
	}
	/* The workspace is one more entry of the list: replaced with it, kept where it is added to. */
	for (size_t i = 0; i < l->values.exec.count; i++)
		widened |= !is_within_any(l->values.exec.items[i], &p->exec);
	p->workspace_exec = l->values.workspace_exec || (widened && p->workspace_exec);
	return merge_list(m, "exec.allow", &p->exec, &l->values.exec, 1);
}

static int
merge_rest(const struct merge *m)
{
	struct cordon_profile *p = m->profile;
	const struct layer *l = m->layer;

	if (l->has_sockets) {
		if (l->values.sockets > p->sockets &&
			merge_need_widens(m, "sockets", "grants more") < 0)
			return -1;
		p->sockets = l->values.sockets;
	}
	if (l->has_proc) {
		if (l->values.proc > p->proc && merge_need_widens(m, "proc", "shows more") < 0)
			return -1;
		p->proc = l->values.proc;
	}
	if (l->has_pass && merge_list(m, "environment.pass", &p->pass, &l->values.pass, 0) < 0)
		return -1;
	/* A value that is set only concerns the run itself; a later layer's wins. */
	for (size_t i = 0; i < l->values.set.count; i++) {
		const char *pair = l->values.set.items[i];
		const size_t name = strcspn(pair, "=") + 1;
		size_t k = 0;

		while (k < p->set.count && strncmp(p->set.items[k], pair, name) != 0)
			k++;
		if (k == p->set.count) {
			if (strings_add(&p->set, pair) < 0)
				return merge_no_memory(m);
		} else {
			char *copy = strdup(pair);

			if (copy == NULL)
				return merge_no_memory(m);
			free(p->set.items[k]);
			p->set.items[k] = copy;
		}
	}
	return 0;
}

static int
merge_rules(const struct merge *m, struct rules *rules)
{
	for (size_t i = 0; i < m->layer->rules.count; i++) {
		const struct rule *rule = &m->layer->rules.items[i];

		if (rule->action == RULE_ALLOW &&
			merge_need_widens(m, "syscalls.rules", "allows a call") < 0)
			return -1;
		if (rules_add(rules, rule) < 0)
			return merge_no_memory(m);
	}
	if (m->layer->has_default) {
		if (rules->default_error == 0 && m->layer->rules.default_error != 0 &&
			merge_need_widens(m, "syscalls.default", "is milder than kill") < 0)
			return -1;
		rules->default_error = m->layer->rules.default_error;
	}
	return 0;
}

/* Rules that hold, refuse or only mark what is secret restrict. One id stands for one rule: a second would
 * hide behind it in results and grants. */
static int
merge_exec_rules(const struct merge *m)
{
	const struct cordon_approvals *child = &m->layer->values.approvals;
	struct cordon_approvals *approvals = &m->profile->approvals;
	char place[64];

	for (size_t i = 0; i < child->count; i++) {
		const struct cordon_exec_rule *rule = &child->rules[i];

		snprintf(place, sizeof(place), "approvals/rules/%zu", i);
		if (approvals_find(approvals, rule->id) != NULL)
			return layer_fail(m->text, m->size, m->file, place, m->err,
				"what this profile extends has a rule '%s' already", rule->id);
		if (rule->decision != CORDON_REFUSE && rule->decision != CORDON_HOLD &&
			merge_need_widens_at(m, place, "approvals.rules", "allows a command") < 0)
			return -1;
		if (approvals->count == CORDON_EXEC_RULES)
			return layer_fail(m->text, m->size, m->file, place, m->err,
				"with what it extends, this profile has more than %d rules over "
				"commands",
				CORDON_EXEC_RULES);
		if (approvals->secret_count + rule->secret_count > CORDON_SECRETS)
			return layer_fail(m->text, m->size, m->file, place, m->err,
				"with what it extends, this profile marks more than %d words as "
				"secret",
				CORDON_SECRETS);
		if (approvals_add(approvals, rule) < 0)
			return merge_no_memory(m);
	}
	return 0;
}

static int
merge_approvals(const struct merge *m)
{
	const struct layer *l = m->layer;
	const struct cordon_approvals *child = &l->values.approvals;
	struct cordon_approvals *approvals = &m->profile->approvals;

	if (l->has_approvals_default) {
		if (child->otherwise > approvals->otherwise &&
			merge_need_widens(m, "approvals.default", "is milder") < 0)
			return -1;
		approvals->otherwise = child->otherwise;
	}
	if (l->has_no_approver) {
		if (child->no_approver > approvals->no_approver &&
			merge_need_widens(m, "approvals.noApprover", "waits") < 0)
			return -1;
		approvals->no_approver = child->no_approver;
	}
	return merge_exec_rules(m);
}

int
layer_apply(struct cordon_profile *profile, struct rules *rules, const struct layer *layer,
	int base, const char *text, size_t size, const char *file, struct cordon_error *err)
{
	const struct merge m = { .profile = profile,
		.layer = layer,
		.base = base,
		.text = text,
		.file = file,
		.size = size,
		.err = err };

	if (merge_filesystem(&m) < 0 || merge_exec(&m) < 0 || merge_limits(&m) < 0 ||
		merge_rest(&m) < 0 || merge_rules(&m, rules) < 0 || merge_approvals(&m) < 0 ||
		merge_network(&m) < 0)
		return -1;
	return 0;
}
