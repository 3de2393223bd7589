/*
 * notes.h - what notify.c still has to do, in order
 */
#ifndef CLUSTRIXFS_FS_NOTES_H
#define CLUSTRIXFS_FS_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clustrixfs/base.h"
#include "clustrixfs/job.h"

/* A job, or (id 0) the listings whose bits are set. */
struct note {
    job_id   id;
    unsigned what;
    uint64_t grown;    /* rows of it that have more bytes                  */
    uint8_t  from;     /* the state that it was last told to be in         */
    bool     is_stale; /* the kernel may keep what is not so any more      */
};

/* Zeroed at first; `v` is the owner's to free. */
struct notes {
    struct note *v; /* from `first` to before `n` */
    size_t       first, n, alloc;
};

bool        notes_any(const struct notes *ns);
struct note notes_take(struct notes *ns); /* the oldest; there is one */
/* False when memory is out or there are too many; one of the same job takes it in. */
bool notes_add(struct notes *ns, const struct note *note) must_check;

#endif
