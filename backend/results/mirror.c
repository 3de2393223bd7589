/*
 * mirror.c - the names in the mirror, made from what the far side says it has
 *
 * Pipes, sockets and devices become a pipe or a socket here, which nobody ever opens: to make a
 * device takes a power that we do not have, and to open one would do something.
 *
 * Whatever the mode there, we have to be able to open the file here: its owner can always read, and
 * write; that the far owner cannot write is kept in a bit that means nothing otherwise (S_ISVTX).
 */
#include "mirror.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clustrixfs/host.h"
#include "clustrixfs/log.h"
#include "clustrixfs/transport.h"

#define GONE_DIR ".gone"
#define PROBE_NAME ".probe"
#define PROBE_TIME INT64_C(1234567890123456789)
#define ATTEMPTS 8
#define ASIDE_MAX 40

mode_t mirror_mode(mode_t mode)
{
    mode_t ours = S_ISDIR(mode) ? S_IRWXU : S_IRUSR | S_IWUSR;

    return (mode & 0777) | ours | (mode & S_IWUSR ? 0 : S_ISVTX);
}

int mirror_walk(int dir, const char *path, int flags)
{
    struct open_how how = {
        .flags = (uint64_t)(flags | O_NOFOLLOW | O_CLOEXEC),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
                   RESOLVE_NO_XDEV,
    };

    /* EAGAIN: something was renamed meanwhile, and the kernel cannot be sure of "..". */
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        int fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));

        if (fd >= 0)
            return fd;
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
    }
    return -EAGAIN;
}

static int make_dir(int dir, const char *name)
{
    return mkdirat(dir, name, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

/* Each part is made in a directory that was walked to, so that a link on the way leads nowhere. */
static int make_from(int dir, char *path)
{
    char *slash = strrchr(path, '/');
    int   parent, r;

    if (!slash)
        return make_dir(dir, path);
    *slash = '\0';
    parent = mirror_walk(dir, path, O_PATH | O_DIRECTORY);
    if (parent == -ENOENT && make_from(dir, path) == 0)
        parent = mirror_walk(dir, path, O_PATH | O_DIRECTORY);
    *slash = '/';
    if (parent < 0)
        return parent;
    r = make_dir(parent, slash + 1);
    close(parent);
    return r;
}

int mirror_make_dirs(int dir, const char *path)
{
    _cleanup_(freep) char *copy = NULL;
    int fd = mirror_walk(dir, *path ? path : ".", O_RDONLY | O_DIRECTORY), r;

    if (fd != -ENOENT)
        return fd;
    copy = strdup(path);
    r = copy ? make_from(dir, copy) : -ENOMEM;
    return r < 0 ? r : mirror_walk(dir, path, O_RDONLY | O_DIRECTORY);
}

static int remove_below(const struct mirror *m, const char *name)
{
    _cleanup_(freep) char *path = NULL;

    if (asprintf(&path, "%s/%s", m->path, name) < 0)
        return -ENOMEM;
    return transport_local.remove(NULL, path, NULL);
}

/* A directory is moved out of sight first: what is removed piece by piece, nobody should see. */
static int move_aside(struct mirror *m, int dir, const char *name, char aside[ASIDE_MAX])
{
    int r;

    do {
        snprintf(aside, ASIDE_MAX, GONE_DIR "/%u", atomic_fetch_add(&m->gone, 1));
        r = renameat2(dir, name, m->fd, aside, RENAME_NOREPLACE) < 0 ? -errno : 0;
    } while (r == -EEXIST);
    return r;
}

static int remove_dir(struct mirror *m, int dir, const char *name)
{
    char aside[ASIDE_MAX];
    int  r = move_aside(m, dir, name, aside);

    return r < 0 ? r : remove_below(m, aside);
}

int mirror_hide(struct mirror *m, const char *token)
{
    char aside[ASIDE_MAX];
    int  r = move_aside(m, m->fd, token, aside);

    return r == -ENOENT ? 0 : r;
}

void mirror_clean(struct mirror *m)
{
    int            fd = mirror_walk(m->fd, GONE_DIR, O_RDONLY | O_DIRECTORY);
    DIR           *d = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (!d && fd >= 0)
        close(fd);
    while (d && (entry = readdir(d))) {
        _cleanup_(bufp) struct buf name = BUF_INIT;

        buf_printf(&name, GONE_DIR "/%s", entry->d_name);
        if (entry->d_name[0] != '.' && buf_error(&name) == 0 && remove_below(m, name.data) < 0)
            log_line(LOG_WARN, "%s/%s cannot be removed", m->path, name.data);
    }
    if (d)
        closedir(d);
}

int mirror_remove(struct mirror *m, int dir, const char *name)
{
    if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
        return 0;
    return errno == EISDIR || errno == EPERM ? remove_dir(m, dir, name) : -errno;
}

int mirror_set_mtime(int dir, const char *name, int64_t ns)
{
    struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, mtime_spec(ns) };

    return utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int make_file(struct mirror *m, int dir, const char *name, const struct far_attr *attr)
{
    _cleanup_(fdp) int fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int                r;

    if (fd < 0)
        return -errno;
    r = fchmod(fd, mirror_mode(attr->mode)) < 0 ? -errno : 0;
    return r < 0 ? r : holes_resize(m, fd, attr->size, attr->mtime_ns, false);
}

static int make(struct mirror *m, int dir, const char *name, const struct far_attr *attr,
                const char *target)
{
    int r = 0;

    switch (attr->mode & S_IFMT) {
    case S_IFREG:
        return make_file(m, dir, name, attr);
    case S_IFDIR:
        /* Its time is set when all that it holds is there. */
        r = mkdirat(dir, name, mirror_mode(attr->mode)) < 0 ||
            fchmodat(dir, name, mirror_mode(attr->mode), 0) < 0;
        return r ? -errno : 0;
    case S_IFLNK:
        r = symlinkat(target && *target ? target : "?", dir, name);
        break;
    default:
        r = mknodat(dir, name, (attr->mode & S_IFMT) | 0600, 0);
    }
    return r < 0 ? -errno : mirror_set_mtime(dir, name, attr->mtime_ns);
}

static int change_file(struct mirror *m, int dir, const char *name, const struct stat *st,
                       const struct far_attr *attr, bool grows)
{
    _cleanup_(fdp) int fd = -1;
    bool               same = (uint64_t)st->st_size == attr->size;
    int                r = 0;

    same = same && stat_mtime_ns(st) == attr->mtime_ns;
    if (same && (st->st_mode & 07777) == mirror_mode(attr->mode))
        return MIRROR_E_SAME;
    fd = openat(dir, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fchmod(fd, mirror_mode(attr->mode)) < 0)
        return -errno;
    if (!same)
        r = holes_resize(m, fd, attr->size, attr->mtime_ns, grows);
    return r < 0 ? r : MIRROR_E_CHANGED;
}

static bool same_link(int dir, const char *name, const char *target)
{
    char    now[PATH_MAX];
    ssize_t n = readlinkat(dir, name, now, sizeof(now));

    return n >= 0 && target && (size_t)n == strlen(target) && memcmp(now, target, (size_t)n) == 0;
}

/* What is there already and of the right type. */
static int change(struct mirror *m, int dir, const char *name, const struct stat *st,
                  const struct far_attr *attr, const char *target, bool grows)
{
    int r;

    switch (attr->mode & S_IFMT) {
    case S_IFREG:
        return change_file(m, dir, name, st, attr, grows);
    case S_IFDIR:
        if ((st->st_mode & 07777) == mirror_mode(attr->mode))
            return MIRROR_E_SAME;
        return fchmodat(dir, name, mirror_mode(attr->mode), 0) < 0 ? -errno : MIRROR_E_CHANGED;
    case S_IFLNK:
        if (same_link(dir, name, target))
            return MIRROR_E_SAME;
        r = unlinkat(dir, name, 0) < 0 ? -errno : make(m, dir, name, attr, target);
        return r < 0 ? r : MIRROR_E_CHANGED;
    default:
        return MIRROR_E_SAME;
    }
}

/* Too large or too long for the file system here: not to be shown, which is no reason to stop. */
static bool is_unshowable(int r)
{
    return r == -EFBIG || r == -ENAMETOOLONG || r == -EINVAL || r == -EILSEQ;
}

int mirror_place(struct mirror *m, int dir, const char *name, const struct far_attr *attr,
                 const char *target, bool grows)
{
    struct stat st;
    int         r = 0;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        if ((st.st_mode & S_IFMT) == (attr->mode & S_IFMT))
            return change(m, dir, name, &st, attr, target, grows);
        r = mirror_remove(m, dir, name);
    }
    if (r == 0)
        r = make(m, dir, name, attr, target);
    if (is_unshowable(r))
        r = mirror_remove(m, dir, name);
    return r < 0 ? r : MIRROR_E_CHANGED;
}

/* Zeros that were written are bytes, what was not written is a hole, times keep their digits. */
static int probe(struct mirror *m, int fd)
{
    static const char zeros[MIRROR_GRAIN];
    struct stat       st;
    int               r = holes_resize(m, fd, 4 * MIRROR_GRAIN, PROBE_TIME, false);

    if (r < 0)
        return r;
    if (pwrite(fd, zeros, sizeof(zeros), MIRROR_GRAIN) != (ssize_t)sizeof(zeros) || fsync(fd) < 0)
        return -errno;
    if (!holes_held(fd, MIRROR_GRAIN, MIRROR_GRAIN) || holes_held(fd, 0, 1) ||
        holes_held(fd, 2 * MIRROR_GRAIN, 1))
        return -EOPNOTSUPP;
    r = holes_drop(m, fd);
    if (r < 0 || holes_held(fd, MIRROR_GRAIN, 1))
        return r < 0 ? r : -EOPNOTSUPP;
    r = holes_resize(m, fd, 1, PROBE_TIME, false);
    return r == 0 && (fstat(fd, &st) < 0 || stat_mtime_ns(&st) != PROBE_TIME) ? -EOPNOTSUPP : r;
}

static int check_holes(struct mirror *m, struct error *e)
{
    _cleanup_(fdp) int fd = openat(m->fd, PROBE_NAME, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW |
                                                          O_CLOEXEC, 0600);
    int r = fd < 0 ? -errno : probe(m, fd);

    unlinkat(m->fd, PROBE_NAME, 0);
    if (r == -EOPNOTSUPP)
        return error_set(e, r,
                         "%s: the file system cannot tell which parts of a file were written; put "
                         "the state directory on ext4, XFS, btrfs or tmpfs",
                         m->path);
    return r < 0 ? error_set(e, r, "%s: %s", m->path, strerror(-r)) : 0;
}

int mirror_open(struct mirror *m, const char *path, struct error *e)
{
    int r = host_private_dir(path, e);

    for (size_t i = 0; i < MIRROR_GUARDS; i++)
        pthread_rwlock_init(&m->guards[i], NULL);
    m->fd = -1;
    m->path = strdup(path);
    if (r < 0 || !m->path)
        return r < 0 ? r : -ENOMEM;
    m->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (m->fd < 0)
        return error_set(e, -errno, "%s: %s", path, strerror(errno));
    r = check_holes(m, e);
    if (r == 0 && mkdirat(m->fd, GONE_DIR, 0700) < 0 && errno != EEXIST)
        r = error_set(e, -errno, "%s: %s", path, strerror(errno));
    if (r == 0)
        mirror_clean(m); /* what was left by a daemon that was killed */
    return r;
}

void mirror_close(struct mirror *m)
{
    if (m->fd >= 0)
        close(m->fd);
    for (size_t i = 0; i < MIRROR_GUARDS; i++)
        pthread_rwlock_destroy(&m->guards[i]);
    free(m->path);
}
