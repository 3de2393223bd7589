/*
 * grow.c - notices that jobs of this machine write more
 *
 * A job writes its output itself, so we hear of it as anybody would: by inotify, of the real file.
 * What comes while the thread pauses waits in the kernel, merged, so however fast a job writes
 * it costs a few looks a second; and one that nobody watches is left alone again.
 */
#include "fs/grow.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/thread.h"
#include "fs/notify.h"
#include "fs/watched.h"

/* Between two looks at what was written. */
#define PAUSE_MS 200

/* A file, by the number of its watch. */
struct followed {
    int          wd;
    struct place place;
};

struct grow {
    struct mount   *mount;
    pthread_t       thread;
    int             fd;   /* inotify */
    int             stop; /* eventfd */
    pthread_mutex_t lock; /* a leaf; guards all below, and that a watch and its place are one */
    struct followed *v;    /* ascending by wd */
    size_t           n, alloc;
};

/* Where it is, or would be. */
static size_t position(const struct grow *g, int wd)
{
    size_t low = 0, high = g->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (g->v[middle].wd < wd)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool note_place(struct grow *g, int wd, struct place p)
{
    size_t i = position(g, wd);

    if (i == g->n || g->v[i].wd != wd) {
        if (g->n == g->alloc) {
            size_t alloc = g->alloc ? g->alloc * 2 : 16;
            struct followed *bigger = reallocarray(g->v, alloc, sizeof(*bigger));

            if (!bigger)
                return false;
            g->v = bigger;
            g->alloc = alloc;
        }
        memmove(&g->v[i + 1], &g->v[i], (g->n - i) * sizeof(*g->v));
        g->n++;
    }
    g->v[i] = (struct followed){ wd, p };
    return true;
}

static void forget(struct grow *g, struct followed *f)
{
    memmove(f, f + 1, (size_t)(g->v + --g->n - f) * sizeof(*f));
}

static bool is_over(struct grow *g, job_id id)
{
    struct job_brief b = { 0 };

    return !service_brief(g->mount->service, id, &b) || job_ended(b.state);
}

static void end_watch(struct grow *g, int wd)
{
    size_t i;

    pthread_mutex_lock(&g->lock);
    i = position(g, wd);
    if (i < g->n && g->v[i].wd == wd) {
        inotify_rm_watch(g->fd, wd);
        forget(g, &g->v[i]);
    }
    pthread_mutex_unlock(&g->lock);
}

/* The job could have put anything in its place: see stream.c. */
void grow_follow(struct grow *g, struct place p)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    int wd;

    if ((p.row != ROW_STDOUT && p.row != ROW_STDERR) ||
        service_local_path(g->mount->service, p.key, 0, rows[p.row].stream, &path) < 0 ||
        service_is_far(g->mount->service, path.data))
        return;
    pthread_mutex_lock(&g->lock);
    wd = inotify_add_watch(g->fd, path.data, IN_MODIFY | IN_DONT_FOLLOW);
    if (wd >= 0 && !note_place(g, wd, p))
        inotify_rm_watch(g->fd, wd);
    pthread_mutex_unlock(&g->lock);
    /* Looked at after the watch is there: either this sees that it has ended, or grow_end() it. */
    if (wd >= 0 && is_over(g, p.key))
        end_watch(g, wd);
}

/* Whether it is still wanted; else it ends here. */
static bool is_wanted(struct grow *g, int wd, struct place *p)
{
    uint64_t watched;
    bool wanted = false;
    size_t i;

    pthread_mutex_lock(&g->lock);
    i = position(g, wd);
    if (i < g->n && g->v[i].wd == wd) {
        *p = g->v[i].place;
        watched = watched_rows(notify_watched(g->mount->notify), p->key);
        wanted = watched & (ROW_BIT(p->row) | ROW_BIT(ROW_JOB));
        if (!wanted) {
            inotify_rm_watch(g->fd, wd);
            forget(g, &g->v[i]);
        }
    }
    pthread_mutex_unlock(&g->lock);
    return wanted;
}

/* There are only so many watches for a user: none is kept of what will not be written again. */
void grow_end(struct grow *g, job_id id)
{
    pthread_mutex_lock(&g->lock);
    for (size_t i = g->n; i > 0; i--)
        if (JOB_WHOLE(g->v[i - 1].place.key) == id) {
            inotify_rm_watch(g->fd, g->v[i - 1].wd);
            forget(g, &g->v[i - 1]);
        }
    pthread_mutex_unlock(&g->lock);
}

/* The number of a watch that has ended is not used again for two thousand million others. */
static void hear(struct grow *g)
{
    _Alignas(struct inotify_event) char data[4096];
    ssize_t n = read(g->fd, data, sizeof(data));
    const struct inotify_event *ev;
    struct place p;

    for (ssize_t at = 0; at < n; at += (ssize_t)(sizeof(*ev) + ev->len)) {
        ev = (const struct inotify_event *)(data + at);
        if (ev->mask & IN_IGNORED) /* its file is gone, and with it the watch */
            end_watch(g, ev->wd);
        if (ev->mask & IN_MODIFY && is_wanted(g, ev->wd, &p))
            notify_grown(g->mount->notify, p.key, ROW_BIT(p.row));
    }
}

static void *grow_main(void *arg)
{
    struct grow *g = arg;
    struct pollfd fds[] = { { .fd = g->stop, .events = POLLIN },
                            { .fd = g->fd, .events = POLLIN } };

    for (;;) {
        if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
            continue;
        if (fds[0].revents)
            return NULL;
        hear(g);
        if (poll(fds, 1, PAUSE_MS) > 0)
            return NULL;
    }
}

int grow_open(struct grow **gp, struct mount *m)
{
    struct grow *g = calloc(1, sizeof(*g));
    int r;

    if (!g)
        return -ENOMEM;
    g->mount = m;
    pthread_mutex_init(&g->lock, NULL);
    g->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    g->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    r = g->stop < 0 || g->fd < 0 ? -errno : thread_start(&g->thread, grow_main, g);
    if (r < 0) {
        if (g->stop >= 0)
            close(g->stop);
        if (g->fd >= 0)
            close(g->fd);
        pthread_mutex_destroy(&g->lock);
        free(g);
        return r;
    }
    *gp = g;
    return 0;
}

void grow_close(struct grow *g)
{
    if (!g)
        return;
    eventfd_write(g->stop, 1);
    pthread_join(g->thread, NULL);
    close(g->stop);
    close(g->fd);
    pthread_mutex_destroy(&g->lock);
    free(g->v);
    free(g);
}
