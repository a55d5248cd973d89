/* For capture_embed.c: the messages of a captured network. */
#pragma once

struct capture_batch;

/* "local default dev lo", for IPv4, or for IPv6. */
void capture_put_route4(struct capture_batch *b);
void capture_put_route6(struct capture_batch *b);
/* The table, as one transaction. */
void capture_put_rules(struct capture_batch *b);
