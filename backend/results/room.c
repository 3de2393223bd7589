/*
 * room.c - no more bytes are kept here than the configuration allows
 *
 * What is too much is taken from the jobs that were not used for the longest time, by making holes
 * of their bytes again: their names, sizes and times stay. When a job was used is written in the
 * time of its directory in the mirror, and in the access times that the file system keeps itself.
 * The sizes are asked for when the mirror is first fetched into, and again when it seems full.
 */
#include "take.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clustrixfs/log.h"

#define SECTOR 512
#define USED_EVERY_S 60
/* Down to this share of what is allowed. */
#define ROOM_KEEP(max) ((max) / 10 * 9)

struct held {
    char     token[JOB_TOKEN_LEN + 1];
    uint64_t bytes;
    int64_t  used_ns;
};

struct holdings {
    struct held *v;
    size_t       n, alloc;
};

typedef void file_fn(struct results *r, int dir, const char *name, const struct stat *st,
                     void *arg);

/* Every file below `fd`, which is taken. A listing has bounded how deep that goes. */
static void each_file(struct results *r, int fd, file_fn *fn, void *arg)
{
    DIR           *d = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    struct stat    st;

    if (!d) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((entry = readdir(d))) {
        const char *name = entry->d_name;

        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
            fstatat(dirfd(d), name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (S_ISDIR(st.st_mode))
            each_file(r, mirror_walk(dirfd(d), name, O_RDONLY | O_DIRECTORY), fn, arg);
        else if (S_ISREG(st.st_mode) && st.st_blocks > 0)
            fn(r, dirfd(d), name, &st, arg);
    }
    closedir(d);
}

static void count_file(struct results *r unused_arg, int dir unused_arg,
                       const char *name unused_arg, const struct stat *st, void *arg)
{
    struct held *h = arg;
    int64_t      read_ns = st->st_atim.tv_sec * NS_PER_S + st->st_atim.tv_nsec;

    h->bytes += (uint64_t)st->st_blocks * SECTOR;
    if (read_ns > h->used_ns)
        h->used_ns = read_ns;
}

static void count_token(struct results *r, struct holdings *all, const char *token)
{
    struct held h = { .bytes = 0 };
    struct stat st;
    int         fd = mirror_walk(r->mirror.fd, token, O_RDONLY | O_DIRECTORY);

    if (fd < 0 || fstat(fd, &st) < 0)
        return;
    if (all->n == all->alloc) {
        size_t       alloc = all->alloc ? all->alloc * 2 : 64;
        struct held *v = reallocarray(all->v, alloc, sizeof(*v));

        if (!v) {
            close(fd);
            return;
        }
        all->v = v;
        all->alloc = alloc;
    }
    strcpy(h.token, token);
    h.used_ns = stat_mtime_ns(&st);
    each_file(r, fd, count_file, &h);
    all->v[all->n++] = h;
}

static uint64_t count_all(struct results *r, struct holdings *all)
{
    int            fd = mirror_walk(r->mirror.fd, ".", O_RDONLY | O_DIRECTORY);
    DIR           *d = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    uint64_t       bytes = 0;

    if (!d && fd >= 0)
        close(fd);
    while (d && (entry = readdir(d)))
        if (strlen(entry->d_name) == JOB_TOKEN_LEN)
            count_token(r, all, entry->d_name);
    if (d)
        closedir(d);
    for (size_t i = 0; i < all->n; i++)
        bytes += all->v[i].bytes;
    return bytes;
}

static int compare_used(const void *a, const void *b)
{
    const struct held *x = a, *y = b;

    return (x->used_ns > y->used_ns) - (x->used_ns < y->used_ns);
}

/* Not what somebody is fetching. */
static void drop_file(struct results *r, int dir, const char *name, const struct stat *st,
                      void *arg unused_arg)
{
    const struct file *f;
    bool               busy;
    int                fd;

    pthread_mutex_lock(&r->lock);
    f = file_by_ino(r, st->st_ino);
    busy = f && f->users > 0;
    pthread_mutex_unlock(&r->lock);
    fd = busy ? -1 : openat(dir, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    if (holes_drop(&r->mirror, fd) < 0)
        log_line(LOG_WARN, "cluster=%s: cannot give up fetched bytes", r->cluster->name);
    close(fd);
}

static void make_room(struct results *r)
{
    struct holdings all = { 0 };
    uint64_t        max = r->cluster->mirror_max, bytes;

    pthread_mutex_lock(&r->taking);
    bytes = count_all(r, &all);
    if (bytes > max && all.n > 0)
        qsort(all.v, all.n, sizeof(all.v[0]), compare_used);
    for (size_t i = 0; bytes > max && i < all.n && bytes > ROOM_KEEP(max); i++) {
        each_file(r, mirror_walk(r->mirror.fd, all.v[i].token, O_RDONLY | O_DIRECTORY), drop_file,
                  NULL);
        bytes -= all.v[i].bytes;
    }
    pthread_mutex_unlock(&r->taking);
    free(all.v);
    atomic_store(&r->held, bytes);
}

/* Not known yet: as if it were full, so that it is looked at. */
void room_got(struct results *r, uint64_t bytes)
{
    uint64_t max = r->cluster->mirror_max;

    if (max == 0 || bytes == 0)
        return;
    if (atomic_fetch_add(&r->held, bytes) + bytes > max)
        make_room(r);
}

/* [lock] */
void room_used(struct results *r, const char *token)
{
    struct stat st;

    if (fstatat(r->mirror.fd, token, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        clock_now_ns() - stat_mtime_ns(&st) > USED_EVERY_S * NS_PER_S &&
        mirror_set_mtime(r->mirror.fd, token, clock_now_ns()) < 0)
        log_line(LOG_DEBUG, "%s: cannot say that it is used", token);
}
