/*
 * watch.c - sees to it that waiting has an end
 *
 * A thread that wakes once a second while anything is being fetched, and not at all otherwise: a
 * want of which no byte has come for long is answered with -ETIMEDOUT, and what its lane hangs in
 * is interrupted. And what was forgotten is removed from the disk here, where nobody waits.
 */
#include "parts.h"

#include <errno.h>
#include <time.h>

#include "clustrixfs/thread.h"

static void *watch_main(void *arg)
{
    struct results *r = arg;
    bool            quiet = false;

    pthread_mutex_lock(&r->lock);
    while (!r->closing) {
        int64_t         now = clock_mono_ns(), until = now + NS_PER_S;
        struct timespec when = { until / NS_PER_S, until % NS_PER_S };
        struct want    *silent = wants_silent(r, now);

        bool            forgotten = r->forgotten;

        r->forgotten = false;
        quiet = files_trim(r, now, false) && !r->wants;
        if (silent || forgotten) {
            pthread_mutex_unlock(&r->lock);
            wants_answer(silent);
            if (forgotten)
                mirror_clean(&r->mirror);
            pthread_mutex_lock(&r->lock);
        } else if (quiet)
            pthread_cond_wait(&r->more, &r->lock);
        else
            pthread_cond_timedwait(&r->more, &r->lock, &when);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

void watch_start(struct results *r)
{
    if (!r->watching && !r->closing)
        r->watching = thread_start(&r->watch, watch_main, r) == 0;
}

void watch_join(struct results *r)
{
    if (r->watching)
        pthread_join(r->watch, NULL);
    r->watching = false;
}
