/*
 * slots.c - whose turn it is, on a cluster that has no queue of its own
 *
 * Higher priority first, then first come, first served. A job that does not fit now lets later,
 * smaller ones fill the gap, but each that is started before it counts: after PASSED_MAX of them
 * nothing passes any more, the gap grows until it fits, and so no large job starves. That bound
 * needs no knowledge of how long anything runs.
 *
 * No command may be started before the disk knows that it may have been. When one short job follows
 * the other, waiting for the disk before each would take longer than the jobs do; so, with a commit
 * that is synced anyway, the next few in line are marked as meant to be started, and then start
 * without waiting. When nothing was started for a moment the mark is taken back.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/clock.h"

#include "burst.h"
#include "live.h"

#define PASSED_MAX 64
/* How far behind a job that does not fit we look for one that does. */
#define LOOK_AHEAD 1000
/* How many are meant to be started at a time, and how quickly one must follow the other for
 * that. */
#define MEAN_MAX 32
#define MEAN_WITHIN_NS (BURST_GATHER_NS + 50 * NS_PER_MS) /* a burst starts no quicker */

void slots_release(struct place *p)
{
    free(p->slots.ranks);
    p->slots = (struct slots){ 0 };
    p->ahead = false;
}

uint32_t job_cores(const struct job *j)
{
    return j->v.cores ? j->v.cores : 1;
}

static struct rank *rank_of(struct slots *s, int32_t priority)
{
    struct rank *v;
    size_t       i = 0;

    while (i < s->n_ranks && s->ranks[i].priority > priority)
        i++;
    if (i < s->n_ranks && s->ranks[i].priority == priority)
        return &s->ranks[i];
    v = realloc(s->ranks, (s->n_ranks + 1) * sizeof(*v));
    if (!v)
        return NULL;
    s->ranks = v;
    memmove(v + i + 1, v + i, (s->n_ranks - i) * sizeof(*v));
    v[i] = (struct rank){ .priority = priority };
    s->n_ranks++;
    return &v[i];
}

static bool is_sibling(const struct job *a, const struct job *b)
{
    return a && a->whole && a->whole == b->whole;
}

/*
 * After whom it comes: all are in order of their ids. New jobs have the highest and come last; one
 * that comes back goes to its old place. When many elements of an array come back, one after the
 * other, each is looked for from where the last one went: not past all who came after the array,
 * nor past those of it that have been waiting.
 */
static struct job *place_before(const struct rank *rank, const struct job *j)
{
    struct job *at = j->whole ? j->whole->latest : NULL;

    if (at && at->v.id < j->v.id) {
        while (at->next && at->next->v.id < j->v.id)
            at = at->next;
        return at;
    }
    for (at = j->whole && j->whole->tail ? j->whole->tail : rank->last; at && at->v.id > j->v.id;)
        at = at->prev;
    return at;
}

int slots_queue(struct place *p, struct job *j)
{
    struct rank *rank = rank_of(&p->slots, j->v.priority);
    struct job  *before;

    if (!rank)
        return -ENOMEM;
    if (j->queued)
        return 0;
    before = place_before(rank, j);
    j->prev = before;
    j->next = before ? before->next : rank->first;
    *(before ? &before->next : &rank->first) = j;
    *(j->next ? &j->next->prev : &rank->last) = j;
    if (j->whole && !is_sibling(j->next, j))
        j->whole->tail = j;
    if (j->whole)
        j->whole->latest = j;
    j->queued = true;
    p->slots.n_queued++;
    return 0;
}

void slots_unqueue(struct place *p, struct job *j)
{
    struct rank *rank = rank_of(&p->slots, j->v.priority);

    if (!j->queued)
        return;
    if (j->whole && j->whole->tail == j)
        j->whole->tail = is_sibling(j->prev, j) ? j->prev : NULL;
    if (j->whole && j->whole->latest == j)
        j->whole->latest = is_sibling(j->prev, j) ? j->prev : NULL;
    *(j->prev ? &j->prev->next : &rank->first) = j->next;
    *(j->next ? &j->next->prev : &rank->last) = j->prev;
    j->next = j->prev = NULL;
    j->queued = false;
    p->slots.n_queued--;
}

void slots_take(struct place *p, struct job *j)
{
    if (j->slots)
        return;
    /* This may well be more than there is: after a restart each that was only meant to be started
     * counts until it was looked for, and the configuration may have shrunk. */
    j->slots = job_cores(j);
    p->slots.cores_taken += j->slots;
    p->slots.memory_taken += j->v.memory;
    if (j->whole)
        j->whole->n_active++;
}

void slots_give(struct place *p, struct job *j)
{
    if (!j->slots)
        return;
    p->slots.cores_taken -= j->slots;
    p->slots.memory_taken -= j->v.memory;
    j->slots = 0;
    if (j->whole)
        j->whole->n_active--;
}

static bool fits(const struct place *p, const struct job *j)
{
    const struct slots *s = &p->slots;

    return s->cores_taken + job_cores(j) <= p->cluster->cores &&
           s->memory_taken + j->v.memory <= p->cluster->memory;
}

static struct job *take(struct place *p, struct job *j, struct job *first_blocked)
{
    if (first_blocked)
        first_blocked->passed++;
    slots_unqueue(p, j);
    slots_take(p, j);
    return j;
}

/* Where one of an array may not start, or does not fit, the others may not or do not either. */
static struct job *last_of_kind(struct job *j)
{
    return j->whole ? j->whole->tail : j;
}

struct job *slots_next(struct place *p)
{
    struct slots *s = &p->slots;
    struct job   *blocked = NULL;
    unsigned      looked = 0;

    if (!p->open || p->draining || !s->n_queued || s->cores_taken >= p->cluster->cores)
        return NULL;
    for (size_t i = 0; i < s->n_ranks; i++)
        for (struct job *j = s->ranks[i].first; j; j = j->next) {
            bool waits = array_throttled(j);

            if (!waits && fits(p, j))
                return take(p, j, blocked);
            if (!waits && !blocked)
                blocked = j;
            if ((blocked && blocked->passed >= PASSED_MAX) || ++looked > LOOK_AHEAD)
                return NULL;
            j = last_of_kind(j);
        }
    return NULL;
}

void slots_mean(struct engine *en, struct place *p)
{
    unsigned n = 0;

    if (!p->slots.n_queued || clock_mono_ns() - p->start_ns > MEAN_WITHIN_NS)
        return;
    for (size_t i = 0; i < p->slots.n_ranks; i++)
        for (struct job *j = p->slots.ranks[i].first; j && n < MEAN_MAX; j = j->next, n++)
            if (!(j->wish & WISH_START)) {
                j->wish |= WISH_START;
                job_changed(en, j, 0);
                p->ahead = true;
            }
}

void slots_mean_no_more(struct engine *en, struct place *p)
{
    if (!p->ahead || clock_mono_ns() - p->start_ns <= MEAN_WITHIN_NS)
        return;
    for (size_t i = 0; i < p->slots.n_ranks; i++)
        for (struct job *j = p->slots.ranks[i].first; j; j = j->next)
            if (j->wish & WISH_START) {
                j->wish &= ~(unsigned)WISH_START;
                j->meant = false;
                job_changed(en, j, 0);
            }
    p->ahead = false;
}
