/*
 * watches.h - which files of a device the processes of this machine watch
 */
#ifndef CLUSTRIXFS_FS_WATCHES_H
#define CLUSTRIXFS_FS_WATCHES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "clustrixfs/base.h"

struct watches {
    uint64_t *v; /* inode numbers, in no order */
    size_t    n, alloc;
};

/* Add those that there are now, in other processes that we may look into. 0 or -ENOMEM; w->v is
 * the caller's to free. It takes some microseconds for each open file of this machine. */
int watches_find(struct watches *w, dev_t device) must_check;

#endif
