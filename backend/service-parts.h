/*
 * service-parts.h - what the files behind service.h share
 */
#ifndef CLUSTRIXFS_SERVICE_PARTS_H
#define CLUSTRIXFS_SERVICE_PARTS_H

#include "clustrixfs/service.h"

#include "board.h"
#include "engine.h"
#include "reader.h"

/* A spec that was submitted a moment ago and is not where the reader would find it yet. */
struct fresh {
    struct fresh *next;
    job_id        id;
    uint64_t      ticket;
    struct buf    text;
};

struct service {
    const struct config *config;
    struct board        *board;
    struct engine       *engine;
    struct reader       *reader;   /* the loop's thread */
    uint64_t             draft_id; /* the last one given out; the loop's thread */
    struct fresh        *fresh;    /* the loop's thread                         */
    service_changed     *watcher;
    void                *watcher_arg;
};

/* Forget what the reader can find by now (all of it: at the end). */
void service_drop_fresh(struct service *s, bool all);

#endif
