/*
 * pull.c - the bytes of a far job's files, into the mirror
 *
 * Many files are asked for at once, so that small ones do not cost a round trip each. While there
 * is no way to the cluster it waits for one; when no byte has come for PATIENCE_NS it gives up, so
 * that a job's end is never held up for ever.
 */
#include <errno.h>

#include "parts.h"

#define COMING_MAX 64
#define TRIES_MAX 3
#define PATIENCE_NS (600 * NS_PER_S)
#define AGAIN_NS (2 * NS_PER_S)

/* Called once for each want, from any thread. */
static void got(void *arg, int r)
{
    struct found   *file = arg;
    struct hand    *h = file->hand;
    struct fetcher *f = h->fetcher;

    pthread_mutex_lock(&f->lock);
    file->r = r;
    h->coming--;
    if (r == 0)
        h->got_ns = clock_mono_ns();
    pthread_cond_broadcast(&f->more);
    pthread_mutex_unlock(&f->lock);
}

static void wait_until_coming(struct hand *h, unsigned most)
{
    struct fetcher *f = h->fetcher;

    pthread_mutex_lock(&f->lock);
    while (h->coming > most)
        pthread_cond_wait(&f->more, &f->lock);
    pthread_mutex_unlock(&f->lock);
}

static void ask(struct hand *h, const struct order *o, struct found *file, off_t off, size_t size)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    struct fetcher            *f = h->fetcher;

    file->hand = h;
    file->r = buf_printf(&path, "files/%s", file->path);
    if (file->r < 0)
        return;
    pthread_mutex_lock(&f->lock);
    h->coming++;
    pthread_mutex_unlock(&f->lock);
    results_want(f->results, o->token, path.data, off, size, got, file);
}

/* It says nothing about the file. */
static bool is_the_way(int r)
{
    return r == -EHOSTUNREACH || r == -ETIMEDOUT || r == -EIO;
}

/* One that changes under us again and again is given up. */
static bool may_come(int r, int tries)
{
    return is_the_way(r) || (r == -ESTALE && tries < TRIES_MAX);
}

/* Until there is a way to the cluster, or at least some time went by; false: no more of it. */
static bool wait_for_link(struct hand *h)
{
    struct fetcher *f = h->fetcher;
    int64_t         until = clock_mono_ns() + AGAIN_NS;
    struct timespec when = { .tv_sec = until / NS_PER_S, .tv_nsec = until % NS_PER_S };
    bool            patient;

    pthread_mutex_lock(&f->lock);
    while (!f->stop && !h->dropped && clock_mono_ns() < until)
        pthread_cond_timedwait(&f->more, &f->lock, &when);
    patient = clock_mono_ns() - h->got_ns < PATIENCE_NS;
    pthread_mutex_unlock(&f->lock);
    return patient && hand_goes_on(h);
}

/* How many of those that were asked for have not come and still may. */
static size_t ask_all(struct hand *h, const struct order *o, struct finds *fs, int tries)
{
    size_t left = 0;

    for (size_t i = 0; i < fs->n && hand_goes_on(h); i++) {
        if (!may_come(fs->v[i].r, tries))
            continue;
        wait_until_coming(h, COMING_MAX - 1);
        ask(h, o, &fs->v[i], 0, fs->v[i].size);
    }
    wait_until_coming(h, 0);
    for (size_t i = 0; i < fs->n; i++)
        left += may_come(fs->v[i].r, tries + 1);
    return left;
}

/* What would never be here as a whole, since its beginning makes room for its end. */
static bool is_too_large(const struct fetcher *f, const struct found *file)
{
    return f->cluster->mirror_max && file->size > f->cluster->mirror_max / 2;
}

void pull_all(struct hand *h, const struct order *o, struct finds *fs)
{
    int tries = 0;

    pthread_mutex_lock(&h->fetcher->lock);
    h->got_ns = clock_mono_ns();
    pthread_mutex_unlock(&h->fetcher->lock);
    for (size_t i = 0; i < fs->n; i++)
        fs->v[i].r = !fs->v[i].size                        ? 0
                     : is_too_large(h->fetcher, &fs->v[i]) ? -EFBIG
                                                           : -EHOSTUNREACH;
    while (ask_all(h, o, fs, tries) && wait_for_link(h))
        tries++;
}

int pull_one(struct hand *h, const struct order *o, struct found *file, off_t off, size_t size)
{
    do {
        ask(h, o, file, off, size);
        wait_until_coming(h, 0);
    } while (is_the_way(file->r) && wait_for_link(h));
    return file->r;
}
