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
#include <cordon/mem.h>

#include "passwd.h"

#define SYSTEM_CONFIG "/etc/cordon/config.json"
#define SYSTEM_PROFILES "/etc/cordon/profiles"

static int
take_home(void *home, uid_t uid, const char *directory)
{
	if (uid != getuid())
		return 0;
	*(char **)home = strdup(directory);
	return 1;
}

static char *
find_home(void)
{
	const char *variable = getenv("HOME");
	char *home = NULL;

	if (passwd_each(take_home, &home) == 0 && variable != NULL && variable[0] == '/')
		home = strdup(variable);
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

/* Where a top-level key is: for messages. */
static int
fail_at(const char *file, const char *text, const char *key, struct cordon_error *err,
	const char *sentence)
{
	CORDON_FREE char *quoted = NULL;
	unsigned line = 1, column = 1;
	const char *found;

	if (asprintf(&quoted, "\"%s\"", key) < 0)
		quoted = NULL;
	found = quoted == NULL ? NULL : strstr(text, quoted);
	for (const char *p = text; found != NULL && p < found; p++) {
		column++;
		if (*p == '\n') {
			line++;
			column = 1;
		}
	}
	return cordon_fail(err, CORDON_EINPUT, 0, "%s:%u:%u: %s '%s'", file, line, column, sentence, key);
}

/* Keys that a later part of cordon reads. They are accepted where they ask for nothing that this build
 * would have to enforce. */
static int
is_for_later(const char *key)
{
	static const char *const keys[] = { "resolvers", "workspaces", "callers", "approvals", "ledger",
		"limits" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i], key) == 0)
			return 1;
	return 0;
}

static int
take(const char *file, const char *text, json_t *root, struct config *config,
	struct cordon_error *err)
{
	const char *key;
	json_t *value;

	if (!json_is_object(root) || json_integer_value(json_object_get(root, "cordonConfig")) != 1)
		return cordon_fail(err, CORDON_EINPUT, 0,
			"%s:1:1: a configuration is an object with \"cordonConfig\": 1", file);
	json_object_foreach(root, key, value) {
		if (strcmp(key, "cordonConfig") == 0 || strcmp(key, "$schema") == 0)
			continue;
		if (strcmp(key, "mapRoot") == 0) {
			if (!json_is_boolean(value))
				return fail_at(file, text, key, err, "true or false is needed for");
			config->map_root = json_is_true(value);
		} else if (is_for_later(key)) {
			if (!json_is_object(value) && !json_is_array(value))
				return fail_at(file, text, key, err, "an object or list is needed for");
		} else {
			return fail_at(file, text, key, err, "unknown key");
		}
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
		return cordon_fail(err, CORDON_EINPUT, errno, "could not open configuration '%s'", file);
	if (!S_ISREG(st.st_mode))
		return cordon_fail(err, CORDON_EINPUT, 0, "configuration '%s' is not a regular file", file);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 || (st.st_uid != geteuid() && st.st_uid != 0)) {
		cordon_fail(err, CORDON_EPOLICY, 0,
			"configuration '%s' can be written by another user (chmod go-w, and own it)", file);
		return cordon_because(err, "floor.file_mode");
	}
	if (cordon_fd_slurp(fd, 1u << 20, &text, &size, err) < 0)
		return cordon_while(err, "configuration '%s'", file);
	root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);
	if (root == NULL)
		return cordon_fail(err, CORDON_EINPUT, 0, "%s:%d:%d: %s", file, where.line, where.column,
			where.text);
	result = take(file, text, root, config, err);
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
	config.state_directory = xdg("XDG_STATE_HOME", config.home, ".local/state");
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
	free(config->home);
	free(config->user_directory);
	free(config->state_directory);
	free(config->profile_directory);
	*config = (struct config){ 0 };
}

struct cordon_profile_places
config_places(const struct config *config)
{
	return (struct cordon_profile_places){
		.directories = { config->profile_directory, SYSTEM_PROFILES },
		.home = config->home,
	};
}
