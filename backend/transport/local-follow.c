/*
 * local-follow.c - a file that others append to, followed with inotify
 *
 * Only the file itself is watched, not its directory, in which a job's directory appears for every
 * job: so we are woken by what was appended and by nothing else. That is why the file is made here
 * when there is none yet. One that was replaced or removed says so by an event of its own; its
 * successor is then read from the beginning.
 */
#include "local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_SIZE 65536

/* ATTRIB: it has one name less. */
#define WATCHED (IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF)

static int open_file(struct follow *f)
{
    int r = make_parents(f->path);

    if (r < 0)
        return r;
    f->fd = open(f->path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (f->fd < 0)
        return -errno;
    f->watch = inotify_add_watch(f->inotify, f->path, WATCHED);
    return f->watch < 0 ? -errno : 0;
}

static void close_file(struct follow *f)
{
    if (f->watch >= 0)
        inotify_rm_watch(f->inotify, f->watch);
    fdp_cleanup(&f->fd);
    f->fd = f->watch = -1;
    f->at = 0;
}

int follow_start(struct follow *f, const char *path, struct error *e)
{
    int r = 0;

    f->path = strdup(path);
    f->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (!f->path || f->inotify < 0)
        r = f->path ? -errno : -ENOMEM;
    if (r == 0)
        r = open_file(f);
    if (r < 0) {
        follow_stop(f);
        return error_set(e, r, "cannot follow %s: %s", path, strerror(-r));
    }
    f->at = lseek(f->fd, 0, SEEK_END);
    return f->inotify;
}

void follow_stop(struct follow *f)
{
    close_file(f);
    fdp_cleanup(&f->inotify);
    free(f->path);
    *f = (struct follow)FOLLOW_INIT;
}

/* All events so far. What they say is not asked for: the file itself is looked at. */
static void drain(const struct follow *f)
{
    char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

    while (read(f->inotify, events, sizeof events) > 0)
        ;
}

/* Whether the name still stands for the file that is open. */
static bool still_there(const struct follow *f)
{
    struct stat ours, named;

    return f->fd >= 0 && fstat(f->fd, &ours) == 0 && lstat(f->path, &named) == 0 &&
           ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

/* From where we were; from the beginning of one that is seen to be shorter than that. */
static int read_new(struct follow *f, struct buf *b)
{
    struct stat st;

    if (fstat(f->fd, &st) < 0)
        return -errno;
    if (st.st_size < f->at)
        f->at = 0;
    for (;;) {
        ssize_t n;
        int     r = buf_reserve(b, READ_SIZE);

        if (r < 0)
            return r;
        n = pread(f->fd, b->data + b->len, READ_SIZE, f->at);
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0;
        b->len += (size_t)n;
        b->data[b->len] = '\0';
        f->at += n;
    }
}

int follow_more(struct follow *f, struct buf *b, struct error *e)
{
    int r;

    if (f->inotify < 0)
        return error_set(e, -EBADF, "no file is followed");
    drain(f);
    r = f->fd < 0 ? 0 : read_new(f, b);
    if (r == 0 && !still_there(f)) {
        close_file(f);
        r = open_file(f);
        if (r == 0)
            r = read_new(f, b);
    }
    return r < 0 ? error_set(e, r, "cannot follow %s: %s", f->path, strerror(-r)) : 0;
}
