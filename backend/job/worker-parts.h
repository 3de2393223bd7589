/*
 * worker-parts.h - what the files of one cluster's thread share
 */
#ifndef CLUSTRIXFS_WORKER_PARTS_H
#define CLUSTRIXFS_WORKER_PARTS_H

#include <pthread.h>

#include "batch.h"
#include "link.h"
#include "worker.h"

struct worker {
    const struct cluster *cluster;
    struct transport     *transport;
    struct mailbox       *orders;
    struct mailbox       *answers; /* the engine's */
    struct worker_acts    acts;
    struct results       *results;   /* borrowed; NULL where the files are here               */
    int                   follow_fd; /* -1: cannot be followed; the sweeps do it then         */
    struct buf            tail;      /* of the events file: a line that is not whole yet      */
    pthread_t             thread;
    bool                  stop; /* atomic */

    /* worker-link.c */
    struct link_state link;
    int64_t           retry_ns; /* mono: when to try to connect; 0: not by itself */
    unsigned          failures; /* in a row                                       */
    int64_t           ping_ns;  /* mono: when to ask whether it is there          */
    bool              watched;  /* atomic                                         */
};

/* At the beginning: a cluster that needs a connection gets one as soon as the thread runs. */
void link_begin(struct worker *w);
/* Connect if it is time to, and ask a silent far side whether it is there. */
void link_try(struct worker *w);
/* Something was heard of the far side just now. */
void link_heard(struct worker *w);
/* The connection has ended: `why` or NULL. */
void link_lost(struct worker *w, const char *why);
/* ctl connect, ctl disconnect */
void link_want(struct worker *w, bool want);
/* Milliseconds until link_try() has something to do, -1: never. */
int link_wait_ms(const struct worker *w);

/* Answers go to the engine; the batch keeps none. */
void worker_post(struct worker *w, struct batch *b);

/* Read what was appended to the events file, and what became of those it names. */
void worker_read_events(struct worker *w);
/* Follow ROOT/events from now on. */
void worker_follow(struct worker *w, const char *root);

#endif
