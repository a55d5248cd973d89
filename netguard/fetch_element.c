/* By the rendering that browsers are to give them (HTML Living Standard, 15.3), and what is there for browsers that cannot do what
 * today's can.
 *
 * Tests: tests/unit/test_fetch_html.c.
 * calls: none */
#include "fetch_element.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "fetch_style.h"

static enum fetch_element
kind_of_html(GumboTag tag)
{
	switch (tag) {
	case GUMBO_TAG_SCRIPT:
	case GUMBO_TAG_STYLE:
		return FETCH_SILENT;
	case GUMBO_TAG_TEMPLATE:
	case GUMBO_TAG_NOEMBED:
	case GUMBO_TAG_NOFRAMES:
	case GUMBO_TAG_IFRAME:
	case GUMBO_TAG_OBJECT:
	case GUMBO_TAG_APPLET:
	case GUMBO_TAG_AUDIO:
	case GUMBO_TAG_VIDEO:
	case GUMBO_TAG_CANVAS:
	case GUMBO_TAG_DATALIST:
	case GUMBO_TAG_RP:
		return FETCH_HIDDEN;
	case GUMBO_TAG_BR:
		return FETCH_LINE;
	case GUMBO_TAG_PRE:
	case GUMBO_TAG_LISTING:
	case GUMBO_TAG_XMP:
	case GUMBO_TAG_PLAINTEXT:
	case GUMBO_TAG_TEXTAREA:
		return FETCH_RAW;
	case GUMBO_TAG_TD:
	case GUMBO_TAG_TH:
		return FETCH_CELL;
	case GUMBO_TAG_P:
	case GUMBO_TAG_H1:
	case GUMBO_TAG_H2:
	case GUMBO_TAG_H3:
	case GUMBO_TAG_H4:
	case GUMBO_TAG_H5:
	case GUMBO_TAG_H6:
	case GUMBO_TAG_UL:
	case GUMBO_TAG_OL:
	case GUMBO_TAG_DL:
	case GUMBO_TAG_TABLE:
	case GUMBO_TAG_BLOCKQUOTE:
	case GUMBO_TAG_HR:
	case GUMBO_TAG_TITLE:
		return FETCH_PARAGRAPH;
	case GUMBO_TAG_ADDRESS:
	case GUMBO_TAG_ARTICLE:
	case GUMBO_TAG_ASIDE:
	case GUMBO_TAG_BODY:
	case GUMBO_TAG_CAPTION:
	case GUMBO_TAG_CENTER:
	case GUMBO_TAG_DD:
	case GUMBO_TAG_DETAILS:
	case GUMBO_TAG_DIV:
	case GUMBO_TAG_DT:
	case GUMBO_TAG_FIELDSET:
	case GUMBO_TAG_FIGCAPTION:
	case GUMBO_TAG_FIGURE:
	case GUMBO_TAG_FOOTER:
	case GUMBO_TAG_FORM:
	case GUMBO_TAG_HEADER:
	case GUMBO_TAG_LEGEND:
	case GUMBO_TAG_LI:
	case GUMBO_TAG_MAIN:
	case GUMBO_TAG_NAV:
	case GUMBO_TAG_OPTGROUP:
	case GUMBO_TAG_OPTION:
	case GUMBO_TAG_SECTION:
	case GUMBO_TAG_SELECT:
	case GUMBO_TAG_SUMMARY:
	case GUMBO_TAG_TBODY:
	case GUMBO_TAG_TFOOT:
	case GUMBO_TAG_THEAD:
	case GUMBO_TAG_TR:
		return FETCH_BLOCK;
	default:
		return FETCH_INLINE;
	}
}

static int
is_tag(const GumboElement *e, const char *name)
{
	GumboStringPiece piece = e->original_tag;

	gumbo_tag_from_original_text(&piece);
	return piece.length == strlen(name) && strncasecmp(piece.data, name, piece.length) == 0;
}

/* Of a drawing: what is a style elsewhere may be an attribute (SVG 2, 6.6, presentation attributes). */
static int
is_drawn_unseen(const GumboElement *e)
{
	static const char *const names[] = { "display", "visibility", "opacity", "font-size",
		"transform" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const GumboAttribute *a = gumbo_get_attribute(&e->attributes, names[i]);
		char style[256];

		if (a == NULL)
			continue;
		if (snprintf(style, sizeof(style), "%s:%s", names[i], a->value) >=
				(int)sizeof(style) ||
			fetch_style_hides(style) != 0)
			return 1;
	}
	return 0;
}

/* Of a drawing or a formula: what describes it, and what it keeps for later. */
static enum fetch_element
kind_of_foreign(const GumboElement *e)
{
	static const char *const unseen[] = { "title", "desc", "metadata", "defs", "symbol",
		"clippath", "mask", "pattern", "marker", "annotation", "annotation-xml" };

	if (e->tag == GUMBO_TAG_SCRIPT || e->tag == GUMBO_TAG_STYLE)
		return FETCH_SILENT;
	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++)
		if (is_tag(e, unseen[i]))
			return FETCH_HIDDEN;
	return is_drawn_unseen(e) ? FETCH_HIDDEN : FETCH_INLINE;
}

enum fetch_element
fetch_element_kind(const GumboNode *node)
{
	const GumboElement *e = &node->v.element;
	const GumboAttribute *style = gumbo_get_attribute(&e->attributes, "style");

	if (node->type == GUMBO_NODE_TEMPLATE ||
		gumbo_get_attribute(&e->attributes, "hidden") != NULL ||
		(is_tag(e, "dialog") && gumbo_get_attribute(&e->attributes, "open") == NULL) ||
		(style != NULL && fetch_style_hides(style->value) != 0))
		return FETCH_HIDDEN;
	return e->tag_namespace == GUMBO_NAMESPACE_HTML ? kind_of_html(e->tag) : kind_of_foreign(e);
}
