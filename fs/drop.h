/*
 * drop.h - what the kernel is told to drop, and how
 *
 * All of it is for notify.c's thread: the kernel may wait for an answer of the loop's before it
 * lets such a message in.
 */
#ifndef CLUSTRIXFS_FS_DROP_H
#define CLUSTRIXFS_FS_DROP_H

#include "fs/layout.h"

/* Attributes only: the names in a listing are asked for anew each time it is read. */
void drop_attributes(struct mount *m, enum row_id row, uint64_t key);
/* The names under which that job is listed by state, now that it has ended. */
void drop_state_links(struct mount *m, const char *number);
/* Everything of a job but its name; `attempts`: the highest that the kernel can know of. */
void drop_files(struct mount *m, job_id id, uint32_t attempts);
/* What it has written to stdout and stderr. */
void drop_output(struct mount *m, job_id id, uint32_t attempts);
/* Its name, and with it all that is below. */
void drop_job(struct mount *m, job_id id, const char *number);

#endif
