/*
 * drop.h - what the kernel is told to drop, and how
 *
 * All of it is for notify.c's thread: the kernel may wait for an answer of the loop's before it
 * lets such a message in.
 */
#ifndef CLUSTRIXFS_FS_DROP_H
#define CLUSTRIXFS_FS_DROP_H

#include "fs/layout.h"

/*
 * Attributes of these listings (LISTING_* of watched.h): the names in one are asked for anew each
 * time it is read.
 */
void drop_listings(struct mount *m, unsigned which);
/* What was lent of it (lent.h). */
void drop_lent(struct mount *m, job_id id, unsigned where);
/* What a change (service_changed) made stale; `attempts`: the highest that the kernel can know. */
void drop_change(struct mount *m, job_id id, unsigned what, uint32_t attempts);

#endif
