/*
 * idmap.c - from a 64-bit number to a pointer
 *
 * Linear probing with backward-shift deletion, so there are no tombstones and a map that empties
 * gives its memory back: a daemon that once ran 100 000 jobs is small again afterwards.
 */
#include "idmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LEAST 16

static size_t home(const struct idmap *m, uint64_t key)
{
    /* Fibonacci hashing: ids are dense, their high bits would all be alike. */
    return (size_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 20) & (m->alloc - 1);
}

static size_t slot_of(const struct idmap *m, uint64_t key)
{
    size_t i = home(m, key);

    while (m->v[i].key && m->v[i].key != key)
        i = (i + 1) & (m->alloc - 1);
    return i;
}

void idmap_release(struct idmap *m)
{
    free(m->v);
    *m = (struct idmap)IDMAP_INIT;
}

void *idmap_get(const struct idmap *m, uint64_t key)
{
    return m->alloc ? m->v[slot_of(m, key)].value : NULL;
}

static int resize(struct idmap *m, size_t alloc)
{
    struct idmap bigger = { .v = calloc(alloc, sizeof(*m->v)), .n = m->n, .alloc = alloc };

    if (!bigger.v)
        return -ENOMEM;
    for (size_t i = 0; i < m->alloc; i++)
        if (m->v[i].key)
            bigger.v[slot_of(&bigger, m->v[i].key)] = m->v[i];
    free(m->v);
    *m = bigger;
    return 0;
}

int idmap_put(struct idmap *m, uint64_t key, void *value)
{
    size_t i;
    int    r;

    if ((m->n + 1) * 4 > m->alloc * 3) {
        r = resize(m, m->alloc ? m->alloc * 2 : LEAST);
        if (r)
            return r;
    }
    i = slot_of(m, key);
    m->n += !m->v[i].key;
    m->v[i] = (struct idmap_entry){ .key = key, .value = value };
    return 0;
}

void *idmap_take(struct idmap *m, uint64_t key)
{
    size_t i, j, mask = m->alloc - 1;
    void  *value;

    if (!m->alloc || !m->v[i = slot_of(m, key)].key)
        return NULL;
    value = m->v[i].value;
    for (j = (i + 1) & mask; m->v[j].key; j = (j + 1) & mask) {
        size_t at = home(m, m->v[j].key);

        /* Move j back into the hole unless its home lies behind the hole. */
        if (((j - at) & mask) >= ((j - i) & mask)) {
            m->v[i] = m->v[j];
            i = j;
        }
    }
    m->v[i] = (struct idmap_entry){ 0 };
    m->n--;
    /* A failure to shrink is no failure. */
    if (m->alloc > LEAST && m->n * 8 < m->alloc && resize(m, m->alloc / 2))
        return value;
    return value;
}

void *idmap_next(const struct idmap *m, size_t *at)
{
    while (*at < m->alloc) {
        const struct idmap_entry *e = &m->v[(*at)++];

        if (e->key)
            return e->value;
    }
    return NULL;
}

static int by_key(const void *a, const void *b)
{
    const struct idmap_entry *x = a, *y = b;

    return (x->key > y->key) - (x->key < y->key);
}

void idmap_sort(struct idmap *m)
{
    size_t n = 0;

    for (size_t i = 0; i < m->alloc; i++)
        if (m->v[i].key)
            m->v[n++] = m->v[i];
    if (n)
        qsort(m->v, n, sizeof(*m->v), by_key);
}
