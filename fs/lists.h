/*
 * lists.h - the directories whose entries come and go (see struct list in layout.h)
 */
#ifndef CLUSTRIXFS_FS_LISTS_H
#define CLUSTRIXFS_FS_LISTS_H

#include "fs/layout.h"

extern const struct list list_jobs;     /* jobs/                                  */
extern const struct list list_tasks;    /* the elements of an array               */
extern const struct list list_attempts; /* the attempts of a job              */
extern const struct list list_names;    /* the newest job of each name            */
extern const struct list list_states;   /* one directory for each state ...       */
extern const struct list list_state;    /* ... and the jobs in it                 */
extern const struct list list_clusters; /* one for each configured cluster ...    */
extern const struct list list_cluster;  /* ... and the jobs on it                 */

/*
 * A number as the tree writes it: decimal digits, no zero in front. So each job has one name only:
 * "017" does not exist. False: not such a number, or above `most`.
 */
bool number_from_name(const char *name, uint64_t most, uint64_t *out);

#endif
