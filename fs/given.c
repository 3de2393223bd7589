/*
 * given.c - what the kernel may keep, until it is told to drop it
 *
 * Only of that it is told: a bit for each job, and for each element of the arrays that were looked
 * into, remembers whether anything was given of it. Of an array of 100 000 that is run again, few
 * were looked at.
 */
#include "fs/given.h"

#include <stdlib.h>
#include <string.h>

#include "clustrixfs/service.h"
#include "fs/sorted.h"
#include "fs/watched.h"

struct given_array {
    uint64_t    number; /* first, for sorted_at() */
    struct bits elements;
};

/* Without memory it is not remembered, and not dropped. */
static void set_bit(struct bits *b, uint64_t i)
{
    size_t word = i / 64;

    if (word >= b->n) {
        size_t more = word + word / 2 + 16;
        uint64_t *bigger = reallocarray(b->v, more, sizeof(*bigger));

        if (bigger) {
            memset(bigger + b->n, 0, (more - b->n) * sizeof(*bigger));
            b->v = bigger;
            b->n = more;
        }
    }
    if (word < b->n)
        b->v[word] |= UINT64_C(1) << i % 64;
}

static bool has_bit(const struct bits *b, uint64_t i)
{
    return i / 64 < b->n && b->v[i / 64] >> i % 64 & 1;
}

/* Where that of the number is, or would be. */
static size_t position(const struct given *g, uint64_t number)
{
    return sorted_at(g->arrays, g->n_arrays, sizeof(*g->arrays), number);
}

static const struct bits *elements_of(const struct given *g, uint64_t number)
{
    size_t i = position(g, number);

    return i < g->n_arrays && g->arrays[i].number == number ? &g->arrays[i].elements : NULL;
}

static struct bits *make_elements(struct given *g, uint64_t number)
{
    size_t i = position(g, number);
    struct given_array *bigger;

    if (i < g->n_arrays && g->arrays[i].number == number)
        return &g->arrays[i].elements;
    bigger = reallocarray(g->arrays, g->n_arrays + 1, sizeof(*bigger));
    if (!bigger)
        return NULL;
    g->arrays = bigger;
    memmove(&g->arrays[i + 1], &g->arrays[i], (g->n_arrays++ - i) * sizeof(*g->arrays));
    g->arrays[i] = (struct given_array){ .number = number };
    return &g->arrays[i].elements;
}

void given_release(struct given *g)
{
    for (size_t i = 0; i < g->n_arrays; i++)
        free(g->arrays[i].elements.v);
    free(g->arrays);
    free(g->jobs.v);
    *g = (struct given){ 0 };
}

void given_add(struct given *g, job_id id, uint32_t attempt)
{
    struct bits *of = JOB_ELEMENT(id) ? make_elements(g, JOB_NUMBER(id)) : &g->jobs;

    if (of)
        set_bit(of, JOB_ELEMENT(id) ? JOB_ELEMENT(id) : JOB_NUMBER(id));
    if (attempt > g->attempts)
        g->attempts = attempt;
}

bool given_job(const struct given *g, job_id id)
{
    const struct bits *elements;

    if (!JOB_ELEMENT(id))
        return has_bit(&g->jobs, JOB_NUMBER(id));
    elements = elements_of(g, JOB_NUMBER(id));
    return elements && has_bit(elements, JOB_ELEMENT(id));
}

unsigned given_take_listings(struct given *g, unsigned what)
{
    unsigned changed = what & CHANGE_JOB_STATE ? LISTING_STATES : 0, taken;

    if (what & (CHANGE_JOB_NEW | CHANGE_JOB_GONE))
        changed = ~LISTING_LOG;
    taken = g->listings & changed;
    g->listings &= ~changed;
    return taken;
}
