/* The part of blob.c that is about "network": what decides, and apart from it the words for people. */
#pragma once

#include <cordon/network.h>
#include <cordon/wire.h>

void blob_put_network(struct cordon_writer *w, const struct cordon_network *network);
void blob_put_network_whys(struct cordon_writer *w, const struct cordon_network *network);

/* 0, or -1. network is as network_init makes it, or all zero. */
int blob_get_network(struct cordon_reader *r, struct cordon_network *network) CORDON_CHECKED;
int blob_get_network_whys(struct cordon_reader *r, struct cordon_network *network) CORDON_CHECKED;

/* blob.c: the words of one rule for people; empty ones are none. */
int blob_get_why(struct cordon_reader *r, char **ret) CORDON_CHECKED;
