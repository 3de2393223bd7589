/*
 * walk.h - what a walk over a directory tree needs at every step
 */
#ifndef CLUSTRIXFS_TRANSPORT_WALK_H
#define CLUSTRIXFS_TRANSPORT_WALK_H

#include <dirent.h>
#include <sys/types.h>

#include "clustrixfs/error.h"

#define TREE_DEPTH 64

struct walk {
    int           top;   /* the directory it began in               */
    dev_t         dev;   /* and the file system it stays on         */
    unsigned      moved; /* how many deep directories were moved up */
    struct error *e;
};

/* "cannot CANNOT NAME: " and errno, which is returned negative. */
int walk_failed(const struct walk *w, const char *cannot, const char *name);

/* The next entry but "." and "..". NULL at the end with errno 0, or on an error. */
const struct dirent *walk_next(DIR *d);

/* Open a directory, not following a link to one. -1 and errno. */
int walk_open(int at, const char *name);

static inline unused_arg void dirp_cleanup(DIR **d)
{
    if (*d)
        closedir(*d);
}

#endif
