/*
 * pass-names.c - new, other and fewer names on the disk
 *
 * In stage/ all of it; in the files/ of a job that has ended, names can be removed. Of a far job
 * that removes what is here: with the job itself the rest goes too, else it comes back.
 */
#include "fs/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Answer with what has just been made; with the mode that was asked for, whatever our umask is. */
static int reply_made(struct pass_task *t, int dir)
{
    struct stat st;

    if (fstatat(dir, t->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (!S_ISLNK(st.st_mode) && (st.st_mode & 07777) != (t->mode & 07777)) {
        if (fchmodat(dir, t->name, t->mode & 07777, 0) < 0 ||
            fstatat(dir, t->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            return -errno;
    }
    return pass_task_reply_entry(t, t->name, &st);
}

static int do_mknod(struct pass_task *t)
{
    struct stat        st;
    _cleanup_(fdp) int dir = pass_open_node(t->p, t->node, &st);

    if (dir < 0)
        return dir;
    if (mknodat(dir, t->name, t->mode, t->rdev) < 0)
        return -errno;
    return reply_made(t, dir);
}

/* No devices: a mount of a user's has no power over them, and a job has no use for them. */
void pass_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
    struct pass_task *t;

    if (S_ISCHR(mode) || S_ISBLK(mode)) {
        fuse_reply_err(req, EPERM);
        return;
    }
    t = pass_task(req, parent, do_mknod, PASS_WRITES);
    if (!t)
        return;
    t->mode = mode;
    t->rdev = rdev;
    pass_task_go(t, name, NULL);
}

static int do_mkdir(struct pass_task *t)
{
    struct stat        st;
    _cleanup_(fdp) int dir = pass_open_node(t->p, t->node, &st);

    if (dir < 0)
        return dir;
    if (mkdirat(dir, t->name, t->mode & 07777) < 0)
        return -errno;
    return reply_made(t, dir);
}

void pass_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
    struct pass_task *t = pass_task(req, parent, do_mkdir, PASS_WRITES);

    if (!t)
        return;
    t->mode = mode;
    pass_task_go(t, name, NULL);
}

static int do_symlink(struct pass_task *t)
{
    struct stat        st;
    _cleanup_(fdp) int dir = pass_open_node(t->p, t->node, &st);

    if (dir < 0)
        return dir;
    if (symlinkat(t->name2, dir, t->name) < 0)
        return -errno;
    return reply_made(t, dir);
}

void pass_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
    struct pass_task *t = pass_task(req, parent, do_symlink, PASS_WRITES);

    if (!t)
        return;
    t->name2 = strdup(target);
    if (!t->name2)
        pass_task_fail(t, ENOMEM);
    else
        pass_task_go(t, name, NULL);
}

static int do_link(struct pass_task *t)
{
    char               path[PASS_FD_PATH_MAX];
    struct stat        st;
    _cleanup_(fdp) int dir = pass_open_node(t->p, t->node, &st);
    _cleanup_(fdp) int fd = pass_open_node(t->p, t->node2, &st);

    if (dir < 0 || fd < 0)
        return dir < 0 ? dir : fd;
    pass_fd_path(path, fd);
    if (linkat(AT_FDCWD, path, dir, t->name, AT_SYMLINK_FOLLOW) < 0)
        return -errno;
    if (fstatat(dir, t->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    return pass_task_reply_entry(t, t->name, &st);
}

/* A second node of this call: it must be in the same tree. */
static bool take_second(struct pass_task *t, fuse_ino_t ino)
{
    struct pass_node *node = pass_node(ino);

    if (node->job != t->node->job) {
        pass_task_fail(t, EXDEV);
        return false;
    }
    pass_node_ref(t->p, node);
    t->node2 = node;
    return true;
}

void pass_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t newparent, const char *newname)
{
    struct pass_task *t = pass_task(req, newparent, do_link, PASS_WRITES);

    if (t && take_second(t, ino))
        pass_task_go(t, newname, NULL);
}

/* t->flags is what unlinkat() takes: 0, or AT_REMOVEDIR. */
static int do_remove(struct pass_task *t)
{
    struct stat        st;
    _cleanup_(fdp) int dir = pass_open_node(t->p, t->node, &st);

    if (dir < 0)
        return dir;
    if (unlinkat(dir, t->name, t->flags) < 0)
        return -errno;
    pass_node_removed(t->p, t->node, t->name);
    return 0;
}

static void remove_name(fuse_req_t req, fuse_ino_t parent, const char *name, int flags)
{
    struct pass_task *t = pass_task(req, parent, do_remove, PASS_REMOVES);

    if (!t)
        return;
    if (t->node->far)
        service_far_removed(t->p->m->service, t->node->job);
    t->flags = flags;
    pass_task_go(t, name, NULL);
}

void pass_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    remove_name(req, parent, name, 0);
}

void pass_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    remove_name(req, parent, name, AT_REMOVEDIR);
}

static int do_rename(struct pass_task *t)
{
    struct stat        st;
    _cleanup_(fdp) int from = pass_open_node(t->p, t->node, &st);
    _cleanup_(fdp) int to = pass_open_node(t->p, t->node2, &st);

    if (from < 0 || to < 0)
        return from < 0 ? from : to;
    if (renameat2(from, t->name, to, t->name2, (unsigned)t->flags) < 0)
        return -errno;
    pass_node_moved(t->p, t->node, t->name, t->node2, t->name2, t->flags & RENAME_EXCHANGE);
    return 0;
}

void pass_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
                 const char *newname, unsigned flags)
{
    struct pass_task *t = pass_task(req, parent, do_rename, PASS_WRITES);

    if (!t || !take_second(t, newparent))
        return;
    t->flags = (int)flags;
    t->name2 = strdup(newname);
    if (!t->name2)
        pass_task_fail(t, ENOMEM);
    else
        pass_task_go(t, name, NULL);
}
