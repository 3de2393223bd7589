/*
 * notify.c - takes back what the kernel was allowed to keep
 *
 * What has ended does not change, so the kernel may keep it for long, and a listing of 100 000 jobs
 * costs what it costs on tmpfs. Two things break that: an ended job that is run again, and one that
 * is forgotten; and the directories that list jobs change with each job that comes. Then the
 * kernel is told to drop what it has: from a thread of its own, since the kernel may wait for an
 * answer of ours before it lets such a message in, and only what it was given since it was last
 * told: a bit for each job number and for each listing remembers that.
 */
#include "fs/notify.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/log.h"
#include "clustrixfs/thread.h"
#include "fs/drop.h"
#include "fs/tree.h"

/* More than this many jobs at once: the kernel then finds out when FROZEN_S is over. */
#define QUEUE_MAX (64 * 1024)

/* A job; or (id 0) whom to call, or else the listings whose bits are set. */
struct note {
    job_id          id;
    unsigned        what;
    notify_then_fn *then;
    void           *arg;
};

/* A bit for each listing: jobs/, by-name/, all of by-cluster/, and each state. */
#define LISTING_JOBS 1u
#define LISTING_NAMES 2u
#define LISTING_CLUSTERS 4u
#define LISTING_STATE(s) (8u << (s))
#define LISTING_STATES (~(LISTING_JOBS | LISTING_NAMES | LISTING_CLUSTERS))
_Static_assert(JOB_STATE_COUNT <= 29, "a bit for each state");

struct notify {
    struct mount   *mount;
    pthread_t       thread;
    int             done; /* eventfd */
    _Atomic int64_t listed_ns, moved_ns;

    pthread_mutex_t lock; /* a leaf; guards all below */
    pthread_cond_t  more;
    bool            stop;
    struct note    *queue; /* from `first` to before `n` */
    size_t          first, n, alloc;
    uint64_t       *given; /* a bit for each job number */
    size_t          n_given; /* words */
    unsigned        listings, stale_listings; /* given; and to be taken back */
    uint32_t        attempts; /* the highest one that something was given of */
};

static uint32_t attempts_given(struct notify *n)
{
    uint32_t attempts;

    pthread_mutex_lock(&n->lock);
    attempts = n->attempts;
    pthread_mutex_unlock(&n->lock);
    return attempts;
}

static void drop_listings(struct notify *n, unsigned which)
{
    const struct config *c = service_config(n->mount->service);

    if (which & LISTING_JOBS)
        drop_attributes(n->mount, ROW_JOBS, 0);
    if (which & LISTING_NAMES)
        drop_attributes(n->mount, ROW_BY_NAME, 0);
    for (size_t i = 0; which & LISTING_CLUSTERS && i < c->n_clusters; i++)
        drop_attributes(n->mount, ROW_CLUSTER_JOBS, CLUSTER_KEY(i));
    for (unsigned s = JOB_NONE + 1; s < JOB_STATE_COUNT; s++)
        if (which & LISTING_STATE(s))
            drop_attributes(n->mount, ROW_STATE_JOBS, s);
}

static void carry_out(struct notify *n, const struct note *note)
{
    char number[24];

    if (note->then) {
        note->then(note->arg);
        return;
    }
    if (note->id == 0) {
        drop_listings(n, note->what);
        return;
    }

    if (note->what & CHANGE_JOB_FILES) {
        pass_changed(n->mount, note->id);
        if (note->what == CHANGE_JOB_FILES) {
            drop_output(n->mount, note->id, attempts_given(n));
            return;
        }
    }
    snprintf(number, sizeof(number), "%llu", (unsigned long long)JOB_NUMBER(note->id));
    if (JOB_ELEMENT(note->id) == 0)
        drop_state_links(n->mount, number);
    if (note->what & CHANGE_JOB_GONE)
        drop_job(n->mount, note->id, number);
    else
        drop_files(n->mount, note->id, attempts_given(n));
}

/* The next thing to do, waiting for it; false: stop. */
static bool take(struct notify *n, struct note *note)
{
    bool got = false;

    pthread_mutex_lock(&n->lock);
    while (n->first == n->n && !n->stale_listings && !n->stop)
        pthread_cond_wait(&n->more, &n->lock);
    if (!n->stop && n->stale_listings) {
        *note = (struct note){ .what = n->stale_listings };
        n->stale_listings = 0;
        got = true;
    } else if (!n->stop) {
        *note = n->queue[n->first++];
        if (n->first == n->n)
            n->first = n->n = 0;
        got = true;
    }
    pthread_mutex_unlock(&n->lock);
    return got;
}

/* Nobody asks the kernel any more, and whoever waits is not left waiting. */
static void call_the_rest(struct notify *n)
{
    while (n->first < n->n) {
        const struct note *note = &n->queue[n->first++];

        if (note->then)
            note->then(note->arg);
    }
}

static void *notify_main(void *arg)
{
    struct notify *n = arg;
    struct note note;

    while (take(n, &note))
        carry_out(n, &note);
    call_the_rest(n);
    eventfd_write(n->done, 1);
    return NULL;
}

static bool was_given(const struct notify *n, job_id id)
{
    uint64_t number = JOB_NUMBER(id);

    return number / 64 < n->n_given && n->given[number / 64] >> number % 64 & 1;
}

/* False when memory is out or the queue is full. */
static bool enqueue(struct notify *n, const struct note *note)
{
    if (n->n == n->alloc) {
        size_t alloc = n->alloc ? n->alloc * 2 : 64;
        struct note *bigger = alloc > QUEUE_MAX ? NULL
                                                : reallocarray(n->queue, alloc, sizeof(*bigger));

        if (!bigger)
            return false;
        n->queue = bigger;
        n->alloc = alloc;
    }
    n->queue[n->n++] = *note;
    return true;
}

/* One note for what changes twice in a row. */
static bool enqueue_change(struct notify *n, job_id id, unsigned what)
{
    if (n->first < n->n && n->queue[n->n - 1].id == id) {
        n->queue[n->n - 1].what |= what;
        return true;
    }
    return enqueue(n, &(struct note){ .id = id, .what = what });
}

/* A job that is gone, or that is alive again although the kernel holds it for ended. */
static bool is_stale(struct notify *n, job_id id, unsigned what)
{
    struct job_brief b;

    if (what & CHANGE_JOB_GONE)
        return true;
    return what & CHANGE_JOB_STATE && service_brief(n->mount->service, id, &b) &&
           !job_ended(b.state);
}

/* The listings that a change can be seen in. */
static unsigned listings_of(unsigned what)
{
    if (what & (CHANGE_JOB_NEW | CHANGE_JOB_GONE))
        return ~0u;
    return what & CHANGE_JOB_STATE ? LISTING_STATES : 0;
}

void notify_change(struct notify *n, job_id id, unsigned what)
{
    int64_t now = clock_now_ns();
    bool stale, full = false;

    if (id == 0)
        return;
    if (what & ~(unsigned)CHANGE_JOB_FILES)
        n->moved_ns = now;
    if (what & (CHANGE_JOB_NEW | CHANGE_JOB_GONE))
        n->listed_ns = now;
    stale = is_stale(n, id, what);
    pthread_mutex_lock(&n->lock);
    n->stale_listings |= n->listings & listings_of(what);
    n->listings &= ~listings_of(what);
    if (!n->stop && (what & CHANGE_JOB_FILES || (stale && was_given(n, id))))
        full = !enqueue_change(n, id, what);
    if (n->first < n->n || n->stale_listings)
        pthread_cond_signal(&n->more);
    pthread_mutex_unlock(&n->lock);
    if (full)
        log_line(LOG_WARN, "job=%llu: the kernel may show it as it was",
                 (unsigned long long)JOB_NUMBER(id));
}

void notify_then(struct notify *n, notify_then_fn *fn, void *arg)
{
    bool later;

    pthread_mutex_lock(&n->lock);
    later = !n->stop && enqueue(n, &(struct note){ .then = fn, .arg = arg });
    if (later)
        pthread_cond_signal(&n->more);
    pthread_mutex_unlock(&n->lock);
    if (!later)
        fn(arg);
}

static unsigned listing_bit(enum row_id row, uint64_t key)
{
    switch (row) {
    case ROW_JOBS:
        return LISTING_JOBS;
    case ROW_BY_NAME:
        return LISTING_NAMES;
    case ROW_CLUSTER_JOBS:
        return LISTING_CLUSTERS;
    default:
        return LISTING_STATE(key);
    }
}

void notify_given_listing(struct notify *n, unsigned row, uint64_t key)
{
    pthread_mutex_lock(&n->lock);
    n->listings |= listing_bit((enum row_id)row, key);
    pthread_mutex_unlock(&n->lock);
}

void notify_given(struct notify *n, job_id id, uint32_t attempt)
{
    size_t word = JOB_NUMBER(id) / 64;

    pthread_mutex_lock(&n->lock);
    if (word >= n->n_given) {
        size_t more = word + word / 2 + 16;
        uint64_t *bigger = reallocarray(n->given, more, sizeof(*bigger));

        if (bigger) {
            memset(bigger + n->n_given, 0, (more - n->n_given) * sizeof(*bigger));
            n->given = bigger;
            n->n_given = more;
        }
    }
    if (word < n->n_given)
        n->given[word] |= UINT64_C(1) << JOB_NUMBER(id) % 64;
    if (attempt > n->attempts)
        n->attempts = attempt;
    pthread_mutex_unlock(&n->lock);
}

int64_t notify_listed_ns(struct notify *n)
{
    return n->listed_ns;
}

int64_t notify_moved_ns(struct notify *n)
{
    return n->moved_ns;
}

int notify_open(struct notify **np, struct mount *m)
{
    struct notify *n = calloc(1, sizeof(*n));
    int r;

    if (!n)
        return -ENOMEM;
    n->mount = m;
    n->listed_ns = n->moved_ns = m->born_ns;
    pthread_mutex_init(&n->lock, NULL);
    pthread_cond_init(&n->more, NULL);
    n->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    r = n->done < 0 ? -errno : thread_start(&n->thread, notify_main, n);
    if (r < 0) {
        if (n->done >= 0)
            close(n->done);
        free(n);
        return r;
    }
    *np = n;
    return 0;
}

void notify_stop(struct notify *n)
{
    pthread_mutex_lock(&n->lock);
    n->stop = true;
    pthread_cond_signal(&n->more);
    pthread_mutex_unlock(&n->lock);
}

int notify_fd(const struct notify *n)
{
    return n->done;
}

void notify_close(struct notify *n)
{
    if (!n)
        return;
    notify_stop(n);
    pthread_join(n->thread, NULL);
    close(n->done);
    pthread_cond_destroy(&n->more);
    pthread_mutex_destroy(&n->lock);
    free(n->queue);
    free(n->given);
    free(n);
}
