/*
 * given.h - what the kernel may keep, until it is told to drop it
 */
#ifndef CLUSTRIXFS_FS_GIVEN_H
#define CLUSTRIXFS_FS_GIVEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clustrixfs/job.h"

struct bits {
    uint64_t *v;
    size_t    n; /* words */
};

struct given_array;

/* Zeroed at first; a lock is the owner's. */
struct given {
    struct bits         jobs;   /* by job number                                  */
    struct given_array *arrays; /* of the elements of each: ascending by number   */
    size_t              n_arrays;
    uint32_t            attempts; /* the highest one that something was given of */
    unsigned            listings; /* LISTING_* of watched.h                      */
};

void given_release(struct given *g);
/* Something of this job, and of that attempt of it or 0. */
void given_add(struct given *g, job_id id, uint32_t attempt);
/* The listings in which a change (service_changed) is seen, which are given no longer. */
unsigned given_take_listings(struct given *g, unsigned what);
/* Whether something of it was given; the whole of an array is none of its elements. */
bool given_job(const struct given *g, job_id id);

#endif
