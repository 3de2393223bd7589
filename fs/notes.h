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
#include "fs/notify.h"

/* A change of a job; or (id 0) whom to call, or that the log of all events has grown. */
struct note {
    job_id          id;
    int64_t         at_ns; /* mono                                                    */
    unsigned        what;
    bool            kept;     /* what the kernel keeps of it is to be dropped,            */
    uint16_t        lent;     /* and where it was lent (lent.h)                           */
    uint8_t         from, to; /* the state that it was last told to be in, and is now */
    unsigned        listings; /* LISTING_* in which it can be seen                    */
    uint64_t        grown;    /* rows of it that have more bytes                      */
    notify_then_fn *then;
    void           *arg;
};

/* Zeroed at first; `v` is the owner's to free. */
struct notes {
    struct note *v; /* from `first` to before `n` */
    size_t       first, n, alloc;
};

bool        notes_any(const struct notes *ns);
struct note notes_take(struct notes *ns); /* the oldest; there is one */
const struct note *notes_first(const struct notes *ns); /* the same, which stays */
int64_t notes_newest_ns(const struct notes *ns); /* there is one */
/* False when memory is out or there are too many; one of the same job takes it in. */
bool notes_add(struct notes *ns, const struct note *note) must_check;

#endif
