/*
 * admit-fits.c - can that cluster ever run this job?
 *
 * One with a queue of its own says so itself. Of one that was not met it may not be known yet what
 * it has: then the question is asked again before the first of the job is sent.
 */
#include <errno.h>

#include "clustrixfs/scheduler.h"

#include "admit.h"

int admit_fits(const struct cluster *cluster, const struct spec *s, struct error *e)
{
    const struct cluster c = cluster_look(cluster);
    uint64_t cores = (uint64_t)(s->cores ? s->cores : 1) * (s->tasks ? s->tasks : 1);

    if (!c.scheduler || c.scheduler->queues)
        return 0;
    if (c.cores && cores > c.cores)
        return error_set(e, -EINVAL,
                         "it asks for %llu cores, but cluster %s has %u: ask for fewer",
                         (unsigned long long)cores, c.name, c.cores);
    if (c.memory && s->memory > c.memory)
        return error_set(e, -EINVAL,
                         "it asks for %llu MiB of memory, but cluster %s has %llu: ask for less",
                         (unsigned long long)(s->memory >> 20), c.name,
                         (unsigned long long)(c.memory >> 20));
    return 0;
}

int admit_again(const struct cluster *c, const struct spec *spec, struct error *e)
{
    _cleanup_(strvp) struct strv warnings = STRV_INIT;
    int                          r = scheduler_accepts(c, spec, &warnings, e);

    return r ? r : admit_fits(c, spec, e);
}
