/*
 * states.h - the state that each job was last told to be in
 */
#ifndef CLUSTRIXFS_FS_STATES_H
#define CLUSTRIXFS_FS_STATES_H

#include <stddef.h>
#include <stdint.h>

#include "clustrixfs/job.h"
#include "clustrixfs/service.h"

/* Zeroed at first; `v` is the owner's to free, and a lock is the owner's, too. */
struct states {
    uint8_t *v; /* by job number */
    size_t   n;
};

/* Where the jobs are that were there before us and have not ended. */
void states_begin(struct states *states, struct service *s);
/* What it was told to be before; JOB_NONE: nothing, or it is an element, or memory is out. */
enum job_state states_exchange(struct states *states, job_id id, enum job_state now);

#endif
