/*
 * lane.c - the threads that fetch, each with a session of its own
 *
 * Two for what is small (pieces, small files, collects), so that one can carry what was asked for
 * while the other's round trip is under way; two for streams, so that a large file holds up no
 * small one, and is itself brought by two sessions in turn. A lane is started when there is
 * something for it, and ends its session and itself when there was nothing for a while.
 */
#include "parts.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "clustrixfs/log.h"
#include "clustrixfs/thread.h"

typedef bool lane_do(struct lane *l);

/* What a lane does, the first that has something. */
static lane_do *const does[LANES][2] = {
    [LANE_SMALL] = { small_do, look_do },
    [LANE_SMALL2] = { small_do, NULL },
    [LANE_STREAM] = { stream_do, NULL },
    [LANE_STREAM2] = { stream_do, NULL },
};

/* A transport that was interrupted is of no use any more: the next call gets a new one. */
static void lane_close(struct lane *l)
{
    struct results   *r = l->results;
    struct transport *t;

    pthread_mutex_lock(&r->lock);
    t = l->t;
    l->t = NULL;
    l->broken = false;
    pthread_mutex_unlock(&r->lock);
    if (t)
        r->cluster->transport->close(t);
}

static int lane_open(struct lane *l, struct error *e)
{
    struct results   *r = l->results;
    struct transport *t = NULL;
    int               err = r->cluster->transport->open(&t, r->cluster, e);

    if (err != 0)
        return err;
    pthread_mutex_lock(&r->lock);
    l->t = t;
    if (r->closing)
        lanes_interrupt(r, l->index);
    pthread_mutex_unlock(&r->lock);
    return 0;
}

int lane_connect(struct lane *l)
{
    const struct transport_ops *ops = l->results->cluster->transport;
    struct results             *r = l->results;
    struct error                e = ERROR_INIT;
    int                         err = 0;
    bool                        broken;

    /* Before the cluster was met there is no root to fetch from. */
    if (!__atomic_load_n(&r->cluster->met, __ATOMIC_ACQUIRE))
        return -EHOSTUNREACH;
    pthread_mutex_lock(&r->lock);
    broken = l->broken;
    pthread_mutex_unlock(&r->lock);
    if (broken)
        lane_close(l);
    if (!l->t)
        err = lane_open(l, &e);
    if (err == 0 && ops->connect)
        err = ops->connect(l->t, &e);
    if (err == 0)
        return 0;
    pthread_mutex_lock(&r->lock);
    r->again_ns = clock_mono_ns() + AGAIN_NS;
    pthread_mutex_unlock(&r->lock);
    log_line(LOG_INFO, "cluster=%s: cannot connect for results: %s", r->cluster->name, e.text);
    return -EHOSTUNREACH;
}

int lane_error(struct lane *l unused_arg, int r)
{
    switch (r) {
    case TRANSPORT_E_NOT_RUN:
    case TRANSPORT_E_UNKNOWN:
    case TRANSPORT_E_LOGIN:
        return -EIO; /* the link broke; it is tried again, and then the connect says so */
    default:
        return r;
    }
}

void lanes_interrupt(struct results *r, unsigned lane)
{
    struct lane *l = &r->lanes[lane];

    if (!l->t || l->broken)
        return;
    l->broken = true;
    if (r->cluster->transport->interrupt)
        r->cluster->transport->interrupt(l->t);
}

static bool do_one(struct lane *l)
{
    for (size_t i = 0; i < ARRAY_SIZE(does[0]); i++)
        if (does[l->index][i] && does[l->index][i](l))
            return true;
    return false;
}

static struct timespec at(int64_t ns)
{
    return (struct timespec){ ns / NS_PER_S, ns % NS_PER_S };
}

/* Until there may be something to do; false: for long there was not. */
static bool wait_more(struct lane *l, int64_t until)
{
    struct results *r = l->results;
    int64_t         due = l->index == LANE_SMALL ? look_due(r) : INT64_MAX;
    struct timespec when = at(due < until ? due : until);

    l->idle = true;
    pthread_cond_timedwait(&r->more, &r->lock, &when);
    l->idle = false;
    return due != INT64_MAX || clock_mono_ns() < until;
}

static void *lane_main(void *arg)
{
    struct lane    *l = arg;
    struct results *r = l->results;
    int64_t         until = clock_mono_ns() + IDLE_NS;

    pthread_mutex_lock(&r->lock);
    while (!r->closing) {
        if (do_one(l))
            until = clock_mono_ns() + IDLE_NS;
        else if (!wait_more(l, until))
            break;
    }
    /* From here on it takes nothing more, so who wakes lanes starts it anew. */
    l->ended = true;
    pthread_mutex_unlock(&r->lock);
    lane_close(l);
    return NULL;
}

static void lane_start(struct lane *l)
{
    int r;

    if (l->ended) {
        /* It holds no lock and waits for nothing but the end of its own session. */
        pthread_join(l->thread, NULL);
        l->started = l->ended = false;
    }
    if (l->started)
        return;
    r = thread_start(&l->thread, lane_main, l);
    l->started = r == 0;
    if (r < 0)
        log_line(LOG_WARN, "cannot start a thread for results");
}

/* The second of a pair is for what the first is too busy for. */
static void wake_pair(struct results *r, unsigned first)
{
    struct lane *l = &r->lanes[first];

    if (!l->started || l->ended)
        lane_start(l);
    else if (!l->idle)
        lane_start(&r->lanes[first + 1]);
}

void lanes_wake(struct results *r)
{
    if (r->closing)
        return;
    if (small_has(r) || r->n_wanted > 0)
        wake_pair(r, LANE_SMALL);
    if (stream_has(r, clock_mono_ns()))
        wake_pair(r, LANE_STREAM);
    pthread_cond_broadcast(&r->more);
}

void lanes_join(struct results *r)
{
    for (unsigned i = 0; i < LANES; i++)
        if (r->lanes[i].started) {
            pthread_join(r->lanes[i].thread, NULL);
            r->lanes[i].started = false;
        }
}
