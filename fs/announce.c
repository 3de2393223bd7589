/*
 * announce.c - what a change looks like to programs that watch
 *
 * A job that comes is an entry that is made, one that changes its state moves from one directory
 * of by-state/ to another, and its texts are written. Only what may be watched is raised.
 */
#include "fs/announce.h"

#include <stdio.h>

#include "fs/raise.h"

#define NUMBER_MAX 24

/* Texts of a job's directory that change with its state, for those who watch the directory. */
static const enum row_id told_rows[] = {
    ROW_STATE, ROW_REASON, ROW_EXIT_CODE, ROW_STDOUT, ROW_STDERR, ROW_INFO, ROW_JOB_EVENTS,
};

static void announce_rows(struct mount *m, const struct change *c, uint64_t watched)
{
    uint64_t changed = c->what & CHANGE_JOB_STATE ? ~UINT64_C(0) : c->grown;

    if (c->what & CHANGE_JOB_FILES)
        changed |= ROW_BIT(ROW_STDOUT) | ROW_BIT(ROW_STDERR);
    for (size_t i = 0; i < ARRAY_SIZE(told_rows); i++) {
        uint64_t bit = ROW_BIT(told_rows[i]);

        if (changed & bit && watched & (bit | ROW_BIT(ROW_JOB)))
            raise_written(m->raiser, (struct place){ told_rows[i], c->id });
    }
}

static void announce_state(struct mount *m, struct watched *w, const struct change *c,
                           const char *number)
{
    struct place link = { ROW_STATE_LINK, c->id };

    if (c->from == c->to)
        return;
    if (c->from && watched_surely(w, LISTING_STATE(c->from)))
        raise_gone(m->raiser, (struct place){ ROW_STATE_JOBS, c->from }, number, link);
    if (c->to && watched_surely(w, LISTING_STATE(c->to)))
        raise_come(m->raiser, (struct place){ ROW_STATE_JOBS, c->to }, number, link);
}

/* A job is told to be new more than once. */
static bool comes(const struct change *c)
{
    return c->what & CHANGE_JOB_NEW && !c->from;
}

unsigned announce_listings(const struct change *c)
{
    unsigned which = comes(c) ? LISTING_JOBS | LISTING_CLUSTERS : 0;

    if (JOB_ELEMENT(c->id))
        return 0;
    if (c->from != c->to)
        which |= (c->from ? LISTING_STATE(c->from) : 0) | (c->to ? LISTING_STATE(c->to) : 0);
    return which;
}

/* What goes has been removed from jobs/ by a program, and the kernel has said so. */
static void announce_entry(struct mount *m, struct watched *w, const struct change *c,
                           const struct job_brief *b, const char *number)
{
    if (comes(c) && watched_surely(w, LISTING_JOBS))
        raise_come(m->raiser, (struct place){ ROW_JOBS, 0 }, number,
                   (struct place){ ROW_JOB, c->id });
    if (comes(c) && watched_surely(w, LISTING_CLUSTERS))
        raise_come(m->raiser, (struct place){ ROW_CLUSTER_JOBS, CLUSTER_KEY(b->cluster) }, number,
                   (struct place){ ROW_CLUSTER_LINK, c->id });
}

void announce(struct mount *m, struct watched *w, const struct change *c)
{
    uint64_t watched = watched_rows_surely(w, c->id);
    char number[NUMBER_MAX];
    struct job_brief b = { 0 };

    if (JOB_ELEMENT(c->id) == 0) {
        snprintf(number, sizeof(number), "%llu", (unsigned long long)JOB_NUMBER(c->id));
        if (service_brief(m->service, c->id, &b))
            announce_entry(m, w, c, &b, number);
        if (c->what & (CHANGE_JOB_NEW | CHANGE_JOB_STATE | CHANGE_JOB_GONE))
            announce_state(m, w, c, number);
    }
    if (watched)
        announce_rows(m, c, watched);
}

void announce_log(struct mount *m, struct watched *w)
{
    if (watched_surely(w, LISTING_LOG))
        raise_written(m->raiser, (struct place){ ROW_EVENTS, 0 });
}
