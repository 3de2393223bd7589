/*
 * given.c - what the kernel may keep, until it is told to drop it
 *
 * Only of that it is told: a bit for each job number remembers whether anything was given of it.
 */
#include "fs/given.h"

#include <stdlib.h>
#include <string.h>

#include "clustrixfs/service.h"
#include "fs/watched.h"

void given_add(struct given *g, job_id id, uint32_t attempt)
{
    size_t word = JOB_NUMBER(id) / 64;

    if (word >= g->n) {
        size_t more = word + word / 2 + 16;
        uint64_t *bigger = reallocarray(g->jobs, more, sizeof(*bigger));

        if (bigger) {
            memset(bigger + g->n, 0, (more - g->n) * sizeof(*bigger));
            g->jobs = bigger;
            g->n = more;
        }
    }
    if (word < g->n)
        g->jobs[word] |= UINT64_C(1) << JOB_NUMBER(id) % 64;
    if (attempt > g->attempts)
        g->attempts = attempt;
}

bool given_job(const struct given *g, job_id id)
{
    uint64_t number = JOB_NUMBER(id);

    return number / 64 < g->n && g->jobs[number / 64] >> number % 64 & 1;
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
