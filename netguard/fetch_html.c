/* MUSTs:
 *
 * 1. What is not seen by who opens the page in a browser is not in the text: hidden elements, comments, what stands in for things
 *    that browsers can do, what a style puts out of sight. How much that was, is counted. (T-EXEC-002)
 * 2. What a page costs is bounded: its tree lies in an arena that has an end, and so has the time to make it; the walk has no depth.
 *
 * gumbo does not look whether it got memory, and takes the square of how deep a page is nested; the arena leaves it by longjmp(3),
 * and what it had is given back as a whole.
 *
 * Tests: tests/unit/test_fetch_html.c, tests/fuzz/target_fetch_page.c.
 * calls: none */
#include "fetch_html.h"

#include <errno.h>
#include <gumbo.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cordon/fetch_proto.h>
#include <cordon/mem.h>
#include <cordon/rate.h>

#include "fetch_element.h"

#define TREE_MAX (96u << 20) /* a page takes some twelve times as much as it is long */
#define CHUNK    (1u << 20)
#define ALIGNED  16u
#define TIME_MS  5000u /* browsers give up at a depth of 512, which takes none */
#define LOOK     1024u /* at the clock, once in so many allocations */

/* memory */

struct chunk {
	struct chunk *next;
	size_t used, size;
	_Alignas(ALIGNED) char data[];
};

struct arena {
	struct chunk *chunks;
	size_t total;
	uint64_t until_ms;
	unsigned count;
	jmp_buf full;
};

static void *
arena_get(void *context, size_t size)
{
	struct arena *a = context;
	struct chunk *c = a->chunks;
	const size_t wanted = (size + ALIGNED - 1) / ALIGNED * ALIGNED;
	void *got;

	if (size > TREE_MAX || (a->count++ % LOOK == 0 && cordon_now_ms() > a->until_ms))
		longjmp(a->full, 1);
	if (c == NULL || wanted > c->size - c->used) {
		const size_t room = wanted > CHUNK ? wanted : CHUNK;

		c = room > TREE_MAX - a->total ? NULL : malloc(sizeof(*c) + room);
		if (c == NULL)
			longjmp(a->full, 1);
		*c = (struct chunk){ .next = a->chunks, .size = room };
		a->chunks = c;
		a->total += room;
	}
	got = c->data + c->used;
	c->used += wanted;
	return got;
}

static void
arena_put(void *context, void *pointer)
{
	(void)context;
	(void)pointer;
}

static void
arena_finish(struct arena *a)
{
	while (a->chunks != NULL) {
		struct chunk *next = a->chunks->next;

		free(a->chunks);
		a->chunks = next;
	}
}

/* the text */

enum gap { GAP_NONE, GAP_SPACE, GAP_LINE, GAP_PARAGRAPH };

struct text {
	char *data;
	size_t size, capacity;
	enum gap gap; /* before what comes next */
	int failed;
	uint64_t hidden;
};

static void
put(struct text *t, const char *data, size_t size)
{
	if (t->failed || cordon_grow(&t->data, &t->capacity, t->size + size + 1,
				 4 * (size_t)CORDON_FETCH_BODY_MAX, 1) < 0) {
		t->failed = 1;
		return;
	}
	memcpy(t->data + t->size, data, size);
	t->size += size;
	t->data[t->size] = '\0';
}

static void
widen(struct text *t, enum gap gap)
{
	if (t->gap < gap)
		t->gap = gap;
}

static void
put_gap(struct text *t)
{
	static const char *const gaps[] = { "", " ", "\n", "\n\n" };

	if (t->size > 0)
		put(t, gaps[t->gap], strlen(gaps[t->gap]));
	t->gap = GAP_NONE;
}

static void
put_words(struct text *t, const char *text)
{
	static const char blanks[] = " \t\r\n\f";

	while (*text != '\0') {
		const size_t blank = strspn(text, blanks), word = strcspn(text + blank, blanks);

		if (blank > 0)
			widen(t, GAP_SPACE);
		if (word > 0) {
			put_gap(t);
			put(t, text + blank, word);
		}
		text += blank + word;
	}
}

static void
put_raw(struct text *t, const char *text)
{
	if (*text == '\0')
		return;
	put_gap(t);
	put(t, text, strlen(text));
}

/* the walk */

struct level {
	const GumboNode *node;
	unsigned next; /* of its children */
	enum fetch_element kind;
};

struct walk {
	struct text text;
	struct level *levels;
	size_t depth, room;
	size_t under; /* the depth of what hides all that is in it; 0: nothing does */
	int counts; /* what is in it */
	unsigned raw; /* how many of the elements around are */
};

static const GumboVector *
children(const GumboNode *node)
{
	return node->type == GUMBO_NODE_DOCUMENT ? &node->v.document.children
						 : &node->v.element.children;
}

static int
is_element(const GumboNode *node)
{
	return node->type == GUMBO_NODE_ELEMENT || node->type == GUMBO_NODE_TEMPLATE;
}

static void
around(struct text *t, enum fetch_element kind)
{
	if (kind == FETCH_CELL)
		widen(t, GAP_SPACE);
	else if (kind == FETCH_BLOCK || kind == FETCH_LINE)
		widen(t, GAP_LINE);
	else if (kind == FETCH_PARAGRAPH || kind == FETCH_RAW)
		widen(t, GAP_PARAGRAPH);
}

static void
enter(struct walk *w, const GumboNode *node)
{
	enum fetch_element kind;

	if (w->depth == w->room &&
		cordon_grow(&w->levels, &w->room, w->depth + 1, TREE_MAX, sizeof(*w->levels)) < 0) {
		w->text.failed = 1;
		return;
	}
	w->levels[w->depth++] = (struct level){ .node = node };
	if (!is_element(node) || w->under != 0)
		return;
	kind = fetch_element_kind(node);
	if (kind == FETCH_HIDDEN || kind == FETCH_SILENT) {
		w->under = w->depth;
		w->counts = kind == FETCH_HIDDEN;
		return;
	}
	w->levels[w->depth - 1].kind = kind;
	around(&w->text, kind);
	w->raw += kind == FETCH_RAW;
	if (node->v.element.tag == GUMBO_TAG_LI) {
		put_gap(&w->text);
		put(&w->text, "- ", 2);
	}
}

static void
leave(struct walk *w)
{
	const enum fetch_element kind = w->levels[--w->depth].kind;

	if (w->under > 0) {
		w->under = w->under > w->depth ? 0 : w->under;
		return;
	}
	around(&w->text, kind);
	w->raw -= kind == FETCH_RAW;
}

static void
leaf(struct walk *w, const GumboNode *node)
{
	const char *text = node->v.text.text;

	if (node->type == GUMBO_NODE_COMMENT)
		w->text.hidden += strlen(text);
	else if (w->under > 0)
		w->text.hidden +=
			w->counts && node->type != GUMBO_NODE_WHITESPACE ? strlen(text) : 0;
	else if (w->raw > 0)
		put_raw(&w->text, text);
	else
		put_words(&w->text, text);
}

static void
walk(struct walk *w, const GumboNode *document)
{
	enter(w, document);
	while (w->depth > 0 && !w->text.failed) {
		struct level *level = &w->levels[w->depth - 1];
		const GumboVector *all = children(level->node);
		const GumboNode *node;

		if (level->next == all->length) {
			leave(w);
			continue;
		}
		node = all->data[level->next++];
		if (is_element(node))
			enter(w, node);
		else
			leaf(w, node);
	}
}

/* gumbo reads as a browser that runs no scripts, and so what is there for those alone. Readers have others, for which what is
 * in a NOSCRIPT is no more than in a NOEMBED. */
static char *
with_scripts(struct arena *a, const char *text, size_t size)
{
	static const char name[] = "noscript", instead[] = "noembed ";
	char *copy = arena_get(a, size + 1);

	memcpy(copy, text, size);
	copy[size] = '\0'; /* of which there may be others */
	for (char *at = copy, *end = copy + size;
		(at = memchr(at, '<', (size_t)(end - at))) != NULL;) {
		at += 1 + (at[1] == '/');
		if ((size_t)(end - at) >= sizeof(name) - 1 &&
			strncasecmp(at, name, sizeof(name) - 1) == 0 &&
			strchr(" \t\r\n\f/>", at[sizeof(name) - 1]) != NULL)
			memcpy(at, instead, sizeof(instead) - 1);
	}
	return copy;
}

static int
read_page(struct arena *a, const char *text, size_t size, struct walk *w)
{
	GumboOptions options = kGumboDefaultOptions;

	options.allocator = arena_get;
	options.deallocator = arena_put;
	options.userdata = a;
	options.max_errors = 0;
	if (setjmp(a->full) != 0)
		return -1;
	walk(w, gumbo_parse_with_options(&options, with_scripts(a, text, size), size)->document);
	return w->text.failed ? -1 : 0;
}

int
fetch_html_read(const char *text, size_t size, struct fetch_html *ret, struct cordon_error *err)
{
	struct arena arena = { .until_ms = cordon_now_ms() + TIME_MS };
	struct walk w = { 0 };
	int result;

	put(&w.text, "", 0);
	result = read_page(&arena, text, size, &w);
	arena_finish(&arena);
	free(w.levels);
	if (result < 0) {
		free(w.text.data);
		cordon_fail(err, CORDON_ELIMIT, ENOMEM, "a page of HTML is too much to be read");
		return cordon_because(err, "limit.memory");
	}
	*ret = (struct fetch_html){
		.text = w.text.data, .size = w.text.size, .hidden = w.text.hidden
	};
	return 0;
}

/* which pages */

static int
is_type(const char *value, const char *type)
{
	const size_t length = strcspn(value, "; \t,");

	return length == strlen(type) && strncasecmp(value, type, length) == 0;
}

/* As browsers guess where nothing is said (MIME Sniffing, 7.1), of what begins a page. */
static int
begins_html(const char *text, size_t size)
{
	static const char *const begins[] = { "<!doctype html", "<html", "<head", "<body",
		"<script", "<iframe", "<h1", "<div", "<font", "<table", "<a", "<style", "<title",
		"<b", "<br", "<p", "<!--" };

	while (size > 0 && strchr(" \t\r\n\f", *text) != NULL) {
		text++;
		size--;
	}
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		const size_t length = strlen(begins[i]);

		if (size > length && strncasecmp(text, begins[i], length) == 0 &&
			(begins[i][1] == '!' || strchr(" >\t\r\n\f/", text[length]) != NULL))
			return 1;
	}
	return 0;
}

int
fetch_is_html(char *const *headers, const char *text, size_t size)
{
	const char *type = NULL;

	for (; headers != NULL && headers[0] != NULL; headers += 2)
		if (strcasecmp(headers[0], "content-type") == 0)
			type = headers[1];
	if (type == NULL || strchr(type, '/') == NULL)
		return begins_html(text, size);
	return is_type(type, "text/html") || is_type(type, "application/xhtml+xml");
}
