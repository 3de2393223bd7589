/*
 * pass-dir.c - listing a directory on the disk
 *
 * The kernel's own offsets of the directory serve as ours. A listing with attributes looks every
 * entry up, as lookup does, and counts it for the kernel.
 */
#include "fs/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int do_opendir(struct pass_task *t)
{
    struct stat         st;
    _cleanup_(fdp) int  place = pass_open_node(t->p, t->node, &st);
    struct pass_handle *h;
    int                 fd;

    if (place < 0)
        return place;
    fd = pass_reopen(place, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return fd;
    h = pass_handle_new(t, t->node, fd);
    if (!h)
        return -ENOMEM;
    h->dir = fdopendir(fd);
    if (!h->dir) {
        pass_handle_close(t->p, h);
        return -ENOMEM;
    }
    if (fuse_reply_open(t->req, &t->fi) == -ENOENT)
        pass_handle_close(t->p, h);
    return PASS_E_ANSWERED;
}

void pass_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct pass_task *t = pass_task(req, ino, do_opendir, PASS_LOOKS);

    if (t)
        pass_task_go(t, NULL, fi);
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static void bare_entry(const struct dirent *d, struct fuse_entry_param *entry)
{
    *entry = (struct fuse_entry_param){ 0 };
    entry->attr.st_ino = INO_MAKE(ROOM_PASS, INO_REST(d->d_ino));
    entry->attr.st_mode = DTTOIF(d->d_type);
}

/* False: it vanished since the directory was read. */
static bool full_entry(struct pass_task *t, const struct dirent *d, struct fuse_entry_param *entry)
{
    struct stat st;

    return fstatat(t->handle->fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           pass_entry(t->p, t->node, d->d_name, &st, entry) == 0;
}

static bool add_plain(struct pass_task *t, const struct dirent *d, size_t *used)
{
    struct fuse_entry_param entry;
    size_t                  n;

    bare_entry(d, &entry);
    n = fuse_add_direntry(t->req, t->data + *used, t->size - *used, d->d_name, &entry.attr,
                          d->d_off);
    if (n > t->size - *used)
        return false;
    *used += n;
    return true;
}

static bool add_plus(struct pass_task *t, const struct dirent *d, size_t *used)
{
    struct fuse_entry_param entry;
    bool                    counted = false;
    size_t                  n;

    if (is_dots(d->d_name))
        bare_entry(d, &entry);
    else if (full_entry(t, d, &entry))
        counted = true;
    else
        return true;
    n = fuse_add_direntry_plus(t->req, t->data + *used, t->size - *used, d->d_name, &entry,
                               d->d_off);
    if (n <= t->size - *used) {
        *used += n;
        return true;
    }
    if (counted)
        pass_node_unref(t->p, pass_node(entry.ino), 1);
    return false;
}

/* The stream goes on where it stands, unless the kernel wants another place. */
static void go_to(struct pass_handle *h, off_t off)
{
    if (off == 0)
        rewinddir(h->dir);
    else if (off != h->at)
        seekdir(h->dir, off);
    h->at = off;
}

static int list(struct pass_task *t, bool (*add)(struct pass_task *, const struct dirent *,
                                                 size_t *))
{
    struct pass_handle *h = t->handle;
    struct dirent      *d;
    size_t              used = 0;

    t->data = malloc(t->size);
    if (!t->data)
        return -ENOMEM;
    go_to(h, t->off);
    errno = 0;
    while ((d = readdir(h->dir)) && add(t, d, &used)) {
        h->at = d->d_off;
        errno = 0;
    }
    if (!d && errno && used == 0)
        return -errno;
    /* One entry was taken from the stream that did not fit. */
    if (d)
        h->at = -1;
    fuse_reply_buf(t->req, t->data, used);
    return PASS_E_ANSWERED;
}

static int do_readdir(struct pass_task *t)
{
    return list(t, add_plain);
}

static int do_readdirplus(struct pass_task *t)
{
    return list(t, add_plus);
}

static void read_with(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                      struct fuse_file_info *fi, pass_do *fn)
{
    struct pass_task *t = pass_task(req, ino, fn, PASS_LOOKS);

    if (!t)
        return;
    t->size = size;
    t->off = off;
    pass_task_go(t, NULL, fi);
}

void pass_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                  struct fuse_file_info *fi)
{
    read_with(req, ino, size, off, fi, do_readdir);
}

void pass_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                      struct fuse_file_info *fi)
{
    read_with(req, ino, size, off, fi, do_readdirplus);
}
