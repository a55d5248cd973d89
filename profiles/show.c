/* The effective profile as text, in the profile language, and the list of profiles. */
#include <cordon/profile.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/json.h>

#include "library.h"

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

static void
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

char *
cordon_profile_show(const struct cordon_profile *p)
{
	struct cordon_json *j = cordon_json_create(1u << 20);
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
	show_filesystem(j, p);
	show_exec(j, p);
	cordon_json_object(j, "network");
	cordon_json_string(j, "default", "refuse");
	cordon_json_end(j);
	cordon_json_string(j, "sockets", p->sockets == CORDON_SOCKETS_PAIR ? "pair" : "inside");
	cordon_json_string(j, "proc", p->proc == CORDON_PROC_RUN ? "run" : "system");
	show_environment(j, p);
	show_limits(j, &p->limits);
	cordon_json_object(j, "syscalls");
	cordon_json_u64(j, "instructions", p->filter_count);
	cordon_json_end(j);
	cordon_json_end(j);
	text = cordon_json_text(j, NULL);
	if (text != NULL)
		result = strdup(text);
	cordon_json_destroy(j);
	return result;
}
