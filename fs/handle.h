/*
 * handle.h - what an open file of ROOM_TREE remembers
 *
 * Made at open, freed at release, used by the loop's thread; what comes after `fd` is
 * the waiters' (under their lock), since a parked read is answered from another thread.
 */
#ifndef CLUSTRIXFS_FS_HANDLE_H
#define CLUSTRIXFS_FS_HANDLE_H

#include "fs/tree.h"

#define WAIT_TEXT_MAX 48

struct handle {
    struct handle *next, **link; /* among struct tree's */
    struct place   place;

    struct buf text;   /* KIND_TEXT: as it was at the last read from its beginning */
    bool       is_made; /* whether `text` is                                       */

    int   fd;  /* KIND_STREAM: -1 while there is no output to open                  */
    char *far; /* its path in a mirror; NULL: the file itself is here (see far.h)   */

    char   given[WAIT_TEXT_MAX]; /* KIND_WAIT: what was said once, and is said again, */
    size_t n_given;              /* though the job may be live again by then          */
    off_t  off;                  /* KIND_EVENTS: where its last read ended            */
    enum { EVENTS_UNREAD, EVENTS_READ, EVENTS_MET_END } at_end; /* KIND_EVENTS */
};

void handle_free(struct handle *h); /* tree-open.c */

static inline struct handle *handle_of(const struct fuse_file_info *fi)
{
    return (struct handle *)(uintptr_t)fi->fh;
}

#endif
