/* Loading: find the text, parse its layers from the parents down, merge, put the floor on top, compile
 * and verify the filter. */
#include <cordon/profile.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/mem.h>

#include "blob.h"
#include "calls.h"
#include "layer.h"
#include "library.h"
#include "record.h"

#define DEPTH_MAX 16
#define FLOOR     "floor" /* a library entry that nobody can name */

/* A text that was found, and what to call it. */
struct source {
	char *text; /* owned, unless borrowed */
	size_t size;
	char file[PATH_MAX];
	int borrowed;
};

struct load {
	const struct cordon_profile_places *places;
	struct cordon_profile *profile;
	struct rules *rules; /* the profile's */
	struct cordon_strings applied; /* layers so far; each counts once */
	struct cordon_error *err;
};

static void
source_finish(struct source *s)
{
	if (!s->borrowed)
		free(s->text);
}

static const struct library_entry *
in_library(const char *name)
{
	for (const struct library_entry *e = library_entries; e->name != NULL; e++)
		if (strcmp(e->name, name) == 0)
			return e;
	return NULL;
}

/* Opens and reads a profile's file. A file that somebody else can write is not the operator's word. */
static int
read_file(const char *path, struct source *s, struct cordon_error *err)
{
	CORDON_CLOSE int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return cordon_fail(err, errno == ENOENT ? CORDON_ENOTFOUND : CORDON_ESYS, errno,
			"could not open profile '%s'", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return cordon_fail(
			err, CORDON_EINPUT, 0, "profile '%s' is not a regular file", path);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 || (st.st_uid != geteuid() && st.st_uid != 0)) {
		cordon_fail(err, CORDON_EPOLICY, 0,
			"profile '%s' can be written by another user, who could change what is "
			"judged "
			"(chmod go-w, and own it)",
			path);
		return cordon_because(err, "floor.file_mode");
	}
	if (cordon_fd_slurp(fd, 1u << 20, &s->text, &s->size, err) < 0) {
		if (err->code == CORDON_ELIMIT)
			return cordon_fail(err, CORDON_EINPUT, 0,
				"%s:1:1: a profile is at most 1 MiB long", path);
		return cordon_while(err, "profile '%s'", path);
	}
	snprintf(s->file, sizeof(s->file), "%s", path);
	return 0;
}

static int
is_file_name(const char *name)
{
	const size_t length = strlen(name);

	return strchr(name, '/') != NULL || (length > 5 && strcmp(name + length - 5, ".json") == 0);
}

static int
find(const struct load *load, const char *name, struct source *s)
{
	const struct cordon_profile_places *places = load->places;
	const struct library_entry *entry;
	char path[PATH_MAX], known[256] = "";

	if (is_file_name(name) && !places->builtin_only)
		return read_file(name, s, load->err);
	for (size_t i = 0; i < 4 && !places->builtin_only; i++) {
		if (places->directories[i] == NULL)
			continue;
		snprintf(path, sizeof(path), "%s/%s.json", places->directories[i], name);
		if (access(path, F_OK) == 0)
			return read_file(path, s, load->err);
	}
	entry = in_library(name);
	if (entry != NULL && strcmp(name, FLOOR) != 0) {
		s->text = (char *)(uintptr_t)entry->text;
		s->size = entry->size;
		s->borrowed = 1;
		snprintf(s->file, sizeof(s->file), "%s.json", name);
		return 0;
	}
	for (const struct library_entry *e = library_entries; e->name != NULL; e++)
		if (strcmp(e->name, FLOOR) != 0)
			snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s",
				known[0] == '\0' ? "" : ", ", e->name);
	return cordon_fail(load->err, CORDON_ENOTFOUND, 0,
		"there is no profile '%s' (the library has %s; for a file write a path, such as "
		"'./%s.json')",
		name, known, name);
}

/* The bare floor, before any layer. */
static void
start_bare(struct cordon_profile *p)
{
	p->tmp_size = 64u << 20;
	p->tmp_files = 16384;
	p->limits = (struct cordon_limits){ .memory = CORDON_NO_LIMIT,
		.processes = CORDON_NO_LIMIT,
		.wall_ms = CORDON_NO_LIMIT,
		.cpu_ms = CORDON_NO_LIMIT,
		.output = CORDON_NO_LIMIT,
		.open_files = 512,
		.file_size = CORDON_NO_LIMIT };
}

static int load_layer(struct load *load, const char *name, unsigned depth);

/* Parents first, in their order, each as a layer on those before it; then the layer itself. */
static int
apply_source(struct load *load, const struct source *s, const char *name, unsigned depth)
{
	struct layer layer;
	int result = 0;

	if (layer_parse(s->text, s->size, s->file, load->places->home, &layer, load->err) < 0)
		return -1;
	if (!layer.has_extends && strcmp(name, "default") != 0)
		result = load_layer(load, "default", depth + 1);
	for (size_t i = 0; i < layer.parents.count && result == 0; i++) {
		result = load_layer(load, layer.parents.items[i], depth + 1);
		if (result < 0 && load->err->code == CORDON_ENOTFOUND)
			result = layer_fail(s->text, s->size, s->file, "extends", load->err,
				"it extends '%s', which does not exist", layer.parents.items[i]);
	}
	if (result == 0)
		result = layer_apply(load->profile, load->rules, &layer, load->applied.count == 0,
			s->text, s->size, s->file, load->err);
	if (result == 0 && strings_add(&load->applied, s->file) < 0)
		result = cordon_fail(load->err, CORDON_ESYS, ENOMEM, "could not load the profile");
	if (result == 0) {
		free(load->profile->name);
		free(load->profile->description);
		load->profile->name = layer.name;
		load->profile->description = layer.description;
		layer.name = layer.description = NULL;
	}
	layer_finish(&layer);
	return result;
}

static int
load_layer(struct load *load, const char *name, unsigned depth)
{
	struct source s = { 0 };
	int result;

	if (depth == DEPTH_MAX)
		return cordon_fail(load->err, CORDON_EINPUT, 0,
			"profiles extend each other more than %d deep, or in a circle, at '%s'",
			DEPTH_MAX, name);
	result = find(load, name, &s);
	if (result == 0 && !strings_has(&load->applied, s.file))
		result = apply_source(load, &s, name, depth);
	source_finish(&s);
	return result;
}

/* The floor's own rules come first and are no layer: nothing can be said against them, because errno
 * and kill are more severe than allow, and among equals the first decides. */
static int
begin_with_floor(struct load *load)
{
	const struct library_entry *entry = in_library(FLOOR);
	struct layer layer;
	int result;

	if (layer_parse(entry->text, entry->size, "floor.json", NULL, &layer, load->err) < 0)
		return -1;
	result = layer_apply(load->profile, load->rules, &layer, 1, entry->text, entry->size,
		"floor.json", load->err);
	load->rules->floor_count = load->rules->count;
	layer_finish(&layer);
	return result;
}

/* One more rule for a call, by name. */
static int
add_rule(struct load *load, const char *call, struct rule rule)
{
	uint16_t number = (uint16_t)cordon_syscall_number(call);

	rule.numbers = &number;
	rule.number_count = 1;
	if (rules_add(load->rules, &rule) < 0)
		return cordon_fail(load->err, CORDON_ESYS, ENOMEM, "could not load the profile");
	return 0;
}

/* Rules that follow from `sockets` (A08, A39). For AF_UNIX, `pair` refuses socket(2) whatever the
 * type; `inside` allows streams, whose connect(2) is carried out by the gate helper. */
static int
add_socket_rules(struct load *load)
{
	uint64_t unix_family = AF_UNIX, stream = SOCK_STREAM, others[16];
	const struct rule_condition is_unix = {
		.argument = 0, .mask = UINT64_MAX, .values = &unix_family, .value_count = 1
	};
	const struct rule_condition is_stream = { .argument = 1,
		.mask = 0xf, /* SOCK_TYPE_MASK: without SOCK_CLOEXEC and SOCK_NONBLOCK */
		.values = &stream,
		.value_count = 1 };
	struct rule_condition is_other = { .argument = 1, .mask = 0xf, .values = others };
	/* glibc asks nscd, by a socket of exactly this type, before it reads the password file. */
	uint64_t nscd = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
	const struct rule_condition is_nscd = {
		.argument = 1, .mask = UINT64_MAX, .values = &nscd, .value_count = 1
	};
	const struct rule refuse_nscd = { .action = RULE_ERRNO,
		.error = EAFNOSUPPORT,
		.quiet = 1,
		.conditions = { is_unix, is_nscd },
		.condition_count = 2 };
	const struct rule refuse = { .action = RULE_ERRNO,
		.error = EAFNOSUPPORT,
		.conditions = { is_unix },
		.condition_count = 1 };
	struct rule refuse_others = {
		.action = RULE_ERRNO, .error = EAFNOSUPPORT, .condition_count = 2
	};
	const struct rule allow_stream = {
		.action = RULE_ALLOW, .conditions = { is_unix, is_stream }, .condition_count = 2
	};
	const struct rule notify = { .action = RULE_NOTIFY };

	if (load->profile->sockets == CORDON_SOCKETS_PAIR)
		return add_rule(load, "socket", refuse_nscd) < 0 ||
				       add_rule(load, "socket", refuse) < 0
			       ? -1
			       : 0;
	for (uint64_t type = 0; type < 16; type++)
		if (type != SOCK_STREAM)
			is_other.values[is_other.value_count++] = type;
	refuse_others.conditions[0] = is_unix;
	refuse_others.conditions[1] = is_other;
	if (add_rule(load, "socket", refuse_others) < 0 ||
		add_rule(load, "socket", allow_stream) < 0)
		return -1;
	return add_rule(load, "connect", notify);
}

static int
finish_profile(struct load *load, const char *name)
{
	struct cordon_profile *p = load->profile;

	if (p->name == NULL) {
		const char *base = strrchr(name, '/');
		char *dot;

		p->name = strdup(base == NULL ? name : base + 1);
		if (p->name == NULL)
			return cordon_fail(
				load->err, CORDON_ESYS, ENOMEM, "could not load the profile");
		dot = strrchr(p->name, '.');
		if (dot != NULL && strcmp(dot, ".json") == 0)
			*dot = '\0';
	}
	/* A profile without a limit of its own for processes keeps the host alive all the same. */
	if (p->limits.processes == CORDON_NO_LIMIT)
		p->limits.processes = 4096;
	if (add_socket_rules(load) < 0 ||
		rules_compile(load->rules, &p->filter, &p->filter_count, load->err) < 0 ||
		rules_verify(load->rules, p->filter, p->filter_count, load->err) < 0)
		return -1;
	return profile_digest(p, load->rules, load->err);
}

/* True when name is the library's: no file of the operator comes before it. */
static int
is_of_library(const struct cordon_profile_places *places, const char *name)
{
	char path[PATH_MAX];

	if (is_file_name(name))
		return 0;
	for (size_t i = 0; i < 4 && !places->builtin_only; i++) {
		if (places->directories[i] == NULL)
			continue;
		snprintf(path, sizeof(path), "%s/%s.json", places->directories[i], name);
		if (access(path, F_OK) == 0)
			return 0;
		/* Its parents could be the operator's as well: they all come from "default". */
		snprintf(path, sizeof(path), "%s/default.json", places->directories[i]);
		if (access(path, F_OK) == 0)
			return 0;
	}
	return 1;
}

/* The library's profiles have been loaded by the build. */
static struct cordon_profile *
find_embedded(const struct cordon_profile_places *places, const char *name)
{
	for (const struct blob_entry *e = blob_entries; e->name != NULL; e++)
		if (strcmp(e->name, name) == 0 && is_of_library(places, name))
			return blob_read(e->bytes, e->size);
	return NULL;
}

struct cordon_profile *
cordon_profile_load(
	const struct cordon_profile_places *places, const char *name, struct cordon_error *err)
{
	struct load load = { .places = places, .err = err };
	struct cordon_profile *embedded = find_embedded(places, name);
	int result;

	if (embedded != NULL)
		return embedded;
	load.profile = cordon_array(1, sizeof(*load.profile));
	load.rules = cordon_array(1, sizeof(*load.rules));
	if (load.profile != NULL)
		load.profile->rules = load.rules;
	if (load.profile == NULL || load.rules == NULL) {
		cordon_profile_destroy(load.profile);
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not load the profile");
		return NULL;
	}
	start_bare(load.profile);
	load.rules->default_error = ENOSYS;
	result = begin_with_floor(&load);
	if (result == 0)
		result = load_layer(&load, name, 0);
	if (result == 0)
		result = finish_profile(&load, name);
	strings_finish(&load.applied);
	if (result < 0) {
		cordon_profile_destroy(load.profile);
		return NULL;
	}
	return load.profile;
}

void
cordon_profile_destroy(struct cordon_profile *p)
{
	if (p == NULL)
		return;
	free(p->name);
	free(p->description);
	strings_finish(&p->read);
	for (size_t i = 0; i < p->write_count; i++)
		free(p->write[i].path);
	free(p->write);
	strings_finish(&p->hide);
	strings_finish(&p->protect);
	strings_finish(&p->exec);
	strings_finish(&p->socket_connect);
	strings_finish(&p->pass);
	strings_finish(&p->set);
	free(p->filter);
	if (p->rules != NULL)
		rules_finish(p->rules);
	free(p->rules);
	free(p);
}

const char *
cordon_profile_rule(const struct cordon_profile *profile, uint32_t nr, const uint64_t args[6])
{
	struct seccomp_data data = { .nr = (int)nr };
	const struct rule *rule;

	memcpy(data.args, args, sizeof(data.args));
	rule = rules_find(profile->rules, &data);
	if (rule == NULL)
		return "default";
	return (size_t)(rule - profile->rules->items) < profile->rules->floor_count ? "floor"
										    : profile->name;
}
