#include "redact.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/digest.h>

#define SHOWN 16 /* bytes of a keyed digest */

/* One word on its way. Where what is secret ends is read generously: a password with a quote in it goes whole,
 * and with it perhaps a piece of something else. */
struct redaction {
	const char *at, *end;
	const struct cordon_action_key *key;
	FILE *out;
	int changed;
};

static void
copy(struct redaction *r, const char *to)
{
	(void)!fwrite(r->at, 1, (size_t)(to - r->at), r->out);
	r->at = to;
}

static void
replace(struct redaction *r, const char *to)
{
	uint8_t digest[CORDON_DIGEST_SIZE];
	const size_t size = (size_t)(to - r->at);

	if (size == 0)
		return;
	(void)fputs("<hmac-sha256:", r->out);
	if (cordon_digest_keyed(r->key->bytes, sizeof(r->key->bytes), r->at, size, digest) == 0)
		for (size_t i = 0; i < SHOWN; i++)
			(void)fprintf(r->out, "%02x", digest[i]);
	(void)fprintf(r->out, ":%zu>", size);
	r->at = to;
	r->changed = 1;
}

/* The first byte from at on that is white space, a control character, or in set; or the end. */
static const char *
find_end(const char *at, const char *end, const char *set)
{
	while (at < end && (unsigned char)*at > ' ' && *at != 0x7f && strchr(set, *at) == NULL)
		at++;
	return at;
}

static void
take_authority(struct redaction *r)
{
	const char *end = find_end(r->at, r->end, "/?#"),
		   *at = memrchr(r->at, '@', (size_t)(end - r->at));

	if (at != NULL)
		replace(r, at);
	copy(r, end);
}

/* "name=value" and the like. bare: a piece without "=" is a value, too. */
static void
take_values(struct redaction *r, const char *end, int bare)
{
	while (r->at < end) {
		const char *stop = find_end(r->at + 1, end, "&;"),
			   *equals = memchr(r->at, '=', (size_t)(stop - r->at));

		/* The "?", "#" or separator before it. */
		copy(r, r->at + 1);
		if (equals != NULL && equals >= r->at)
			copy(r, equals + 1);
		if (equals != NULL || bare)
			replace(r, stop);
		copy(r, stop);
	}
}

/* Its path may have another URL in it, whose query this one's is. */
static void
take_url(struct redaction *r)
{
	const char *end, *nested;

	do {
		take_authority(r);
		end = find_end(r->at, r->end, "?#");
		/* The colon may be the authority's last byte. */
		nested = memmem(r->at - 1, (size_t)(end - r->at) + 1, "://", 3);
		copy(r, nested == NULL ? end : nested + 3);
	} while (nested != NULL);
	if (r->at < r->end && *r->at == '?')
		take_values(r, find_end(r->at, r->end, "#"), 1);
	if (r->at < r->end && *r->at == '#')
		take_values(r, find_end(r->at, r->end, ""), 0);
}

char *
redact_urls(const char *word, size_t size, const struct cordon_action_key *key, size_t *ret_size,
	int *ret_failed)
{
	struct redaction r = { .at = word, .end = word + size, .key = key };
	const char *found = memmem(word, size, "://", 3);
	char *text = NULL;
	int failed;

	*ret_failed = 0;
	if (found == NULL)
		return NULL;
	r.out = open_memstream(&text, ret_size);
	if (r.out == NULL) {
		*ret_failed = 1;
		return NULL;
	}
	while (found != NULL) {
		copy(&r, found + 3);
		take_url(&r);
		found = memmem(r.at, (size_t)(r.end - r.at), "://", 3);
	}
	copy(&r, r.end);
	failed = ferror(r.out);
	failed |= fclose(r.out) != 0;
	if (!failed && r.changed)
		return text;
	free(text);
	*ret_failed = failed;
	return NULL;
}
