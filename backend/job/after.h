/*
 * after.h - the words of struct job's `waits`, for after.c and tied.c
 */
#ifndef CLUSTRIXFS_AFTER_H
#define CLUSTRIXFS_AFTER_H

#include <stdbool.h>

#include "clustrixfs/job.h"

struct engine;
struct job;

/* "c12": which job, and how it has to end: c completed, f failed, a any. */
struct wait {
    char   how;
    job_id id;
};

/* The next of the words at *at; false: there are no more. */
bool wait_next(const char **at, struct wait *w);
/* The next whose job this one still waits for; NULL: none. */
struct job *wait_next_on(struct engine *en, const struct job *j, const char **at, struct wait *w);

#endif
