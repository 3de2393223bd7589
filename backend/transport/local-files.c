/*
 * local-files.c - files on this machine: put, fetched, moved in and removed
 *
 * Whoever reads meanwhile sees the old or the new, so everything is made under another name in the
 * same directory and renamed.
 */
#include "local.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tree.h"

#define FETCH_MAX (1024 * 1024)

static int make_dir(const char *path, mode_t mode)
{
    return mkdir(path, mode) == 0 || errno == EEXIST ? 0 : -errno;
}

/* The last one first: of a job's directory mostly all others are there. */
static int make_above(char *path)
{
    char *slash = strrchr(path, '/');
    int   r;

    if (!slash || slash == path)
        return 0;
    *slash = '\0';
    r = make_dir(path, 0700);
    if (r == -ENOENT) {
        r = make_above(path);
        if (r == 0)
            r = make_dir(path, 0700);
    }
    *slash = '/';
    return r;
}

int make_parents(const char *path)
{
    char   copy[PATH_MAX];
    size_t len = strlen(path);

    if (len >= sizeof copy)
        return -ENAMETOOLONG;
    memcpy(copy, path, len + 1);
    return make_above(copy);
}

/* "DIR/.NAME.new" for "DIR/NAME". */
static int fresh_name(char out[PATH_MAX], const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    int         n = snprintf(out, PATH_MAX, "%.*s.%s.new", (int)(name - path), path, name);

    return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int write_file(const char *path, mode_t mode, const struct buf *data)
{
    _cleanup_(fdp) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    size_t             done = 0;

    if (fd < 0)
        return -errno;
    while (done < data->len) {
        ssize_t n = write(fd, data->data + done, data->len - done);

        if (n < 0)
            return -errno;
        done += (size_t)n;
    }
    return mode != 0600 && fchmod(fd, mode) < 0 ? -errno : 0;
}

static int put_file(const struct far_file *f)
{
    char fresh[PATH_MAX];
    int  r = fresh_name(fresh, f->path);

    if (r < 0)
        return r;
    r = write_file(fresh, f->mode & 07777, &f->data);
    if (r == 0 && rename(fresh, f->path) < 0)
        r = -errno;
    if (r < 0)
        unlink(fresh);
    return r;
}

static int put_once(const struct far_file *f)
{
    return S_ISDIR(f->mode) ? make_dir(f->path, f->mode & 07777) : put_file(f);
}

int local_put(struct transport *t, const struct far_files *files, struct error *e)
{
    (void)t;
    for (size_t i = 0; i < files->n; i++) {
        const struct far_file *f = &files->v[i];
        int                    r = put_once(f);

        if (r == -ENOENT) {
            r = make_parents(f->path);
            r = r < 0 ? r : put_once(f);
        }
        if (r < 0)
            return error_set(e, r, "cannot write %s: %s", f->path, strerror(-r));
    }
    return 0;
}

static int read_whole(int fd, off_t size, struct buf *out)
{
    int r = buf_reserve(out, (size_t)size);

    while (r == 0 && out->len < (size_t)size) {
        ssize_t n = read(fd, out->data + out->len, (size_t)size - out->len);

        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        out->len += (size_t)n;
        out->data[out->len] = '\0';
    }
    return r;
}

/* ELOOP: a link; ENXIO: a socket. */
static bool not_there(int error)
{
    return error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENXIO;
}

/* What is no regular file of a reasonable size was not put there by us, and is not what is looked
 * for: one such file must not keep us from the others. */
static int fetch_file(struct far_file *f)
{
    _cleanup_(fdp) int fd = open(f->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat        st;

    f->missing = fd < 0 && not_there(errno);
    if (f->missing)
        return 0;
    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    f->missing = !S_ISREG(st.st_mode) || st.st_size > FETCH_MAX;
    return f->missing ? 0 : read_whole(fd, st.st_size, &f->data);
}

int local_fetch(struct transport *t, struct far_files *files, struct error *e)
{
    (void)t;
    for (size_t i = 0; i < files->n; i++) {
        int r = fetch_file(&files->v[i]);

        if (r < 0)
            return error_set(e, r, "cannot read %s: %s", files->v[i].path, strerror(-r));
    }
    return 0;
}

static bool is_there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

/* Something besides the empty directory that may have been made for it. */
static bool has_arrived(const char *path)
{
    if (!is_there(path) || rmdir(path) == 0)
        return false;
    return errno == ENOTEMPTY || errno == EEXIST;
}

static int sync_tree(const char *path)
{
    _cleanup_(fdp) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 || syncfs(fd) < 0 ? -errno : 0;
}

/*
 * From another file system: a copy beside its place, on the disk before the original goes. The copy
 * gets its place all at once, so what has arrived there has arrived whole: then an earlier move was
 * cut off while it removed the original.
 */
static int move_by_copy(const char *here, const char *path, struct error *e)
{
    char fresh[PATH_MAX];
    int  r = fresh_name(fresh, path);

    if (r < 0)
        return error_set(e, r, "%s is too long a path", path);
    if (has_arrived(path))
        return tree_remove(here, e);
    r = tree_remove(fresh, e);
    r = r < 0 ? r : tree_copy(here, fresh, e);
    if (r < 0)
        return r;
    r = sync_tree(fresh);
    if (r == 0 && rename(fresh, path) < 0)
        r = -errno;
    if (r < 0)
        return error_set(e, r, "cannot move %s to %s: %s", here, path, strerror(-r));
    return tree_remove(here, e);
}

int local_move_in(struct transport *t, const char *here, const char *path, struct error *e)
{
    int r;

    (void)t;
    if (!is_there(here) && is_there(path))
        return 0;
    r = make_parents(path);
    if (r == 0 && rename(here, path) < 0)
        r = -errno;
    if (r == -EXDEV)
        return move_by_copy(here, path, e);
    return r < 0 ? error_set(e, r, "cannot move %s to %s: %s", here, path, strerror(-r)) : 0;
}

int local_remove(struct transport *t, const char *path, struct error *e)
{
    (void)t;
    return tree_remove(path, e);
}
