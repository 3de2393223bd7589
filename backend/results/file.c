/*
 * file.c - the files that are being fetched, or were a moment ago
 *
 * While bytes are written to a placeholder its own mtime is now and then wrong for a moment; what
 * is here is the truth. So a file stays known for a while after the last write, and whoever looks
 * at attributes while any is known asks here too (results_attr()).
 */
#include "take.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KNOWN_NS (10 * NS_PER_S)

static size_t name_bucket(const char *token, const char *path)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (; *token; token++)
        h = (h ^ (unsigned char)*token) * UINT64_C(1099511628211);
    for (; *path; path++)
        h = (h ^ (unsigned char)*path) * UINT64_C(1099511628211);
    return (h ^ h >> 32) & (FILE_BUCKETS - 1);
}

struct file *file_find(struct results *r, const char *token, const char *path)
{
    struct file *f = r->by_name[name_bucket(token, path)];

    while (f && (strcmp(f->path, path) != 0 || strcmp(f->token, token) != 0))
        f = f->by_name;
    return f;
}

struct file *file_by_ino(struct results *r, ino_t ino)
{
    struct file *f = r->by_ino[ino % FILE_BUCKETS];

    while (f && f->ino != ino)
        f = f->by_ino;
    return f;
}

static void file_free(struct file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    free(f->token);
    free(f->path);
    free(f);
}

static void take_out(struct results *r, struct file *f)
{
    struct file **at;

    for (at = &r->by_name[name_bucket(f->token, f->path)]; *at != f; at = &(*at)->by_name)
        ;
    *at = f->by_name;
    for (at = &r->by_ino[f->ino % FILE_BUCKETS]; *at != f; at = &(*at)->by_ino)
        ;
    *at = f->by_ino;
    atomic_fetch_sub(&r->n_files, 1);
}

static void put_in(struct results *r, struct file *f)
{
    struct file **named = &r->by_name[name_bucket(f->token, f->path)];
    struct file **numbered = &r->by_ino[f->ino % FILE_BUCKETS];

    f->by_name = *named;
    *named = f;
    f->by_ino = *numbered;
    *numbered = f;
    atomic_fetch_add(&r->n_files, 1);
}

static int open_mirrored(struct results *r, const char *token, const char *path, struct stat *st)
{
    _cleanup_(freep) char *all = NULL;
    int                    fd;

    if (asprintf(&all, "%s/%s", token, path) < 0)
        return -ENOMEM;
    fd = mirror_walk(r->mirror.fd, all, O_RDWR | O_NONBLOCK);
    if (fd < 0)
        return fd == -ELOOP || fd == -ENOTDIR || fd == -ENXIO ? -ENOENT : fd;
    if (fstat(fd, st) < 0 || !S_ISREG(st->st_mode)) {
        close(fd);
        return -ENOENT;
    }
    return fd;
}

static struct file *file_new(struct results *r, const char *token, const char *path, int fd,
                             const struct stat *st)
{
    struct file *f = calloc(1, sizeof(*f));

    if (!f) {
        close(fd);
        return NULL;
    }
    f->fd = fd;
    f->ino = st->st_ino;
    f->size = (uint64_t)st->st_size;
    f->mtime_ns = stat_mtime_ns(st);
    f->is_output = strncmp(path, FILES_DIR "/", sizeof(FILES_DIR)) != 0;
    f->token = strdup(token);
    f->path = strdup(path);
    if (!f->token || !f->path) {
        file_free(f);
        return NULL;
    }
    put_in(r, f);
    return f;
}

/* Its descriptor is opened again when it is used again; by then it may be another file. */
static int reopen(struct results *r, struct file *f)
{
    struct stat st;

    if (f->fd >= 0)
        return 0;
    f->fd = open_mirrored(r, f->token, f->path, &st);
    if (f->fd < 0)
        return f->fd;
    return st.st_ino == f->ino ? 0 : -ESTALE;
}

struct file *file_get(struct results *r, const char *token, const char *path, int *err)
{
    struct file *f = file_find(r, token, path);
    struct stat  st;
    int          fd;

    *err = f ? reopen(r, f) : 0;
    if (*err < 0 && f->users == 0) {
        take_out(r, f);
        file_free(f);
        f = NULL;
    } else if (*err < 0) {
        return NULL;
    }
    if (!f) {
        fd = open_mirrored(r, token, path, &st);
        f = fd < 0 ? NULL : file_new(r, token, path, fd, &st);
        *err = f ? 0 : fd < 0 ? fd : -ENOMEM;
    }
    if (!f)
        return NULL;
    f->users++;
    f->used_ns = clock_mono_ns();
    return f;
}

void file_unuse(struct file *f)
{
    if (--f->users > 0)
        return;
    close(f->fd);
    f->fd = -1;
}

bool files_trim(struct results *r, int64_t now, bool all)
{
    bool none = true;

    for (size_t i = 0; i < FILE_BUCKETS; i++) {
        struct file *f, *next;

        for (f = r->by_name[i]; f; f = next) {
            next = f->by_name;
            if (!all && (f->users > 0 || now - f->used_ns < KNOWN_NS)) {
                none = false;
                continue;
            }
            take_out(r, f);
            file_free(f);
        }
    }
    return none;
}

int file_attr(struct results *r, struct file *f, const struct far_attr *attr)
{
    bool    keep;
    int64_t mtime_ns;
    int     err;

    pthread_mutex_lock(&r->lock);
    mtime_ns = f->mtime_ns;
    keep = f->is_output && attr->size >= f->size;
    if (attr->size == f->size && attr->mtime_ns == mtime_ns) {
        pthread_mutex_unlock(&r->lock);
        return MIRROR_E_SAME;
    }
    pthread_mutex_unlock(&r->lock);
    if (!keep)
        atomic_fetch_add(&f->gen, 1); /* before: what is on its way is not written any more */
    err = holes_resize(&r->mirror, f->fd, attr->size, attr->mtime_ns, keep);
    pthread_mutex_lock(&r->lock);
    f->size = attr->size;
    f->mtime_ns = attr->mtime_ns;
    pthread_mutex_unlock(&r->lock);
    return err < 0 ? err : MIRROR_E_CHANGED;
}

/* The file of that name, if it is known and still is what lies there. */
static struct file *known(struct results *r, const char *token, const char *path, int dir,
                          const char *name)
{
    struct file *f;
    struct stat  st;
    int          err;

    if (atomic_load(&r->n_files) == 0)
        return NULL;
    pthread_mutex_lock(&r->lock);
    f = file_find(r, token, path);
    if (f && (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_ino != f->ino))
        f = NULL;
    if (f)
        f = file_get(r, token, path, &err);
    pthread_mutex_unlock(&r->lock);
    return f;
}

int take_place(struct results *r, const char *token, const char *path, int dir, const char *name,
               const struct far_attr *attr, const char *target)
{
    struct file *f = known(r, token, path, dir, name);
    bool         grows = strncmp(path, FILES_DIR "/", sizeof(FILES_DIR)) != 0;
    int          err;

    if (f && S_ISREG(attr->mode)) {
        err = fchmod(f->fd, mirror_mode(attr->mode)) < 0 ? -errno : file_attr(r, f, attr);
    } else {
        if (f)
            atomic_fetch_add(&f->gen, 1);
        err = mirror_place(&r->mirror, dir, name, attr, target, grows);
    }
    /* Somebody may have begun to fetch it in between, as it was: that comes to nothing. */
    if (!f && err == MIRROR_E_CHANGED && (f = known(r, token, path, dir, name))) {
        atomic_fetch_add(&f->gen, 1);
        err = holes_drop(&r->mirror, f->fd);
        pthread_mutex_lock(&r->lock);
        f->size = attr->size;
        f->mtime_ns = attr->mtime_ns;
        pthread_mutex_unlock(&r->lock);
        err = err < 0 ? err : MIRROR_E_CHANGED;
    }
    if (f) {
        pthread_mutex_lock(&r->lock);
        file_unuse(f);
        pthread_mutex_unlock(&r->lock);
    }
    return err;
}
