/* Loading: find the text, parse its layers from the parents down, merge, put the floor below, compile
 * and verify the filter. */
#include <cordon/profile.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

#include "blob.h"
#include "layer.h"
#include "network.h"
#include "patterns.h"
#include "source.h"

#define DEPTH_MAX 16

struct load {
	const struct cordon_profile_places *places;
	struct cordon_profile *profile;
	struct rules *rules; /* the profile's */
	struct cordon_strings applied; /* files of the layers so far; each counts once */
	struct cordon_strings open; /* files that are being extended, outermost first */
	char pin[CORDON_DIGEST_HEX]; /* what the profile says its digest is, or empty */
	char pin_place[PATH_MAX + 32]; /* FILE:LINE:COLUMN of that */
	struct cordon_error *err;
};

static int
no_memory(const struct load *load)
{
	return cordon_fail(load->err, CORDON_ESYS, ENOMEM, "could not load the profile");
}

/* The bare floor, before any layer. */
static void
start_bare(struct cordon_profile *p)
{
	p->approvals.otherwise = CORDON_ALLOW;
	network_init(&p->network);
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

static int apply_source(struct load *load, const struct source *s, const char *name);

/* One profile that s extends. key: where s says so. */
static int
load_parent(struct load *load, const struct source *s, const char *name, const char *parent,
	const char *key)
{
	/* A profile that has the name of what it extends stands in front of it: the next one counts. */
	const int from = s->place >= 0 && strcmp(name, parent) == 0 ? s->place + 1 : 0;
	struct source found;
	int result;

	if (source_find(load->places, parent, from, s->place == SOURCE_FILE ? s->file : NULL,
		    &found, load->err) < 0) {
		if (load->err->code != CORDON_ENOTFOUND)
			return -1;
		return layer_fail(s->text, s->size, s->file, key, load->err,
			"it extends '%s', which does not exist", parent);
	}
	if (strings_has(&load->open, found.file))
		result = layer_fail(s->text, s->size, s->file, key, load->err,
			"it extends '%s', which extends it in turn", parent);
	else if (load->open.count >= DEPTH_MAX)
		result = layer_fail(s->text, s->size, s->file, key, load->err,
			"profiles extend each other more than %d deep here", DEPTH_MAX);
	else if (strings_has(&load->applied, found.file))
		result = 0;
	else
		result = apply_source(load, &found, parent);
	source_finish(&found);
	return result;
}

static int
load_parents(struct load *load, const struct source *s, const char *name, const struct layer *layer)
{
	char key[32];

	if (!layer->has_extends)
		return load_parent(load, s, name, "default", "");
	for (size_t i = 0; i < layer->parents.count; i++) {
		snprintf(key, sizeof(key), "extends/%zu", i);
		if (load_parent(load, s, name, layer->parents.items[i], key) < 0)
			return -1;
	}
	return 0;
}

/* Remembers what the profile says its digest is, until it is known. */
static int
take_pin(struct load *load, const struct source *s, const struct layer *layer)
{
	unsigned line, column;

	if (layer->digest[0] == '\0')
		return 0;
	if (load->open.count > 1)
		return layer_fail(s->text, s->size, s->file, "digest", load->err,
			"a profile that pins its digest stands alone: extend the one it was made "
			"from");
	layer_locate(s->text, s->size, "digest", &line, &column);
	snprintf(load->pin_place, sizeof(load->pin_place), "%s:%u:%u", s->file, line, column);
	memcpy(load->pin, layer->digest, sizeof(load->pin));
	return 0;
}

static void
take_names(struct cordon_profile *p, struct layer *layer)
{
	free(p->name);
	free(p->description);
	p->name = layer->name;
	p->description = layer->description;
	layer->name = layer->description = NULL;
}

/* Parents first, in their order, each as a layer on those before it; then the layer itself. */
static int
apply_source(struct load *load, const struct source *s, const char *name)
{
	struct layer layer;
	int result;

	if (layer_parse(s->text, s->size, s->file, load->places, &layer, load->err) < 0)
		return -1;
	result = strings_add(&load->open, s->file) < 0 ? no_memory(load) : 0;
	if (result == 0)
		result = take_pin(load, s, &layer);
	if (result == 0)
		result = load_parents(load, s, name, &layer);
	if (result == 0)
		result = layer_apply(load->profile, load->rules, &layer, load->applied.count == 0,
			s->text, s->size, s->file, load->err);
	if (result == 0 && strings_add(&load->applied, s->file) < 0)
		result = no_memory(load);
	if (result == 0) {
		take_names(load->profile, &layer);
		free(load->open.items[--load->open.count]);
	}
	layer_finish(&layer);
	return result;
}

/* The floor's own rules come first and are no layer: nothing can be said against them, because errno
 * and kill are more severe than allow, and among equals the first decides. */
static int
begin_with_floor(struct load *load)
{
	const struct library_entry *entry = source_in_library(SOURCE_FLOOR);
	struct layer layer;
	int result;

	if (layer_parse(entry->text, entry->size, "<library>/floor.json", NULL, &layer, load->err) <
		0)
		return -1;
	result = layer_apply(load->profile, load->rules, &layer, 1, entry->text, entry->size,
		"<library>/floor.json", load->err);
	load->rules->floor_count = load->rules->count;
	layer_finish(&layer);
	return result;
}

/* A profile without a name is called as its file, as far as that makes a name. */
static int
name_profile(struct load *load, const char *name)
{
	struct cordon_profile *p = load->profile;
	const char *base = strrchr(name, '/');
	char *dot;

	if (p->name != NULL)
		return 0;
	p->name = strndup(base == NULL ? name : base + 1, LAYER_NAME_MAX);
	if (p->name == NULL)
		return no_memory(load);
	dot = strrchr(p->name, '.');
	if (dot != NULL && dot != p->name && strcmp(dot, ".json") == 0)
		*dot = '\0';
	for (char *c = p->name; *c != '\0'; c++)
		if (strchr(LAYER_NAME_BYTES, *c) == NULL || (c == p->name && *c == '.'))
			*c = '_';
	return 0;
}

static int
check_pin(const struct load *load)
{
	char digest[CORDON_DIGEST_HEX];

	cordon_digest_hex(load->profile->digest, digest);
	if (load->pin[0] == '\0' || strcmp(load->pin, digest) == 0)
		return 0;
	return cordon_fail(load->err, CORDON_EINPUT, 0,
		"%s: the profile comes out with another digest, sha256:%s; if the change is meant, "
		"write that one",
		load->pin_place, digest);
}

static int
finish_profile(struct load *load, const char *name)
{
	struct cordon_profile *p = load->profile;

	if (name_profile(load, name) < 0)
		return -1;
	/* A profile without a limit of its own for processes keeps the host alive all the same. */
	if (p->limits.processes == CORDON_NO_LIMIT)
		p->limits.processes = 4096;
	load->rules->layer_count = load->rules->count;
	if (rules_add_sockets(load->rules, p->sockets) < 0)
		return no_memory(load);
	if (rules_compile(load->rules, &p->filter, &p->filter_count, load->err) < 0 ||
		rules_verify(load->rules, p->filter, p->filter_count, load->err) < 0)
		return cordon_while(load->err, "profile '%s'", p->name);
	if (blob_digest(p, load->err) < 0)
		return -1;
	return check_pin(load);
}

static int
load_named(struct load *load, const char *name)
{
	struct source s;
	int result;

	if (begin_with_floor(load) < 0 ||
		source_find(load->places, name, 0, NULL, &s, load->err) < 0)
		return -1;
	result = apply_source(load, &s, name);
	source_finish(&s);
	return result == 0 ? finish_profile(load, name) : -1;
}

/* The library's profiles have been loaded by the build. */
static struct cordon_profile *
find_embedded(const struct cordon_profile_places *places, const char *name)
{
	for (const struct blob_entry *e = blob_entries; e->name != NULL; e++)
		if (strcmp(e->name, name) == 0 && source_is_library(places, name))
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
	if (load.profile == NULL || load.rules == NULL) {
		free(load.profile);
		free(load.rules);
		(void)no_memory(&load);
		return NULL;
	}
	load.profile->rules = load.rules;
	start_bare(load.profile);
	load.rules->default_error = ENOSYS;
	result = load_named(&load, name);
	strings_finish(&load.applied);
	strings_finish(&load.open);
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
	network_finish(&p->network);
	approvals_finish(&p->approvals);
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
