/*
 * view.c - making, counting and dropping views
 *
 * A view and all its strings are one allocation, since one is made for each change of a job and
 * dropped a moment later.
 */
#include "views.h"

#include <stdlib.h>
#include <string.h>

static size_t size_of(const char *s)
{
    return strlen(s ? s : "") + 1;
}

static const char *lay(char **at, const char *s)
{
    char *here = *at;

    *at += size_of(s);
    return memcpy(here, s ? s : "", size_of(s));
}

struct job_view *job_view_make(const struct job_view *from)
{
    struct job_view *v = malloc(sizeof(*v) + size_of(from->name) + size_of(from->alias) +
                                size_of(from->cluster) + size_of(from->reason) +
                                size_of(from->native) + size_of(from->node) +
                                size_of(from->memory_by));
    char *at = (char *)(v + 1);

    if (!v)
        return NULL;
    *v = *from;
    v->refs = 1;
    v->name = lay(&at, from->name);
    v->alias = lay(&at, from->alias);
    v->cluster = lay(&at, from->cluster);
    v->reason = lay(&at, from->reason);
    v->native = lay(&at, from->native);
    v->node = lay(&at, from->node);
    v->memory_by = lay(&at, from->memory_by);
    return v;
}

struct job_view *job_view_ref(const struct job_view *v)
{
    struct job_view *mine = (struct job_view *)v;

    __atomic_add_fetch(&mine->refs, 1, __ATOMIC_RELAXED);
    return mine;
}

void job_view_unref(struct job_view *v)
{
    if (v && !__atomic_sub_fetch(&v->refs, 1, __ATOMIC_ACQ_REL))
        free(v);
}
