/*
 * service-parts.h - what the files behind service.h share
 */
#ifndef CLUSTRIXFS_SERVICE_PARTS_H
#define CLUSTRIXFS_SERVICE_PARTS_H

#include <pthread.h>

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
    struct far          *far;      /* service-results.c: by cluster           */
    struct results     **results;  /* by cluster; NULL for this machine       */
    pthread_mutex_t      looked_lock;
    struct looked       *looked;   /* live far jobs that somebody looked at   */
    size_t               n_looked, looked_alloc;
    struct engine       *engine;
    struct reader       *reader;   /* the loop's thread */
    uint64_t             draft_id; /* the last one given out; the loop's thread */
    struct fresh        *fresh;    /* the loop's thread                         */
    service_changed     *watcher;
    void                *watcher_arg;
};

/* Forget what the reader can find by now (all of it: at the end). */
void service_drop_fresh(struct service *s, bool all);

/* service-results.c: for each far cluster what is held of it here. */
int  service_results_open(struct service *s, struct error *e) must_check;
void service_results_close(struct service *s);
/* The path of a far job's file in the mirror, and somebody looks at it. */
int service_mirror_path(struct service *s, const struct cluster *c, const struct job_view *v,
                        uint32_t attempt, enum job_file what, struct buf *out) must_check;

#endif
