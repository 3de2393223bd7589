/*
 * states.h - the state that each job was last told to be in
 */
#ifndef CLUSTRIXFS_FS_STATES_H
#define CLUSTRIXFS_FS_STATES_H

#include <stddef.h>
#include <stdint.h>

#include "clustrixfs/job.h"
#include "clustrixfs/service.h"
#include "fs/notes.h"

/* Zeroed at first; `v` is the owner's to free, and a lock is the owner's, too. */
struct states {
    uint8_t *v; /* by job number */
    size_t   n;
};

/* Where the jobs are that were there before us and have not ended. */
void states_begin(struct states *states, struct service *s);
/*
 * Fill in from which state this change takes its job to which: JOB_NONE for an element, for what is
 * not there, and when memory is out. Changes come from several threads: under the owner's lock the
 * last one to look has the last word. (The lock that service_brief() takes is a leaf below it.)
 */
void states_change(struct states *states, struct service *s, struct note *note);

#endif
