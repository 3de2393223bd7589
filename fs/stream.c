/*
 * stream.c - stdout and stderr of a job
 *
 * The job writes its file on this machine and we read the same file: what was written is there at
 * once, with its true size. (Of a far job there is a file in the mirror, see far.c.) What is in the
 * page cache is answered by the loop itself; what has to
 * come from a disk by the pool, since a disk may take its time.
 */
#include "fs/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

struct stream_job {
    fuse_req_t req;
    int        fd; /* its own */
    size_t     size;
    off_t      off;
};

/* The job could have put anything in its place: only a plain file is its output. */
static int check_plain(const struct stat *st)
{
    return S_ISREG(st->st_mode) ? 0 : -ENOENT;
}

static int path_of(struct mount *m, struct place p, struct buf *path)
{
    return service_local_path(m->service, JOB_OF_KEY(p.key), ATTEMPT_OF_KEY(p.key),
                              rows[p.row].stream, path);
}

int stream_stat(struct mount *m, struct place p, struct stat *st)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    int r;

    r = path_of(m, p, &path);
    if (r < 0)
        return r;
    if (lstat(path.data, st) < 0)
        return -errno;
    if (service_is_far(m->service, path.data))
        service_far_stat(m->service, path.data, st);
    return check_plain(st);
}

int stream_open(struct mount *m, struct place p, char **far)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    _cleanup_(fdp) int fd = -1;
    struct stat st;
    int r, plain;

    *far = NULL;
    r = path_of(m, p, &path);
    if (r < 0)
        return r;
    fd = open(path.data, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    r = check_plain(&st);
    if (r == 0 && service_is_far(m->service, path.data))
        r = (*far = strdup(path.data)) ? 0 : -ENOMEM;
    if (r < 0)
        return r;
    plain = fd;
    fd = -1;
    return plain;
}

/* All that there is up to `size`: the kernel takes a short answer for the end of the file. */
static ssize_t read_all(int fd, char *data, size_t size, off_t off)
{
    size_t got = 0;

    while (got < size) {
        ssize_t n = pread(fd, data + got, size - got, off + (off_t)got);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

static void stream_work(void *arg)
{
    _cleanup_(freep) struct stream_job *job = arg;
    _cleanup_(freep) char *data = malloc(job->size);
    ssize_t n = data ? read_all(job->fd, data, job->size, job->off) : -ENOMEM;

    if (n < 0)
        fuse_reply_err(job->req, (int)-n);
    else
        fuse_reply_buf(job->req, data, (size_t)n);
    close(job->fd);
}

static int hand_on(struct mount *m, fuse_req_t req, int fd, size_t size, off_t off)
{
    _cleanup_(freep) struct stream_job *job = malloc(sizeof(*job));
    int r;

    if (!job)
        return -ENOMEM;
    *job = (struct stream_job){ req, fcntl(fd, F_DUPFD_CLOEXEC, 0), size, off };
    if (job->fd < 0)
        return -errno;
    r = pool_run(m->pool, stream_work, job);
    if (r < 0)
        close(job->fd);
    else
        job = NULL;
    return r;
}

/* Every byte up to `size` or to the end, if that can be had without waiting; else -EAGAIN. */
static ssize_t read_cached(int fd, char *data, size_t size, off_t off)
{
    struct iovec iov = { data, size };
    ssize_t n = preadv2(fd, &iov, 1, off, RWF_NOWAIT);
    struct stat st;

    if (n == (ssize_t)size)
        return n;
    if (n < 0 || fstat(fd, &st) < 0 || off + n < st.st_size)
        return -EAGAIN;
    return n;
}

void stream_read(struct mount *m, fuse_req_t req, int fd, size_t size, off_t off)
{
    _cleanup_(freep) char *data = malloc(size);
    ssize_t n = data ? read_cached(fd, data, size, off) : -ENOMEM;
    int r;

    if (n >= 0) {
        fuse_reply_buf(req, data, (size_t)n);
        return;
    }
    r = hand_on(m, req, fd, size, off);
    if (r < 0)
        fuse_reply_err(req, -r);
}
