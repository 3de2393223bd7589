/*
 * commit.c - making changes last, then showing them
 *
 * The engine's work comes in rounds. In a round messages are taken and change jobs in memory; at
 * its end everything that changed goes to disk in one transaction, and only then is anything shown,
 * answered or sent to a cluster. So whatever anybody saw survives a crash, and no command is
 * started that the database does not know of. When the disk refuses, jobs stay marked as changed
 * and the round is tried again; who waits for a draft hears the error.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/log.h"

#include "live.h"
#include "token.h"
#include "views.h"

#define RETRY_NS NS_PER_S
/* How long news may be shown before the disk has it for good: a power failure in that time takes it
 * back, and it is found again in the job's directory. */
#define SYNC_NS (50 * NS_PER_MS)

/* Room for one more in a vector, or NULL; the vector is as it was then. */
static void *one_more(void *vp, size_t n, size_t *alloc, size_t size)
{
    void **v = vp;

    if (n == *alloc) {
        size_t more = *alloc * 2 + 16;
        void  *grown = realloc(*v, more * size);

        if (!grown)
            return NULL;
        *v = grown;
        *alloc = more;
    }
    return (char *)*v + n * size;
}

void commit_promise(struct engine *en, service_done *done, void *arg, int r, const struct error *e)
{
    struct promise *p;

    if (!done)
        return;
    p = one_more(&en->promises, en->n_promises, &en->promises_alloc, sizeof(*p));
    if (!p) {
        done(arg, -ENOMEM, &(struct error){ .text = "out of memory" });
        return;
    }
    *p = (struct promise){ .done = done, .arg = arg, .r = r };
    if (e)
        p->e = *e;
    en->n_promises++;
}

void commit_event(struct engine *en, const struct job *j, enum job_event ev, const char *evidence,
                  const char *detail)
{
    struct stored_event *row = one_more(&en->events, en->n_events, &en->events_alloc, sizeof(*row));
    char                *copy = strdup(detail ? detail : "");

    if (!row || !copy) {
        log_line(LOG_ERROR, "job=%llu: out of memory: the event \"%s\" is not written down",
                 (unsigned long long)JOB_NUMBER(j->v.id), job_event_name(ev));
        free(copy);
        return;
    }
    *row = (struct stored_event){
        .seq = ++en->seq,
        .job = j->v.id,
        .at_ns = j->v.times.changed_ns,
        .event = ev,
        .state = j->v.state,
        .attempt = j->v.attempt,
        .evidence = evidence,
        .detail = copy,
    };
    en->n_events++;
}

int commit_change(struct engine *en, struct change *c)
{
    if (!c)
        return -ENOMEM;
    *en->changes_end = c;
    en->changes_end = &c->next;
    return 0;
}

void commit_urgent(struct engine *en)
{
    en->urgent = true;
}

void commit_order(struct engine *en, struct order *o)
{
    o->letter.next = NULL;
    *en->outbox_end = &o->letter;
    en->outbox_end = &o->letter.next;
}

static struct stored_job stored(const struct job *j)
{
    return (struct stored_job){
        .v = j->v,
        .wish = j->wish,
        .waits = j->waits,
        .inputs = j->inputs,
        .spec = buf_span(&j->text),
    };
}

static int save_job(struct engine *en, struct job *j)
{
    struct stored_job row = stored(j);
    int               r;

    if (j->stored)
        return store_update_job(en->store, &row);
    r = store_insert_job(en->store, &row);
    if (!r && j->draft)
        r = store_submit_draft(en->store, j->draft, j->v.id);
    return r;
}

/* In a transaction that is rolled back when any of it fails. */
static int save_all(struct engine *en)
{
    int r = 0;

    for (const struct change *c = en->changes; !r && c; c = c->next)
        r = c->run(en->store, c);
    for (size_t i = 0; !r && i < en->n_changed; i++)
        r = save_job(en, en->changed[i]);
    for (size_t i = 0; !r && i < en->n_events; i++)
        r = store_add_event(en->store, &en->events[i]);
    return r ? r : store_commit(en->store);
}

static int refused(struct engine *en, int r, struct error *e)
{
    return error_set(e, r, "the state directory's disk refused the change: %s",
                     store_error(en->store));
}

static int save(struct engine *en, struct error *e)
{
    int64_t now = clock_mono_ns();
    bool    sync = en->urgent || (en->sync_ns && en->sync_ns <= now);
    int     r = store_begin(en->store, sync);

    if (r)
        return refused(en, r, e);
    r = save_all(en);
    if (r) {
        refused(en, r, e);
        store_rollback(en->store);
    } else if (sync) {
        en->sync_ns = 0;
    } else if (!en->sync_ns) {
        en->sync_ns = now + SYNC_NS;
    }
    return r;
}

/* `given_up`: only those that somebody waits for; the others are tried again. */
static void drop_changes(struct engine *en, bool given_up)
{
    struct change *c = en->changes, *next;

    en->changes = NULL;
    en->changes_end = &en->changes;
    for (; c; c = next) {
        next = c->next;
        c->next = NULL;
        if (!given_up || c->awaited || commit_change(en, c))
            change_free(c);
    }
}

static void answer_promises(struct engine *en, int r, const struct error *e)
{
    struct promise *promises = STEAL(en->promises);
    size_t          n = en->n_promises;

    en->n_promises = en->promises_alloc = 0;
    for (size_t i = 0; i < n; i++)
        promises[i].done(promises[i].arg, r ? r : promises[i].r, r ? e : &promises[i].e);
    free(promises);
}

static void give_up_round(struct engine *en, int r, const struct error *e)
{
    log_line(LOG_ERROR, "%s; it is tried again every second", e->text);
    drop_changes(en, true);
    en->retry_ns = clock_mono_ns() + RETRY_NS;
    if (en->sync_ns)
        en->sync_ns = en->retry_ns;
    answer_promises(en, r, e);
}

/* After the commit: the rows are there now, and the lines of the journal can be written. */
static void settle_jobs(struct engine *en, bool synced)
{
    for (size_t i = 0; i < en->n_changed; i++) {
        struct job *j = en->changed[i];

        j->stored = true;
        j->changed = j->reworded = false;
        j->meant = j->meant || (synced && (j->wish & WISH_START));
        j->draft = 0;
        buf_release(&j->text);
    }
    for (size_t i = 0; i < en->n_events; i++) {
        journal_format(&en->events[i], &en->lines);
        free((char *)en->events[i].detail);
    }
    en->n_events = 0;
}

int commit_show(struct engine *en, const struct job *j)
{
    struct job_view *v = job_view_make(&j->v);

    return v ? board_show(en->board, v, j->cluster->index) : -ENOMEM;
}

static void show_jobs(struct engine *en)
{
    for (size_t i = 0; i < en->n_changed; i++)
        if (commit_show(en, en->changed[i]))
            log_line(LOG_ERROR, "job=%llu: out of memory: an older view of it is shown",
                     (unsigned long long)JOB_NUMBER(en->changed[i]->v.id));
}

static void drop_job(struct engine *en, struct job *j)
{
    board_drop(en->board, j->v.id);
    duty_at(en, j, 0);
    idmap_take(&en->jobs, j->v.id);
    if (j->whole)
        *array_slot(j->whole, JOB_INDEX(j->v.id)) = NULL;
    else
        idmap_take(&en->tokens, token_bits(span_str(j->v.token)));
    job_free(j);
}

/* Ended jobs leave memory: elements first, since they borrow from their whole. */
static void drop_ended(struct engine *en)
{
    for (size_t i = 0; i < en->n_changed; i++)
        if (en->changed[i]->whole && job_ended(en->changed[i]->v.state)) {
            drop_job(en, en->changed[i]);
            en->changed[i] = NULL;
        }
    for (size_t i = 0; i < en->n_changed; i++)
        if (en->changed[i] && job_ended(en->changed[i]->v.state))
            drop_job(en, en->changed[i]);
    en->n_changed = 0;
}

static void tell_watchers(struct engine *en)
{
    struct idmap     shows = en->shows;
    service_changed *watcher = __atomic_load_n(en->watcher, __ATOMIC_ACQUIRE);

    en->shows = (struct idmap)IDMAP_INIT;
    /* Who hears of many keeps them in order. */
    idmap_sort(&shows);
    for (size_t i = 0; i < shows.n; i++) {
        unsigned what = (unsigned)(uintptr_t)shows.v[i].value;

        if (what & CHANGE_JOB_GONE)
            board_remove(en->board, shows.v[i].key);
        if (watcher)
            watcher(*en->watcher_arg, shows.v[i].key, what | CHANGE_LOG);
    }
    idmap_release(&shows);
}

/* At the end there may be no worker left: then its orders are found owed at the next start. */
static void send_orders(struct engine *en)
{
    struct letter *l = STEAL(en->outbox), *next;

    en->outbox_end = &en->outbox;
    for (; l; l = next) {
        struct order *o = container_of(l, struct order, letter);

        next = l->next;
        if (en->places[o->cluster].worker)
            worker_send(en->places[o->cluster].worker, o);
        else
            order_free(o);
    }
}

static bool nothing_changed(const struct engine *en)
{
    return !en->n_changed && !en->n_events && !en->changes;
}

static int sync_only(struct engine *en, struct error *e)
{
    int r = store_sync(en->store);

    en->sync_ns = 0;
    return r ? refused(en, r, e) : 0;
}

static bool sync_is_due(const struct engine *en)
{
    return en->sync_ns && en->sync_ns <= clock_mono_ns();
}

/* What was meant to be started soon and was not is meant no longer. */
static void look_back(struct engine *en)
{
    for (size_t i = 0; i < en->config->n_clusters; i++)
        slots_mean_no_more(en, &en->places[i]);
}

static bool any_ahead(const struct engine *en)
{
    for (size_t i = 0; i < en->config->n_clusters; i++)
        if (en->places[i].ahead)
            return true;
    return false;
}

bool commit_can_wait(const struct engine *en)
{
    return !en->urgent && !en->n_promises && !en->stopping && !nothing_changed(en);
}

void commit_all(struct engine *en)
{
    struct error e = ERROR_INIT;
    int          r;

    if (sync_is_due(en))
        look_back(en);
    if (nothing_changed(en) && !sync_is_due(en)) {
        en->retry_ns = 0;
        __atomic_store_n(&en->settled, en->ticket, __ATOMIC_RELEASE);
        answer_promises(en, 0, NULL);
        send_orders(en);
        return;
    }
    r = nothing_changed(en) ? sync_only(en, &e) : save(en, &e);
    if (r) {
        give_up_round(en, r, &e);
        return;
    }
    drop_changes(en, false);
    en->urgent = false;
    en->retry_ns = 0;
    __atomic_add_fetch(&en->commits, 1, __ATOMIC_RELAXED);
    settle_jobs(en, !en->sync_ns);
    show_jobs(en);
    journal_add(en->journal, buf_span(&en->lines));
    buf_release(&en->lines);
    __atomic_store_n(&en->settled, en->ticket, __ATOMIC_RELEASE);
    send_orders(en);
    /* First the watchers: who is answered and then looks must not see what they are told of. While
     * they look what has ended is still in memory: they may not ask the database from here. */
    tell_watchers(en);
    drop_ended(en);
    answer_promises(en, 0, NULL);
    if (!en->sync_ns && any_ahead(en))
        en->sync_ns = clock_mono_ns() + SYNC_NS;
}

void commit_release(struct engine *en)
{
    for (size_t i = 0; i < en->n_events; i++)
        free((char *)en->events[i].detail);
    for (struct letter *l = en->outbox, *next; l; l = next) {
        next = l->next;
        order_free(container_of(l, struct order, letter));
    }
    free(en->events);
    free(en->changed);
    free(en->promises);
    drop_changes(en, false);
    buf_release(&en->lines);
}
