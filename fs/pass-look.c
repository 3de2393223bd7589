/*
 * pass-look.c - looking at what lies on the disk
 */
#include "fs/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define XATTR_USER "user."

static int do_lookup(struct pass_task *t)
{
    struct stat        st;
    _cleanup_(fdp) int dir = pass_open_node(t->p, t->node, &st);

    if (dir < 0)
        return dir;
    if (fstatat(dir, t->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    return pass_task_reply_entry(t, t->name, &st);
}

void pass_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct pass_task *t = pass_task(req, parent, do_lookup, PASS_LOOKS);

    if (t)
        pass_task_go(t, name, NULL);
}

int pass_task_reply_attr(struct pass_task *t)
{
    struct stat        st;
    _cleanup_(fdp) int fd = pass_open_node(t->p, t->node, &st);

    if (fd < 0)
        return fd;
    pass_attr(t->p, t->node, &st);
    fuse_reply_attr(t->req, &st, pass_attr_timeout(t->p, t->node));
    return PASS_E_ANSWERED;
}

void pass_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi unused_arg)
{
    struct pass_task *t = pass_task(req, ino, pass_task_reply_attr, PASS_LOOKS);

    if (t)
        pass_task_go(t, NULL, NULL);
}

/*
 * Whether a link of a job's stays in the job's directory wherever it lies there. Counting how far
 * ".." leads up is not enough where the way leads through another link, so there may be none.
 */
static bool stays_inside(const char *target)
{
    if (*target == '/')
        return false;
    while (*target) {
        size_t len = strcspn(target, "/");

        if (len == 2 && memcmp(target, "..", 2) == 0)
            return false;
        target += len;
        target += strspn(target, "/");
    }
    return true;
}

static int do_readlink(struct pass_task *t)
{
    char               target[PATH_MAX + 1];
    struct stat        st;
    _cleanup_(fdp) int fd = pass_open_node(t->p, t->node, &st);
    ssize_t            n;

    if (fd < 0)
        return fd;
    n = readlinkat(fd, "", target, sizeof(target) - 1);
    if (n < 0)
        return -errno;
    target[n] = '\0';
    if (t->node->job != 0 && !stays_inside(target))
        return -EPERM;
    fuse_reply_readlink(t->req, target);
    return PASS_E_ANSWERED;
}

void pass_readlink(fuse_req_t req, fuse_ino_t ino)
{
    struct pass_task *t = pass_task(req, ino, do_readlink, PASS_LOOKS);

    if (t)
        pass_task_go(t, NULL, NULL);
}

/* The answer to both calls for extended attributes: how long it is, or the bytes. */
static int reply_xattr(struct pass_task *t, ssize_t n)
{
    if (n < 0)
        return -errno;
    if (t->size == 0)
        fuse_reply_xattr(t->req, (size_t)n);
    else
        fuse_reply_buf(t->req, t->data, (size_t)n);
    return PASS_E_ANSWERED;
}

static int open_for_xattr(struct pass_task *t, char path[PASS_FD_PATH_MAX])
{
    struct stat st;
    int         fd = pass_open_node(t->p, t->node, &st);

    if (fd < 0)
        return fd;
    t->data = t->size > 0 ? malloc(t->size) : NULL;
    if (t->size > 0 && !t->data) {
        close(fd);
        return -ENOMEM;
    }
    pass_fd_path(path, fd);
    return fd;
}

static int do_getxattr(struct pass_task *t)
{
    char               path[PASS_FD_PATH_MAX];
    _cleanup_(fdp) int fd = open_for_xattr(t, path);

    return fd < 0 ? fd : reply_xattr(t, getxattr(path, t->name, t->data, t->size));
}

/* The others belong to the system, and have no meaning through us. */
void pass_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
    struct pass_task *t;

    if (strncmp(name, XATTR_USER, strlen(XATTR_USER)) != 0) {
        fuse_reply_err(req, EOPNOTSUPP);
        return;
    }
    t = pass_task(req, ino, do_getxattr, PASS_LOOKS);
    if (!t)
        return;
    t->size = size;
    pass_task_go(t, name, NULL);
}

static int do_listxattr(struct pass_task *t)
{
    char               path[PASS_FD_PATH_MAX];
    _cleanup_(fdp) int fd = open_for_xattr(t, path);

    return fd < 0 ? fd : reply_xattr(t, listxattr(path, t->data, t->size));
}

void pass_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
    struct pass_task *t = pass_task(req, ino, do_listxattr, PASS_LOOKS);

    if (!t)
        return;
    t->size = size;
    pass_task_go(t, NULL, NULL);
}
