/* Payloads of records. A payload is built with generous bounds first, then with smaller ones until it fits:
 * almost all fit at once. calls: none */
#include <cordon/ledger_payload.h>

#include <stdlib.h>
#include <string.h>

#include <cordon/json.h>
#include <cordon/ledger_format.h>
#include <cordon/text.h>

/* In the worst case, a byte becomes six in JSON. With the last row, all that is bounded by nobody else takes
 * 6 * 16 bytes and a few a field, and the handle of a run, 128 bytes at most, is whole in every row. */
static const struct room {
	size_t word; /* bytes of a text */
	size_t words; /* arguments */
} rooms[] = { { 1024, 256 }, { 512, 64 }, { 256, 32 }, { 128, 16 }, { 64, 8 }, { 16, 1 } };
#define ROOMS    (sizeof(rooms) / sizeof(rooms[0]))
#define RUN_MAX  128u
#define CODE_MAX 72u /* reasons and rules */

static const char *const names[CORDON_LEDGER_KINDS] = {
	[CORDON_LEDGER_START] = "start",
	[CORDON_LEDGER_INTENT] = "intent",
	[CORDON_LEDGER_EXIT] = "exit",
	[CORDON_LEDGER_KILLED] = "killed",
	[CORDON_LEDGER_LOST] = "unknown",
	[CORDON_LEDGER_REFUSED] = "refused",
	[CORDON_LEDGER_MALFORMED] = "malformed",
	[CORDON_LEDGER_CONNECT] = "connect",
	[CORDON_LEDGER_TRAFFIC] = "traffic",
};

const char *
cordon_ledger_kind_name(enum cordon_ledger_kind kind)
{
	return kind < CORDON_LEDGER_KINDS ? names[kind] : NULL;
}

/* putting members */

static void
put_number(struct cordon_json *j, const char *key, uint64_t number)
{
	if (number == UINT64_MAX)
		cordon_json_null(j, key);
	else
		cordon_json_u64(j, key, number);
}

/* A text, or what it begins with and its length. */
static void
put_bytes(struct cordon_json *j, const char *key, const char *text, size_t size, size_t max)
{
	if (size <= max) {
		cordon_json_bytes(j, key, text, size);
		return;
	}
	cordon_json_object(j, key);
	cordon_json_bytes(j, "head", text, cordon_text_whole(text, max));
	cordon_json_u64(j, "bytes", size);
	cordon_json_end(j);
}

static void
put_text(struct cordon_json *j, const char *key, const char *text, size_t max)
{
	if (text == NULL)
		cordon_json_null(j, key);
	else
		put_bytes(j, key, text, strlen(text), max);
}

/* One of our own words; were it too long, it would be cut and no less true. */
static void
put_code(struct cordon_json *j, const char *key, const char *text)
{
	if (text == NULL)
		cordon_json_null(j, key);
	else
		cordon_json_bytes(j, key, text, strnlen(text, CODE_MAX));
}

static void
put_digest(struct cordon_json *j, const char *key, const char *prefix, const uint8_t *digest)
{
	char text[16 + CORDON_DIGEST_HEX] = "";

	if (digest == NULL) {
		cordon_json_null(j, key);
		return;
	}
	memcpy(text, prefix, strlen(prefix));
	cordon_digest_hex(digest, text + strlen(prefix));
	cordon_json_string(j, key, text);
}

static void
put_arguments(struct cordon_json *j, const struct cordon_ledger_intent *i, const struct room *room)
{
	const size_t count = i->argc < room->words ? i->argc : room->words;

	cordon_json_array(j, "argv");
	for (size_t k = 0; k < count; k++) {
		const struct cordon_ledger_argument *a = &i->argv[k];

		if (a->secret == NULL) {
			put_bytes(j, NULL, a->text, a->size, room->word);
			continue;
		}
		cordon_json_object(j, NULL);
		put_digest(j, "secret", "hmac-sha256:", a->secret);
		cordon_json_u64(j, "bytes", a->size);
		cordon_json_end(j);
	}
	cordon_json_end(j);
	cordon_json_u64(j, "argvDropped", i->argc - count);
}

/* Begins a payload. NULL without memory. */
static struct cordon_json *
begin(enum cordon_ledger_kind kind, uint64_t time_ms)
{
	struct cordon_json *j = cordon_json_create(CORDON_LEDGER_PAYLOAD_MAX + 1);

	if (j == NULL)
		return NULL;
	cordon_json_object(j, NULL);
	cordon_json_string(j, "kind", names[kind]);
	cordon_json_u64(j, "timeMs", time_ms);
	return j;
}

static void
put_run(struct cordon_json *j, const char *run)
{
	if (run == NULL)
		cordon_json_null(j, "run");
	else
		cordon_json_bytes(j, "run", run, strnlen(run, RUN_MAX));
}

static char *
end(struct cordon_json *j, size_t *ret_size)
{
	cordon_json_end(j);
	return cordon_json_take(j, ret_size);
}

/* payloads */

char *
cordon_ledger_put_start(const struct cordon_ledger_start *s, size_t *ret_size)
{
	struct cordon_json *j = begin(CORDON_LEDGER_START, s->time_ms);

	if (j == NULL)
		return NULL;
	put_code(j, "version", s->version);
	put_number(j, "pid", s->pid);
	put_number(j, "uid", s->uid);
	put_code(j, "bootId", s->boot_id);
	return end(j, ret_size);
}

static char *
put_intent(const struct cordon_ledger_intent *i, const struct room *room, size_t *ret_size)
{
	struct cordon_json *j = begin(CORDON_LEDGER_INTENT, i->time_ms);

	if (j == NULL)
		return NULL;
	put_run(j, i->run);
	put_number(j, "uid", i->uid);
	put_text(j, "session", i->session, room->word);
	put_text(j, "profile", i->profile, room->word);
	put_digest(j, "profileDigest", "sha256:", i->profile_digest);
	put_digest(j, "digest", "sha256:", i->action_digest);
	put_code(j, "decision", i->decision);
	put_code(j, "reason", i->reason);
	put_code(j, "rule", i->rule);
	put_text(j, "executable", i->executable, room->word);
	put_text(j, "cwd", i->cwd, room->word);
	put_text(j, "workspace", i->workspace, room->word);
	put_arguments(j, i, room);
	return end(j, ret_size);
}

char *
cordon_ledger_put_intent(const struct cordon_ledger_intent *intent, size_t *ret_size)
{
	char *payload = NULL;

	for (size_t k = 0; k < ROOMS && payload == NULL; k++)
		payload = put_intent(intent, &rooms[k], ret_size);
	return payload;
}

char *
cordon_ledger_put_end(
	enum cordon_ledger_kind kind, const struct cordon_ledger_end *e, size_t *ret_size)
{
	struct cordon_json *j = begin(kind, e->time_ms);

	if (j == NULL)
		return NULL;
	put_run(j, e->run);
	cordon_json_u64(j, "intent", e->intent);
	put_number(j, "exitCode", e->exit_code < 0 ? UINT64_MAX : (uint64_t)e->exit_code);
	put_code(j, "signal", e->signal);
	put_code(j, "reason", e->reason);
	put_code(j, "reasonCode", e->reason_code);
	put_number(j, "wallMs", e->wall_ms);
	put_number(j, "userMs", e->user_ms);
	put_number(j, "systemMs", e->system_ms);
	put_number(j, "maxRssBytes", e->max_rss_bytes);
	put_number(j, "processes", e->processes);
	put_number(j, "stdoutBytes", e->stdout_bytes);
	put_number(j, "stderrBytes", e->stderr_bytes);
	return end(j, ret_size);
}

char *
cordon_ledger_put_refused(const struct cordon_ledger_refused *r, size_t *ret_size)
{
	const size_t word = rooms[2].word; /* two such texts fit in any case */
	struct cordon_json *j = begin(CORDON_LEDGER_REFUSED, r->time_ms);

	if (j == NULL)
		return NULL;
	put_run(j, r->run);
	put_number(j, "uid", r->uid);
	put_text(j, "session", r->session, word);
	put_text(j, "profile", r->profile, rooms[4].word);
	put_digest(j, "digest", "sha256:", r->action_digest);
	put_code(j, "reason", r->reason);
	put_code(j, "rule", r->rule);
	cordon_json_u64(j, "leftOut", r->left_out);
	return end(j, ret_size);
}

char *
cordon_ledger_put_malformed(const struct cordon_ledger_malformed *m, size_t *ret_size)
{
	struct cordon_json *j = begin(CORDON_LEDGER_MALFORMED, m->time_ms);

	if (j == NULL)
		return NULL;
	put_number(j, "uid", m->uid);
	put_code(j, "reason", m->reason);
	cordon_json_u64(j, "count", m->count);
	return end(j, ret_size);
}

char *
cordon_ledger_put_connect(const struct cordon_ledger_connect *c, size_t *ret_size)
{
	const size_t word = rooms[2].word; /* three such texts fit in any case */
	struct cordon_json *j = begin(CORDON_LEDGER_CONNECT, c->time_ms);

	if (j == NULL)
		return NULL;
	put_run(j, c->run);
	put_number(j, "uid", c->uid);
	put_text(j, "session", c->session, word);
	put_text(j, "profile", c->profile, word);
	put_text(j, "host", c->host, word);
	put_number(j, "port", c->port);
	put_code(j, "decision", c->decision);
	put_code(j, "reason", c->reason);
	cordon_json_array(j, "addresses");
	for (size_t i = 0; i < c->address_count && i < CORDON_LEDGER_ADDRESSES; i++)
		put_code(j, NULL, c->addresses[i]);
	cordon_json_end(j);
	cordon_json_u64(j, "leftOut", c->left_out);
	return end(j, ret_size);
}

char *
cordon_ledger_put_traffic(const struct cordon_ledger_traffic *t, size_t *ret_size)
{
	struct cordon_json *j = begin(CORDON_LEDGER_TRAFFIC, t->time_ms);

	if (j == NULL)
		return NULL;
	put_run(j, t->run);
	put_text(j, "host", t->host, rooms[2].word);
	put_number(j, "port", t->port);
	put_number(j, "connections", t->connections);
	put_number(j, "bytesOut", t->bytes_out);
	put_number(j, "bytesIn", t->bytes_in);
	put_code(j, "verified", t->verified);
	return end(j, ret_size);
}

/* reading */

struct text {
	const char *at, *end;
};

/* Steps over word when it stands there. */
static int
skip(struct text *t, const char *word)
{
	const size_t size = strlen(word);

	if ((size_t)(t->end - t->at) < size || memcmp(t->at, word, size) != 0)
		return 0;
	t->at += size;
	return 1;
}

static int
take_number(struct text *t, uint64_t *ret)
{
	const char *begin_at = t->at;
	uint64_t number = 0;

	for (; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++)
		if (__builtin_mul_overflow(number, (uint64_t)10, &number) ||
			__builtin_add_overflow(number, (uint64_t)(*t->at - '0'), &number))
			return -1;
	*ret = number;
	return t->at > begin_at && (*begin_at != '0' || t->at == begin_at + 1) ? 0 : -1;
}

/* The text up to the closing quote, which is stepped over. */
static int
take_quoted(struct text *t, const char **ret, size_t *ret_size)
{
	const char *quote = memchr(t->at, '"', (size_t)(t->end - t->at));

	*ret = t->at;
	/* Mostly there is nothing to step over. */
	if (quote != NULL && memchr(t->at, '\\', (size_t)(quote - t->at)) == NULL)
		t->at = quote;
	for (; t->at < t->end && *t->at != '"'; t->at++)
		if (*t->at == '\\' && ++t->at == t->end)
			return -1;
	*ret_size = (size_t)(t->at - *ret);
	return skip(t, "\"") ? 0 : -1;
}

static int
take_kind(struct text *t, enum cordon_ledger_kind *ret)
{
	const char *word;
	size_t size;

	if (!skip(t, "{\"kind\":\"") || take_quoted(t, &word, &size) < 0)
		return -1;
	for (int k = CORDON_LEDGER_START; k < CORDON_LEDGER_KINDS; k++)
		if (strlen(names[k]) == size && memcmp(names[k], word, size) == 0) {
			*ret = (enum cordon_ledger_kind)k;
			return 0;
		}
	return -1;
}

int
cordon_ledger_payload_read(const void *payload, size_t size, struct cordon_ledger_about *ret)
{
	struct text t = { payload, (const char *)payload + size };
	struct cordon_ledger_about about = { 0 };

	if (take_kind(&t, &about.kind) < 0 || !skip(&t, ",\"timeMs\":") ||
		take_number(&t, &about.time_ms) < 0)
		return -1;
	if (skip(&t, ",\"run\":\"") && take_quoted(&t, &about.run, &about.run_size) < 0)
		return -1;
	about.ends = about.kind == CORDON_LEDGER_EXIT || about.kind == CORDON_LEDGER_KILLED ||
		     about.kind == CORDON_LEDGER_LOST;
	if (about.ends && about.run == NULL)
		(void)skip(&t, ",\"run\":null");
	if (about.ends && (!skip(&t, ",\"intent\":") || take_number(&t, &about.intent) < 0))
		return -1;
	if (size < 2 || t.end[-1] != '}')
		return -1;
	*ret = about;
	return 0;
}

/* Four hexadecimal digits. Returns -1 for what is none. */
static int
take_code(const char *digits)
{
	int code = 0;

	for (int i = 0; i < 4; i++) {
		const char *hex = "0123456789abcdef", *at = memchr(hex, digits[i] | 0x20, 16);

		if (at == NULL)
			return -1;
		code = code << 4 | (int)(at - hex);
	}
	return code;
}

size_t
cordon_ledger_unescape(const char *text, size_t size, char *out)
{
	static const char letters[] = "\"\\/bfnrt", plain[] = "\"\\/\b\f\n\r\t";
	size_t used = 0;

	for (size_t i = 0; i < size; i++) {
		const char *letter;
		int code;

		if (text[i] != '\\' || ++i == size) {
			if (i < size)
				out[used++] = text[i];
			continue;
		}
		letter = memchr(letters, text[i], sizeof(letters) - 1);
		if (letter != NULL) {
			out[used++] = plain[letter - letters];
			continue;
		}
		code = text[i] == 'u' && size - i > 4 ? take_code(text + i + 1) : -1;
		i += code < 0 ? 0 : 4;
		if (code > 0 && code < 0x80) {
			out[used++] = (char)code;
		} else if (code >= 0) {
			/* cordon writes all else as it is. */
			memcpy(out + used, "\xef\xbf\xbd", 3);
			used += 3;
		}
	}
	return used;
}
