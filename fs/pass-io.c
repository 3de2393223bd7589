/*
 * pass-io.c - reading and writing files on the disk
 */
#include "fs/far.h"
#include "fs/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What an open says about the descriptor; the kernel has taken care of the rest. */
#define FLAGS_KEPT (O_ACCMODE | O_TRUNC | O_SYNC | O_DSYNC)

/* Takes the descriptor, on failure too. */
struct pass_handle *pass_handle_new(struct pass_task *t, struct pass_node *node, int fd)
{
    struct pass_handle *h = calloc(1, sizeof(*h));

    if (!h) {
        close(fd);
        return NULL;
    }
    h->fd = fd;
    h->writes = (t->fi.flags & O_ACCMODE) != O_RDONLY;
    pass_node_opened(t->p, node, h);
    t->fi.fh = (uintptr_t)h;
    return h;
}

void pass_handle_free(struct pass_handle *h)
{
    if (h->dir)
        closedir(h->dir);
    else
        close(h->fd);
    free(h);
}

void pass_handle_close(struct pass *p, struct pass_handle *h)
{
    pass_node_closed(p, h);
    pass_handle_free(h);
}

/*
 * Pages that the kernel read while the job was writing may be older than its last byte; so they
 * are dropped once more when the job has ended, and kept from then on.
 */
static bool may_keep_cache(struct pass_task *t)
{
    return t->node->job != 0 && pass_frozen(t->p, t->node->job) &&
           atomic_exchange(&t->node->ended, true);
}

static int do_open(struct pass_task *t)
{
    struct stat         st;
    _cleanup_(fdp) int  place = pass_open_node(t->p, t->node, &st);
    struct pass_handle *h;
    int                 fd;

    if (place < 0)
        return place;
    if (!S_ISREG(st.st_mode))
        return -EACCES;
    fd = pass_reopen(place, t->fi.flags & FLAGS_KEPT);
    if (fd < 0)
        return fd;
    h = pass_handle_new(t, t->node, fd);
    if (!h)
        return -ENOMEM;
    t->fi.keep_cache = may_keep_cache(t);
    t->fi.noflush = !h->writes;
    if (fuse_reply_open(t->req, &t->fi) == -ENOENT)
        pass_handle_close(t->p, h);
    return PASS_E_ANSWERED;
}

void pass_open_file(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    bool              writes = (fi->flags & O_ACCMODE) != O_RDONLY || (fi->flags & O_TRUNC);
    struct pass_task *t = pass_task(req, ino, do_open, writes ? PASS_WRITES : PASS_LOOKS);

    if (t)
        pass_task_go(t, NULL, fi);
}

/* The mode that was asked for, whatever this process' umask makes of it. */
static int set_mode(int fd, mode_t mode, struct stat *st)
{
    if (fstat(fd, st) < 0)
        return -errno;
    if ((st->st_mode & 07777) == (mode & 07777))
        return 0;
    if (fchmod(fd, mode & 07777) < 0 || fstat(fd, st) < 0)
        return -errno;
    return 0;
}

static int reply_created(struct pass_task *t, const struct stat *st, int fd)
{
    struct fuse_entry_param entry;
    struct pass_handle     *h;
    int                     r = pass_entry(t->p, t->node, t->name, st, &entry);

    if (r < 0) {
        close(fd);
        return r;
    }
    h = pass_handle_new(t, pass_node(entry.ino), fd);
    if (h && fuse_reply_create(t->req, &entry, &t->fi) != -ENOENT)
        return PASS_E_ANSWERED;
    if (h)
        pass_handle_close(t->p, h);
    pass_node_unref(t->p, pass_node(entry.ino), 1);
    return h ? PASS_E_ANSWERED : -ENOMEM;
}

static int do_create(struct pass_task *t)
{
    struct stat        st;
    _cleanup_(fdp) int dir = pass_open_node(t->p, t->node, &st);
    int                flags = (t->fi.flags & (FLAGS_KEPT | O_EXCL)) | O_CREAT | O_NOFOLLOW;
    int                fd, r;

    if (dir < 0)
        return dir;
    fd = openat(dir, t->name, flags | O_CLOEXEC, t->mode & 07777);
    if (fd < 0)
        return -errno;
    r = set_mode(fd, t->mode, &st);
    if (r == 0)
        return reply_created(t, &st, fd);
    close(fd);
    return r;
}

void pass_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
                 struct fuse_file_info *fi)
{
    struct pass_task *t = pass_task(req, parent, do_create, PASS_WRITES);

    if (!t)
        return;
    t->mode = mode;
    pass_task_go(t, name, fi);
}

static int do_read(struct pass_task *t)
{
    ssize_t n;

    t->data = malloc(t->size);
    if (!t->data)
        return -ENOMEM;
    n = pread(t->handle->fd, t->data, t->size, t->off);
    if (n < 0)
        return -errno;
    fuse_reply_buf(t->req, t->data, (size_t)n);
    return PASS_E_ANSWERED;
}

/* It is asked for by name: what has none any more cannot be had. */
static void read_far(struct mount *m, fuse_req_t req, struct pass_node *node, size_t size,
                     off_t off, const struct fuse_file_info *fi)
{
    const struct pass_handle  *h = (struct pass_handle *)(uintptr_t)fi->fh;
    _cleanup_(bufp) struct buf path = BUF_INIT;
    int                        r = pass_path(m->pass, node, &path);

    if (r < 0)
        fuse_reply_err(req, r == -ESTALE ? EIO : -r);
    else
        far_reply(m, req, h->fd, path.data, size, off);
}

void pass_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
    struct pass_task *t;

    if (pass_node(ino)->far) {
        read_far(fuse_req_userdata(req), req, pass_node(ino), size, off, fi);
        return;
    }
    t = pass_task(req, ino, do_read, PASS_LOOKS);

    if (!t)
        return;
    t->size = size;
    t->off = off;
    pass_task_go(t, NULL, fi);
}

static int do_write(struct pass_task *t)
{
    size_t done = 0;

    while (done < t->size) {
        ssize_t n = pwrite(t->handle->fd, t->data + done, t->size - done, t->off + (off_t)done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && done == 0)
            return -errno;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    fuse_reply_write(t->req, done);
    return PASS_E_ANSWERED;
}

void pass_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t off,
                struct fuse_file_info *fi)
{
    struct pass_task *t = pass_task(req, ino, do_write, PASS_LOOKS);

    if (!t)
        return;
    t->data = malloc(size);
    if (!t->data) {
        pass_task_fail(t, ENOMEM);
        return;
    }
    memcpy(t->data, data, size);
    t->size = size;
    t->off = off;
    pass_task_go(t, NULL, fi);
}

/* What a network file system says only at a close is said at this one. */
static int do_flush(struct pass_task *t)
{
    int fd = t->handle->writes ? dup(t->handle->fd) : -1;

    return fd >= 0 && close(fd) < 0 ? -errno : 0;
}

void pass_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct pass_task *t = pass_task(req, ino, do_flush, PASS_LOOKS);

    if (t)
        pass_task_go(t, NULL, fi);
}

static int do_release(struct pass_task *t)
{
    pass_handle_close(t->p, t->handle);
    return 0;
}

void pass_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct pass_task *t = pass_task(req, ino, do_release, PASS_LOOKS);

    if (t)
        pass_task_go(t, NULL, fi);
}

static int do_fsync(struct pass_task *t)
{
    return (t->flags ? fdatasync : fsync)(t->handle->fd) < 0 ? -errno : 0;
}

void pass_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
    struct pass_task *t = pass_task(req, ino, do_fsync, PASS_LOOKS);

    if (!t)
        return;
    t->flags = datasync;
    pass_task_go(t, NULL, fi);
}

static int do_fallocate(struct pass_task *t)
{
    return fallocate(t->handle->fd, t->flags, t->off, (off_t)t->size) < 0 ? -errno : 0;
}

void pass_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t off, off_t len,
                    struct fuse_file_info *fi)
{
    struct pass_task *t = pass_task(req, ino, do_fallocate, PASS_LOOKS);

    if (!t)
        return;
    t->flags = mode;
    t->off = off;
    t->size = (size_t)len;
    pass_task_go(t, NULL, fi);
}

/* Never waits, like any file on a disk. */
void pass_poll(fuse_req_t req, fuse_ino_t ino unused_arg, struct fuse_file_info *fi unused_arg,
               struct fuse_pollhandle *ph)
{
    if (ph)
        fuse_pollhandle_destroy(ph);
    fuse_reply_poll(req, POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM);
}
