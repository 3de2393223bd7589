/*
 * pass-change.c - attributes of what lies in stage/
 */
#include "fs/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define XATTR_USER "user."

static int set_size(struct pass_task *t, const char *path)
{
    int r = t->handle ? ftruncate(t->handle->fd, t->attr.st_size) : truncate(path, t->attr.st_size);

    return r < 0 ? -errno : 0;
}

static int set_owner(struct pass_task *t, int fd)
{
    uid_t uid = t->flags & FUSE_SET_ATTR_UID ? t->attr.st_uid : (uid_t)-1;
    gid_t gid = t->flags & FUSE_SET_ATTR_GID ? t->attr.st_gid : (gid_t)-1;

    return fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

static struct timespec time_to_set(int to_set, int set, int now, struct timespec given)
{
    if (to_set & now)
        return (struct timespec){ .tv_nsec = UTIME_NOW };
    return to_set & set ? given : (struct timespec){ .tv_nsec = UTIME_OMIT };
}

static int set_times(struct pass_task *t, int fd)
{
    struct timespec times[2] = {
        time_to_set(t->flags, FUSE_SET_ATTR_ATIME, FUSE_SET_ATTR_ATIME_NOW, t->attr.st_atim),
        time_to_set(t->flags, FUSE_SET_ATTR_MTIME, FUSE_SET_ATTR_MTIME_NOW, t->attr.st_mtim),
    };

    return utimensat(fd, "", times, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

static int do_setattr(struct pass_task *t)
{
    char               path[PASS_FD_PATH_MAX];
    struct stat        st;
    _cleanup_(fdp) int fd = pass_open_node(t->p, t->node, &st);
    int                r = fd < 0 ? fd : 0;

    pass_fd_path(path, fd);
    if (r == 0 && (t->flags & FUSE_SET_ATTR_MODE) && chmod(path, t->attr.st_mode & 07777) < 0)
        r = -errno;
    if (r == 0 && (t->flags & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)))
        r = set_owner(t, fd);
    if (r == 0 && (t->flags & FUSE_SET_ATTR_SIZE))
        r = set_size(t, path);
    if (r == 0 && (t->flags & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_ATIME_NOW |
                               FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW)))
        r = set_times(t, fd);
    return r < 0 ? r : pass_task_reply_attr(t);
}

void pass_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
                  struct fuse_file_info *fi)
{
    struct pass_task *t = pass_task(req, ino, do_setattr, PASS_WRITES);

    if (!t)
        return;
    t->attr = *attr;
    t->flags = to_set;
    pass_task_go(t, NULL, fi);
}

static int do_setxattr(struct pass_task *t)
{
    char               path[PASS_FD_PATH_MAX];
    struct stat        st;
    _cleanup_(fdp) int fd = pass_open_node(t->p, t->node, &st);

    if (fd < 0)
        return fd;
    pass_fd_path(path, fd);
    return setxattr(path, t->name, t->data, t->size, t->flags) < 0 ? -errno : 0;
}

void pass_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value,
                   size_t size, int flags)
{
    struct pass_task *t;

    if (strncmp(name, XATTR_USER, strlen(XATTR_USER)) != 0) {
        fuse_reply_err(req, EOPNOTSUPP);
        return;
    }
    t = pass_task(req, ino, do_setxattr, PASS_WRITES);
    if (!t)
        return;
    t->data = malloc(size + 1); /* an empty value is a value */
    if (!t->data) {
        pass_task_fail(t, ENOMEM);
        return;
    }
    memcpy(t->data, value, size);
    t->size = size;
    t->flags = flags;
    pass_task_go(t, name, NULL);
}

static int do_removexattr(struct pass_task *t)
{
    char               path[PASS_FD_PATH_MAX];
    struct stat        st;
    _cleanup_(fdp) int fd = pass_open_node(t->p, t->node, &st);

    if (fd < 0)
        return fd;
    pass_fd_path(path, fd);
    return removexattr(path, t->name) < 0 ? -errno : 0;
}

void pass_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
    struct pass_task *t = pass_task(req, ino, do_removexattr, PASS_WRITES);

    if (t)
        pass_task_go(t, name, NULL);
}
