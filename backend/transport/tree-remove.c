/*
 * tree-remove.c - a directory removed with all below it
 *
 * Everything is named relative to an open directory, so nobody can exchange a directory for a link
 * while we are on our way. A descriptor is open for each level below the top; what lies deeper than
 * TREE_DEPTH is moved up to the top and removed from there, so that no tree, however deep, exhausts
 * descriptors or the stack.
 */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "walk.h"

/* A job may leave a directory that not even its owner may read. chmod of a name would follow a link
 * that took its place; the magic link of an open directory cannot. */
static int unlock_dir(int at, const char *name)
{
    _cleanup_(fdp) int fd = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    char               self[40];

    if (fd < 0)
        return -1;
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    return chmod(self, 0700);
}

static int open_for_removal(int at, const char *name)
{
    int fd = walk_open(at, name);

    if (fd < 0 && errno == EACCES && unlock_dir(at, name) == 0)
        fd = walk_open(at, name);
    return fd;
}

static int remove_below(struct walk *w, int fd, unsigned depth);

static int move_up(struct walk *w, int at, const char *name)
{
    char aside[32];
    int  r;

    do {
        snprintf(aside, sizeof aside, ".deep-%u", w->moved++);
        r = renameat2(at, name, w->top, aside, RENAME_NOREPLACE);
    } while (r < 0 && errno == EEXIST);
    return r < 0 ? walk_failed(w, "move", name) : 0;
}

static int remove_dir(struct walk *w, int at, const char *name, unsigned depth)
{
    int fd, r;

    if (depth > TREE_DEPTH)
        return move_up(w, at, name);
    fd = open_for_removal(at, name);
    if (fd < 0)
        return errno == ENOENT ? 0 : walk_failed(w, "open", name);
    r = remove_below(w, fd, depth);
    if (r < 0)
        return r;
    if (unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return 0;
    return walk_failed(w, "remove", name);
}

static int remove_entry(struct walk *w, int at, const char *name, unsigned depth)
{
    if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno == EACCES && unlock_dir(at, ".") == 0 && unlinkat(at, name, 0) == 0)
        return 0;
    /* Linux says EISDIR of a directory, POSIX EPERM. */
    if (errno == EISDIR || errno == EPERM)
        return remove_dir(w, at, name, depth);
    return walk_failed(w, "remove", name);
}

/* Empty the directory `fd`, which is closed in any case. */
static int remove_below(struct walk *w, int fd, unsigned depth)
{
    _cleanup_(dirp) DIR *d = fdopendir(fd);
    const struct dirent *entry;
    struct stat          st;

    if (!d || fstat(fd, &st) < 0)
        return walk_failed(w, "read", "a directory");
    if (st.st_dev != w->dev)
        return error_set(w->e, -EXDEV, "another file system is mounted in it: unmount that first");
    while ((entry = walk_next(d))) {
        int r = remove_entry(w, fd, entry->d_name, depth + 1);

        if (r < 0)
            return r;
    }
    return errno ? walk_failed(w, "read", "a directory") : 0;
}

static int remove_all(struct walk *w, const char *path)
{
    struct stat st;
    unsigned    moved;

    if (fstat(w->top, &st) < 0)
        return walk_failed(w, "look at", path);
    w->dev = st.st_dev;
    /* Until nothing more was moved up from the depth. */
    do {
        int fd = walk_open(w->top, "."), r;

        moved = w->moved;
        if (fd < 0)
            return walk_failed(w, "open", path);
        r = remove_below(w, fd, 0);
        if (r < 0)
            return r;
    } while (w->moved != moved);
    return rmdir(path) == 0 || errno == ENOENT ? 0 : walk_failed(w, "remove", path);
}

int tree_remove(const char *path, struct error *e)
{
    struct walk w = { .top = open_for_removal(AT_FDCWD, path), .e = e };
    int         r;

    if (w.top < 0)
        return errno == ENOENT ? 0 : walk_failed(&w, "remove", path);
    r = remove_all(&w, path);
    close(w.top);
    return r;
}

