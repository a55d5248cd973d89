#include "action.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <cordon/mem.h>

static void
file_finish(struct cordon_action_file *file)
{
	free(file->path);
	free(file->real);
}

void
cordon_action_finish(struct cordon_action *a)
{
	free(a->caller);
	free(a->session);
	free(a->profile);
	cordon_vector_free(a->argv);
	free(a->cwd);
	free(a->workspace);
	file_finish(&a->executable);
	file_finish(&a->script);
	free(a->script_argument);
	for (size_t i = 0; i < a->variable_count; i++)
		free(a->variables[i].name);
	free(a->variables);
	memset(a, 0, sizeof(*a));
}

/* checking */

static int
is_name(const char *text)
{
	return text != NULL && *text != '\0' && strlen(text) <= CORDON_ACTION_NAME;
}

static int
is_path(const char *text)
{
	return text != NULL && *text == '/' && strlen(text) < PATH_MAX;
}

static int
is_file(const struct cordon_action_file *file)
{
	return is_path(file->path) && is_path(file->real) && file->mode <= 07777 &&
	       (file->has_digest == 0 || file->has_digest == 1);
}

static int
is_argv(char *const *argv)
{
	size_t count = 0;

	if (argv == NULL || argv[0] == NULL)
		return 0;
	for (; argv[count] != NULL; count++)
		if (count == CORDON_ACTION_WORDS || strlen(argv[count]) >= CORDON_ACTION_WORD)
			return 0;
	return 1;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names as execve(2) will have them, each once: which of two a program reads is its own business. */
static int
are_variables(const struct cordon_action *a)
{
	CORDON_FREE const char **names = NULL;

	if (a->variable_count > CORDON_ACTION_VARIABLES)
		return 0;
	names = cordon_array(a->variable_count + 1, sizeof(*names));
	if (names == NULL)
		return 0;
	for (size_t i = 0; i < a->variable_count; i++) {
		const char *name = a->variables[i].name;

		if (name == NULL || *name == '\0' || strchr(name, '=') != NULL ||
			strlen(name) >= CORDON_ACTION_WORD)
			return 0;
		names[i] = name;
	}
	qsort(names, a->variable_count, sizeof(*names), compare_names);
	for (size_t i = 1; i < a->variable_count; i++)
		if (strcmp(names[i - 1], names[i]) == 0)
			return 0;
	return 1;
}

static int
are_streams(const struct cordon_action *a)
{
	int terminals = 0;

	for (int i = 0; i < 3; i++) {
		if (a->streams[i] < CORDON_STREAM_NULL || a->streams[i] > CORDON_STREAM_PTY)
			return 0;
		terminals += a->streams[i] == CORDON_STREAM_PTY;
	}
	return a->tty == (terminals > 0);
}

/* What is not there has no parts that could differ unseen. */
static int
is_zero(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint8_t all = 0;

	for (size_t i = 0; i < size; i++)
		all |= bytes[i];
	return all == 0;
}

/* The first part that is not as it has to be, or NULL. */
static const char *
wrong_part(const struct cordon_action *a)
{
	if (a->kind != CORDON_ACTION_EXEC)
		return "its kind";
	if (!is_name(a->caller) || (a->session != NULL && !is_name(a->session)) ||
		!is_name(a->profile))
		return "who asks, or by which profile";
	if (!is_argv(a->argv))
		return "its words";
	if (!is_path(a->cwd) || (a->workspace != NULL && !is_path(a->workspace)) ||
		(a->workspace == NULL &&
			!is_zero(&a->workspace_identity, sizeof(a->workspace_identity))))
		return "its directories";
	if (!is_file(&a->executable) || (a->has_script && !is_file(&a->script)) ||
		a->has_script < 0 || a->has_script > 1 ||
		(!a->has_script && a->script_argument != NULL))
		return "its files";
	if (!are_variables(a))
		return "its environment, where each name may stand once";
	if (!are_streams(a))
		return "its streams";
	if (a->umask > 0777 || a->limits.memory_enforced > 1)
		return "its umask or limits";
	return NULL;
}

int
action_check(const struct cordon_action *a, enum cordon_code code, struct cordon_error *err)
{
	const char *part = wrong_part(a);

	if (part == NULL)
		return 0;
	cordon_fail(err, code, 0, "this is not an action: %s", part);
	return cordon_because(err, "input.invalid");
}

/* environment */

int
cordon_action_make_key(struct cordon_action_key *ret, struct cordon_error *err)
{
	struct cordon_action_key key;

	if (getrandom(key.bytes, sizeof(key.bytes), 0) != (ssize_t)sizeof(key.bytes))
		return cordon_fail(err, CORDON_ESYS, errno, "could not make a key");
	*ret = key;
	explicit_bzero(&key, sizeof(key));
	return 0;
}

static int
add_variable(struct cordon_action *a, const char *pair, const struct cordon_action_key *key,
	struct cordon_error *err)
{
	struct cordon_action_variable *v = &a->variables[a->variable_count];
	const size_t length = strcspn(pair, "=");

	if (length == 0 || pair[length] != '=') {
		cordon_fail(err, CORDON_EINPUT, 0,
			"an environment is made of NAME=VALUE, and '%.*s' is not one",
			(int)(length > 60 ? 60 : length), pair);
		return cordon_because(err, "input.invalid");
	}
	v->name = strndup(pair, length);
	if (v->name == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not describe the environment");
	a->variable_count++;
	if (cordon_digest_keyed(key->bytes, sizeof(key->bytes), pair, strlen(pair), v->value) < 0)
		return cordon_fail(err, CORDON_ENOSUPPORT, 0, "could not make a keyed digest");
	return 0;
}

int
cordon_action_set_environment(struct cordon_action *a, char *const *env,
	const struct cordon_action_key *key, struct cordon_error *err)
{
	size_t count = 0;

	while (env[count] != NULL)
		count++;
	if (count > CORDON_ACTION_VARIABLES)
		return cordon_fail(err, CORDON_ELIMIT, 0, "an environment has at most %u variables",
			CORDON_ACTION_VARIABLES);
	a->variables = cordon_array(count + 1, sizeof(*a->variables));
	if (a->variables == NULL)
		return cordon_fail(err, CORDON_ESYS, ENOMEM, "could not describe the environment");
	for (size_t i = 0; i < count; i++)
		if (add_variable(a, env[i], key, err) < 0)
			return -1;
	if (!are_variables(a)) {
		cordon_fail(err, CORDON_EINPUT, 0, "a name stands twice in the environment");
		return cordon_because(err, "input.invalid");
	}
	return 0;
}
