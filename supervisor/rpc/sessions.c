/* calls: none */
#include "sessions.h"

#include <stdlib.h>
#include <string.h>

#include "answers.h"

static void
drop(struct session *s)
{
	free(s->key);
	free(s->workspace);
	free(s->cwd);
	free(s->profile);
	*s = (struct session){ 0 };
}

void
sessions_finish(struct sessions *s)
{
	while (s->count > 0)
		drop(&s->list[--s->count]);
}

static unsigned
find(const struct sessions *s, const char *key)
{
	unsigned i = 0;

	while (i < s->count && strcmp(s->list[i].key, key) != 0)
		i++;
	return i;
}

int
sessions_have_room(const struct sessions *s, const char *key)
{
	return find(s, key) < SESSIONS_MAX;
}

/* Takes from the session as it was what was not given anew. */
static void
keep(char **now, char **before)
{
	if (*now != NULL)
		return;
	*now = *before;
	*before = NULL;
}

int
sessions_put(struct sessions *s, struct session *session)
{
	const unsigned at = find(s, session->key);

	if (at == SESSIONS_MAX) {
		drop(session);
		return -1;
	}
	if (at == s->count) {
		s->count++;
	} else {
		struct session *old = &s->list[at];

		if (session->workspace == NULL)
			keep(&session->cwd, &old->cwd);
		keep(&session->workspace, &old->workspace);
		keep(&session->profile, &old->profile);
		drop(old);
	}
	s->list[at] = *session;
	*session = (struct session){ 0 };
	return 0;
}

void
sessions_remove(struct sessions *s, const char *key)
{
	const unsigned at = find(s, key);

	if (at == s->count)
		return;
	drop(&s->list[at]);
	s->list[at] = s->list[--s->count];
	s->list[s->count] = (struct session){ 0 };
}

void
sessions_list(const struct sessions *s, struct cordon_json *j)
{
	for (unsigned i = 0; i < s->count; i++) {
		cordon_json_object(j, NULL);
		cordon_json_string(j, "session", s->list[i].key);
		answer_put_text(j, "workspace", s->list[i].workspace);
		answer_put_text(j, "cwd", s->list[i].cwd);
		answer_put_text(j, "profile", s->list[i].profile);
		cordon_json_end(j);
	}
}

int
session_is_key(const char *text)
{
	static const char bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    "._+@-";

	for (int part = 0; part < 3; part++) {
		const size_t length = strspn(text, bytes);

		if (length < 1 || length > 64 || text[length] != (part < 2 ? ':' : '\0'))
			return 0;
		text += length + 1;
	}
	return 1;
}
