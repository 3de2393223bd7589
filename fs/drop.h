/*
 * drop.h - makes the kernel drop what it keeps
 */
#ifndef CLUSTRIXFS_FS_DROP_H
#define CLUSTRIXFS_FS_DROP_H

#include "fs/tree.h"
#include "fs/watched.h"

/*
 * Never from the loop: the kernel may wait for an answer of ours before it lets such a message in.
 * Attributes only: the names in a listing are asked for anew each time it is read.
 */
void drop_attributes(struct mount *m, struct place p);
/* A job that is forgotten, and `number` its name. */
void drop_job(struct mount *m, job_id id, const char *number);
/* Attributes and pages of its files; what lies below files/ is found anew with its directory. */
void drop_files(struct mount *m, job_id id);
/* What it has written. */
void drop_output(struct mount *m, job_id id);
/* The names under which jobs that have ended are listed by state. */
void drop_state_links(struct mount *m, const char *number);
/* Attributes of these listings: LISTING_* of watched.h. */
void drop_listings(struct mount *m, unsigned which);

#endif
