/*
 * burst.h - starts that wait while one submission follows the other
 *
 * Whoever submits hundreds of jobs in a loop waits for that loop to end, and each job that is
 * started meanwhile takes the processor from it. So from the eighth submission in quick succession
 * on, starts are gathered: all whose turn it is begin together, five times a second.
 */
#ifndef CLUSTRIXFS_JOB_BURST_H
#define CLUSTRIXFS_JOB_BURST_H

#include <stdint.h>

#include "clustrixfs/clock.h"

#define BURST_GATHER_NS (200 * NS_PER_MS) /* what a slot may stand idle for it */

struct burst {
    int64_t  last_ns; /* mono: of the last submission       */
    int64_t  next_ns; /* mono: starts are gathered until then */
    unsigned n;       /* submissions in quick succession      */
};

void burst_add(struct burst *b, int64_t now_ns);
/* When starts may go on, mono; 0: now. One that may begins the next time of gathering. */
int64_t burst_gathers(struct burst *b, int64_t now_ns);

#endif
