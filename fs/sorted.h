/*
 * sorted.h - where something is in a sorted array, or would be
 */
#ifndef CLUSTRIXFS_FS_SORTED_H
#define CLUSTRIXFS_FS_SORTED_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * The first of `n` entries whose key is not below `key`; n: there is none. Each entry is `size`
 * bytes and begins with its key, and they are ascending.
 */
static inline size_t sorted_at(const void *v, size_t n, size_t size, uint64_t key)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t   middle = low + (high - low) / 2;
        uint64_t at;

        memcpy(&at, (const char *)v + middle * size, sizeof(at));
        if (at < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

#endif
