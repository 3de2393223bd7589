/*
 * lent.h - what the kernel may keep of jobs that live, for a moment
 */
#ifndef CLUSTRIXFS_FS_LENT_H
#define CLUSTRIXFS_FS_LENT_H

#include "clustrixfs/base.h"
#include "clustrixfs/job.h"

/* Where a job can be seen: in the directory of a state, and where it is whatever state it is in. */
#define LENT_STATE(s) (1u << (s))
#define LENT_ELSEWHERE LENT_STATE(JOB_NONE)

struct lent;

int  lent_open(struct lent **lp) must_check;
void lent_close(struct lent *l);

/* [loop] The kernel is about to be told of this job there, and ... */
void lent_give(struct lent *l, job_id id, unsigned where);
/* [loop] ... has been told: to be said after each request. */
void lent_answered(struct lent *l);

/* The job has changed: all the places where it was lent, which are forgotten. Any thread. */
unsigned lent_take(struct lent *l, job_id id);
/* [not loop] Returns when the kernel has been told all that was lent before. */
void lent_await(struct lent *l);

#endif
