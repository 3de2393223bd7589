/*
 * given.h - what the kernel may keep, until it is told to drop it
 */
#ifndef CLUSTRIXFS_FS_GIVEN_H
#define CLUSTRIXFS_FS_GIVEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clustrixfs/job.h"

/* Zeroed at first; `jobs` is the owner's to free, and a lock is the owner's, too. */
struct given {
    uint64_t *jobs; /* a bit for each job number */
    size_t    n;    /* words */
    uint32_t  attempts; /* the highest one that something was given of */
    unsigned  listings; /* LISTING_* of watched.h */
};

/* Something of this job, and of that attempt of it or 0. */
void given_add(struct given *g, job_id id, uint32_t attempt);
/* The listings in which a change (service_changed) is seen, which are given no longer. */
unsigned given_take_listings(struct given *g, unsigned what);
bool given_job(const struct given *g, job_id id);

#endif
