/*
 * pass-path.c - from a node to its file
 *
 * A job may put into its directory what it likes, also while we look: links to anywhere, and other
 * directories in the place of those that were there. So the kernel is asked to walk without
 * following any link and without leaving the tree, and to open nothing on the way but places
 * (O_PATH): a pipe does not block, a device does not notice.
 */
#include "fs/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel takes paths up to 4096 bytes; a longer one is walked in pieces. */
#define PIECE_MAX 4000
#define ATTEMPTS 8

/* EAGAIN: somebody renamed something meanwhile, and the kernel cannot be sure of "..". */
static int open_beneath(int dir, const char *path)
{
    struct open_how how = {
        .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };

    for (unsigned i = 0; i < ATTEMPTS; i++) {
        int fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));

        if (fd >= 0)
            return fd;
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
    }
    return -EAGAIN;
}

/* Cut at the last slash of the first PIECE_MAX bytes; the rest, or NULL when that was all. */
static char *cut_piece(char *path)
{
    char *slash = strlen(path) > PIECE_MAX ? memrchr(path, '/', PIECE_MAX) : NULL;

    if (!slash)
        return NULL;
    *slash = '\0';
    return slash + 1;
}

static int walk(int root, char *path)
{
    _cleanup_(fdp) int dir = -1;
    char              *rest;
    int                fd;

    while ((rest = cut_piece(path))) {
        fd = open_beneath(dir < 0 ? root : dir, path);
        if (fd < 0)
            return fd;
        if (dir >= 0)
            close(dir);
        dir = fd;
        path = rest;
    }
    return open_beneath(dir < 0 ? root : dir, path);
}

/* The user says where the state is, also through links; what is below it is ours, without any. */
int pass_open_path(const struct pass *p, const char *path)
{
    const char *state = p->m->state_dir;
    size_t      len = strlen(state);
    int         fd;

    if (strncmp(path, state, len) == 0 && path[len] == '/')
        return open_beneath(p->state_fd, path + len + 1);
    fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int open_named(struct pass *p, struct pass_node *node, struct stat *st)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    _cleanup_(fdp) int         root_fd = -1, fd = -1;
    const struct pass_node    *root;
    int                        r = pass_node_path(p, node, &path, &root);

    if (r < 0)
        return r;
    root_fd = pass_open_path(p, root->name);
    if (root_fd < 0)
        return root_fd;
    fd = walk(root_fd, path.data);
    if (fd < 0)
        return fd;
    if (fstat(fd, st) < 0)
        return -errno;
    if (st->st_dev != node->dev || st->st_ino != node->ino)
        return -ESTALE;
    r = fd;
    fd = -1;
    return r;
}

/* What was removed while it was open still answers, to those who have it open. */
int pass_open_node(struct pass *p, struct pass_node *node, struct stat *st)
{
    int fd = open_named(p, node, st);

    if (fd != -ESTALE && fd != -ENOENT && fd != -ENOTDIR)
        return fd;
    fd = pass_node_borrow(p, node);
    if (fd >= 0 && fstat(fd, st) < 0) {
        close(fd);
        return -EIO;
    }
    return fd;
}

void pass_fd_path(char path[PASS_FD_PATH_MAX], int fd)
{
    snprintf(path, PASS_FD_PATH_MAX, "/proc/self/fd/%d", fd);
}

int pass_reopen(int fd, int flags)
{
    char path[PASS_FD_PATH_MAX];
    int  again;

    pass_fd_path(path, fd);
    again = open(path, flags | O_CLOEXEC);
    return again < 0 ? -errno : again;
}
