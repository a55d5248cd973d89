/* The sessions that the caller has opened on this link. Which they may be is the monitor's to judge. */
#pragma once

#include <cordon/json.h>

#define SESSIONS_MAX 1024

struct session {
	char *key, *workspace, *cwd, *profile; /* owned; NULL where none was said */
};

struct sessions {
	struct session list[SESSIONS_MAX];
	unsigned count;
};

void sessions_finish(struct sessions *s);
/* Remembers session, or how an open one changes: another workspace is entered at its top, and what is not
 * given stays. Its strings are taken. Returns -1 when there are too many. */
int sessions_put(struct sessions *s, struct session *session);
void sessions_remove(struct sessions *s, const char *key);
/* Room for that one. */
int sessions_have_room(const struct sessions *s, const char *key);
/* Puts the list's items. */
void sessions_list(const struct sessions *s, struct cordon_json *j);
/* Three parts of [A-Za-z0-9._+@-]{1,64} with colons between. */
int session_is_key(const char *text);
