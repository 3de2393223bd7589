/*
 * restart.c - every job is taken up where it was left
 *
 * Load, and do what is owed: a job that waits goes into the queue, one that may be on the cluster
 * is looked for. Nothing is submitted here that had been submitting.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/log.h"

#include "live.h"
#include "token.h"

static int load_brief(void *arg, const struct job_brief *b, const char *cluster)
{
    struct engine        *en = arg;
    const struct cluster *c = config_cluster(en->config, cluster);
    struct job_brief      brief = *b;

    brief.cluster = c ? (uint8_t)c->index : 0;
    return board_load(en->board, &brief);
}

static int copy_texts(struct job *j, const struct stored_job *row)
{
    const struct {
        const char **field;
        const char  *value;
    } texts[] = {
        { &j->v.name, row->v.name },     { &j->v.alias, row->v.alias },
        { &j->v.reason, row->v.reason }, { &j->v.native, row->v.native },
        { &j->v.node, row->v.node },     { &j->v.memory_by, row->v.memory_by },
    };

    /* None of them may point into the row any more when one of them cannot be had. */
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        *texts[i].field = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        if (job_text(texts[i].field, texts[i].value))
            return -ENOMEM;
    }
    j->waits = *row->waits ? strdup(row->waits) : NULL;
    j->inputs = *row->inputs ? strdup(row->inputs) : NULL;
    return (j->waits || !*row->waits) && (j->inputs || !*row->inputs) ? 0 : -ENOMEM;
}

/* A spec that this version cannot read any more must not stop the others. */
static int parse_spec(struct job *j, struct span text)
{
    struct error e = ERROR_INIT;
    int          r = spec_parse(&j->spec, text, j->v.times.accepted_ns / NS_PER_S, NULL, &e);

    if (!r)
        return 0;
    log_line(LOG_ERROR, "job=%llu: its spec can no longer be read: %s",
             (unsigned long long)JOB_NUMBER(j->v.id), e.text);
    return r < 0 ? r : -EINVAL;
}

static int attach_to_whole(struct engine *en, struct job *j)
{
    struct job *whole = engine_job(en, JOB_WHOLE(j->v.id));
    struct job **slot = whole ? array_slot(whole, JOB_INDEX(j->v.id)) : NULL;

    if (!slot)
        return -ENOENT;
    *slot = j;
    j->whole = whole;
    j->spec = whole->spec;
    return 0;
}

static int make_whole(struct engine *en, struct job *j, struct span spec)
{
    int r = parse_spec(j, spec);

    if (!r)
        r = idmap_put(&en->tokens, token_bits(span_str(j->v.token)), j);
    if (!r && j->v.elements) {
        j->n_elements = spec_array_size(j->spec);
        j->elements = calloc(j->n_elements + 1, sizeof(*j->elements));
        r = j->elements ? 0 : -ENOMEM;
    }
    return r;
}

static struct job *make_job(struct engine *en, const struct stored_job *row)
{
    const struct cluster *c = config_cluster(en->config, row->v.cluster);
    struct job           *j = c ? job_new(en, row->v.id, c) : NULL;
    int                   r;

    if (!j) {
        log_line(LOG_ERROR, "job=%llu: cluster \"%s\" is no longer configured; it is left as it is",
                 (unsigned long long)JOB_NUMBER(row->v.id), row->v.cluster);
        return NULL;
    }
    j->v = row->v;
    j->v.cluster = c->name;
    j->wish = row->wish;
    j->stored = true;
    r = copy_texts(j, row);
    if (!r)
        r = JOB_ELEMENT(j->v.id) ? attach_to_whole(en, j) : make_whole(en, j, row->spec);
    if (!r)
        return j;
    idmap_take(&en->jobs, j->v.id);
    if (!JOB_ELEMENT(j->v.id))
        idmap_take(&en->tokens, token_bits(span_str(j->v.token)));
    job_free(j);
    return NULL;
}

/* What is taken for what, without an event; the whole's counts go along (it was loaded before). */
static void restate(struct engine *en, struct job *j, enum job_state state)
{
    if (j->whole && j->whole->v.counts[j->v.state]) {
        j->whole->v.counts[j->v.state]--;
        j->whole->v.counts[state]++;
        job_changed(en, j->whole, 0);
    }
    j->v.state = state;
    job_changed(en, j, 0);
}

/*
 * Shown as it was left. Nothing of it is written again: of 100 000 that wait that would be as much
 * as they all were. (The intent to start it may stay on disk: it says something of one that waits.)
 */
static void show_loaded(struct engine *en, struct job *j)
{
    if (!j->changed && commit_show(en, j))
        job_changed(en, j, 0);
}

static int load_live(void *arg, const struct stored_job *row)
{
    struct engine *en = arg;
    struct job    *j = make_job(en, row);

    if (!j)
        return 0;
    /* It waited when we last wrote, but we meant to start it and may have. */
    if (j->v.state == JOB_QUEUED && (j->wish & WISH_START))
        restate(en, j, JOB_SUBMITTING);
    if (j->v.state == JOB_SUBMITTING && !j->v.attempt)
        j->v.attempt = 1;
    j->wish &= ~(unsigned)WISH_START;
    if (!JOB_ELEMENT(j->v.id) && j->spec->exclusive)
        j->v.cores = j->cluster->cores;
    else if (j->whole && j->spec->exclusive)
        j->v.cores = j->whole->v.cores;
    if (j->v.state == JOB_COLLECTING && !j->n_elements)
        restate(en, j, JOB_RUNNING); /* its record is still there: it is read again */
    job_count_there(en, j);
    if (j->there && !job_in_queue(j))
        slots_take(job_place(en, j), j);
    show_loaded(en, j);
    return 0;
}

static void take_up(struct engine *en, struct job *j)
{
    bool waits = j->v.state == JOB_ACCEPTED || j->v.state == JOB_SUBMITTING ||
                 j->v.state == JOB_QUEUED || j->v.state == JOB_HELD;

    if ((waits || j->n_elements) && after_begin(en, j, true))
        log_line(LOG_ERROR, "job=%llu: out of memory for what it waits for",
                 (unsigned long long)JOB_NUMBER(j->v.id));
    if (j->n_elements)
        array_take_up(en, j);
    /* A cluster that has to be reached first is seen to when it was: place.c. */
    if (!job_place(en, j)->open)
        return;
    if (job_runs(j)) {
        if (!j->n_elements)
            duty_order(en, j, ORDER_LOOK, VERB_POLL, NULL);
    } else {
        duty_do(en, j);
    }
}

static int load_removal(void *arg, const char *cluster, const char *token)
{
    struct engine        *en = arg;
    const struct cluster *c = config_cluster(en->config, cluster);
    struct order         *o = c && en->places[c->index].open ? calloc(1, sizeof(*o)) : NULL;

    if (!o)
        return 0;
    o->kind = ORDER_REMOVE;
    o->cluster = c->index;
    strncpy(o->token, token, JOB_TOKEN_LEN);
    commit_order(en, o);
    return 0;
}

int restart_removals(struct engine *en)
{
    return store_each_removal(en->store, load_removal, en);
}

int restart_load(struct engine *en, struct error *e)
{
    struct job **all;
    size_t       n = 0;
    int          r = store_each_brief(en->store, load_brief, en);

    board_set_floor(en->board, store_counter(en->store, "job"));
    /* Events of forgotten jobs are gone from the database, but their numbers are used. */
    en->seq = store_last_event(en->store);
    if (journal_last(en->journal) > en->seq)
        en->seq = journal_last(en->journal);
    if (!r)
        r = store_each_live(en->store, load_live, en);
    if (!r)
        r = restart_removals(en);
    if (r)
        return error_set(e, r, "the jobs in store.db cannot be read: %s", store_error(en->store));
    all = calloc(en->jobs.n + 1, sizeof(struct job *));
    if (!all)
        return -ENOMEM;
    /* What is owed may end jobs, never drop them: that happens at the commit. */
    for (size_t at = 0; (all[n] = idmap_next(&en->jobs, &at)); n++)
        ;
    /* In the order in which they came, which is the order of every queue. */
    qsort(all, n, sizeof(struct job *), job_by_id);
    for (size_t i = 0; i < n; i++)
        take_up(en, all[i]);
    free(all);
    accept_ready_drafts(en);
    return 0;
}

struct revival {
    struct engine *en;
    struct job    *j;
};

static int revive_row(void *arg, const struct stored_job *row)
{
    struct revival *rv = arg;

    rv->j = make_job(rv->en, row);
    return 0;
}

static struct job *revive(struct engine *en, job_id id)
{
    struct revival rv = { .en = en };

    if (store_load_job(en->store, id, revive_row, &rv) || !rv.j)
        return NULL;
    return rv.j;
}

struct job *restart_revive(struct engine *en, job_id id)
{
    struct job *whole = engine_job(en, JOB_WHOLE(id));

    if (!whole)
        whole = revive(en, JOB_WHOLE(id));
    if (!whole)
        return NULL;
    if (JOB_ELEMENT(id))
        return revive(en, id);
    for (uint32_t i = 0; i < whole->n_elements; i++)
        if (!whole->elements[i])
            revive(en, whole->v.id + 1 + spec_array_index(whole->spec, i));
    return whole;
}

struct failed {
    job_id *v;
    size_t  n, alloc;
};

static int add_failed(void *arg, job_id id)
{
    struct failed *f = arg;

    if (f->n == f->alloc) {
        size_t  alloc = f->alloc * 2 + 16;
        job_id *more = reallocarray(f->v, alloc, sizeof(*more));

        if (!more)
            return -ENOMEM;
        f->v = more;
        f->alloc = alloc;
    }
    f->v[f->n++] = id;
    return 0;
}

/* One that is in memory, or has its whole there, is further than its row says. */
static void revive_one(struct engine *en, job_id id)
{
    if (engine_job(en, id))
        return;
    if (JOB_ELEMENT(id) && !engine_job(en, JOB_WHOLE(id)) && !revive(en, JOB_WHOLE(id)))
        return;
    revive(en, id);
}

struct job *restart_revive_failed(struct engine *en, job_id id)
{
    job_id        last = JOB_ELEMENT(id) ? id : JOB_ID(JOB_NUMBER(id) + 1, 0) - 1;
    struct failed f = { 0 };

    /* They are known before any is read: a walk goes on from where the one before it is. */
    if (!store_each_failed(en->store, id, last, add_failed, &f))
        for (size_t i = 0; i < f.n; i++)
            revive_one(en, f.v[i]);
    free(f.v);
    return engine_job(en, id);
}
