/*
 * engine.c - the thread that owns the store, the states and the due times
 *
 * It goes in rounds: sleep until there is a letter or something is due; act on all letters; start
 * whoever's turn it is; commit; show. With nothing active nothing is due, and it sleeps for ever.
 */
#include "engine.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/log.h"
#include "clustrixfs/thread.h"

#include "live.h"

/* How long news is gathered before it is committed and shown. */
#define NEWS_NS (500 * 1000)

/* What engine.h hands out: the engine, its thread, and who watches. */
struct running {
    struct engine    en; /* first */
    pthread_t        thread;
    bool             has_thread;
    uint64_t         tickets; /* the loop's thread only */
    service_changed *watcher;
    void            *watcher_arg;
};

static struct running *running_of(struct engine *en)
{
    return container_of(en, struct running, en);
}

static void act_on(struct engine *en, struct letter *l)
{
    struct letter *next;

    for (; l; l = next) {
        struct message *m = container_of(l, struct message, letter);
        uint64_t        ticket = m->ticket;

        next = l->next;
        m->act(en, m);
        if (ticket)
            en->ticket = ticket;
    }
}

/* Milliseconds to sleep, -1 for ever; rounded up, or a due time would be polled for. */
static int sleep_ms(const struct engine *en)
{
    const int64_t when[] = { duty_next(en), en->retry_ns, en->sync_ns, en->start_ns };
    int64_t       next = 0, left;

    for (size_t i = 0; i < ARRAY_SIZE(when); i++)
        if (when[i] && (!next || when[i] < next))
            next = when[i];
    if (!next)
        return -1;
    left = next - clock_mono_ns();
    left = (left + NS_PER_MS - 1) / NS_PER_MS;
    return left <= 0 ? 0 : left < INT_MAX ? (int)left : INT_MAX;
}

/* Act on what has come and is due, and start whoever's turn it is; `wait` NULL: sleep till then. */
static bool take_round(struct engine *en, const struct timespec *wait)
{
    struct pollfd   p = { .fd = mailbox_fd(en->box), .events = POLLIN };
    int             ms = wait ? 0 : sleep_ms(en);
    struct timespec sleep = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * NS_PER_MS };

    if (!wait && ms >= 0)
        wait = &sleep;
    if (ppoll(&p, 1, wait, NULL) < 0 && errno != EINTR)
        log_line(LOG_ERROR, "the engine cannot wait: %s", strerror(errno));
    if (p.revents)
        act_on(en, mailbox_take(en->box));
    duty_run_due(en);
    duty_start_next(en);
    return p.revents;
}

/* News nobody waits for can wait a moment for other news, or for a commit that is urgent. */
static void gather_news(struct engine *en)
{
    const struct timespec moment = { .tv_nsec = NEWS_NS };
    int64_t               until = clock_mono_ns() + NEWS_NS;

    while (commit_can_wait(en) && clock_mono_ns() < until && take_round(en, &moment))
        ;
}

static void *work(void *arg)
{
    struct engine *en = arg;

    while (!en->stopping) {
        take_round(en, NULL);
        gather_news(en);
        commit_all(en);
    }
    return NULL;
}

int engine_open(struct engine **ep, const struct config *c, struct board *board,
                struct results *const *results, struct error *e)
{
    struct running *run = calloc(1, sizeof(*run));
    struct engine  *en = &run->en;
    int             r;

    if (!run)
        return -ENOMEM;
    en->config = c;
    en->board = board;
    en->results = results;
    en->lines = (struct buf)BUF_INIT;
    en->outbox_end = &en->outbox;
    en->changes_end = &en->changes;
    en->watcher = &run->watcher;
    en->watcher_arg = &run->watcher_arg;
    r = mailbox_create(&en->box);
    if (!r)
        r = store_open(&en->store, c->state_dir, e);
    if (!r)
        r = journal_open(&en->journal, c->state_dir, en->store, e);
    if (!r)
        r = links_create(&en->links, c);
    if (!r)
        r = places_open(en, e);
    if (!r)
        r = inbox_return(en);
    if (!r)
        r = restart_load(en, e);
    if (!r) {
        duty_start_next(en);
        commit_all(en);
        r = thread_start(&run->thread, work, en);
        run->has_thread = !r;
    }
    if (r) {
        engine_close(en);
        return r;
    }
    *ep = en;
    return 0;
}

static void act_stop(struct engine *en, struct message *m)
{
    en->stopping = true;
    free(m);
}

static void stop_thread(struct running *run)
{
    struct message *m;

    if (!run->has_thread)
        return;
    m = calloc(1, sizeof(*m));
    /* Memory that is out now may be there in a moment; ending without the last commit is worse. */
    while (!m && !poll(NULL, 0, 10))
        m = calloc(1, sizeof(*m));
    m->act = act_stop;
    mailbox_post(run->en.box, &m->letter);
    pthread_join(run->thread, NULL);
}

static void free_jobs(struct engine *en)
{
    struct job *j;

    /* Each once: an array and its elements do not look at each other for this. */
    for (size_t at = 0; (j = idmap_next(&en->jobs, &at));)
        job_free(j);
    idmap_release(&en->jobs);
    idmap_release(&en->tokens);
    idmap_release(&en->shows);
}

void engine_close(struct engine *en)
{
    struct running *run = running_of(en);

    stop_thread(run);
    places_close(en);
    /* Answers that came after the last round say nothing that a new daemon would not find. */
    if (en->box)
        act_on(en, mailbox_take(en->box));
    if (en->store)
        commit_all(en);
    mailbox_destroy(en->box);
    commit_release(en);
    free_jobs(en);
    links_destroy(en->links);
    free(en->places);
    free(en->due);
    journal_close(en->journal);
    store_close(en->store);
    free(run);
}

void engine_watch(struct engine *en, service_changed *fn, void *arg)
{
    struct running *run = running_of(en);

    run->watcher_arg = arg;
    __atomic_store_n(&run->watcher, fn, __ATOMIC_RELEASE);
}

uint64_t engine_post(struct engine *en, struct message *m)
{
    m->ticket = ++running_of(en)->tickets;
    mailbox_post(en->box, &m->letter);
    return running_of(en)->tickets;
}

bool engine_settled(struct engine *en, uint64_t ticket)
{
    return __atomic_load_n(&en->settled, __ATOMIC_ACQUIRE) >= ticket;
}

int engine_events_fd(const struct engine *en)
{
    return journal_fd(en->journal);
}

off_t engine_events_size(const struct engine *en)
{
    return journal_size(en->journal);
}

struct engine_counts engine_counts(const struct engine *en)
{
    return (struct engine_counts){
        .commits = __atomic_load_n(&en->commits, __ATOMIC_RELAXED),
        .started = __atomic_load_n(&en->started, __ATOMIC_RELAXED),
        .submitted = __atomic_load_n(&en->submitted, __ATOMIC_RELAXED),
    };
}

struct link_state engine_link(const struct engine *en, unsigned cluster)
{
    return links_get(en->links, cluster);
}

bool engine_draining(const struct engine *en, unsigned cluster)
{
    return __atomic_load_n(&en->places[cluster].draining, __ATOMIC_RELAXED);
}
