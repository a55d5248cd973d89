/* MUSTs:
 *
 * 1. Whatever is spelled so that a browser would hide the element is found, however it is written: escapes, comments,
 *    capitals, shorthands, !important. (T-EXEC-002)
 * 2. A declaration counts whether or not a later one takes it back: what is left out too much does no harm, the page itself
 *    is beside it.
 *
 * It is no reader of style sheets: what a class hides, and letters in the colour of what is behind them, are seen.
 *
 * Tests: tests/unit/test_fetch_html.c.
 * calls: none */
#include "fetch_style.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cordon/mem.h>

/* What nobody can make out. */
#define FAINT      0.1
#define TINY_PX    3.0
#define NOTHING_PX 1.0
/* What is off every screen. A hundredth of a window counts so much that what is moved by half of one, to be in its middle, is not. */
#define BEFORE_PX 500.0
#define BEHIND_PX 5000.0
#define WINDOW    5.0
#define FONT      0.16 /* of what letters are around */

static int
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static int
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* One escape: what of it is ASCII, else '?'. *at: behind the backslash, and then behind it all. */
static char
unescape(const char **at)
{
	unsigned long c = 0;
	unsigned digits = 0;

	for (; digits < 6 && is_hex(**at); digits++, (*at)++) {
		const char digit = lower(**at);

		c = c << 4 | (unsigned long)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
	}
	if (digits == 0)
		return **at == '\0' ? '?' : *(*at)++;
	if (is_blank(**at))
		(*at)++;
	return c > 0 && c < 0x80 ? (char)c : '?';
}

/* In small letters, without escapes and comments; at most as long as it was. */
static void
simplify(const char *style, char *ret)
{
	while (*style != '\0') {
		if (style[0] == '/' && style[1] == '*') {
			const char *end = strstr(style + 2, "*/");

			style = end == NULL ? style + strlen(style) : end + 2;
			*ret++ = ' ';
		} else if (*style == '\\') {
			style++;
			*ret++ = lower(unescape(&style));
		} else {
			*ret++ = lower(*style++);
		}
	}
	*ret = '\0';
}

/* numbers */

/* In pixels, of a small window; what has no unit we know is taken for pixels. percent: what a hundredth stands for. NAN: there is
 * no number at at. *end: behind it. */
static double
length(const char *at, double percent, const char **end)
{
	const struct {
		const char *unit;
		double px;
	} units[] = { { "rem", 16 }, { "em", 16 }, { "ex", 8 }, { "ch", 8 }, { "pt", 1.33 },
		{ "pc", 16 }, { "cm", 38 }, { "mm", 3.8 }, { "in", 96 }, { "vw", WINDOW },
		{ "vh", WINDOW }, { "vmin", WINDOW }, { "vmax", WINDOW }, { "%", percent } };
	char *behind;
	double n;

	if (strchr("+-.0123456789", *at) == NULL || *at == '\0')
		return NAN;
	n = strtod(at, &behind);
	*end = behind;
	if (behind == at)
		return NAN;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strncmp(behind, units[i].unit, strlen(units[i].unit)) == 0)
			return n * units[i].px;
	return n;
}

/* Each number of a value in turn; NAN: there are no more. A digit within a word is none. */
static double
next_length(const char **at, double percent)
{
	const char *p = *at;

	while (*p != '\0') {
		const int within = p > *at && (lower(p[-1]) >= 'a' && lower(p[-1]) <= 'z');
		const char *end = p;
		const double n = within ? NAN : length(p, percent, &end);

		if (!isnan(n)) {
			*at = end;
			return n;
		}
		p++;
	}
	*at = p;
	return NAN;
}

/* The first number behind word, or NAN. A share of a hundred is one of one. */
static double
share_behind(const char *value, const char *word)
{
	const char *at = strstr(value, word);
	char *end;
	double n;

	if (at == NULL)
		return NAN;
	at += strlen(word);
	at += strspn(at, " \t\r\n\f(calmxinp,");
	n = strtod(at, &end);
	if (end == at)
		return NAN;
	return *end == '%' ? n / 100 : n;
}

/* Whether behind one of the words, of which there may be several, stands so little. */
static int
is_faint_behind(const char *value, const char *word)
{
	for (; (value = strstr(value, word)) != NULL; value += strlen(word))
		if (fabs(share_behind(value, word)) <= FAINT)
			return 1;
	return 0;
}

static int
has_at_most(const char *value, double most, double percent)
{
	double n;

	while (!isnan(n = next_length(&value, percent)))
		if (fabs(n) <= most)
			return 1;
	return 0;
}

/* properties */

static int
begins(const char *value, const char *word)
{
	return strncmp(value, word, strlen(word)) == 0;
}

/* By a name for whatever it is: nobody looks that up. */
static int
is_named(const char *value)
{
	return strstr(value, "var(") != NULL || strstr(value, "attr(") != NULL ||
	       strstr(value, "env(") != NULL;
}

static int
display(const char *v)
{
	return begins(v, "none") || is_named(v);
}

static int
visibility(const char *v)
{
	return begins(v, "hidden") || begins(v, "collapse") || is_named(v);
}

static int
opacity(const char *v)
{
	return share_behind(v, "") <= FAINT || is_named(v);
}

static int
filter(const char *v)
{
	return is_faint_behind(v, "opacity(");
}

static int
font_size(const char *v)
{
	return has_at_most(v, TINY_PX, FONT);
}

/* Of a shorthand the size is what has a unit, or is nothing at all; a weight is hundreds. */
static int
font(const char *v)
{
	double n;
	int bare;

	while (!isnan(n = next_length(&v, FONT))) {
		bare = strchr(" /\t\r\n\f", *v) != NULL; /* also at its end */
		if (n == 0 || (!bare && n <= TINY_PX))
			return 1;
		while (*v != '\0' && !is_blank(*v)) /* the line height is no size */
			v++;
	}
	return 0;
}

static int
color(const char *v)
{
	const size_t digits = *v == '#' ? strspn(v + 1, "0123456789abcdef") : 0;
	const char *slash = strchr(v, '/');

	if (strstr(v, "transparent") != NULL)
		return 1;
	if (digits == 4)
		return v[4] <= '1';
	if (digits == 8)
		return v[7] == '0' || (v[7] == '1' && v[8] <= '9');
	if (slash != NULL)
		return share_behind(slash, "/") <= FAINT;
	if (begins(v, "rgb") || begins(v, "hsl")) {
		unsigned commas = 0;

		for (const char *at = v; *at != '\0'; at++)
			commas += *at == ',';
		return commas == 3 && share_behind(strrchr(v, ','), ",") <= FAINT;
	}
	return 0;
}

static int
place(const char *v)
{
	double n;

	while (!isnan(n = next_length(&v, WINDOW)))
		if (n <= -BEFORE_PX || n >= BEHIND_PX)
			return 1;
	return 0;
}

/* By the width of what it is in, and it is cut off there. */
static int
indent(const char *v)
{
	double n;

	while (!isnan(n = next_length(&v, WINDOW)))
		if (fabs(n) >= BEFORE_PX)
			return 1;
	return 0;
}

static int
transform(const char *v)
{
	static const char *const scales[] = { "scale(", "scalex(", "scaley(", "scale3d(",
		"matrix(" };

	for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++)
		if (is_faint_behind(v, scales[i]))
			return 1;
	return strstr(v, "translate") != NULL && place(v);
}

static int
scale(const char *v)
{
	return fabs(share_behind(v, "")) <= FAINT;
}

static int
clip(const char *v)
{
	unsigned large = 0;
	double n;

	if (!begins(v, "rect(") || strstr(v, "auto") != NULL)
		return 0;
	while (!isnan(n = next_length(&v, WINDOW)))
		large += n > NOTHING_PX;
	return large < 2;
}

static int
clip_path(const char *v)
{
	return share_behind(v, "inset(") >= 0.5 || share_behind(v, "circle(") <= 0.05 ||
	       share_behind(v, "ellipse(") <= 0.05;
}

static int
content_visibility(const char *v)
{
	return begins(v, "hidden");
}

static const struct {
	const char *name;
	int (*hides)(const char *value);
} properties[] = {
	{ "display", display },
	{ "visibility", visibility },
	{ "content-visibility", content_visibility },
	{ "opacity", opacity },
	{ "zoom", opacity },
	{ "filter", filter },
	{ "font-size", font_size },
	{ "font", font },
	{ "color", color },
	{ "-webkit-text-fill-color", color },
	{ "text-indent", indent },
	{ "margin", place },
	{ "margin-top", place },
	{ "margin-right", place },
	{ "margin-bottom", place },
	{ "margin-left", place },
	{ "margin-block", place },
	{ "margin-inline", place },
	{ "margin-block-start", place },
	{ "margin-inline-start", place },
	{ "letter-spacing", place },
	{ "word-spacing", place },
	{ "top", place },
	{ "right", place },
	{ "bottom", place },
	{ "left", place },
	{ "inset", place },
	{ "inset-block", place },
	{ "inset-inline", place },
	{ "inset-block-start", place },
	{ "inset-inline-start", place },
	{ "translate", place },
	{ "transform", transform },
	{ "scale", scale },
	{ "clip", clip },
	{ "clip-path", clip_path },
};

/* What has no room, and shows nothing beyond it. */
struct box {
	int none, cut;
};

static void
look_at_box(const char *name, const char *value, struct box *b)
{
	static const char *const sizes[] = { "width", "height", "max-width", "max-height",
		"inline-size", "block-size", "max-inline-size", "max-block-size" };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		b->none |= strcmp(name, sizes[i]) == 0 && has_at_most(value, NOTHING_PX, WINDOW);
	b->cut |= begins(name, "overflow") &&
		  (strstr(value, "hidden") != NULL || strstr(value, "clip") != NULL ||
			  strstr(value, "scroll") != NULL || strstr(value, "auto") != NULL);
}

/* One declaration, which is cut to pieces. */
static int
hides(char *declaration, struct box *b)
{
	char *value = strchr(declaration, ':'), *end;

	if (value == NULL)
		return 0;
	*value++ = '\0';
	declaration += strspn(declaration, " \t\r\n\f");
	for (end = declaration + strlen(declaration); end > declaration && is_blank(end[-1]);)
		*--end = '\0';
	value += strspn(value, " \t\r\n\f");
	look_at_box(declaration, value, b);
	for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++)
		if (strcmp(declaration, properties[i].name) == 0)
			return properties[i].hides(value);
	return 0;
}

int
fetch_style_hides(const char *style)
{
	CORDON_FREE char *simple = cordon_array(strlen(style) + 1, 1);
	struct box box = { 0 };
	char *at = simple, *next;

	if (simple == NULL)
		return -1;
	simplify(style, simple);
	for (; at != NULL; at = next) {
		next = strchr(at, ';');
		if (next != NULL)
			*next++ = '\0';
		if (hides(at, &box))
			return 1;
	}
	return box.none && box.cut;
}
