#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/mem.h>

int
session_check_key(const char *key, const char *what, struct cordon_error *err)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+@-";
	int parts = 0;

	for (const char *p = key; parts < 3; parts++) {
		const size_t length = strspn(p, allowed);

		if (length == 0 || length > 64 || p[length] != (parts < 2 ? ':' : '\0'))
			break;
		p += length + 1;
	}
	if (parts == 3)
		return 0;
	return cordon_fail(err, CORDON_EINPUT, 0,
		"%s '%.60s' is not agent:channel:peer, each of 1 to 64 letters, digits and "
		". _ + @ -",
		what, key);
}

static struct session *
find(const struct sessions *s, const char *key)
{
	struct session *session = s->first;

	while (session != NULL && strcmp(session->key, key) != 0)
		session = session->next;
	return session;
}

struct session *
sessions_find(const struct sessions *s, const char *key)
{
	return find(s, key);
}

static struct session *
add(struct sessions *s, const char *key, const struct cordon_profile *profile,
	const struct workspace *workspace, struct cordon_error *err)
{
	struct session *session = cordon_array(1, sizeof(*session));

	if (session != NULL)
		session->key = strdup(key);
	if (session == NULL || session->key == NULL) {
		free(session);
		cordon_fail(err, CORDON_ESYS, ENOMEM, "could not open a session");
		return NULL;
	}
	session->profile = profile;
	session->workspace = *workspace;
	session->next = s->first;
	s->first = session;
	s->count++;
	return session;
}

int
sessions_begin(struct sessions *s, const struct cordon_profile *profile,
	const struct workspace *workspace, struct cordon_error *err)
{
	return add(s, "", profile, workspace, err) == NULL ? -1 : 0;
}

struct session *
sessions_open(struct sessions *s, const char *key, struct cordon_error *err)
{
	struct session *session = find(s, key);
	const struct session *first;

	if (session != NULL)
		return session;
	if (session_check_key(key, "session", err) < 0)
		return NULL;
	if (s->count >= SESSIONS_MAX) {
		cordon_fail(err, CORDON_ELIMIT, 0, "the caller already has %d sessions open",
			SESSIONS_MAX);
		(void)cordon_because(err, "limit.sessions");
		return NULL;
	}
	first = find(s, "");
	return add(s, key, first->profile, &first->workspace, err);
}

static void
destroy(struct session *session)
{
	free(session->key);
	guard_session_drop(session->network);
	free(session);
}

int
sessions_close(struct sessions *s, const char *key, struct cordon_error *err)
{
	for (struct session **at = &s->first; *at != NULL && key[0] != '\0'; at = &(*at)->next)
		if (strcmp((*at)->key, key) == 0) {
			struct session *gone = *at;

			if (gone->suspected)
				return 0;
			*at = gone->next;
			s->count--;
			destroy(gone);
			return 0;
		}
	cordon_fail(err, CORDON_ENOTFOUND, 0, "there is no open session '%s'", key);
	return cordon_because(err, "session.unknown");
}

void
sessions_finish(struct sessions *s)
{
	while (s->first != NULL) {
		struct session *next = s->first->next;

		destroy(s->first);
		s->first = next;
	}
	s->count = 0;
}
