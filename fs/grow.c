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
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/thread.h"
#include "fs/notify.h"
#include "fs/watched.h"

/* Between two looks at what was written. */
#define PAUSE_MS 200

struct grow {
    struct mount   *mount;
    pthread_t       thread;
    int             fd;   /* inotify */
    int             stop; /* eventfd */
    pthread_mutex_t lock; /* a leaf; guards all below, and that a watch and its place are one */
    struct place   *places; /* by the number of the watch */
    size_t          n;
};

static bool note_place(struct grow *g, int wd, struct place p)
{
    if ((size_t)wd >= g->n) {
        size_t n = (size_t)wd + (size_t)wd / 2 + 16;
        struct place *bigger = reallocarray(g->places, n, sizeof(*bigger));

        if (!bigger)
            return false;
        for (size_t i = g->n; i < n; i++)
            bigger[i] = (struct place){ ROW_NONE, 0 };
        g->places = bigger;
        g->n = n;
    }
    g->places[wd] = p;
    return true;
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
}

/* Whether it is still wanted; else it ends here. */
static bool is_wanted(struct grow *g, int wd, struct place *p)
{
    bool wanted = false;

    pthread_mutex_lock(&g->lock);
    *p = (size_t)wd < g->n ? g->places[wd] : (struct place){ ROW_NONE, 0 };
    if (p->row != ROW_NONE) {
        uint64_t watched = watched_rows(notify_watched(g->mount->notify), p->key);

        wanted = watched & (ROW_BIT(p->row) | ROW_BIT(ROW_JOB));
        if (!wanted) {
            inotify_rm_watch(g->fd, wd);
            g->places[wd].row = ROW_NONE;
        }
    }
    pthread_mutex_unlock(&g->lock);
    return wanted;
}

/* The kernel has removed a watch whose file is gone; its number is not used again. */
static void hear(struct grow *g)
{
    _Alignas(struct inotify_event) char data[4096];
    ssize_t n = read(g->fd, data, sizeof(data));
    const struct inotify_event *ev;
    struct place p;

    for (ssize_t at = 0; at < n; at += (ssize_t)(sizeof(*ev) + ev->len)) {
        ev = (const struct inotify_event *)(data + at);
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
    free(g->places);
    free(g);
}
