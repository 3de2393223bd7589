/*
 * survey.h - one look at all that we have in a cluster's queue
 *
 * Said by the worker for the engine (ORDER_SURVEY), or within a search for jobs whose submission
 * was not answered.
 */
#ifndef CLUSTRIXFS_JOB_SURVEY_H
#define CLUSTRIXFS_JOB_SURVEY_H

#include "clustrixfs/scheduler.h"

#include "message.h"

struct survey_news {
    struct message   message;
    unsigned         cluster;
    int64_t          asked_ns; /* mono, before it was said: what came later need not be in it */
    bool             whole;    /* what is not in it is not in the queue; else `e` says why not */
    struct error     e;
    struct sighting *v; /* owned */
    size_t           n, alloc;
};

/* NULL: out of memory. Never fails otherwise: what could not be had is said in it. */
struct survey_news *survey_take(struct transport *t, const struct cluster *c);
void                survey_free(struct survey_news *s);
/* The sighting of that attempt of a job or element, or NULL. */
const struct sighting *survey_find(const struct survey_news *s, const char *token,
                                   uint32_t element, uint32_t attempt);

#endif
