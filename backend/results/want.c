/*
 * want.c - who waits for which bytes
 *
 * A want is on the list until somebody takes it off; who has taken it off answers it, with no lock
 * held. So each is answered exactly once.
 */
#include "parts.h"

#include <errno.h>
#include <stdlib.h>

/* Somebody who asks for so much at a time reads on. */
#define READS_ON ((size_t)512 * 1024)
/* What lies so little ahead of a stream's head is waited for. */
#define SOON ((off_t)8 * 1024 * 1024)

/* What to do with a want: 0 leave it, else take it off the list with this answer (+1: 0). */
typedef int judge_fn(struct results *r, struct want *w, const void *arg);
#define JUDGE_DONE 1

static struct want *take(struct results *r, judge_fn *judge, const void *arg)
{
    struct want **at = &r->wants, *w, *taken = NULL;

    while ((w = *at)) {
        int answer = judge(r, w, arg);

        if (answer == 0) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        w->answer = answer == JUDGE_DONE ? 0 : answer;
        w->next = taken;
        taken = w;
        file_unuse(w->file);
    }
    r->wants_end = at;
    return taken;
}

static int judge_held(struct results *r unused_arg, struct want *w, const void *file)
{
    return w->file == file && holes_held(w->file->fd, w->off, w->size) ? JUDGE_DONE : 0;
}

struct want *wants_held(struct results *r, const struct file *f)
{
    return take(r, judge_held, f);
}

struct unserved {
    unsigned           lane;
    const struct file *file; /* NULL: any */
    int                err;
};

static int judge_unserved(struct results *r unused_arg, struct want *w, const void *arg)
{
    const struct unserved *u = arg;

    if (w->state != WANT_SENT || w->lane != u->lane || (u->file && w->file != u->file))
        return 0;
    if (holes_held(w->file->fd, w->off, w->size))
        return JUDGE_DONE;
    /* What cannot be had is not asked for twice; what may have been bad luck is. */
    if (u->err == -ENOENT || u->err == -EACCES || u->err == -EHOSTUNREACH ||
        ++w->tries >= TRIES_MAX)
        return u->err < 0 ? u->err : -ESTALE;
    w->state = WANT_NEW;
    return 0;
}

struct want *wants_unserved(struct results *r, unsigned lane, const struct file *f, int err)
{
    struct unserved u = { lane, f, err };

    return take(r, judge_unserved, &u);
}

static int judge_all(struct results *r unused_arg, struct want *w unused_arg, const void *err)
{
    return *(const int *)err;
}

struct want *wants_all(struct results *r, int err)
{
    return take(r, judge_all, &err);
}

static int judge_silent(struct results *r, struct want *w, const void *now)
{
    if (*(const int64_t *)now - w->since_ns < SILENCE_NS)
        return 0;
    if (w->state == WANT_SENT)
        lanes_interrupt(r, w->lane);
    return -ETIMEDOUT;
}

struct want *wants_silent(struct results *r, int64_t now)
{
    return take(r, judge_silent, &now);
}

void wants_alive(struct results *r, const struct file *f, int64_t now)
{
    for (struct want *w = r->wants; w; w = w->next)
        if (w->file == f && w->state == WANT_SENT)
            w->since_ns = now;
}

void wants_answer(struct want *taken)
{
    while (taken) {
        struct want *w = taken;

        taken = w->next;
        w->done(w->arg, w->answer);
        free(w);
    }
}

bool want_is_coming(struct results *r, struct want *w)
{
    off_t from, to;

    if (!holes_next(w->file->fd, w->off, (off_t)w->file->size, &from, &to))
        return false;
    for (unsigned i = LANE_STREAM; i < LANES; i++) {
        const struct lane *l = &r->lanes[i];

        if (l->file != w->file || from < l->head || from >= l->end || from - l->head >= SOON)
            continue;
        w->state = WANT_SENT;
        w->lane = i;
        return true;
    }
    return false;
}

static bool reads_on(const struct want *w)
{
    const struct file *f = w->file;

    if (f->size <= (uint64_t)PIECE)
        return false;
    return w->size >= READS_ON ||
           (f->next_off > 0 && w->off >= f->next_off - PIECE && w->off <= f->next_off + PIECE);
}

/* 0: it is on the list; WANT_HELD; or why it cannot be. */
enum { WANT_HELD = 1 };
static int enlist(struct results *r, const char *token, const char *path, struct want *w)
{
    int64_t now = clock_mono_ns();
    int     err;

    if (r->closing || r->down || now < r->again_ns)
        return -EHOSTUNREACH;
    w->file = file_get(r, token, path, &err);
    if (!w->file)
        return err;
    if (holes_held(w->file->fd, w->off, w->size)) {
        file_unuse(w->file);
        return WANT_HELD;
    }
    w->since_ns = now;
    w->reads_on = want_is_coming(r, w) || reads_on(w);
    w->file->next_off = w->off + (off_t)w->size;
    w->file->read_to = w->off;
    *r->wants_end = w;
    r->wants_end = &w->next;
    room_used(r, token);
    lanes_wake(r);
    watch_start(r);
    return 0;
}

void results_want(struct results *r, const char *token, const char *path, off_t off, size_t size,
                  results_done *done, void *arg)
{
    struct want *w = calloc(1, sizeof(*w));
    int          err = -ENOMEM;

    if (w) {
        *w = (struct want){ .off = off, .size = size, .done = done, .arg = arg };
        pthread_mutex_lock(&r->lock);
        err = enlist(r, token, path, w);
        pthread_mutex_unlock(&r->lock);
    }
    if (w && err == 0)
        return;
    free(w);
    done(arg, err == WANT_HELD ? 0 : err);
}
