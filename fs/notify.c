/*
 * notify.c - takes back what the kernel was allowed to keep
 *
 * What has ended does not change, so the kernel may keep it for long, and a listing of 100 000 jobs
 * costs what it costs on tmpfs. Two things break that: an ended job that is run again, and one that
 * is forgotten; and the directories that list jobs change with each job that comes. Then the
 * kernel is told to drop what it has: from a thread of its own, since the kernel may wait for an
 * answer of ours before it lets such a message in, and only what it was given since it was last
 * told (given.c).
 *
 * The same thread then tells those who watch, which may have to wait: so that has a queue of its
 * own, behind what is to be dropped.
 */
#include "fs/notify.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/log.h"
#include "clustrixfs/thread.h"
#include "fs/announce.h"
#include "fs/drop.h"
#include "fs/given.h"
#include "fs/lent.h"
#include "fs/notes.h"
#include "fs/raise.h"
#include "fs/states.h"
#include "fs/watched.h"

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
    struct notes    stale; /* what is to be dropped, and whom to call after that */
    struct notes    told;  /* what may have to be told to those who watch        */
    struct given    given;
    unsigned        stale_listings; /* to be taken back */
    struct states   states;         /* as they were last told */
};

/* The next thing to do. */
struct step {
    enum { STEP_STOP, STEP_LISTINGS, STEP_DROP, STEP_SCAN, STEP_TELL } what;
    unsigned    listings;
    struct note note;
};

/* [locked] It waits while it is not known who watches. */
static void wait_until(struct notify *n, int64_t wait_ns)
{
    int64_t end = clock_mono_ns() + wait_ns;
    struct timespec when = { .tv_sec = end / NS_PER_S, .tv_nsec = end % NS_PER_S };

    pthread_cond_timedwait(&n->more, &n->lock, &when);
}

/* [locked] Something to tell, or to do before; false after a wait. */
static bool take_told(struct notify *n, struct step *step)
{
    const struct note *note = notes_first(&n->told);
    int64_t wait_ns;

    switch (watched_next(n->watched, note->id, note->listings, note->at_ns,
                         notes_newest_ns(&n->told), &wait_ns)) {
    case WATCHED_KNOWN:
        step->what = STEP_TELL;
        step->note = notes_take(&n->told);
        return true;
    case WATCHED_SCAN:
        step->what = STEP_SCAN;
        return true;
    default:
        wait_until(n, wait_ns);
        return false;
    }
}

/* [locked] False: it waited. */
static bool take_some(struct notify *n, struct step *step)
{
    if (n->stop)
        return true;
    if (n->stale_listings) {
        *step = (struct step){ .what = STEP_LISTINGS, .listings = n->stale_listings };
        n->stale_listings = 0;
        return true;
    }
    if (notes_any(&n->stale)) {
        *step = (struct step){ .what = STEP_DROP, .note = notes_take(&n->stale) };
        return true;
    }
    if (notes_any(&n->told))
        return take_told(n, step);
    pthread_cond_wait(&n->more, &n->lock);
    return false;
}

static struct step take(struct notify *n)
{
    struct step step = { .what = STEP_STOP };

    pthread_mutex_lock(&n->lock);
    while (!take_some(n, &step))
        ;
    pthread_mutex_unlock(&n->lock);
    return step;
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
    held = n->given.listings | n->stale_listings;
    pthread_mutex_unlock(&n->lock);
    return held;
}

static void drop(struct notify *n, const struct note *note)
{
    uint32_t attempts;

    if (note->then) {
        note->then(note->arg);
        return;
    }
    if (note->lent) {
        lent_await(n->mount->lent);
        drop_lent(n->mount, note->id, note->lent);
    }
    if (!note->kept)
        return;
    pthread_mutex_lock(&n->lock);
    attempts = n->given.attempts;
    pthread_mutex_unlock(&n->lock);
    drop_change(n->mount, note->id, note->what, attempts);
}

static struct change change_of(const struct note *note)
{
    return (struct change){ note->id, note->what, (enum job_state)note->from,
                            (enum job_state)note->to, note->grown };
}

static void tell(struct notify *n, const struct note *note)
{
    int64_t since = clock_mono_ns();
    struct change c = change_of(note);

    if (note->id)
        announce(n->mount, n->watched, &c);
    else
        announce_log(n->mount, n->watched);
    watched_spent(n->watched, clock_mono_ns() - since);
    rest(since);
}

/* Nobody asks the kernel any more, and whoever waits is not left waiting. */
static void call_the_rest(struct notify *n)
{
    while (notes_any(&n->stale)) {
        struct note note = notes_take(&n->stale);

        if (note.then)
            note.then(note.arg);
    }
}

static void *notify_main(void *arg)
{
    struct notify *n = arg;
    struct step step;

    raiser_begin(n->mount->raiser);
    while ((step = take(n)).what != STEP_STOP) {
        if (step.what == STEP_LISTINGS)
            drop_listings(n->mount, step.listings);
        if (step.what == STEP_DROP)
            drop(n, &step.note);
        if (step.what == STEP_SCAN)
            watched_scan(n->watched, raiser_device(n->mount->raiser), held(n));
        if (step.what == STEP_TELL)
            tell(n, &step.note);
    }
    call_the_rest(n);
    eventfd_write(n->done, 1);
    return NULL;
}

/*
 * A job that is gone, or that is alive again although the kernel holds it for ended. Of an element
 * only the loop may ask how it is: it is taken for one.
 */
static bool is_stale(const struct note *note)
{
    enum job_state now = (enum job_state)note->to;

    if (note->what & (CHANGE_JOB_GONE | CHANGE_JOB_FILES))
        return true;
    return note->what & CHANGE_JOB_STATE && (JOB_ELEMENT(note->id) || (now && !job_ended(now)));
}

/* [locked] What nobody watches is not even noted. The thread wakes for the first of many. */
static void note_told(struct notify *n, const struct note *note)
{
    if (!watched_listings(n->watched, note->listings) &&
        (note->id == 0 || !watched_rows(n->watched, note->id)))
        return;
    if (!notes_any(&n->told))
        pthread_cond_signal(&n->more);
    if (!n->stop && !notes_add(&n->told, note))
        log_line(LOG_WARN, "job=%llu: who watches it is not told of a change",
                 (unsigned long long)JOB_NUMBER(note->id));
}

static void note_change(struct notify *n, struct note *note)
{
    struct change c;
    bool full = false;

    pthread_mutex_lock(&n->lock);
    n->stale_listings |= given_take_listings(&n->given, note->what);
    states_change(&n->states, n->mount->service, note);
    c = change_of(note);
    note->listings = announce_listings(&c);
    note->kept = is_stale(note) &&
                 (note->what & CHANGE_JOB_FILES || given_job(&n->given, note->id));
    if (note->kept && note->what & CHANGE_JOB_STATE)
        watched_kept(n->watched, note->id);
    if (!n->stop && (note->kept || note->lent))
        full = !notes_add(&n->stale, note);
    note_told(n, note);
    if (note->what & CHANGE_LOG)
        note_told(n, &(struct note){ .what = CHANGE_LOG, .listings = LISTING_LOG,
                                     .at_ns = note->at_ns });
    if (notes_any(&n->stale) || n->stale_listings)
        pthread_cond_signal(&n->more);
    pthread_mutex_unlock(&n->lock);
    if (full)
        log_line(LOG_WARN, "job=%llu: the kernel may show it as it was",
                 (unsigned long long)JOB_NUMBER(note->id));
}

bool notify_change(struct notify *n, job_id id, unsigned what)
{
    struct note note = { .id = id, .what = what };
    int64_t now = clock_now_ns();

    if (id == 0)
        return false;
    if (what & ~(unsigned)CHANGE_JOB_FILES)
        n->moved_ns = now;
    if (what & (CHANGE_JOB_STATE | CHANGE_JOB_GONE))
        note.lent = (uint16_t)lent_take(n->mount->lent, id);
    if (what & (CHANGE_JOB_NEW | CHANGE_JOB_GONE))
        n->listed_ns = now;
    note.at_ns = clock_mono_ns();
    note_change(n, &note);
    return note.lent;
}

void notify_grown(struct notify *n, job_id id, uint64_t grown)
{
    struct note note = { .id = id, .grown = grown, .at_ns = clock_mono_ns() };

    pthread_mutex_lock(&n->lock);
    note_told(n, &note);
    pthread_mutex_unlock(&n->lock);
}

void notify_then(struct notify *n, notify_then_fn *fn, void *arg)
{
    bool later;

    pthread_mutex_lock(&n->lock);
    later = !n->stop && notes_add(&n->stale, &(struct note){ .then = fn, .arg = arg });
    if (later)
        pthread_cond_signal(&n->more);
    pthread_mutex_unlock(&n->lock);
    if (!later)
        fn(arg);
}

void notify_given_listing(struct notify *n, unsigned row, uint64_t key)
{
    pthread_mutex_lock(&n->lock);
    n->given.listings |= listing_bit((struct place){ (enum row_id)row, key });
    pthread_mutex_unlock(&n->lock);
}

void notify_given(struct notify *n, job_id id, uint32_t attempt)
{
    pthread_mutex_lock(&n->lock);
    given_add(&n->given, id, attempt);
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

struct watched *notify_watched(struct notify *n)
{
    return n->watched;
}

static void free_all(struct notify *n)
{
    if (n->done >= 0)
        close(n->done);
    pthread_cond_destroy(&n->more);
    pthread_mutex_destroy(&n->lock);
    free(n->stale.v);
    free(n->told.v);
    watched_close(n->watched);
    free(n->states.v);
    given_release(&n->given);
    free(n);
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
    thread_cond_init(&n->more);
    states_begin(&n->states, m->service);
    n->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    r = n->done < 0 ? -errno : watched_open(&n->watched);
    if (r == 0)
        r = thread_start(&n->thread, notify_main, n);
    if (r < 0) {
        free_all(n);
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
    free_all(n);
}
