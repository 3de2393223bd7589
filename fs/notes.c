/*
 * notes.c - what notify.c still has to do, in order
 *
 * A job that changes while a change of it still waits is told of once.
 */
#include "fs/notes.h"

#include <stdlib.h>
#include <string.h>

#include "clustrixfs/service.h"

/* More than this many jobs at once: the kernel then finds out when FROZEN_S is over. */
#define NOTES_MAX (256 * 1024)
/* The newest notes: where another one of the same job is looked for. */
#define MERGED 16
#define CHANGES_STATE (CHANGE_JOB_NEW | CHANGE_JOB_STATE | CHANGE_JOB_GONE)

bool notes_any(const struct notes *ns)
{
    return ns->first < ns->n;
}

const struct note *notes_first(const struct notes *ns)
{
    return &ns->v[ns->first];
}

int64_t notes_newest_ns(const struct notes *ns)
{
    return ns->v[ns->n - 1].at_ns;
}

struct note notes_take(struct notes *ns)
{
    struct note note = ns->v[ns->first++];

    if (ns->first == ns->n)
        ns->first = ns->n = 0;
    return note;
}

static bool merge(struct notes *ns, const struct note *note)
{
    for (size_t i = ns->n; i > ns->first && i + MERGED > ns->n; i--) {
        struct note *other = &ns->v[i - 1];

        if (other->id != note->id || other->then)
            continue;
        if (note->what & CHANGES_STATE && !(other->what & CHANGES_STATE))
            other->from = note->from;
        if (note->what & CHANGES_STATE)
            other->to = note->to;
        other->at_ns = note->at_ns;
        other->what |= note->what;
        other->listings |= note->listings;
        other->grown |= note->grown;
        other->kept |= note->kept;
        other->lent |= note->lent;
        return true;
    }
    return false;
}

/* What was taken leaves room, also when there is never a moment with nothing to do. */
static void make_room(struct notes *ns)
{
    if (ns->n < ns->alloc || ns->first <= ns->alloc / 2)
        return;
    memmove(ns->v, ns->v + ns->first, (ns->n - ns->first) * sizeof(*ns->v));
    ns->n -= ns->first;
    ns->first = 0;
}

bool notes_add(struct notes *ns, const struct note *note)
{
    if (!note->then && merge(ns, note))
        return true;
    make_room(ns);
    if (ns->n == ns->alloc) {
        size_t alloc = ns->alloc ? ns->alloc * 2 : 64;
        struct note *bigger = alloc > NOTES_MAX ? NULL
                                                : reallocarray(ns->v, alloc, sizeof(*bigger));

        if (!bigger)
            return false;
        ns->v = bigger;
        ns->alloc = alloc;
    }
    ns->v[ns->n++] = *note;
    return true;
}
