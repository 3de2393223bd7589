/*
 * results.c - what this machine holds of the files of a far cluster's jobs: its life and its door
 *
 * What is held is in the mirror and needs no lane; what is not is a want. Nothing is started before
 * the first want or look.
 */
#include "clustrixfs/results.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clustrixfs/log.h"
#include "clustrixfs/thread.h"

#include "parts.h"

#define SECTOR 512
/* What programs should read at a time: each read is a round trip between the kernel and us. */
#define BLOCK (1024 * 1024)

static void init_locks(struct results *r)
{
    pthread_mutex_init(&r->lock, NULL);
    pthread_mutex_init(&r->taking, NULL);
    thread_cond_init(&r->more);
}

int results_open(struct results **rp, const struct cluster *c, results_changed *fn, void *arg,
                 struct error *e)
{
    struct results *r = calloc(1, sizeof(*r));
    int             err;

    if (!r)
        return error_set(e, -ENOMEM, "out of memory");
    r->cluster = c;
    r->changed = fn;
    r->changed_arg = arg;
    r->wants_end = &r->wants;
    init_locks(r);
    for (unsigned i = 0; i < LANES; i++)
        r->lanes[i] = (struct lane){ .results = r, .index = i };
    err = mirror_open(&r->mirror, c->mirror, e);
    if (err < 0) {
        results_close(r);
        return err;
    }
    *rp = r;
    return 0;
}

void results_stop(struct results *r)
{
    struct want *left;

    pthread_mutex_lock(&r->lock);
    r->closing = true;
    for (unsigned i = 0; i < LANES; i++)
        lanes_interrupt(r, i);
    left = wants_all(r, -EHOSTUNREACH);
    pthread_cond_broadcast(&r->more);
    pthread_mutex_unlock(&r->lock);
    wants_answer(left);
    lanes_join(r);
    watch_join(r);
}

void results_close(struct results *r)
{
    if (!r)
        return;
    results_stop(r);
    files_trim(r, 0, true);
    looks_forget(r, NULL);
    mirror_close(&r->mirror);
    pthread_cond_destroy(&r->more);
    pthread_mutex_destroy(&r->taking);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

void results_link(struct results *r, const char *why_down)
{
    struct want *left;

    pthread_mutex_lock(&r->lock);
    r->down = why_down != NULL;
    r->again_ns = 0;
    left = why_down ? wants_all(r, -EHOSTUNREACH) : NULL;
    pthread_cond_broadcast(&r->more);
    pthread_mutex_unlock(&r->lock);
    wants_answer(left);
}

bool results_has(struct results *r, const char *token, const char *path, off_t off, size_t size)
{
    _cleanup_(freep) char *all = NULL;
    _cleanup_(fdp) int     fd = -1;

    if (asprintf(&all, "%s/%s", token, path) < 0) {
        all = NULL;
        return false;
    }
    fd = mirror_walk(r->mirror.fd, all, O_RDONLY | O_NONBLOCK);
    return fd >= 0 && holes_held(fd, off, size);
}

ssize_t results_read(struct results *r, int fd, void *data, size_t size, off_t off)
{
    ssize_t      n = holes_read(&r->mirror, fd, data, size, off);
    struct stat  st;
    struct file *f;

    if (n <= 0 || atomic_load(&r->n_files) == 0 || fstat(fd, &st) < 0)
        return n;
    pthread_mutex_lock(&r->lock);
    f = file_by_ino(r, st.st_ino);
    if (f) {
        f->next_off = f->read_to = off + n;
        f->used_ns = clock_mono_ns();
        if (f->streaming && stream_has(r, f->used_ns))
            lanes_wake(r);
    }
    pthread_mutex_unlock(&r->lock);
    return n;
}

void results_stat(struct results *r, struct stat *st)
{
    struct file *f;

    if (st->st_mode & S_ISVTX)
        st->st_mode &= ~(mode_t)(S_ISVTX | S_IWUSR);
    if (!S_ISREG(st->st_mode))
        return;
    st->st_blocks = (st->st_size + SECTOR - 1) / SECTOR;
    st->st_blksize = BLOCK;
    if (atomic_load(&r->n_files) == 0)
        return;
    pthread_mutex_lock(&r->lock);
    f = file_by_ino(r, st->st_ino);
    if (f)
        st->st_mtim = mtime_spec(f->mtime_ns);
    pthread_mutex_unlock(&r->lock);
}

struct results_progress results_progress(struct results *r, const char *token)
{
    struct results_progress p = { 0 };
    const struct file      *last = NULL;

    pthread_mutex_lock(&r->lock);
    for (const struct want *w = r->wants; w; w = w->next) {
        if (strcmp(w->file->token, token) != 0)
            continue;
        p.wanted += w->size;
        p.files += w->file != last;
        last = w->file;
    }
    pthread_mutex_unlock(&r->lock);
    return p;
}

void results_forget(struct results *r, const char *token)
{
    int err;

    pthread_mutex_lock(&r->taking);
    err = mirror_hide(&r->mirror, token);
    pthread_mutex_unlock(&r->taking);
    if (err < 0)
        log_line(LOG_WARN, "cluster=%s: %s/%s cannot be removed: %s", r->cluster->name,
                 r->mirror.path, token, strerror(-err));
    pthread_mutex_lock(&r->lock);
    looks_forget(r, token);
    r->forgotten = true;
    watch_start(r);
    pthread_cond_broadcast(&r->more);
    pthread_mutex_unlock(&r->lock);
}
