/*
 * slurm-account.h - what three witnesses said of one job, and what follows from it
 */
#ifndef CLUSTRIXFS_SCHEDULER_SLURM_ACCOUNT_H
#define CLUSTRIXFS_SCHEDULER_SLURM_ACCOUNT_H

#include "slurm.h"

struct account_line {
    struct span id, state, exit, submit, start, end, node, memory, user, system, name;
    bool        step; /* "13.batch": a part of the job before it */
};

struct heard {
    bool queue_ok, account_ok; /* both answered for all they have                        */
    bool unreadable;           /* a line of ours could not be read: absence is no proof  */
    bool queued, accounted, within;
    struct report queue, account, log; /* log: UNKNOWN where it says nothing             */
    int64_t       submit_ns;           /* of the newest record in the accounting         */
    struct span   by;                  /* the user id of who cancelled it; or empty      */
};

/* One line of a job's log: why Slurm's daemon killed it. */
void slurm_log_line(struct span line, struct report *log);

/* `all`: the whole answer, for the names of users. */
void slurm_conclude(const struct heard *h, struct span all, struct report *r);

#endif
