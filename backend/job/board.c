/*
 * board.c - what all threads may see of the jobs
 *
 * Numbers are given out under the lock and only grow, so the briefs are a vector that is appended
 * to and searched by halving: 24 bytes a job, no allocation each, a listing is a walk.
 */
#include "board.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "idmap.h"

struct board {
    pthread_mutex_t   lock; /* protects all below */
    struct job_brief *v;    /* ascending ids; state JOB_NONE: removed */
    size_t            n, alloc;
    uint64_t          floor; /* the highest number given out so far */
    uint64_t          counts[JOB_STATE_COUNT];
    struct idmap      views;
};

_Static_assert(sizeof(struct job_brief) == 24, "a million ended jobs are 24 MB, not more");

int board_create(struct board **bp)
{
    struct board *b = calloc(1, sizeof(*b));

    if (!b)
        return -ENOMEM;
    pthread_mutex_init(&b->lock, NULL);
    *bp = b;
    return 0;
}

void board_destroy(struct board *b)
{
    struct job_view *v;

    if (!b)
        return;
    for (size_t at = 0; (v = idmap_next(&b->views, &at));)
        job_view_unref(v);
    idmap_release(&b->views);
    pthread_mutex_destroy(&b->lock);
    free(b->v);
    free(b);
}

/* The first brief with an id above `after`. */
static size_t above(const struct board *b, job_id after)
{
    size_t lo = 0, hi = b->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (b->v[mid].id <= after)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static struct job_brief *find(const struct board *b, job_id id)
{
    size_t i = above(b, id);

    return i && b->v[i - 1].id == id && b->v[i - 1].state ? &b->v[i - 1] : NULL;
}

static int insert(struct board *b, const struct job_brief *brief)
{
    size_t i;

    if (b->n == b->alloc) {
        /* By a quarter: a million jobs must not cost the room for two. */
        size_t            alloc = b->alloc + b->alloc / 4 + 64;
        struct job_brief *v = realloc(b->v, alloc * sizeof(*v));

        if (!v)
            return -ENOMEM;
        b->v = v;
        b->alloc = alloc;
    }
    i = above(b, brief->id);
    memmove(b->v + i + 1, b->v + i, (b->n - i) * sizeof(*b->v));
    b->v[i] = *brief;
    b->n++;
    b->counts[brief->state]++;
    return 0;
}

static int upsert(struct board *b, const struct job_brief *brief)
{
    struct job_brief *at = find(b, brief->id);

    if (!at)
        return insert(b, brief);
    b->counts[at->state]--;
    b->counts[brief->state]++;
    *at = *brief;
    return 0;
}

int board_load(struct board *b, const struct job_brief *brief)
{
    int r;

    pthread_mutex_lock(&b->lock);
    r = upsert(b, brief);
    pthread_mutex_unlock(&b->lock);
    return r;
}

uint64_t board_number(struct board *b)
{
    uint64_t number;

    pthread_mutex_lock(&b->lock);
    number = ++b->floor;
    pthread_mutex_unlock(&b->lock);
    return number;
}

void board_set_floor(struct board *b, uint64_t number)
{
    pthread_mutex_lock(&b->lock);
    if (number > b->floor)
        b->floor = number;
    pthread_mutex_unlock(&b->lock);
}

struct job_brief board_brief_of(const struct job_view *v, unsigned cluster)
{
    return (struct job_brief){
        .id = v->id,
        .state = v->state,
        .cluster = (uint8_t)cluster,
        .exit_code = (int16_t)v->exit_code,
        .signal = (uint8_t)v->signal,
        .changed_ns = v->times.changed_ns,
    };
}

int board_show(struct board *b, struct job_view *v, unsigned cluster)
{
    struct job_view *old;
    int              r = 0;

    pthread_mutex_lock(&b->lock);
    old = idmap_get(&b->views, v->id);
    if (!JOB_ELEMENT(v->id)) {
        struct job_brief brief = board_brief_of(v, cluster);

        r = upsert(b, &brief);
    }
    if (!r)
        r = idmap_put(&b->views, v->id, v);
    pthread_mutex_unlock(&b->lock);
    job_view_unref(r ? v : old);
    return r;
}

void board_drop(struct board *b, job_id id)
{
    struct job_view *v;

    pthread_mutex_lock(&b->lock);
    v = idmap_take(&b->views, id);
    pthread_mutex_unlock(&b->lock);
    job_view_unref(v);
}

void board_remove(struct board *b, job_id id)
{
    struct job_brief *at;

    board_drop(b, id);
    pthread_mutex_lock(&b->lock);
    at = find(b, id);
    if (at) {
        b->counts[at->state]--;
        at->state = JOB_NONE;
    }
    pthread_mutex_unlock(&b->lock);
}

struct job_view *board_view(struct board *b, job_id id)
{
    struct job_view *v;

    pthread_mutex_lock(&b->lock);
    v = idmap_get(&b->views, id);
    if (v)
        job_view_ref(v);
    pthread_mutex_unlock(&b->lock);
    return v;
}

bool board_brief(struct board *b, job_id id, struct job_brief *brief)
{
    struct job_brief *at;

    pthread_mutex_lock(&b->lock);
    at = find(b, id);
    if (at)
        *brief = *at;
    pthread_mutex_unlock(&b->lock);
    return at;
}

size_t board_list(struct board *b, enum job_state state, int cluster, job_id after,
                  struct job_brief *v, size_t n)
{
    size_t got = 0;

    pthread_mutex_lock(&b->lock);
    for (size_t i = above(b, after); i < b->n && got < n; i++) {
        const struct job_brief *at = &b->v[i];

        if (at->state && (state == STATE_ANY || at->state == state) &&
            (cluster == CLUSTER_ANY || at->cluster == cluster))
            v[got++] = *at;
    }
    pthread_mutex_unlock(&b->lock);
    return got;
}

job_id board_latest(struct board *b)
{
    job_id id = 0;

    pthread_mutex_lock(&b->lock);
    for (size_t i = b->n; i > 0 && !id; i--)
        if (b->v[i - 1].state)
            id = b->v[i - 1].id;
    pthread_mutex_unlock(&b->lock);
    return id;
}

void board_counts(struct board *b, uint64_t counts[JOB_STATE_COUNT])
{
    pthread_mutex_lock(&b->lock);
    memcpy(counts, b->counts, sizeof(b->counts));
    pthread_mutex_unlock(&b->lock);
}
