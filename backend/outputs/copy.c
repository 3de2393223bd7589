/*
 * copy.c - one file to its destination on this machine
 *
 * It is written beside its place under a name that says whose it is, and renamed when all of it is
 * on disk: under the final name there is the old file, or the whole new one. Below the destination
 * no link is followed and every name is one component, so no name of the far side leads elsewhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clustrixfs/inputs.h"

#include "parts.h"

#define PIECE ((size_t)1024 * 1024)
#define PULLS_MAX 1000000 /* a file that is dropped from the mirror as fast as it is read */
#define NAME_LEN_MAX 255

static int cannot(struct error *e, const struct rule *rule, const char *path, int r)
{
    if (e->text[0])
        return r;
    return error_set(e, r, "%s/%s cannot be written: %s", rule->to, path, strerror(-r));
}

/* `name` in `dir`, made where it is not there. */
static int make_dir(int dir, const char *name, int flags)
{
    int fd;

    if (mkdirat(dir, name, 0777) < 0 && errno != EEXIST)
        return -errno;
    fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
    return fd < 0 ? -errno : fd;
}

/* The destination itself: the user named it, so links in it are theirs. */
static int open_destination(const char *to, struct error *e)
{
    _cleanup_(freep) char *copy = strdup(to);
    struct stat            st;
    int                    fd;

    if (!copy)
        return -ENOMEM;
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0777) < 0 && errno != EEXIST && errno != EROFS && errno != EACCES)
            return -errno;
        *slash = '/';
    }
    fd = make_dir(AT_FDCWD, copy, 0);
    if (fd < 0 || (fstat(fd, &st) == 0 && !inputs_is_ours(st.st_dev)))
        return fd;
    close(fd);
    return error_set(e, -EXDEV, "%s lies in a mount of clustrixfs itself, where nothing can be "
                     "copied to", to);
}

/* The directory of `path` below the destination; *name is what is left of it. */
static int open_parent(const struct rule *rule, char *path, char **name, struct error *e)
{
    int   at = open_destination(rule->to, e), next;
    char *slash;

    for (*name = path; at >= 0 && (slash = strchr(*name, '/')); *name = slash + 1) {
        *slash = '\0';
        next = make_dir(at, *name, O_NOFOLLOW);
        close(at);
        at = next;
    }
    return at;
}

/* What is here of it, brought where it is not. */
static ssize_t read_some(struct hand *h, const struct order *o, struct found *file, int fd,
                         void *data, off_t off)
{
    struct results *results = h->fetcher->results;
    ssize_t         n;
    int             r;

    if (!results)
        return (n = pread(fd, data, PIECE, off)) < 0 ? -errno : n;
    for (int i = 0; i < PULLS_MAX && hand_goes_on(h); i++) {
        n = results_read(results, fd, data, PIECE, off);
        if (n != -EAGAIN)
            return n;
        r = pull_one(h, o, file, off, PIECE);
        if (r < 0)
            return r;
    }
    return -ECANCELED;
}

static int write_all(int fd, const char *data, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, data, n);

        if (done < 0 && errno != EINTR)
            return -errno;
        if (done > 0) {
            data += done;
            n -= (size_t)done;
        }
    }
    return 0;
}

static int copy_bytes(struct hand *h, const struct order *o, struct found *file, int from, int to,
                      struct error *e)
{
    _cleanup_(freep) char *data = malloc(PIECE);
    off_t                  off = 0;
    ssize_t                n;
    int                    r = data ? 0 : -ENOMEM;

    while (r == 0) {
        n = read_some(h, o, file, from, data, off);
        if (n < 0)
            return error_set(e, (int)n, "%s cannot be read: %s", file->path, strerror((int)-n));
        if (n == 0)
            return 0;
        off += n;
        r = write_all(to, data, (size_t)n);
    }
    return r;
}

/* As it is at the far side; nobody gets another one's rights by it. */
static int finish(struct hand *h, int from, int to)
{
    struct stat st;

    if (fstat(from, &st) < 0)
        return -errno;
    if (h->fetcher->results)
        results_stat(h->fetcher->results, &st);
    if (fchmod(to, st.st_mode & 0777) < 0 ||
        futimens(to, (struct timespec[2]){ { .tv_nsec = UTIME_OMIT }, st.st_mtim }) < 0 ||
        fsync(to) < 0)
        return -errno;
    return 0;
}

static int open_source(int dir, const char *path, struct error *e)
{
    struct stat st;
    int         fd = open_below(dir, path, O_RDONLY | O_NONBLOCK);

    if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
        close(fd);
        fd = -ESTALE;
    }
    return fd < 0 ? error_set(e, fd, "%s cannot be read: %s", path, strerror(-fd)) : fd;
}

static int put(struct hand *h, const struct order *o, int from, struct found *file, int parent,
               const char *name, struct error *e)
{
    char temporary[NAME_LEN_MAX + 1];
    int  fd, r;

    snprintf(temporary, sizeof(temporary), ".clustrixfs-%s-%zx", o->token, strlen(name));
    /* What a daemon that was killed has left. */
    (void)unlinkat(parent, temporary, 0);
    fd = openat(parent, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    r = copy_bytes(h, o, file, from, fd, e);
    r = r < 0 ? r : finish(h, from, fd);
    if (close(fd) < 0 && r == 0)
        r = -errno;
    if (r == 0 && renameat(parent, temporary, parent, name) < 0)
        r = -errno;
    if (r < 0)
        (void)unlinkat(parent, temporary, 0);
    else
        (void)fsync(parent);
    return r;
}

int copy_out(struct hand *h, const struct order *o, int dir, struct found *file,
             const struct rule *rule, struct error *e)
{
    const char            *below = outputs_name(rule->glob, file->path);
    _cleanup_(freep) char *path = strdup(below);
    _cleanup_(fdp) int     from = -1, parent = -1;
    char                  *name = NULL;
    int                    r;

    if (!path)
        return error_set(e, -ENOMEM, "out of memory");
    from = open_source(dir, file->path, e);
    if (from < 0)
        return from;
    parent = open_parent(rule, path, &name, e);
    if (parent < 0)
        return cannot(e, rule, below, parent);
    r = put(h, o, from, file, parent, name, e);
    return r < 0 ? cannot(e, rule, below, r) : 0;
}
