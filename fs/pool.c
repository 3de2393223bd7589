/*
 * pool.c - a few threads for what may wait on a disk
 *
 * One queue, one lock, one condition. The threads do not know what they do; whoever gives them
 * work gives everything that the work needs along with it.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "fs/mount.h"

#include "clustrixfs/thread.h"

struct work {
    struct work *next;
    pool_fn     *fn;
    void        *arg;
};

struct pool {
    pthread_mutex_t lock; /* over the queue and `closing` */
    pthread_cond_t  more;
    struct work    *first, **last;
    bool            closing;
    unsigned        n;
    pthread_t       threads[];
};

/* The next piece of work, or NULL when there will be none. */
static struct work *pool_take(struct pool *p)
{
    struct work *w;

    pthread_mutex_lock(&p->lock);
    while (!p->first && !p->closing)
        pthread_cond_wait(&p->more, &p->lock);
    w = p->first;
    if (w) {
        p->first = w->next;
        if (!p->first)
            p->last = &p->first;
    }
    pthread_mutex_unlock(&p->lock);
    return w;
}

static void *pool_thread(void *arg)
{
    struct pool *p = arg;
    struct work *w;

    while ((w = pool_take(p))) {
        w->fn(w->arg);
        free(w);
    }
    return NULL;
}

static int pool_start(struct pool *p)
{
    int r = thread_start(&p->threads[p->n], pool_thread, p);

    if (r == 0)
        p->n++;
    return r;
}

int pool_open(struct pool **pp, unsigned threads)
{
    struct pool *p = calloc(1, sizeof(*p) + threads * sizeof(p->threads[0]));

    if (!p)
        return -ENOMEM;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->more, NULL);
    p->last = &p->first;
    while (p->n < threads) {
        int r = pool_start(p);

        if (r < 0) {
            pool_close(p);
            return r;
        }
    }
    *pp = p;
    return 0;
}

int pool_run(struct pool *p, pool_fn *fn, void *arg)
{
    struct work *w = calloc(1, sizeof(*w));

    if (!w)
        return -ENOMEM;
    w->fn = fn;
    w->arg = arg;
    pthread_mutex_lock(&p->lock);
    *p->last = w;
    p->last = &w->next;
    pthread_cond_signal(&p->more);
    pthread_mutex_unlock(&p->lock);
    return 0;
}

void pool_close(struct pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->closing = true;
    pthread_cond_broadcast(&p->more);
    pthread_mutex_unlock(&p->lock);
    while (p->n > 0)
        pthread_join(p->threads[--p->n], NULL);
    pthread_cond_destroy(&p->more);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
