/*
 * plan.h - what a keeper is to run and within which bounds, in the words of either keeper
 */
#ifndef CLUSTRIXFS_SCHEDULER_PLAN_H
#define CLUSTRIXFS_SCHEDULER_PLAN_H

#include "clustrixfs/cluster.h"
#include "clustrixfs/scheduler.h"
#include "clustrixfs/spec.h"

enum limit { LIMIT_NONE = 0, LIMIT_TIME = 1, LIMIT_MEMORY = 2, LIMIT_ALL = 3 };

struct plan {
    const struct spec    *spec;
    const struct cluster *cluster;
    const struct job_ref *ref;
    unsigned              limits; /* which are the keeper's to see to: enum limit */
};

/* For clustrixfs-keeper, see backend/keeper/plan.h. 0 or a negative errno. */
int plan_pieces(const struct plan *p, struct buf *out) must_check;

/*
 * For far-keeper.sh, which reads it with `.`: plan_program, plan_cwd, plan_stdin, plan_time,
 * plan_memory and plan_grace; plan_run ATTEMPT ELEMENT [PREFIX...], which becomes the job with its
 * environment; and at the very end plan_end=yes. 0 or a negative errno.
 */
int plan_shell(const struct plan *p, struct buf *out) must_check;

#endif
