/*
 * here.c - inputs for a cluster that is this machine: copied
 *
 * By reflink where the file system can, so that a copy costs nothing and a job that writes into its
 * inputs does no harm to the original. The mark is made last: until it is there all is done anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parts.h"

#define PIECE ((size_t)64 * 1024 * 1024)
#define BLOCK ((size_t)1024 * 1024)

static int make_dir(int at, const char *path)
{
    return mkdirat(at, path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

/* The job's files/, opened. */
static int open_files(const struct stager *s, const char *token, int *fd)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    int r = make_dir(AT_FDCWD, s->cluster->root);

    buf_printf(&path, "%s/%s", s->cluster->root, token);
    r = r < 0 ? r : buf_error(&path);
    r = r < 0 ? r : make_dir(AT_FDCWD, path.data);
    buf_add_str(&path, "/files");
    r = r < 0 ? r : buf_error(&path);
    r = r < 0 ? r : make_dir(AT_FDCWD, path.data);
    *fd = r < 0 ? -1 : open(path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return r < 0 ? r : *fd < 0 ? -errno : 0;
}

/* What the kernel does not copy by itself. */
static int copy_rest(struct stager *s, int from, int to)
{
    _cleanup_(freep) char *bytes = malloc(BLOCK);
    ssize_t n = bytes ? 1 : 0, m;

    while (n > 0) {
        if (!stager_goes_on(s))
            return -ECANCELED;
        n = read(from, bytes, BLOCK);
        for (ssize_t done = 0; done < n; done += m) {
            m = write(to, bytes + done, (size_t)(n - done));
            if (m < 0)
                return -errno;
        }
        if (n > 0)
            stager_count(s, 0, (uint64_t)n);
    }
    return !bytes ? -ENOMEM : n < 0 ? -errno : 0;
}

static int copy_bytes(struct stager *s, int from, int to)
{
    for (;;) {
        ssize_t n = copy_file_range(from, NULL, to, NULL, PIECE, 0);

        if (n == 0 || (n < 0 && errno != ENOSPC && errno != EDQUOT))
            return copy_rest(s, from, to);
        if (n < 0)
            return -errno;
        stager_count(s, 0, (uint64_t)n);
        if (!stager_goes_on(s))
            return -ECANCELED;
    }
}

static int keep_attributes(int fd, const struct stat *st)
{
    const struct timespec times[2] = { st->st_atim, st->st_mtim };

    return fchmod(fd, (st->st_mode & 0777) | 0600) < 0 || futimens(fd, times) < 0 ? -errno : 0;
}

static int copy_file(struct stager *s, int files, const struct input *in, struct error *e)
{
    _cleanup_(fdp) int from = open(in->from, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    _cleanup_(fdp) int to = -1;
    struct stat        st;
    int                r;

    if (from < 0)
        return error_set(e, -EINVAL, "inputs: %s cannot be read: %s", in->from, strerror(errno));
    to = openat(files, in->to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to < 0)
        return -errno;
    r = copy_bytes(s, from, to);
    if (r == 0 && fstat(from, &st) == 0 && !plan_is_same(in, &st))
        r = error_set(e, -ESTALE, "%s is changed while it is copied", in->from);
    if (r == 0)
        stager_count(s, 1, 0);
    return r < 0 ? r : keep_attributes(to, &in->st);
}

static int place(struct stager *s, int files, const struct input *in, struct error *e)
{
    const struct timespec times[2] = { in->st.st_atim, in->st.st_mtim };

    if (S_ISDIR(in->st.st_mode))
        return make_dir(files, in->to);
    if (unlinkat(files, in->to, 0) < 0 && errno != ENOENT)
        return -errno;
    if (S_ISREG(in->st.st_mode))
        return copy_file(s, files, in, e);
    if (symlinkat(in->target, files, in->to) < 0)
        return -errno;
    return utimensat(files, in->to, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

/* After what is in them, and the inner ones first. */
static int finish_dirs(int files, const struct plan *p)
{
    for (size_t i = p->n; i-- > 0;) {
        const struct input   *in = &p->v[i];
        const struct timespec times[2] = { in->st.st_atim, in->st.st_mtim };

        if (S_ISDIR(in->st.st_mode) &&
            (fchmodat(files, in->to, (in->st.st_mode & 0777) | 0700, 0) < 0 ||
             utimensat(files, in->to, times, AT_SYMLINK_NOFOLLOW) < 0))
            return -errno;
    }
    return 0;
}

static int make_mark(int files)
{
    int fd = openat(files, "../" THERE_MARK, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    return fd < 0 || close(fd) < 0 ? -errno : 0;
}

int place_here(struct stager *s, const char *token, const struct plan *p, struct error *e)
{
    _cleanup_(fdp) int files = -1;
    const char *name = "files/";
    int         r = open_files(s, token, &files);

    for (size_t i = 0; r == 0 && i < p->n; i++) {
        if (!stager_goes_on(s))
            return -ECANCELED;
        name = p->v[i].to;
        r = place(s, files, &p->v[i], e);
    }
    r = r < 0 ? r : finish_dirs(files, p);
    r = r < 0 ? r : make_mark(files);
    /* An errno of ours is about this disk, not about what was asked for. */
    if (r < 0 && e && !e->text[0])
        r = error_set(e, r == -ECANCELED ? r : -EIO, "%s cannot be written: %s", name,
                      strerror(-r));
    return r;
}
