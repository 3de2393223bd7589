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
    struct fetcher *f = file->fetcher;

    pthread_mutex_lock(&f->lock);
    file->r = r;
    f->coming--;
    if (r == 0)
        f->got_ns = clock_mono_ns();
    pthread_cond_signal(&f->more);
    pthread_mutex_unlock(&f->lock);
}

static void wait_until_coming(struct fetcher *f, unsigned most)
{
    pthread_mutex_lock(&f->lock);
    while (f->coming > most)
        pthread_cond_wait(&f->more, &f->lock);
    pthread_mutex_unlock(&f->lock);
}

static void ask(struct fetcher *f, const struct order *o, struct found *file, off_t off,
                size_t size)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;

    file->fetcher = f;
    file->r = buf_printf(&path, "files/%s", file->path);
    if (file->r < 0)
        return;
    pthread_mutex_lock(&f->lock);
    f->coming++;
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
static bool wait_for_link(struct fetcher *f)
{
    int64_t         until = clock_mono_ns() + AGAIN_NS;
    struct timespec when = { .tv_sec = until / NS_PER_S, .tv_nsec = until % NS_PER_S };
    bool            patient;

    pthread_mutex_lock(&f->lock);
    while (!f->stop && !f->dropped && clock_mono_ns() < until)
        pthread_cond_timedwait(&f->more, &f->lock, &when);
    patient = clock_mono_ns() - f->got_ns < PATIENCE_NS;
    pthread_mutex_unlock(&f->lock);
    return patient && fetcher_goes_on(f);
}

/* How many of those that were asked for have not come and still may. */
static size_t ask_all(struct fetcher *f, const struct order *o, struct finds *fs, int tries)
{
    size_t left = 0;

    for (size_t i = 0; i < fs->n && fetcher_goes_on(f); i++) {
        if (!may_come(fs->v[i].r, tries))
            continue;
        wait_until_coming(f, COMING_MAX - 1);
        ask(f, o, &fs->v[i], 0, fs->v[i].size);
    }
    wait_until_coming(f, 0);
    for (size_t i = 0; i < fs->n; i++)
        left += may_come(fs->v[i].r, tries + 1);
    return left;
}

/* What would never be here as a whole, since its beginning makes room for its end. */
static bool is_too_large(const struct fetcher *f, const struct found *file)
{
    return f->cluster->mirror_max && file->size > f->cluster->mirror_max / 2;
}

void pull_all(struct fetcher *f, const struct order *o, struct finds *fs)
{
    int tries = 0;

    f->got_ns = clock_mono_ns();
    for (size_t i = 0; i < fs->n; i++)
        fs->v[i].r = !fs->v[i].size                    ? 0
                     : is_too_large(f, &fs->v[i])     ? -EFBIG
                                                       : -EHOSTUNREACH;
    while (ask_all(f, o, fs, tries) && wait_for_link(f))
        tries++;
}

int pull_one(struct fetcher *f, const struct order *o, struct found *file, off_t off, size_t size)
{
    do {
        ask(f, o, file, off, size);
        wait_until_coming(f, 0);
    } while (is_the_way(file->r) && wait_for_link(f));
    return file->r;
}
