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
#include "fs/tree.h"

/* More than this many jobs at once: the kernel then finds out when FROZEN_S is over. */
#define QUEUE_MAX (64 * 1024)

/* A job, or (id 0) the listings whose bits are set. */
struct note {
    job_id   id;
    unsigned what;
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
};

static void drop_entry(struct notify *n, struct place dir, const char *name)
{
    fuse_lowlevel_notify_inval_entry(n->mount->session, place_ino(dir), name, strlen(name));
}

/* Attributes only: the names in a listing are asked for anew each time it is read. */
static void drop_attributes(struct notify *n, enum row_id row, uint64_t key)
{
    fuse_ino_t ino = place_ino((struct place){ row, key });

    fuse_lowlevel_notify_inval_inode(n->mount->session, ino, -1, 0);
}

/* The names under which jobs that have ended are listed by state. */
static void drop_state_links(struct notify *n, const char *number)
{
    for (unsigned s = JOB_NONE + 1; s < JOB_STATE_COUNT; s++)
        if (job_ended((enum job_state)s))
            drop_entry(n, (struct place){ ROW_STATE_JOBS, s }, number);
}

/* Attributes and pages of each file; what lies below files/ is found anew with its directory. */
static void drop_files(struct notify *n, job_id id)
{
    for (unsigned r = ROW_ROOT + 1; r < ROW_COUNT; r++)
        if (rows[r].in == ROW_JOB && rows[r].kind != KIND_FILES)
            fuse_lowlevel_notify_inval_inode(n->mount->session,
                                             place_ino((struct place){ r, id }), 0, 0);
    drop_entry(n, (struct place){ ROW_JOB, id }, rows[ROW_FILES].name);
    drop_attributes(n, ROW_JOB, id);
}

/* What the job has written. */
static void drop_output(struct notify *n, job_id id)
{
    for (unsigned r = ROW_ROOT + 1; r < ROW_COUNT; r++)
        if (rows[r].kind == KIND_STREAM)
            fuse_lowlevel_notify_inval_inode(n->mount->session,
                                             place_ino((struct place){ r, id }), 0, 0);
}

static void drop_job(struct notify *n, job_id id, const char *number)
{
    const struct config *c = service_config(n->mount->service);

    drop_entry(n, (struct place){ ROW_JOBS, 0 }, number);
    for (size_t i = 0; i < c->n_clusters; i++)
        drop_entry(n, (struct place){ ROW_CLUSTER_JOBS, CLUSTER_KEY(i) }, number);
    drop_attributes(n, ROW_JOB, id);
}

static void drop_listings(struct notify *n, unsigned which)
{
    const struct config *c = service_config(n->mount->service);

    if (which & LISTING_JOBS)
        drop_attributes(n, ROW_JOBS, 0);
    if (which & LISTING_NAMES)
        drop_attributes(n, ROW_BY_NAME, 0);
    for (size_t i = 0; which & LISTING_CLUSTERS && i < c->n_clusters; i++)
        drop_attributes(n, ROW_CLUSTER_JOBS, CLUSTER_KEY(i));
    for (unsigned s = JOB_NONE + 1; s < JOB_STATE_COUNT; s++)
        if (which & LISTING_STATE(s))
            drop_attributes(n, ROW_STATE_JOBS, s);
}

static void carry_out(struct notify *n, const struct note *note)
{
    char number[24];

    if (note->id == 0) {
        drop_listings(n, note->what);
        return;
    }

    if (note->what & CHANGE_JOB_FILES) {
        pass_changed(n->mount, note->id);
        if (note->what == CHANGE_JOB_FILES) {
            drop_output(n, note->id);
            return;
        }
    }
    snprintf(number, sizeof(number), "%llu", (unsigned long long)JOB_NUMBER(note->id));
    if (JOB_ELEMENT(note->id) == 0)
        drop_state_links(n, number);
    if (note->what & CHANGE_JOB_GONE)
        drop_job(n, note->id, number);
    else
        drop_files(n, note->id);
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

static void *notify_main(void *arg)
{
    struct notify *n = arg;
    struct note note;

    while (take(n, &note))
        carry_out(n, &note);
    eventfd_write(n->done, 1);
    return NULL;
}

static bool was_given(const struct notify *n, job_id id)
{
    uint64_t number = JOB_NUMBER(id);

    return number / 64 < n->n_given && n->given[number / 64] >> number % 64 & 1;
}

/* False when memory is out or the queue is full. */
static bool enqueue(struct notify *n, job_id id, unsigned what)
{
    if (n->first < n->n && n->queue[n->n - 1].id == id) {
        n->queue[n->n - 1].what |= what;
        return true;
    }
    if (n->n == n->alloc) {
        size_t alloc = n->alloc ? n->alloc * 2 : 64;
        struct note *bigger = alloc > QUEUE_MAX ? NULL
                                                : reallocarray(n->queue, alloc, sizeof(*bigger));

        if (!bigger)
            return false;
        n->queue = bigger;
        n->alloc = alloc;
    }
    n->queue[n->n++] = (struct note){ id, what };
    return true;
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
        full = !enqueue(n, id, what);
    if (n->first < n->n || n->stale_listings)
        pthread_cond_signal(&n->more);
    pthread_mutex_unlock(&n->lock);
    if (full)
        log_line(LOG_WARN, "job=%llu: the kernel may show it as it was",
                 (unsigned long long)JOB_NUMBER(id));
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

void notify_given(struct notify *n, job_id id)
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
