/*
 * due.c - when something has to be done without anybody saying so
 *
 * Jobs that are due lie in a heap; clusters are looked at in rounds while they have any of our
 * jobs. With nothing of either the engine sleeps for ever.
 */
#include <stdlib.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/log.h"

#include "live.h"

/* Each knows its place in the heap, so that a change of mind is cheap. */

static void heap_set(struct engine *en, size_t i, struct job *j)
{
    en->due[i] = j;
    j->due_at = i;
}

static void heap_sift(struct engine *en, size_t i, struct job *j)
{
    for (; i > 0 && en->due[(i - 1) / 2]->due_ns > j->due_ns; i = (i - 1) / 2)
        heap_set(en, i, en->due[(i - 1) / 2]);
    for (size_t child; (child = 2 * i + 1) < en->n_due; i = child) {
        if (child + 1 < en->n_due && en->due[child + 1]->due_ns < en->due[child]->due_ns)
            child++;
        if (en->due[child]->due_ns >= j->due_ns)
            break;
        heap_set(en, i, en->due[child]);
    }
    heap_set(en, i, j);
}

static void heap_remove(struct engine *en, struct job *j)
{
    struct job *last = en->due[--en->n_due];

    if (last != j)
        heap_sift(en, j->due_at, last);
    j->due_ns = 0;
}

void duty_at(struct engine *en, struct job *j, int64_t mono_ns)
{
    if (j->due_ns)
        heap_remove(en, j);
    if (!mono_ns)
        return;
    if (en->n_due == en->due_alloc) {
        size_t       alloc = en->due_alloc * 2 + 64;
        struct job **v = realloc(en->due, alloc * sizeof(struct job *));

        if (!v) {
            log_line(LOG_ERROR, "out of memory: job %llu waits for the next sweep",
                     (unsigned long long)JOB_NUMBER(j->v.id));
            return;
        }
        en->due = v;
        en->due_alloc = alloc;
    }
    j->due_ns = mono_ns;
    heap_sift(en, en->n_due++, j);
}

static int64_t sweep_of(const struct place *p)
{
    return p->there && p->open ? p->sweep_ns : 0;
}

int64_t duty_next(const struct engine *en)
{
    int64_t next = en->n_due ? en->due[0]->due_ns : 0;

    for (size_t i = 0; i < en->config->n_clusters; i++) {
        int64_t sweep = sweep_of(&en->places[i]);

        if (sweep && (!next || sweep < next))
            next = sweep;
    }
    return next;
}

void duty_run_due(struct engine *en)
{
    int64_t now = clock_mono_ns();

    while (en->n_due && en->due[0]->due_ns <= now) {
        struct job *j = en->due[0];

        heap_remove(en, j);
        duty_do(en, j);
    }
    for (size_t i = 0; i < en->config->n_clusters; i++) {
        int64_t sweep = sweep_of(&en->places[i]);

        if (sweep && sweep <= now)
            place_sweep(en, &en->places[i]);
    }
}
