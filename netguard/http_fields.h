/* The inside of a head or a trailer section, when all of it is there. */
#pragma once

#include "http_head.h"

/* head: from the method to the empty line, that included; its lines end in CRLF, and other control characters
 * than tabs are not in it. Fills the results of *h. */
enum http_refusal http_parse_head(const uint8_t *head, size_t size, struct http *h) CORDON_CHECKED;
/* A trailer section: lines and the empty one. */
enum http_refusal http_parse_trailers(const uint8_t *lines, size_t size) CORDON_CHECKED;
/* A character of a token: RFC 9110, 5.6.2. */
int http_token_character(uint8_t c);
