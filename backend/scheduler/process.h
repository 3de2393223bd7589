/*
 * process.h - the keeper's language: what process.c says and process-hear.c understands
 */
#ifndef CLUSTRIXFS_SCHEDULER_PROCESS_H
#define CLUSTRIXFS_SCHEDULER_PROCESS_H

#include "clustrixfs/record.h"
#include "clustrixfs/scheduler.h"

/* "TOKEN/RUN", as the keeper calls one attempt of one job. */
#define PROCESS_RUN_MAX (JOB_TOKEN_LEN + 1 + RUN_NAME_MAX)
void process_run(char out[PROCESS_RUN_MAX], const struct job_ref *ref);

void process_hear_start(const struct ask *a, const struct outcome *o, struct report *reports);
void process_hear_look(const struct ask *a, const struct outcome *o, struct report *reports);
void process_hear_signal(const struct ask *a, const struct outcome *o, struct report *reports);

#endif
