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

/* What holds for the whole answer. */
struct hearing {
    struct span text;
    bool queue_ok, account_ok; /* both answered for all they have                       */
    int64_t up_ns;             /* of the controller; 0: it did not say                     */
    bool unreadable;           /* a line of ours could not be read: absence is no proof */
    bool prolog;               /* it runs a program of its own before each job          */
};

/* What was said of one job. */
struct heard {
    bool          queued, accounted;
    struct report queue, account, log; /* log: UNKNOWN where it says nothing     */
    int64_t       submit_ns;           /* of the newest record in the accounting */
    struct span   by;                  /* the user id of who cancelled it        */
    bool          unlogged;            /* it has no log, or prolog_ns            */
    int64_t       prolog_ns;           /* it tells since then that a prolog failed; or 0 */
};

/* One line of a job's log: why Slurm's daemon killed it. */
void slurm_log_line(struct span line, struct report *log);

/* slurm-unstarted.c: fill r->unstarted. */
void slurm_unstarted(const struct hearing *all, const struct heard *h, struct report *r);

void slurm_conclude(const struct hearing *all, const struct heard *h, struct report *r);

#endif
