/*
 * listing.c - the files/ of a job, made from the listing of the far one
 *
 * Listings come a directory after the other, so the last directory stays open for the next name.
 * What is gone is found by looking into each listed directory for what the listing does not have;
 * the listing is sorted once for that, so that n files cost n log n.
 */
#include "take.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* While it is applied. */
struct apply {
    struct results *r;
    const char     *token;
    int             top; /* MIRROR/token/files                                */
    int             dir; /* of `parent`; -1: none                             */
    struct span     parent;
    unsigned        changes;
    char           *only;
};

int listing_add(struct listing *l, const struct collect_item *item)
{
    if (l->n == l->alloc) {
        size_t         alloc = l->alloc ? l->alloc * 2 : 64;
        struct listed *v = reallocarray(l->v, alloc, sizeof(*v));

        if (!v)
            return -ENOMEM;
        l->v = v;
        l->alloc = alloc;
    }
    l->v[l->n++] = (struct listed){
        .path = item->text,
        .target = { "", 0 },
        .attr = { item->mode, item->size, item->mtime_ns },
    };
    return 0;
}

static int compare_spans(struct span a, struct span b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int    c = len > 0 ? memcmp(a.data, b.data, len) : 0;

    return c ? c : (a.len > b.len) - (a.len < b.len);
}

static int compare_listed(const void *a, const void *b)
{
    return compare_spans(((const struct listed *)a)->path, ((const struct listed *)b)->path);
}

static struct span parent_of(struct span path)
{
    const char *slash = path.len > 0 ? memrchr(path.data, '/', path.len) : NULL;

    return (struct span){ path.data, slash ? (size_t)(slash - path.data) : 0 };
}

static void copy_path(char *to, struct span path)
{
    memcpy(to, path.data, path.len);
    to[path.len] = '\0';
}

/* The directory that `path` lies in. */
static int go_to_parent(struct apply *a, struct span path)
{
    char        name[COLLECT_PATH_MAX + 1];
    struct span parent = parent_of(path);

    if (a->dir >= 0 && compare_spans(parent, a->parent) == 0)
        return 0;
    if (a->dir >= 0)
        close(a->dir);
    copy_path(name, parent);
    a->parent = parent;
    a->dir = mirror_make_dirs(a->top, name);
    return a->dir < 0 ? a->dir : 0;
}

static void note_change(struct apply *a, struct span path)
{
    if (a->changes++ > 0 || path.len + sizeof(FILES_DIR) >= PATH_MAX)
        a->only[0] = '\0';
    else
        snprintf(a->only, PATH_MAX, FILES_DIR "/%.*s", (int)path.len, path.data);
}

/* In the place of a directory on its way there may be a link by now: then it is not there. */
static bool is_astray(int r)
{
    return r == -ELOOP || r == -ENOTDIR || r == -EXDEV || r == -ENAMETOOLONG;
}

static int place(struct apply *a, const struct listed *l)
{
    char name[NAME_MAX + 1], target[PATH_MAX], path[sizeof(FILES_DIR) + COLLECT_PATH_MAX + 1];
    int  r;

    if (l->path.len == 0 || l->target.len >= sizeof(target))
        return 0;
    r = go_to_parent(a, l->path);
    if (r < 0)
        return is_astray(r) ? 0 : r;
    copy_path(name, (struct span){ l->path.data + a->parent.len + (a->parent.len > 0),
                                   l->path.len - a->parent.len - (a->parent.len > 0) });
    copy_path(target, l->target);
    memcpy(path, FILES_DIR "/", sizeof(FILES_DIR));
    copy_path(path + sizeof(FILES_DIR), l->path);
    r = take_place(a->r, a->token, path, a->dir, name, &l->attr, target);
    if (r == MIRROR_E_CHANGED)
        note_change(a, l->path);
    return r < 0 ? r : 0;
}

static bool has(const struct listing *l, struct span path)
{
    struct listed key = { .path = path };

    return l->n > 0 && bsearch(&key, l->v, l->n, sizeof(key), compare_listed);
}

/* One name in the directory `dir` that the listing may not have. */
static int sweep_name(struct apply *a, const struct listing *l, DIR *d, struct span dir,
                      const char *name)
{
    char        path[COLLECT_PATH_MAX + NAME_MAX + 2];
    size_t      len = strlen(name), before = dir.len + (dir.len > 0);
    struct span all = { path, before + len };

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return 0;
    copy_path(path, dir);
    if (dir.len > 0)
        path[dir.len] = '/';
    memcpy(path + before, name, len + 1);
    if (has(l, all))
        return 0;
    note_change(a, all);
    return mirror_remove(&a->r->mirror, dirfd(d), name);
}

static int sweep_dir(struct apply *a, const struct listing *l, struct span dir)
{
    char           path[COLLECT_PATH_MAX + 1];
    struct dirent *entry;
    DIR           *d;
    int            fd, r = 0;

    copy_path(path, dir);
    fd = mirror_walk(a->top, dir.len > 0 ? path : ".", O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return fd == -ENOENT || is_astray(fd) ? 0 : fd;
    d = fdopendir(fd);
    if (!d) {
        close(fd);
        return -ENOMEM;
    }
    while (r == 0 && (entry = readdir(d)))
        r = sweep_name(a, l, d, dir, entry->d_name);
    closedir(d);
    return r;
}

static int sweep(struct apply *a, const struct listing *l)
{
    int r = sweep_dir(a, l, (struct span){ "", 0 });

    for (size_t i = 0; r == 0 && i < l->n; i++)
        if (S_ISDIR(l->v[i].attr.mode) && l->v[i].path.len > 0)
            r = sweep_dir(a, l, l->v[i].path);
    return r;
}

/* The time of a directory changes with each name in it: so it is set at last. */
static int set_dir_times(struct apply *a, const struct listing *l)
{
    for (size_t i = 0; i < l->n; i++) {
        char        path[COLLECT_PATH_MAX + 1];
        struct stat st;
        int         fd, r = 0;

        if (!S_ISDIR(l->v[i].attr.mode) || l->v[i].path.len == 0)
            continue;
        copy_path(path, l->v[i].path);
        fd = mirror_walk(a->top, path, O_RDONLY | O_DIRECTORY);
        if (fd < 0)
            continue;
        if (fstat(fd, &st) == 0 && stat_mtime_ns(&st) != l->v[i].attr.mtime_ns)
            r = mirror_set_mtime(fd, ".", l->v[i].attr.mtime_ns);
        close(fd);
        if (r < 0)
            return r;
    }
    return 0;
}

int listing_apply(struct results *r, const char *token, int dir, struct listing *l, bool whole,
                  char *only)
{
    struct apply a = { .r = r, .token = token, .top = dir, .dir = -1, .only = only };
    int          err = 0;

    only[0] = '\0';
    for (size_t i = 0; err == 0 && i < l->n; i++)
        err = place(&a, &l->v[i]);
    if (a.dir >= 0)
        close(a.dir);
    if (err == 0 && whole && l->n > 0)
        qsort(l->v, l->n, sizeof(l->v[0]), compare_listed);
    if (err == 0 && whole)
        err = sweep(&a, l);
    if (err == 0)
        err = set_dir_times(&a, l);
    if (err < 0)
        return err;
    return a.changes > 0 ? MIRROR_E_CHANGED : MIRROR_E_SAME;
}
