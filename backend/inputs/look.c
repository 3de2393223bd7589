/*
 * look.c - a path, looked at without waiting for anybody
 *
 * This is called by the thread that answers our own mount: one step into that would wait for
 * itself, and one into a network file system whose server is away would stop the mount for all. So
 * the path is walked component by component, and where a step led to another file system its kind
 * is looked up before the next one. What is known of the root of a mount needs nobody's answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "parts.h"

#define LINKS_MAX 40
#define OURS "fuse.clustrixfs"

/* Those that may wait for another machine or another program. */
static const char *const slow[] = {
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "afs", "9p", "lustre", "gpfs", "beegfs",
    "glusterfs", "coda", "orangefs", "pvfs2", "autofs",
};

static int read_mounts(struct buf *text)
{
    _cleanup_(fdp) int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -errno : 1;

    while (n > 0)
        n = buf_read(text, fd, 65536);
    return (int)n;
}

/* The kind of file system that has that number; empty: none that is mounted, as a btrfs' parts. */
static struct span kind_of(struct span mounts, dev_t dev)
{
    char        number[32];
    struct span line, word, kind = SPAN_LIT("");

    snprintf(number, sizeof(number), "%u:%u", major(dev), minor(dev));
    while (span_next_line(&mounts, &line)) {
        bool it = true;

        for (int i = 0; it && i < 3; i++)
            it = span_next_word(&line, &word);
        if (!it || !span_is(word, number))
            continue;
        while (span_next_word(&line, &word) && !span_is(word, "-"))
            ;
        (void)span_next_word(&line, &kind);
    }
    return kind;
}

static bool is_slow(struct span kind)
{
    for (size_t i = 0; i < ARRAY_SIZE(slow); i++)
        if (span_is(kind, slow[i]))
            return true;
    return kind.len > 5 && !memcmp(kind.data, "fuse.", 5);
}

bool inputs_is_ours(dev_t dev)
{
    _cleanup_(bufp) struct buf mounts = BUF_INIT;

    return read_mounts(&mounts) == 0 && span_is(kind_of(buf_span(&mounts), dev), OURS);
}

struct walker {
    struct buf mounts;
    int        at;    /* an O_PATH descriptor */
    dev_t      dev;
    mode_t     type;
    char       path[PATH_MAX];
    char      *rest;  /* of the path, in it */
    unsigned   links;
};

/* -EXDEV: ours; 1: it may wait; 0. */
static int enter(struct walker *w)
{
    struct statx st;
    struct span  kind;
    dev_t        dev;

    if (statx(w->at, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &st) < 0)
        return -errno;
    dev = makedev(st.stx_dev_major, st.stx_dev_minor);
    w->type = st.stx_mode & S_IFMT;
    if (dev == w->dev)
        return 0;
    w->dev = dev;
    kind = kind_of(buf_span(&w->mounts), dev);
    return span_is(kind, OURS) ? -EXDEV : is_slow(kind) ? 1 : 0;
}

static int go(struct walker *w, int from, const char *name)
{
    int fd = openat(from, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    if (w->at >= 0 && w->at != from)
        close(w->at);
    w->at = fd;
    return enter(w);
}

static int to_root(struct walker *w)
{
    if (w->at >= 0)
        close(w->at);
    w->at = -1;
    return go(w, AT_FDCWD, "/");
}

/* We stand on a link: go back to where it is, and on to where it points. */
static int follow(struct walker *w, int dir)
{
    char    target[PATH_MAX], all[2 * PATH_MAX];
    ssize_t n = readlinkat(w->at, "", target, sizeof(target) - 1);

    if (n < 0)
        return -errno;
    target[n] = '\0';
    if (++w->links > LINKS_MAX)
        return -ELOOP;
    if (snprintf(all, sizeof(all), "%s/%s", target, w->rest) >= PATH_MAX)
        return -ENAMETOOLONG;
    memcpy(w->path, all, strlen(all) + 1);
    w->rest = w->path;
    close(w->at);
    w->at = dir;
    return target[0] == '/' ? to_root(w) : enter(w);
}

static int step(struct walker *w, const char *name)
{
    int dir = w->at, r;

    w->at = -1;
    r = go(w, dir, name);
    if (r == 0 && S_ISLNK(w->type))
        return follow(w, dir);
    close(dir);
    return r;
}

/* Cut the next component off w->rest. False: there is none. */
static bool next(struct walker *w, char name[NAME_MAX + 2])
{
    char  *begin = w->rest + strspn(w->rest, "/");
    size_t len = strcspn(begin, "/");

    snprintf(name, NAME_MAX + 2, "%.*s", (int)(len <= NAME_MAX ? len : NAME_MAX + 1), begin);
    w->rest = begin + len;
    return len > 0;
}

static int walk(struct walker *w)
{
    char name[NAME_MAX + 2];
    int  r = to_root(w);

    while (r == 0 && next(w, name))
        r = step(w, name);
    return r;
}

int look_at(const char *path, int *fd)
{
    struct walker w = { .mounts = BUF_INIT, .at = -1 };
    int           r = read_mounts(&w.mounts);

    *fd = -1;
    if (r == 0 && strlen(path) >= sizeof(w.path))
        r = -ENAMETOOLONG;
    if (r == 0) {
        memcpy(w.path, path, strlen(path) + 1);
        w.rest = w.path;
        r = walk(&w);
    }
    buf_release(&w.mounts);
    if (r == 0)
        *fd = w.at;
    else if (w.at >= 0)
        close(w.at);
    return r > 0 ? 0 : r;
}
