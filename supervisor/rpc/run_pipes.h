/* The pipes of a run, or the master of its terminal. */
#pragma once

#include <cordon/link.h>

struct run;

/* Takes the descriptors of m. -1: they are not what was asked for. */
int run_pipes_take(struct run *run, struct cordon_message *m);
/* Sets each watch to what there is to wait for. */
void run_pipes_watch(struct run *run);
/* Reads all that is there to the end and closes: nobody else has the other side any more. */
void run_pipes_drain(struct run *run);
void run_pipes_close(struct run *run);
/* Input: tries to write what is queued; when all of it was written and no more comes, closes. */
void run_pipes_feed(struct run *run);
