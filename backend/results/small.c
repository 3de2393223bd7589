/*
 * small.c - small files, and pieces of large ones: many in one round trip
 *
 * All wants that have come together by the time a lane is free go out as one question. With a small
 * file come its neighbours: who opens one of a thousand small files will open the next.
 */
#include "query.h"
#include "siblings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/log.h"

#define BATCH_FILES 512
#define BATCH_BYTES ((uint64_t)4 * 1024 * 1024)

/* What goes out together; each piece's file is counted as used. */
struct batch {
    size_t           n, n_wanted; /* those that somebody waits for come first */
    uint64_t         bytes;
    struct file     *files[BATCH_FILES];
    unsigned         gens[BATCH_FILES];
    struct query_piece pieces[BATCH_FILES];
};

static off_t piece_down(off_t off)
{
    return off - off % PIECE;
}

static bool is_for_small(const struct want *w)
{
    return w->state == WANT_NEW && !w->reads_on;
}

bool small_has(const struct results *r)
{
    for (const struct want *w = r->wants; w; w = w->next)
        if (is_for_small(w))
            return true;
    return false;
}

static void add(struct batch *b, struct file *f, off_t off, off_t len, bool alone)
{
    bool whole = off == 0 && len == WHOLE_MAX;

    f->users++;
    b->files[b->n] = f;
    b->gens[b->n] = atomic_load(&f->gen);
    b->pieces[b->n++] = (struct query_piece){
        .token = f->token, .path = f->path, .off = off, .len = len, .alone = alone,
    };
    b->bytes += whole ? f->size : (uint64_t)len;
}

/* The pieces that the want touches, as far as they are not here; or the whole of a small file. */
static void add_want(struct batch *b, const struct want *w)
{
    struct file *f = w->file;
    off_t        from, to, end = w->off + (off_t)w->size;

    if (f->size <= (uint64_t)PIECE) {
        add(b, f, 0, WHOLE_MAX, w->tries > 0);
        return;
    }
    if (end > (off_t)f->size)
        end = (off_t)f->size;
    if (!holes_next(f->fd, w->off, end, &from, &to))
        return;
    from = piece_down(from);
    add(b, f, from, piece_down(to + PIECE - 1) - from, w->tries > 0);
}

static bool has_it(const struct batch *b, const struct want *w)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->files[i] == w->file && w->off >= b->pieces[i].off &&
            w->off + (off_t)w->size <= b->pieces[i].off + b->pieces[i].len)
            return true;
    return false;
}

static void gather(struct lane *l, struct batch *b)
{
    for (struct want *w = l->results->wants; w; w = w->next) {
        if (!is_for_small(w) || b->n == BATCH_FILES || b->bytes >= BATCH_BYTES)
            continue;
        w->state = WANT_SENT;
        w->lane = l->index;
        if (!has_it(b, w))
            add_want(b, w);
    }
    b->n_wanted = b->n;
}

/* [no lock] */
static void gather_siblings(struct results *r, struct batch *b)
{
    _cleanup_(strvp) struct strv paths = STRV_INIT;
    const struct query_piece      *p = &b->pieces[0];

    if (b->n == 0 || p->len != WHOLE_MAX || p->alone)
        return;
    siblings_find(r, p->token, p->path, BATCH_FILES - b->n, BATCH_BYTES - b->bytes, &paths);
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < paths.n && b->n < BATCH_FILES; i++) {
        int          err;
        struct file *f = file_get(r, p->token, paths.v[i], &err);

        if (!f)
            continue;
        if (f->users == 1) /* nobody else is at it */
            add(b, f, 0, WHOLE_MAX, false);
        file_unuse(f);
    }
    pthread_mutex_unlock(&r->lock);
}

/* An output that went on growing while it was read is none the worse for it. */
static bool is_trusted(const struct query_piece *p, const struct file *f)
{
    return p->steady || p->alone || f->is_output;
}

/* What came, where it belongs; with what the far side says of the file now. */
static int keep(struct results *r, struct file *f, struct query_piece *p, unsigned gen)
{
    int err = p->err;

    if (err < 0 || !is_trusted(p, f))
        return err < 0 ? err : -EAGAIN;
    pthread_mutex_lock(&r->taking);
    if (gen != atomic_load(&f->gen)) {
        err = -EAGAIN; /* what was collected meanwhile is younger than this */
    } else if (!f->is_output || p->attr.size > f->size) {
        err = file_attr(r, f, &p->attr);
        /* The bytes are younger than what made it another file. */
        if (err == MIRROR_E_CHANGED)
            gen = atomic_load(&f->gen);
    }
    pthread_mutex_unlock(&r->taking);
    if (err >= 0)
        err = holes_write(&r->mirror, f->fd, &f->gen, gen, f->mtime_ns, p->data, p->off);
    return err;
}

struct kept {
    struct file *file;
    int          err;
};

/* query() has put the pieces in another order: find the file of each again. */
static struct file *file_of(struct batch *b, const struct query_piece *p, unsigned *gen)
{
    for (size_t i = 0; i < b->n; i++) {
        if (b->files[i]->path != p->path)
            continue;
        *gen = b->gens[i];
        return b->files[i];
    }
    return NULL;
}

/* [no lock] */
static void fetch(struct lane *l, struct batch *b, struct kept *kept)
{
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    struct results                    *r = l->results;
    int                                err = query(l, b->pieces, b->n, &o);
    uint64_t                           got = 0;

    for (size_t i = 0; i < b->n; i++) {
        unsigned gen = 0;

        kept[i].file = file_of(b, &b->pieces[i], &gen);
        kept[i].err = err < 0 ? err : keep(r, kept[i].file, &b->pieces[i], gen);
        if (kept[i].err == 0)
            got += b->pieces[i].data.len;
    }
    room_got(r, got);
}

/* [lock] Whoever waits for one of these hears of it. */
static struct want *finish(struct lane *l, struct batch *b, const struct kept *kept)
{
    struct want *taken = NULL, **end = &taken;

    for (size_t i = 0; i < b->n; i++) {
        *end = kept[i].err == 0 ? wants_held(l->results, kept[i].file)
                                : wants_unserved(l->results, l->index, kept[i].file, kept[i].err);
        while (*end)
            end = &(*end)->next;
    }
    *end = wants_unserved(l->results, l->index, NULL, -EAGAIN);
    for (size_t i = 0; i < b->n; i++)
        file_unuse(b->files[i]);
    return taken;
}

bool small_do(struct lane *l)
{
    struct results                *r = l->results;
    _cleanup_(freep) struct batch *b = NULL;
    _cleanup_(freep) struct kept  *kept = NULL;
    struct want                   *taken;

    if (!small_has(r))
        return false;
    b = calloc(1, sizeof(*b));
    kept = b ? calloc(BATCH_FILES, sizeof(*kept)) : NULL;
    if (!kept) {
        taken = wants_all(r, -ENOMEM);
    } else {
        gather(l, b);
        pthread_mutex_unlock(&r->lock);
        gather_siblings(r, b);
        fetch(l, b, kept);
        pthread_mutex_lock(&r->lock);
        taken = finish(l, b, kept);
    }
    pthread_mutex_unlock(&r->lock);
    wants_answer(taken);
    pthread_mutex_lock(&r->lock);
    lanes_wake(r);
    return true;
}
