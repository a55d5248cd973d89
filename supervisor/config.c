#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/host.h>
#include <cordon/mem.h>

#include "network_hosts.h"
#include "passwd.h"

#define SYSTEM_CONFIG   "/etc/cordon/config.json"
#define SYSTEM_PROFILES "/etc/cordon/profiles"

static int
take_home(void *home, uid_t uid, const char *directory)
{
	if (uid != getuid())
		return 0;
	*(char **)home = strdup(directory);
	return 1;
}

/* As the XDG base directory specification and every shell see it: $HOME, else the password file. One that
 * belongs to somebody else (sudo and su may leave it) would be another's policy. */
static char *
find_home(void)
{
	const char *variable = getenv("HOME");
	struct stat st;
	char *home = NULL;

	if (variable != NULL && variable[0] == '/' && stat(variable, &st) == 0 &&
		st.st_uid == geteuid())
		return strdup(variable);
	(void)passwd_each(take_home, &home);
	return home;
}

static char *
join(const char *directory, const char *name)
{
	char *path = NULL;

	if (directory == NULL || asprintf(&path, "%s/%s", directory, name) < 0)
		return NULL;
	return path;
}

/* An XDG base directory (only absolute ones count), with "cordon" below it. */
static char *
xdg(const char *variable, const char *home, const char *otherwise)
{
	const char *value = getenv(variable);
	CORDON_FREE char *fallback = join(home, otherwise);

	return join(value != NULL && value[0] == '/' ? value : fallback, "cordon");
}

/* A root without a home is a service of the system. */
static char *
find_state(const char *home)
{
	char *path = xdg("XDG_STATE_HOME", home, ".local/state");

	return path == NULL && geteuid() == 0 ? strdup("/var/lib/cordon") : path;
}

/* One configuration while it is read. */
struct reading {
	const char *file, *text;
	struct config *config;
	struct cordon_error *err;
};

/* Where the key of the outermost object begins in text, which jansson has accepted: the first string at
 * depth 1 with these characters that a colon follows. NULL for a key written with escapes. */
static const char *
find_key(const char *text, const char *key)
{
	const size_t length = strlen(key);
	int depth = 0;

	for (const char *p = text; *p != '\0'; p++) {
		const char *begin = p;

		if (*p == '{' || *p == '[')
			depth++;
		else if (*p == '}' || *p == ']')
			depth--;
		if (*p != '"')
			continue;
		for (p++; *p != '"' && *p != '\0'; p++)
			p += *p == '\\' && p[1] != '\0';
		if (*p == '\0')
			return NULL;
		if (depth == 1 && (size_t)(p - begin - 1) == length &&
			memcmp(begin + 1, key, length) == 0 &&
			p[1 + strspn(p + 1, " \t\r\n")] == ':')
			return begin;
	}
	return NULL;
}

/* "FILE:LINE:COLUMN: 'key' sentence". */
static int
fail_at(const struct reading *r, const char *key, const char *sentence)
{
	const char *found = find_key(r->text, key);
	unsigned line = 1, column = 1;

	for (const char *p = r->text; found != NULL && p < found; p++) {
		column++;
		if (*p == '\n') {
			line++;
			column = 1;
		}
	}
	return cordon_fail(r->err, CORDON_EINPUT, 0, "%s:%u:%u: '%s' %s", r->file, line, column,
		key, sentence);
}

static int
is_list_of(const json_t *value, int (*is)(const json_t *item))
{
	if (!json_is_array(value))
		return 0;
	for (size_t i = 0; i < json_array_size(value); i++)
		if (!is(json_array_get(value, i)))
			return 0;
	return 1;
}

static int
is_text(const json_t *value)
{
	return json_is_string(value) && json_string_length(value) > 0 &&
	       strlen(json_string_value(value)) == json_string_length(value);
}

static int
is_path(const json_t *value)
{
	return is_text(value) && json_string_value(value)[0] == '/';
}

static int
is_caller(const json_t *value)
{
	return json_is_object(value) &&
	       (json_object_get(value, "uid") != NULL) !=
		       (json_object_get(value, "group") != NULL) &&
	       is_list_of(json_object_get(value, "profiles"), is_text);
}

/* Keys of parts that this build does not have. Those that only widen what such a part may do ask for
 * nothing here; limits would be protections that nobody gives. */
static int
take_later(const struct reading *r, const char *key, const json_t *value)
{
	if (strcmp(key, "callers") == 0 && !is_list_of(value, is_caller))
		return fail_at(r, key, "must be a list of objects with uid or group, and profiles");
	if (strcmp(key, "approvals") == 0 && !json_is_object(value))
		return fail_at(r, key, "must be an object");
	if (strcmp(key, "limits") == 0)
		return fail_at(r, key, "has no effect in this build; use limits of a profile");
	return 0;
}

/* A later file replaces what an earlier one said. */
static int
take_workspaces(const struct reading *r, const json_t *value)
{
	struct cordon_strings roots = { 0 };

	if (!is_list_of(value, is_path))
		return fail_at(r, "workspaces", "must be a list of absolute paths");
	roots.items = cordon_array(json_array_size(value) + 1, sizeof(*roots.items));
	if (roots.items == NULL)
		return cordon_fail(r->err, CORDON_ESYS, ENOMEM, "could not keep a configuration");
	for (; roots.count < json_array_size(value); roots.count++) {
		roots.items[roots.count] =
			strdup(json_string_value(json_array_get(value, roots.count)));
		if (roots.items[roots.count] == NULL) {
			cordon_vector_free(roots.items);
			return cordon_fail(
				r->err, CORDON_ESYS, ENOMEM, "could not keep a configuration");
		}
	}
	cordon_vector_free(r->config->workspaces.items);
	r->config->workspaces = roots;
	return 0;
}

static int
take_path(const struct reading *r, const json_t *value, char **ret)
{
	char *path = strdup(json_string_value(value));

	if (path == NULL)
		return cordon_fail(r->err, CORDON_ESYS, ENOMEM, "could not keep a configuration");
	free(*ret);
	*ret = path;
	return 0;
}

/* A later file replaces what an earlier one said. */
static int
take_resolvers(const struct reading *r, const json_t *value)
{
	struct config *c = r->config;
	struct cordon_error ignored;

	c->resolver_count = 0;
	if (!is_list_of(value, is_text) || json_array_size(value) == 0 ||
		json_array_size(value) > CONFIG_RESOLVERS)
		return fail_at(r, "resolvers", "must be a list of one to three addresses");
	for (size_t i = 0; i < json_array_size(value); i++) {
		const char *text = json_string_value(json_array_get(value, i));
		struct cordon_endpoint endpoint = { .port = 53 };

		if (cordon_address_parse(text, strlen(text), &endpoint.host.address, &ignored) <
				0 &&
			(cordon_endpoint_parse(text, strlen(text), 53, &endpoint, &ignored) < 0 ||
				endpoint.host.kind != CORDON_HOST_ADDRESS))
			return fail_at(r, "resolvers",
				"has what is no address (\"192.0.2.1\", \"192.0.2.1:53\", "
				"\"[2001:db8::1]:53\")");
		c->resolvers[c->resolver_count++] =
			(struct config_resolver){ cordon_address_unmapped(&endpoint.host.address),
				endpoint.port };
	}
	return 0;
}

/* A later file replaces what an earlier one said, member by member. */
static int
take_ledger(const struct reading *r, const json_t *value)
{
	const char *key;
	const json_t *member;

	if (!json_is_object(value))
		return fail_at(r, "ledger", "must be an object");
	json_object_foreach((json_t *)(uintptr_t)value, key, member)
	{
		if (strcmp(key, "path") == 0 && is_path(member)) {
			if (take_path(r, member, &r->config->ledger_path) < 0)
				return -1;
		} else if (strcmp(key, "witness") == 0 && is_path(member)) {
			if (take_path(r, member, &r->config->ledger_witness) < 0)
				return -1;
		} else if (strcmp(key, "onFailure") == 0 && is_text(member) &&
			   (strcmp(json_string_value(member), "halt") == 0 ||
				   strcmp(json_string_value(member), "refuse") == 0)) {
			r->config->ledger_halt = json_string_value(member)[0] == 'h';
		} else {
			return fail_at(r, "ledger",
				"has path and witness (absolute paths) and onFailure (\"refuse\" or \"halt\")");
		}
	}
	return 0;
}

static int
take(const struct reading *r, json_t *root)
{
	static const char *const later[] = { "callers", "approvals", "limits" };
	const char *key;
	json_t *value;

	if (!json_is_object(root) || json_integer_value(json_object_get(root, "cordonConfig")) != 1)
		return cordon_fail(r->err, CORDON_EINPUT, 0,
			"%s:1:1: a configuration is an object with \"cordonConfig\": 1", r->file);
	json_object_foreach(root, key, value)
	{
		int known = strcmp(key, "cordonConfig") == 0 || strcmp(key, "$schema") == 0;

		if (strcmp(key, "mapRoot") == 0) {
			if (!json_is_boolean(value))
				return fail_at(r, key, "must be true or false");
			r->config->map_root = json_is_true(value);
			known = 1;
		}
		if (strcmp(key, "workspaces") == 0) {
			if (take_workspaces(r, value) < 0)
				return -1;
			known = 1;
		}
		if (strcmp(key, "resolvers") == 0) {
			if (take_resolvers(r, value) < 0)
				return -1;
			known = 1;
		}
		if (strcmp(key, "ledger") == 0) {
			if (take_ledger(r, value) < 0)
				return -1;
			known = 1;
		}
		for (size_t i = 0; i < sizeof(later) / sizeof(later[0]) && !known; i++)
			if (strcmp(key, later[i]) == 0) {
				if (take_later(r, key, value) < 0)
					return -1;
				known = 1;
			}
		if (!known)
			return fail_at(r, key, "is not a key of a configuration");
	}
	return 0;
}

static int
read_config(const char *file, int must_exist, struct config *config, struct cordon_error *err)
{
	CORDON_CLOSE int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	CORDON_FREE char *text = NULL;
	json_error_t where;
	json_t *root;
	size_t size;
	struct stat st;
	int result;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR) && !must_exist)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return cordon_fail(
			err, CORDON_EINPUT, errno, "could not open configuration '%s'", file);
	if (!S_ISREG(st.st_mode))
		return cordon_fail(
			err, CORDON_EINPUT, 0, "configuration '%s' is not a regular file", file);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 || (st.st_uid != geteuid() && st.st_uid != 0)) {
		cordon_fail(err, CORDON_EPOLICY, 0,
			"configuration '%s' can be written by another user (chmod go-w, and own "
			"it)",
			file);
		return cordon_because(err, "floor.file_mode");
	}
	if (cordon_fd_slurp(fd, 1u << 20, &text, &size, err) < 0)
		return cordon_while(err, "configuration '%s'", file);
	root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);
	if (root == NULL)
		return cordon_fail(err, CORDON_EINPUT, 0, "%s:%d:%d: %s", file, where.line,
			where.column, where.text);
	result = take(&(struct reading){ file, text, config, err }, root);
	json_decref(root);
	return result;
}

int
config_load(const char *file, struct config *ret, struct cordon_error *err)
{
	struct config config = { 0 };
	CORDON_FREE char *own = NULL;
	int result = 0;

	config.home = find_home();
	config.user_directory = xdg("XDG_CONFIG_HOME", config.home, ".config");
	config.state_directory = find_state(config.home);
	config.profile_directory = join(config.user_directory, "profiles");
	own = join(config.user_directory, "config.json");
	if (file != NULL) {
		result = read_config(file, 1, &config, err);
	} else {
		result = read_config(SYSTEM_CONFIG, 0, &config, err);
		if (result == 0 && own != NULL)
			result = read_config(own, 0, &config, err);
	}
	if (result < 0) {
		config_finish(&config);
		return -1;
	}
	*ret = config;
	return 0;
}

void
config_finish(struct config *config)
{
	cordon_vector_free(config->workspaces.items);
	free(config->home);
	free(config->user_directory);
	free(config->state_directory);
	free(config->profile_directory);
	free(config->ledger_path);
	free(config->ledger_witness);
	*config = (struct config){ 0 };
}

struct cordon_profile_places
config_places(const struct config *config)
{
	return (struct cordon_profile_places){
		.directories = { config->profile_directory, SYSTEM_PROFILES },
		.home = config->home,
		.read_host = network_read_host,
	};
}
