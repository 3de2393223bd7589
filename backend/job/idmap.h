/*
 * idmap.h - from a 64-bit number to a pointer
 *
 * Open addressing, grown by doubling. Key 0 is not a key. One thread at a time.
 */
#ifndef CLUSTRIXFS_IDMAP_H
#define CLUSTRIXFS_IDMAP_H

#include <stddef.h>
#include <stdint.h>

#include "clustrixfs/base.h"

struct idmap_entry {
    uint64_t key;
    void    *value;
};

struct idmap {
    struct idmap_entry *v;
    size_t              n, alloc; /* alloc: 0 or a power of two */
};

#define IDMAP_INIT { 0 }
void  idmap_release(struct idmap *m); /* not what the values point at */
void *idmap_get(const struct idmap *m, uint64_t key);
/* Replaces what was there; value is not NULL. */
int   idmap_put(struct idmap *m, uint64_t key, void *value) must_check;
void *idmap_take(struct idmap *m, uint64_t key);
/* Walk in no order: start with *at = 0; NULL at the end. Nothing may be put or taken meanwhile. */
void *idmap_next(const struct idmap *m, size_t *at);
/* Bring its entries to the front of v, ascending by key; it can only be released after that. */
void  idmap_sort(struct idmap *m);

#endif
