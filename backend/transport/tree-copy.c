/*
 * tree-copy.c - a directory copied with all below it
 *
 * Only for inputs that come from another file system, which is rare; so it is kept plain. What is
 * neither file, directory nor link is refused rather than left out.
 */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "walk.h"

#define COPY_SIZE (1024 * 1024)

static int copy_bytes(int from, int to)
{
    _cleanup_(freep) char *bytes = NULL;

    /* In the kernel where it can: between two file systems of one kind, or by reflink. */
    for (;;) {
        ssize_t n = copy_file_range(from, NULL, to, NULL, SSIZE_MAX & ~(size_t)4095, 0);

        if (n == 0)
            break;
        if (n < 0 && errno == ENOSPC)
            return -1;
        if (n < 0)
            break;
    }
    /* Whatever that left out, from where it got to. */
    bytes = malloc(COPY_SIZE);
    if (!bytes)
        return -1;
    for (;;) {
        ssize_t n = read(from, bytes, COPY_SIZE);

        if (n <= 0)
            return (int)n;
        for (ssize_t done = 0, m; done < n; done += m) {
            m = write(to, bytes + done, (size_t)(n - done));
            if (m < 0)
                return -1;
        }
    }
}

static int keep_attributes(int fd, const struct stat *st)
{
    const struct timespec times[2] = { st->st_atim, st->st_mtim };

    return fchmod(fd, st->st_mode & 07777) < 0 ? -1 : futimens(fd, times);
}

static int copy_file(struct walk *w, int from, int to, const char *name)
{
    _cleanup_(fdp) int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    _cleanup_(fdp) int out = -1;
    struct stat        st;

    if (in < 0 || fstat(in, &st) < 0)
        return walk_failed(w, "read", name);
    out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (out < 0 || copy_bytes(in, out) < 0 || keep_attributes(out, &st) < 0)
        return walk_failed(w, "copy", name);
    return 0;
}

static int copy_link(struct walk *w, int from, int to, const char *name)
{
    char    target[PATH_MAX];
    ssize_t n = readlinkat(from, name, target, sizeof target - 1);

    if (n < 0)
        return walk_failed(w, "read", name);
    target[n] = '\0';
    return symlinkat(target, to, name) < 0 ? walk_failed(w, "copy", name) : 0;
}

static int copy_below(struct walk *w, int from, int to, unsigned depth);

/* The directory `from_name` in `from`, as `to_name` in `to`. */
static int copy_dir(struct walk *w, int from, const char *from_name, int to, const char *to_name,
                    unsigned depth)
{
    _cleanup_(fdp) int out = -1;
    int                in;

    if (depth > TREE_DEPTH)
        return error_set(w->e, -ELOOP, "%s lies more than %d directories deep", from_name,
                         TREE_DEPTH);
    if (mkdirat(to, to_name, 0700) < 0)
        return walk_failed(w, "make", to_name);
    out = walk_open(to, to_name);
    in = out < 0 ? -1 : walk_open(from, from_name);
    return in < 0 ? walk_failed(w, "open", from_name) : copy_below(w, in, out, depth);
}

static int copy_entry(struct walk *w, int from, int to, const char *name, unsigned depth)
{
    struct stat st;

    if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return walk_failed(w, "look at", name);
    switch (st.st_mode & S_IFMT) {
    case S_IFREG:
        return copy_file(w, from, to, name);
    case S_IFLNK:
        return copy_link(w, from, to, name);
    case S_IFDIR:
        return copy_dir(w, from, name, to, name, depth);
    default:
        return error_set(w->e, -EINVAL, "%s is neither a file, a directory nor a link", name);
    }
}

/* Copy what is in the directory `from`, which is closed in any case, and then its attributes. */
static int copy_below(struct walk *w, int from, int to, unsigned depth)
{
    _cleanup_(dirp) DIR *d = fdopendir(from);
    const struct dirent *entry;
    struct stat          st;

    if (!d || fstat(from, &st) < 0)
        return walk_failed(w, "read", "a directory");
    while ((entry = walk_next(d))) {
        int r = copy_entry(w, from, to, entry->d_name, depth + 1);

        if (r < 0)
            return r;
    }
    if (errno || keep_attributes(to, &st) < 0)
        return walk_failed(w, "copy", "a directory");
    return 0;
}

int tree_copy(const char *from, const char *to, struct error *e)
{
    struct walk w = { .e = e };

    return copy_dir(&w, AT_FDCWD, from, AT_FDCWD, to, 0);
}
