/*
 * watched.c - what of the tree somebody may be watching
 *
 * The kernel tells nobody who has asked for inotify's events. But whoever asks has to find the
 * file first, and we hear of that; so what was looked at since it last changed may be watched, and
 * all else is not. Whether it is, /proc says of every process: a change of what may be watched
 * waits for such a scan, and one scan that begins after many changes is enough for all of them,
 * since who was to see them was watching by then. So without changes, or without anybody who looks,
 * there is no scan, and with both there is one every few seconds.
 */
#include "fs/watched.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/clock.h"
#include "fs/sorted.h"
#include "fs/watches.h"

/* Between two scans: more while they find nobody, and 50 times what one takes. */
#define PAUSE_MIN_NS (800 * NS_PER_MS)
#define PAUSE_MAX_NS (4 * NS_PER_S)
#define PAUSE_SHARE 50
/* So long without a change, and the shortest pause is enough. */
#define CALM_NS (400 * NS_PER_MS)
/* When telling has cost so many times what a scan does, see whether anybody still watches. */
#define SCAN_PAYS 2
/* From hearing that a file is looked for to its being watched: no program is slower in between. */
#define LOOK_NS (2 * NS_PER_S)

/* A job that was looked at. */
struct seen {
    job_id   id; /* first, for sorted_at() */
    uint64_t rows;
    uint64_t sure; /* those of them that the last scan found */
    int64_t  at_ns;
};

struct watched {
    pthread_mutex_t lock; /* a leaf; guards all below */
    struct seen    *v;    /* ascending by id */
    size_t          n, alloc;
    unsigned        listings, sure; /* as above                               */
    int64_t         listed_ns[32];  /* when each of them was looked at        */
    int64_t         begun_ns;       /* of the last scan,                      */
    int64_t         ended_ns;
    int64_t         pause_ns;       /* how long to wait after it,             */
    int64_t         spent_ns;       /* and what was spent on telling since it */

    /* The loop's: who looked last at a job's directory, and whether that was seen before. */
    pid_t  last_pid;
    job_id last_id;
    bool   last_had;
};

unsigned listing_bit(struct place p)
{
    switch (p.row) {
    case ROW_JOBS:
        return LISTING_JOBS;
    case ROW_BY_NAME:
        return LISTING_NAMES;
    case ROW_CLUSTER_JOBS:
        return LISTING_CLUSTERS;
    case ROW_EVENTS:
        return LISTING_LOG;
    case ROW_STATE_JOBS:
        return LISTING_STATE(p.key);
    default:
        return 0;
    }
}

/* The rest of a job does not change, or is read and not watched. */
static bool is_of_job(struct place p)
{
    return p.row == ROW_JOB || p.row == ROW_STATE || p.row == ROW_REASON ||
           p.row == ROW_EXIT_CODE || p.row == ROW_INFO || p.row == ROW_JOB_EVENTS ||
           p.row == ROW_STDOUT || p.row == ROW_STDERR;
}

static size_t position(const struct watched *w, job_id id)
{
    return sorted_at(w->v, w->n, sizeof(*w->v), id);
}

static struct seen *find(struct watched *w, job_id id)
{
    size_t i = position(w, id);

    return i < w->n && w->v[i].id == id ? &w->v[i] : NULL;
}

static void forget(struct watched *w, struct seen *s)
{
    memmove(s, s + 1, (size_t)(w->v + --w->n - s) * sizeof(*s));
}

/* NULL: out of memory; then nothing is told of it. */
static struct seen *find_or_make(struct watched *w, job_id id)
{
    size_t i = position(w, id);

    if (i < w->n && w->v[i].id == id)
        return &w->v[i];
    if (w->n == w->alloc) {
        size_t alloc = w->alloc ? w->alloc * 2 : 32;
        struct seen *bigger = reallocarray(w->v, alloc, sizeof(*bigger));

        if (!bigger)
            return NULL;
        w->v = bigger;
        w->alloc = alloc;
    }
    memmove(&w->v[i + 1], &w->v[i], (w->n - i) * sizeof(*w->v));
    w->n++;
    w->v[i] = (struct seen){ .id = id };
    return &w->v[i];
}

/* Whether that of a job was seen before. */
static bool see(struct watched *w, struct place p, int64_t now)
{
    unsigned bit = listing_bit(p);
    struct seen *s = NULL;
    bool had = false;

    if (bit) {
        w->listings |= bit;
        w->listed_ns[__builtin_ctz(bit)] = now;
    } else if (is_of_job(p)) {
        s = find_or_make(w, p.key);
    }
    if (s) {
        had = s->rows & ROW_BIT(p.row);
        s->rows |= ROW_BIT(p.row);
        s->at_ns = now;
    }
    return had;
}

/* It is watched; whether it is anything of which we tell. */
static bool be_sure(struct watched *w, struct place p)
{
    unsigned bit = listing_bit(p);
    struct seen *s = is_of_job(p) ? find_or_make(w, p.key) : NULL;

    w->listings |= bit;
    w->sure |= bit;
    if (s) {
        s->rows |= ROW_BIT(p.row);
        s->sure |= ROW_BIT(p.row);
    }
    return bit || s;
}

static bool is_last(const struct watched *w, job_id id, pid_t pid)
{
    return w->last_id == id && w->last_pid == pid;
}

static void look(struct watched *w, struct place p, pid_t pid, bool is_found)
{
    bool had, is_same = p.row == ROW_JOB && is_last(w, p.key, pid);

    if (!listing_bit(p) && !is_of_job(p))
        return;
    pthread_mutex_lock(&w->lock);
    had = see(w, p, clock_mono_ns());
    pthread_mutex_unlock(&w->lock);
    if (p.row == ROW_JOB && (is_found || !is_same)) {
        w->last_id = p.key;
        w->last_pid = pid;
        w->last_had = had;
    }
}

void watched_found(struct watched *w, struct place p, pid_t pid)
{
    look(w, p, pid, true);
}

void watched_asked(struct watched *w, struct place p, pid_t pid)
{
    look(w, p, pid, false);
}

/* Who asks next is not told from who was there before. */
void watched_listed(struct watched *w, struct place p)
{
    pthread_mutex_lock(&w->lock);
    (void)see(w, p, clock_mono_ns());
    pthread_mutex_unlock(&w->lock);
    w->last_id = 0;
}

void watched_passed(struct watched *w, struct place dir, pid_t pid)
{
    struct seen *s;

    if (dir.row != ROW_JOB || !is_last(w, dir.key, pid) || w->last_had)
        return;
    w->last_id = 0;
    pthread_mutex_lock(&w->lock);
    s = find(w, dir.key);
    if (s)
        s->rows &= ~ROW_BIT(ROW_JOB) | s->sure;
    if (s && !s->rows)
        forget(w, s);
    pthread_mutex_unlock(&w->lock);
}

void watched_kept(struct watched *w, job_id id)
{
    pthread_mutex_lock(&w->lock);
    (void)see(w, (struct place){ ROW_JOB, id }, clock_mono_ns());
    pthread_mutex_unlock(&w->lock);
}

unsigned watched_listings(struct watched *w, unsigned which)
{
    unsigned some;

    pthread_mutex_lock(&w->lock);
    some = w->listings & which;
    pthread_mutex_unlock(&w->lock);
    return some;
}

unsigned watched_surely(struct watched *w, unsigned which)
{
    unsigned some;

    pthread_mutex_lock(&w->lock);
    some = w->sure & which;
    pthread_mutex_unlock(&w->lock);
    return some;
}

static uint64_t rows_of(struct watched *w, job_id id, bool surely)
{
    struct seen *s;
    uint64_t some;

    pthread_mutex_lock(&w->lock);
    s = find(w, id);
    some = !s ? 0 : surely ? s->sure : s->rows;
    pthread_mutex_unlock(&w->lock);
    return some;
}

uint64_t watched_rows(struct watched *w, job_id id)
{
    return rows_of(w, id, false);
}

uint64_t watched_rows_surely(struct watched *w, job_id id)
{
    return rows_of(w, id, true);
}

/* [locked] Whoever was watching then was found by a scan since, or all that may be watched is. */
static bool is_known(struct watched *w, job_id id, unsigned listings, int64_t at_ns)
{
    struct seen *s = find(w, id);

    return at_ns < w->begun_ns || (!(w->listings & ~w->sure & listings) &&
                                   !(s && s->rows & ~s->sure));
}

/* [locked] When the next scan may be. */
static int64_t due_ns(const struct watched *w, int64_t newest_ns)
{
    int64_t due = w->ended_ns + w->pause_ns, calm = newest_ns + CALM_NS;

    if (calm < w->ended_ns + PAUSE_MIN_NS)
        calm = w->ended_ns + PAUSE_MIN_NS;
    return calm < due ? calm : due;
}

enum watched_next watched_next(struct watched *w, job_id id, unsigned listings, int64_t at_ns,
                               int64_t newest_ns, int64_t *wait_ns)
{
    enum watched_next next = WATCHED_WAIT;
    bool known;

    pthread_mutex_lock(&w->lock);
    known = is_known(w, id, listings, at_ns);
    *wait_ns = due_ns(w, newest_ns) - clock_mono_ns();
    if (known && w->spent_ns <= (w->ended_ns - w->begun_ns) * SCAN_PAYS)
        next = WATCHED_KNOWN;
    else if (*wait_ns <= 0)
        next = WATCHED_SCAN;
    else if (known)
        next = WATCHED_KNOWN;
    pthread_mutex_unlock(&w->lock);
    return next;
}

void watched_spent(struct watched *w, int64_t ns)
{
    pthread_mutex_lock(&w->lock);
    w->spent_ns += ns;
    pthread_mutex_unlock(&w->lock);
}

/*
 * Forget what was looked at before `since` and is not among the watches. How many of those are of
 * things of which we tell.
 */
static size_t take_in(struct watched *w, const struct watches *found, int64_t since, unsigned held)
{
    size_t kept = 0, n = 0;

    w->sure = 0;
    for (unsigned i = 0; i < 32; i++)
        if (!(held >> i & 1) && w->listed_ns[i] < since)
            w->listings &= ~(1u << i);
    for (size_t i = 0; i < w->n; i++)
        if (w->v[i].at_ns >= since) {
            w->v[kept] = w->v[i];
            w->v[kept++].sure = 0;
        }
    w->n = kept;
    for (size_t i = 0; i < found->n; i++)
        if (INO_ROOM(found->v[i]) == ROOM_TREE)
            n += be_sure(w, place_of(found->v[i]));
    return n;
}

/* Changes that come now and then are told at once. */
static void set_pause(struct watched *w, int64_t begun, int64_t ended, bool is_watched)
{
    bool is_calm = begun - w->ended_ns > PAUSE_MAX_NS;
    int64_t pause = is_watched || is_calm ? PAUSE_MIN_NS : w->pause_ns * 2;

    if (pause > PAUSE_MAX_NS)
        pause = PAUSE_MAX_NS;
    if (pause < (ended - begun) * PAUSE_SHARE)
        pause = (ended - begun) * PAUSE_SHARE;
    w->pause_ns = pause;
    w->begun_ns = begun;
    w->ended_ns = ended;
    w->spent_ns = 0;
}

/* When memory is out, too, what was found is all that is told. */
void watched_scan(struct watched *w, dev_t device, unsigned held)
{
    struct watches found = { 0 };
    int64_t begun = clock_mono_ns();

    (void)!watches_find(&found, device);
    pthread_mutex_lock(&w->lock);
    set_pause(w, begun, clock_mono_ns(), take_in(w, &found, begun - LOOK_NS, held) > 0);
    pthread_mutex_unlock(&w->lock);
    free(found.v);
}

int watched_open(struct watched **wp)
{
    struct watched *w = calloc(1, sizeof(*w));

    if (!w)
        return -ENOMEM;
    w->begun_ns = w->ended_ns = clock_mono_ns() - PAUSE_MIN_NS;
    w->pause_ns = PAUSE_MIN_NS;
    pthread_mutex_init(&w->lock, NULL);
    *wp = w;
    return 0;
}

void watched_close(struct watched *w)
{
    if (!w)
        return;
    pthread_mutex_destroy(&w->lock);
    free(w->v);
    free(w);
}
