/* What an element's own style does to what is in it. */
#pragma once

/* style: the value of a style attribute, as the page has it after entities. Returns 1 when a reader would not see what is in the
 * element: it has no place, is see-through, too small to be read, or far off the screen. When in doubt it is hidden. -1:
 * there is no memory. (CSS Syntax 3, CSS Display 3, CSS Color 4, CSS Transforms 2.) */
int fetch_style_hides(const char *style);
