/* What elements of HTML are to somebody who reads them. */
#pragma once

#include <gumbo.h>

enum fetch_element {
	FETCH_INLINE,
	FETCH_BLOCK,
	FETCH_PARAGRAPH, /* a block with an empty line around it */
	FETCH_CELL,
	FETCH_LINE, /* ends one */
	FETCH_RAW, /* its blanks stand as they are */
	FETCH_SILENT, /* what is in it is no text */
	FETCH_HIDDEN,
};

/* node: an element or a template, whatever is around it. */
enum fetch_element fetch_element_kind(const GumboNode *node);
