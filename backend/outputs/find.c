/*
 * find.c - the files of a job that its outputs mean
 *
 * A walk that goes by descriptors and follows no link: what the job made of its directory leads
 * nowhere else. Links are left out and counted.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parts.h"

#define DEPTH_MAX 128
#define FILES_MAX 200000

struct walk {
    struct finds *found;
    struct order *order;
    struct buf    path; /* of where it is, ended by a slash; "" at the top */
};

static bool is_meant(struct order *o, const char *path)
{
    bool meant = false;

    for (size_t i = 0; i < o->n; i++)
        if (outputs_match(o->rules[i].glob, path))
            meant = o->rules[i].met = true;
    return meant;
}

static int add(struct finds *fs, const char *path, uint64_t size)
{
    if (fs->n == fs->alloc) {
        size_t        alloc = fs->alloc * 2 + 64;
        struct found *v = reallocarray(fs->v, alloc, sizeof(*v));

        if (!v)
            return -ENOMEM;
        fs->v = v;
        fs->alloc = alloc;
    }
    fs->v[fs->n] = (struct found){ .path = strdup(path), .size = size };
    return fs->v[fs->n].path ? (fs->n++, 0) : -ENOMEM;
}

static int take_file(struct walk *w, const struct stat *st)
{
    if (S_ISLNK(st->st_mode) && is_meant(w->order, w->path.data))
        w->found->links++;
    if (!S_ISREG(st->st_mode) || !is_meant(w->order, w->path.data))
        return 0;
    if (w->found->n == FILES_MAX) {
        w->found->trouble = "there are more than 200000 of them";
        return 0;
    }
    return add(w->found, w->path.data, (uint64_t)st->st_size);
}

static int walk(struct walk *w, int fd, unsigned depth);

static int enter(struct walk *w, int dir, const char *name, unsigned depth)
{
    int fd, r = buf_add_str(&w->path, "/");

    if (r < 0)
        return r;
    if (depth == DEPTH_MAX) {
        w->found->trouble = "some lie deeper than 128 directories";
        return 0;
    }
    fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        w->found->trouble = "a directory cannot be read";
        return 0;
    }
    return walk(w, fd, depth + 1);
}

static int step(struct walk *w, int dir, const char *name, unsigned depth)
{
    size_t      len = w->path.len;
    struct stat st;
    int         r;

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
        fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    r = buf_add_str(&w->path, name);
    if (r == 0)
        r = S_ISDIR(st.st_mode) ? enter(w, dir, name, depth) : take_file(w, &st);
    w->path.len = len;
    w->path.data[len] = '\0';
    return r;
}

/* `fd` is given away. */
static int walk(struct walk *w, int fd, unsigned depth)
{
    DIR                 *d = fdopendir(fd);
    const struct dirent *e;
    int                  r = 0;

    if (!d) {
        close(fd);
        return -errno;
    }
    while (r == 0 && (e = readdir(d)))
        r = step(w, dirfd(d), e->d_name, depth);
    closedir(d);
    return r;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct found *)a)->path, ((const struct found *)b)->path);
}

int finds_make(struct finds *fs, int dir, struct order *o)
{
    struct walk w = { .found = fs, .order = o, .path = BUF_INIT };
    int         fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int         r = fd < 0 ? -errno : walk(&w, fd, 0);

    buf_release(&w.path);
    if (r == 0 && fs->n)
        qsort(fs->v, fs->n, sizeof(*fs->v), by_path);
    return r;
}

void finds_release(struct finds *fs)
{
    for (size_t i = 0; i < fs->n; i++)
        free(fs->v[i].path);
    free(fs->v);
}

int open_below(int dir, const char *path, int flags)
{
    _cleanup_(freep) char *copy = strdup(path);
    char                  *name = copy, *slash;
    int                    at = dir, next;

    if (!copy)
        return -ENOMEM;
    for (;; name = slash + 1) {
        slash = strchr(name, '/');
        if (slash)
            *slash = '\0';
        next = openat(at, name, O_CLOEXEC | O_NOFOLLOW | (slash ? O_PATH | O_DIRECTORY : flags));
        next = next < 0 ? -errno : next;
        if (at != dir)
            close(at);
        if (next < 0 || !slash)
            return next;
        at = next;
    }
}
