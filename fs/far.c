/*
 * far.c - reads of files that lie on a far cluster
 *
 * Such a read is parked before anything else: whatever it waits for, it can be interrupted. Then
 * the pool tries; when bytes are missing they are wanted, and when they have come the pool tries
 * again. The request is taken back last of all, so nothing is answered twice.
 */
#include "fs/far.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/waiters.h"

/* They came, and were given up again before they could be read; or the name is another file's. */
#define TRIES_MAX 3

struct far_read {
    struct mount *m;
    uint64_t      ticket;
    int           fd; /* its own */
    char         *path;
    size_t        size;
    off_t         off;
    unsigned      tries;
};

/* NULL is fine. */
static void far_free(struct far_read *f)
{
    if (f && f->fd >= 0)
        close(f->fd);
    if (f)
        free(f->path);
    free(f);
}

/* Programs know what to do about these; a file that changed under its reader is none of them. */
static int answer_of(int r)
{
    return r == -ESTALE || r == -EAGAIN ? EIO : -r;
}

static void answer(struct far_read *f, const char *data, ssize_t n)
{
    fuse_req_t req = waiters_claim(f->m->waiters, f->ticket);

    if (req && n < 0)
        fuse_reply_err(req, answer_of((int)n));
    else if (req)
        fuse_reply_buf(req, data, (size_t)n);
    far_free(f);
}

static void far_work(void *arg);

static void on_arrival(void *arg, int r, const struct error *e unused_arg)
{
    struct far_read *f = arg;

    if (r == 0)
        r = pool_run(f->m->pool, far_work, f);
    if (r < 0)
        answer(f, NULL, r);
}

static void far_work(void *arg)
{
    struct far_read       *f = arg;
    _cleanup_(freep) char *data = malloc(f->size);
    ssize_t                n = -ENOMEM;

    if (data)
        n = service_far_read(f->m->service, f->path, f->fd, data, f->size, f->off);
    if (n == -EAGAIN && f->tries++ < TRIES_MAX)
        service_far_want(f->m->service, f->path, f->off, f->size, on_arrival, f);
    else
        answer(f, data, n);
}

void far_reply(struct mount *m, fuse_req_t req, int fd, const char *path, size_t size, off_t off)
{
    struct far_read *f = calloc(1, sizeof(*f));

    if (f)
        *f = (struct far_read){ .m = m, .size = size, .off = off, .path = strdup(path),
                                .fd = fcntl(fd, F_DUPFD_CLOEXEC, 0) };
    if (!f || !f->path || f->fd < 0) {
        fuse_reply_err(req, f && f->path ? EMFILE : ENOMEM);
        far_free(f);
        return;
    }
    f->ticket = waiters_park(m->waiters, req);
    if (!f->ticket)
        far_free(f);
    else if (pool_run(m->pool, far_work, f) < 0)
        answer(f, NULL, -ENOMEM);
}
