/* The network of a run of a caller (job.c), and the guard that serves it. */
#pragma once

#include "network_report.h"
#include "serve.h"

/* Starts a guard when a profile of the catalogue opens the network. */
int serve_network_begin(struct serve *s, struct cordon_error *err) CORDON_CHECKED;

/* Before the launch, where its profile opens the network. */
int job_network_open(struct job *job, struct cordon_error *err) CORDON_CHECKED;
/* The run has started. Takes the sockets of its network. */
void job_network_serve(struct job *job, struct cordon_launch_event *started);
/* Nothing of the run is left. While job->network_ending is set, not all is counted. */
void job_network_end(struct job *job);
/* All is counted, and goes on record and into job->report. */
void job_network_close(struct job *job);
/* The job goes. */
void job_network_drop(struct job *job);
