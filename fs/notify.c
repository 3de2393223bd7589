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
#include <time.h>
#include <unistd.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/log.h"
#include "clustrixfs/thread.h"
#include "fs/announce.h"
#include "fs/drop.h"
#include "fs/notes.h"
#include "fs/raise.h"
#include "fs/watched.h"

#define BRIEFS 64
#define REST_MAX_NS (2 * NS_PER_MS)

struct notify {
    struct mount   *mount;
    struct watched *watched;
    pthread_t       thread;
    int             done; /* eventfd */
    _Atomic int64_t listed_ns, moved_ns;

    pthread_mutex_t lock; /* a leaf; guards all below */
    pthread_cond_t  more;
    bool            stop;
    struct notes    notes;
    uint64_t       *given; /* a bit for each job number */
    size_t          n_given; /* words */
    unsigned        listings, stale_listings; /* given; and to be taken back */
    uint8_t        *states; /* of each job number, as it was last told */
    size_t          n_states;
    bool            has_grown; /* the log, for those who watch it */
};

static void drop(struct notify *n, const struct note *note, const char *number)
{
    if (note->what & CHANGE_JOB_FILES) {
        pass_changed(n->mount, note->id);
        if (note->what == CHANGE_JOB_FILES) {
            drop_output(n->mount, note->id);
            return;
        }
    }
    if (JOB_ELEMENT(note->id) == 0)
        drop_state_links(n->mount, number);
    if (note->what & CHANGE_JOB_GONE)
        drop_job(n->mount, note->id, number);
    else
        drop_files(n->mount, note->id);
}

static void carry_out(struct notify *n, const struct note *note)
{
    char number[24];

    if (note->id == 0) {
        drop_listings(n->mount, note->what);
        return;
    }
    snprintf(number, sizeof(number), "%llu", (unsigned long long)JOB_NUMBER(note->id));
    if (note->is_stale)
        drop(n, note, number);
    announce(n->mount, n->watched,
             &(struct change){ note->id, note->what, (enum job_state)note->from, note->grown });
}

/* Wait for something to do; false: stop. */
static bool take(struct notify *n, struct note *note, bool *has_grown)
{
    bool got = false;

    *note = (struct note){ 0 };
    pthread_mutex_lock(&n->lock);
    while (!notes_any(&n->notes) && !n->stale_listings && !n->has_grown && !n->stop)
        pthread_cond_wait(&n->more, &n->lock);
    got = !n->stop;
    *has_grown = n->has_grown;
    if (got && n->stale_listings) {
        note->what = n->stale_listings;
        n->stale_listings = 0;
    } else if (got && notes_any(&n->notes)) {
        *note = notes_take(&n->notes);
    }
    if (!notes_any(&n->notes))
        n->has_grown = false;
    pthread_mutex_unlock(&n->lock);
    return got;
}
/* While we make calls on it, the mount cannot be unmounted: half of the time it can. */
static void rest(int64_t since)
{
    int64_t took = clock_mono_ns() - since;

    if (took > REST_MAX_NS)
        took = REST_MAX_NS;
    nanosleep(&(struct timespec){ .tv_nsec = took }, NULL);
}

/* Listings that the kernel keeps attributes of: who comes to watch one then does not ask us. */
static unsigned held(struct notify *n)
{
    unsigned held;

    pthread_mutex_lock(&n->lock);
    held = n->listings | n->stale_listings;
    pthread_mutex_unlock(&n->lock);
    return held;
}

static void *notify_main(void *arg)
{
    struct notify *n = arg;
    struct note note;
    bool has_grown;

    raiser_begin(n->mount->raiser);
    while (take(n, &note, &has_grown)) {
        int64_t since = clock_mono_ns();

        carry_out(n, &note);
        if (has_grown)
            announce_log(n->mount, n->watched);
        watched_scan(n->watched, raiser_device(n->mount->raiser), held(n),
                     clock_mono_ns() - since);
        rest(since);
    }
    eventfd_write(n->done, 1);
    return NULL;
}

static bool was_given(const struct notify *n, job_id id)
{
    uint64_t number = JOB_NUMBER(id);

    return number / 64 < n->n_given && n->given[number / 64] >> number % 64 & 1;
}

/*
 * A job that is gone, or that is alive again although the kernel holds it for ended. Of an element
 * only the loop may ask how it is: it is taken for one.
 */
static bool is_stale(const struct note *note, enum job_state now)
{
    if (note->what & (CHANGE_JOB_GONE | CHANGE_JOB_FILES))
        return true;
    return note->what & CHANGE_JOB_STATE && (JOB_ELEMENT(note->id) || (now && !job_ended(now)));
}

/* The listings that a change can be seen in. */
static unsigned listings_of(unsigned what)
{
    if (what & (CHANGE_JOB_NEW | CHANGE_JOB_GONE))
        return ~LISTING_LOG;
    return what & CHANGE_JOB_STATE ? LISTING_STATES : 0;
}

/* What it was told to be before. */
static enum job_state exchange_state(struct notify *n, job_id id, enum job_state now)
{
    uint64_t number = JOB_NUMBER(id);
    enum job_state was;

    if (JOB_ELEMENT(id))
        return JOB_NONE;
    if (number >= n->n_states) {
        size_t more = number + number / 2 + 64;
        uint8_t *bigger = realloc(n->states, more);

        if (!bigger)
            return JOB_NONE;
        memset(bigger + n->n_states, 0, more - n->n_states);
        n->states = bigger;
        n->n_states = more;
    }
    was = (enum job_state)n->states[number];
    n->states[number] = (uint8_t)now;
    return was;
}

/* [locked] Whether somebody may be watching what it can be seen in. */
static bool is_watched(struct notify *n, const struct note *note)
{
    unsigned listings = JOB_ELEMENT(note->id) ? 0 : listings_of(note->what);

    return watched_listings(n->watched, listings) || watched_rows(n->watched, note->id);
}

static void tell(struct notify *n, struct note *note, enum job_state now)
{
    bool full = false;

    pthread_mutex_lock(&n->lock);
    n->stale_listings |= n->listings & listings_of(note->what);
    n->listings &= ~listings_of(note->what);
    n->has_grown |= note->what & CHANGE_LOG && watched_listings(n->watched, LISTING_LOG);
    note->from = (uint8_t)exchange_state(n, note->id, now);
    note->is_stale = is_stale(note, now) &&
                     (note->what & CHANGE_JOB_FILES || was_given(n, note->id));
    if (note->is_stale && note->what & CHANGE_JOB_STATE)
        watched_kept(n->watched, note->id);
    if (!n->stop && (note->is_stale || is_watched(n, note)))
        full = !notes_add(&n->notes, note);
    if (notes_any(&n->notes) || n->stale_listings || n->has_grown)
        pthread_cond_signal(&n->more);
    pthread_mutex_unlock(&n->lock);
    if (full)
        log_line(LOG_WARN, "job=%llu: the kernel may show it as it was",
                 (unsigned long long)JOB_NUMBER(note->id));
}

void notify_change(struct notify *n, job_id id, unsigned what)
{
    struct note note = { .id = id, .what = what };
    int64_t now = clock_now_ns();
    struct job_brief b = { 0 };

    if (id == 0)
        return;
    if (what & ~(unsigned)CHANGE_JOB_FILES)
        n->moved_ns = now;
    if (what & (CHANGE_JOB_NEW | CHANGE_JOB_GONE))
        n->listed_ns = now;
    if (JOB_ELEMENT(id) == 0 && !service_brief(n->mount->service, id, &b))
        b.state = JOB_NONE;
    tell(n, &note, b.state);
}

void notify_grown(struct notify *n, job_id id, uint64_t grown)
{
    struct note note = { .id = id, .grown = grown };

    pthread_mutex_lock(&n->lock);
    if (!n->stop && watched_rows(n->watched, id) && notes_add(&n->notes, &note))
        pthread_cond_signal(&n->more);
    pthread_mutex_unlock(&n->lock);
}

void notify_given_listing(struct notify *n, unsigned row, uint64_t key)
{
    pthread_mutex_lock(&n->lock);
    n->listings |= listing_bit((struct place){ (enum row_id)row, key });
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

/* Where the jobs are that were there before us. */
static void note_states(struct notify *n)
{
    struct job_brief b[BRIEFS];
    size_t got;

    for (unsigned s = JOB_NONE + 1; s < JOB_STATE_COUNT; s++)
        for (job_id after = 0;
             !job_ended((enum job_state)s) &&
             (got = service_list(n->mount->service, (enum job_state)s, CLUSTER_ANY, after, b,
                                 BRIEFS)) > 0;
             after = b[got - 1].id)
            for (size_t i = 0; i < got; i++)
                (void)exchange_state(n, b[i].id, b[i].state);
}

struct watched *notify_watched(struct notify *n)
{
    return n->watched;
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
    note_states(n);
    n->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    r = n->done < 0 ? -errno : watched_open(&n->watched);
    if (r == 0)
        r = thread_start(&n->thread, notify_main, n);
    if (r < 0) {
        watched_close(n->watched);
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
    free(n->notes.v);
    watched_close(n->watched);
    free(n->states);
    free(n->given);
    free(n);
}
