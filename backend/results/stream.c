/*
 * stream.c - a large file, as it comes
 *
 * Who reads on gets a stream from where they are: its bytes are written to the mirror as they come
 * and whoever waits for them goes on at once. It runs ahead of its reader, in stripes that the two
 * lanes take in turn, and ends when nobody reads behind it any more: `head` of a terabyte
 * costs some megabytes.
 *
 * Before the first byte and after the last one of a stripe the far side is asked what the file is.
 * If that is another one by then, what came is dropped and those who still wait begin anew.
 */
#include "query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The second lane helps when so much was read. */
#define HELP_FROM ((off_t)4 * 1024 * 1024)

/* A stripe on its way. */
struct stripe {
    struct lane *lane;
    struct file *file;
    unsigned     gen;
    off_t        at, end; /* what was written last, and where it ends */
    size_t       n;       /* in `data`: from `at` on                  */
    int          err;     /* why it was stopped                       */
    char         data[PIECE];
};

static off_t grain_down(off_t off)
{
    return off - off % MIRROR_GRAIN;
}

static bool is_for_stream(const struct want *w)
{
    return w->state == WANT_NEW && w->reads_on;
}

/* Where a file that is read ahead goes on; false: it does not. */
static bool goes_on(struct file *f, int64_t now, off_t *from, off_t *to)
{
    if (!f->streaming || now - f->used_ns > QUIET_NS || f->stream_at - f->read_to >= STRIPE ||
        f->read_to - f->stream_from < HELP_FROM || f->fd < 0)
        return false;
    return holes_next(f->fd, f->stream_at, (off_t)f->size, from, to);
}

static struct file *ahead(struct results *r, int64_t now, off_t *from, off_t *to)
{
    if (atomic_load(&r->n_files) == 0)
        return NULL;
    for (unsigned i = LANE_STREAM; i < LANES; i++) {
        struct file *f = r->lanes[i].file;

        if (f && goes_on(f, now, from, to))
            return f;
    }
    return NULL;
}

bool stream_has(struct results *r, int64_t now)
{
    off_t from, to;

    for (const struct want *w = r->wants; w; w = w->next)
        if (is_for_stream(w))
            return true;
    return ahead(r, now, &from, &to) != NULL;
}

/* From the first byte that somebody waits for. */
static struct file *wanted(struct results *r, off_t *from, off_t *to)
{
    for (struct want *w = r->wants; w; w = w->next) {
        if (!is_for_stream(w) || want_is_coming(r, w))
            continue;
        if (!holes_next(w->file->fd, w->off, (off_t)w->file->size, from, to))
            *from = *to = (off_t)w->file->size;
        w->file->streaming = true;
        w->file->stream_from = *from;
        return w->file;
    }
    return NULL;
}

/* Those whose first byte this stripe brings wait for it. */
static void claim(struct results *r, const struct stripe *s)
{
    for (struct want *w = r->wants; w; w = w->next) {
        if (w->file != s->file || !is_for_stream(w) || w->off >= s->end ||
            w->off + (off_t)w->size <= s->at)
            continue;
        w->state = WANT_SENT;
        w->lane = s->lane->index;
    }
}

/* [lock] */
static bool begin(struct lane *l, struct stripe *s)
{
    struct results *r = l->results;
    off_t           from, to;

    s->file = wanted(r, &from, &to);
    if (!s->file)
        s->file = ahead(r, clock_mono_ns(), &from, &to);
    if (!s->file)
        return false;
    from = grain_down(from);
    to = grain_down(to + MIRROR_GRAIN - 1);
    s->at = from;
    s->end = to - from > STRIPE ? from + STRIPE : to;
    s->file->users++;
    s->gen = atomic_load(&s->file->gen);
    s->file->stream_at = s->end;
    claim(r, s);
    l->file = s->file;
    l->head = s->at;
    l->end = s->end;
    return true;
}

/* [lock] Whether anybody still reads behind the stream. */
static bool is_followed(const struct stripe *s, int64_t now)
{
    const struct results *r = s->lane->results;

    if (r->closing || s->lane->broken)
        return false;
    for (const struct want *w = r->wants; w; w = w->next)
        if (w->file == s->file)
            return true;
    return now - s->file->used_ns < QUIET_NS && s->at - s->file->read_to < AHEAD;
}

/* The bytes in hand go to the mirror, and those who wait for them hear of it. */
static void write_out(struct stripe *s)
{
    struct results *r = s->lane->results;
    struct want    *taken;
    int64_t         now = clock_mono_ns();
    int             err;

    err = holes_write(&r->mirror, s->file->fd, &s->file->gen, s->gen, s->file->mtime_ns,
                      (struct span){ s->data, s->n }, s->at);
    if (err < 0) {
        s->err = err;
        return;
    }
    room_got(r, s->n);
    s->at += (off_t)s->n;
    s->n = 0;
    pthread_mutex_lock(&r->lock);
    s->lane->head = s->at;
    taken = wants_held(r, s->file);
    wants_alive(r, s->file, now);
    if (!is_followed(s, now)) {
        s->err = -ECANCELED;
        s->file->streaming = false;
    }
    pthread_mutex_unlock(&r->lock);
    wants_answer(taken);
}

static int sink(void *arg, const char *data, size_t n)
{
    struct stripe *s = arg;

    while (n > 0 && s->err == 0) {
        size_t room = (size_t)(PIECE - s->at % PIECE) - s->n;
        size_t part = n < room ? n : room;

        memcpy(s->data + s->n, data, part);
        s->n += part;
        data += part;
        n -= part;
        if (part == room)
            write_out(s);
    }
    return s->err;
}

/* What the far side says of the file now. MIRROR_E_CHANGED: another one than we knew. [no lock] */
static int look(struct stripe *s)
{
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    struct results                    *r = s->lane->results;
    struct query_piece p = { .token = s->file->token, .path = s->file->path, .alone = true };
    unsigned           gen = atomic_load(&s->file->gen);
    int                err = query(s->lane, &p, 1, &o);

    if (err == 0)
        err = p.err;
    if (err < 0)
        return err;
    /* An output that has grown has the bytes that it had. */
    if (s->file->is_output && p.attr.size >= s->file->size)
        return MIRROR_E_SAME;
    pthread_mutex_lock(&r->taking);
    /* What was collected meanwhile is younger than this. */
    err = gen == atomic_load(&s->file->gen) ? file_attr(r, s->file, &p.attr) : MIRROR_E_CHANGED;
    pthread_mutex_unlock(&r->taking);
    return err;
}

/* It is another file than it was: the stripe begins anew with that. */
static void adapt(struct stripe *s)
{
    struct results *r = s->lane->results;

    pthread_mutex_lock(&r->lock);
    s->gen = atomic_load(&s->file->gen);
    if (s->end > (off_t)s->file->size)
        s->end = (off_t)s->file->size;
    pthread_mutex_unlock(&r->lock);
}

static int read_stripe(struct stripe *s)
{
    const struct cluster      *c = s->lane->results->cluster;
    _cleanup_(bufp) struct buf path = BUF_INIT;
    struct error               e = ERROR_INIT;
    int                        err;

    buf_printf(&path, "%s/%s/%s", c->root, s->file->token, s->file->path);
    if (buf_error(&path) < 0)
        return -ENOMEM;
    err = lane_error(s->lane, c->transport->read(s->lane->t, path.data, s->at,
                                                 (uint64_t)(s->end - s->at), sink, s, &e));
    if (s->err < 0)
        return s->err == -ECANCELED ? 0 : s->err;
    /* The last bytes are no whole piece; they end with the file or with the stripe. */
    if (err == 0 && s->n > 0)
        write_out(s);
    return err < 0 ? err : s->err == -ECANCELED ? 0 : s->err;
}

/* [no lock] */
static int fetch(struct stripe *s)
{
    int err = look(s), after;

    if (err < 0)
        return err;
    if (err == MIRROR_E_CHANGED)
        adapt(s);
    if (s->at >= s->end)
        return 0;
    err = read_stripe(s);
    after = err < 0 ? 0 : look(s);
    return err < 0 ? err : after == MIRROR_E_CHANGED ? -ESTALE : after < 0 ? after : 0;
}

bool stream_do(struct lane *l)
{
    struct results                 *r = l->results;
    _cleanup_(freep) struct stripe *s = NULL;
    struct want                    *taken, **end = &taken;
    int                             err;

    if (!stream_has(r, clock_mono_ns()) || !(s = calloc(1, sizeof(*s))))
        return false;
    s->lane = l;
    if (!begin(l, s))
        return false;
    lanes_wake(r);
    pthread_mutex_unlock(&r->lock);
    err = fetch(s);
    pthread_mutex_lock(&r->lock);
    l->file = NULL;
    taken = wants_held(r, s->file);
    while (*end)
        end = &(*end)->next;
    *end = wants_unserved(r, l->index, s->file, err);
    file_unuse(s->file);
    pthread_mutex_unlock(&r->lock);
    wants_answer(taken);
    pthread_mutex_lock(&r->lock);
    lanes_wake(r);
    return true;
}
