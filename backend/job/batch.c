/*
 * batch.c - orders of one kind that go to a cluster together, and their answers
 *
 * One put, one command and one fetch for all of them. Only when putting all their files together
 * fails is it done for each alone, so that one bad job does not keep the others.
 */
#include "batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void batch_release(struct batch *b)
{
    for (size_t i = 0; i < b->alloc; i++) {
        if (b->orders[i])
            order_free(b->orders[i]);
        if (i < b->n)
            free(b->answers[i]);
    }
    free(b->orders);
    free(b->answers);
    *b = (struct batch)BATCH_INIT;
}

static int grow(struct batch *b)
{
    size_t          alloc = b->alloc * 2 + 16;
    struct order  **orders = realloc(b->orders, alloc * sizeof(*orders));
    struct answer **answers;

    if (!orders)
        return -ENOMEM;
    b->orders = orders;
    memset(orders + b->alloc, 0, (alloc - b->alloc) * sizeof(*orders));
    answers = realloc(b->answers, alloc * sizeof(*answers));
    if (!answers)
        return -ENOMEM;
    b->answers = answers;
    b->alloc = alloc;
    return 0;
}

struct answer *batch_add(struct batch *b, struct order *o)
{
    struct answer *a;

    if (b->n == b->alloc && grow(b))
        return NULL;
    a = calloc(1, sizeof(*a));
    if (!a)
        return NULL;
    a->kind = ORDER_LOOK;
    if (o) {
        a->kind = o->kind;
        a->verb = o->verb;
        a->id = o->id;
        a->element = JOB_ELEMENT(o->id);
        a->attempt = o->attempt;
        a->asked_ns = o->asked_ns;
        memcpy(a->token, o->token, sizeof(a->token));
    }
    b->orders[b->n] = o;
    b->answers[b->n++] = a;
    return a;
}

void batch_drop_last(struct batch *b)
{
    free(b->answers[--b->n]);
}

struct batch batch_those(const struct batch *b, bool (*is)(const struct answer *),
                         struct order *orders[BATCH_MAX], struct answer *answers[BATCH_MAX])
{
    struct batch some = { .orders = orders, .answers = answers, .results = b->results };

    for (size_t i = 0; i < b->n; i++)
        if (is(b->answers[i])) {
            orders[some.n] = b->orders[i];
            answers[some.n++] = b->answers[i];
        }
    return some;
}

/* What a transport's or a scheduler's return value says about all of them. */
void batch_verdict(struct batch *b, int r, const struct error *e)
{
    for (size_t i = 0; i < b->n; i++) {
        struct answer *a = b->answers[i];

        a->is = !r ? ANSWER_SAID : r == TRANSPORT_E_UNKNOWN ? ANSWER_UNKNOWN : ANSWER_NOT_RUN;
        if (!r)
            continue;
        a->e = *e;
        if (!*a->e.text)
            error_set(&a->e, r, "%s", r < 0 ? strerror(-r) : "the cluster cannot be reached");
    }
}

struct job_ref batch_ref(const struct order *o)
{
    return (struct job_ref){
        .id = o->id,
        .token = o->token,
        .native = o->native,
        .attempt = o->attempt,
    };
}

void batch_refs(const struct batch *b, struct job_ref refs[BATCH_MAX])
{
    for (size_t i = 0; i < b->n; i++)
        refs[i] = batch_ref(b->orders[i]);
}

/* Say the verb for those whose answer is still open (`is` SAID). */
static void say(struct batch *b, struct transport *t, const struct cluster *c)
{
    struct job_ref refs[BATCH_MAX];
    struct report  reports[BATCH_MAX];
    size_t         at[BATCH_MAX];
    struct ask     ask = { .cluster = c, .refs = refs, .word = b->orders[0]->word };
    struct error   e = ERROR_INIT;
    int            r;

    for (size_t i = 0; i < b->n; i++)
        if (b->answers[i]->is == ANSWER_SAID) {
            at[ask.n] = i;
            refs[ask.n++] = batch_ref(b->orders[i]);
        }
    if (!ask.n)
        return;
    r = scheduler_ask(t, &ask, b->orders[0]->verb, reports, &e);
    for (size_t k = 0; k < ask.n; k++) {
        struct batch one = { .orders = b->orders + at[k], .answers = b->answers + at[k], .n = 1 };

        batch_verdict(&one, r, &e);
        b->answers[at[k]]->report = reports[k];
    }
}

/* Move all files into one list; the orders keep none. */
static int merge_files(struct batch *b, struct far_files *all)
{
    size_t n = 0;

    for (size_t i = 0; i < b->n; i++)
        n += b->orders[i]->files.n;
    all->v = calloc(n + 1, sizeof(*all->v));
    if (!all->v)
        return -ENOMEM;
    for (size_t i = 0; i < b->n; i++) {
        struct far_files *f = &b->orders[i]->files;

        for (size_t k = 0; k < f->n; k++)
            all->v[all->n++] = f->v[k];
    }
    return 0;
}

static int put_together(struct batch *b, struct transport *t, const struct cluster *c)
{
    struct far_files all = FAR_FILES_INIT;
    int              r = merge_files(b, &all);

    if (!r && all.n)
        r = c->transport->put(t, &all, NULL);
    free(all.v);
    return r;
}

static int move_in(struct order *o, struct transport *t, const struct cluster *c, struct error *e)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    int r;

    if (!o->inputs)
        return 0;
    r = path_job(&path, c, o->token);
    if (!r)
        r = buf_add_str(&path, "/files");
    return r ? r : c->transport->move_in(t, o->inputs, path.data, e);
}

static void stage(struct batch *b, struct transport *t, const struct cluster *c)
{
    bool together = !put_together(b, t, c);

    for (size_t i = 0; i < b->n; i++) {
        struct batch one = { .orders = b->orders + i, .answers = b->answers + i, .n = 1 };
        struct order *o = b->orders[i];
        struct error  e = ERROR_INIT;
        int           r = together || !o->files.n ? 0 : c->transport->put(t, &o->files, &e);

        if (!r)
            r = move_in(o, t, c, &e);
        /* Nothing was submitted yet: whatever went wrong, the command was not started. */
        batch_verdict(&one, r ? TRANSPORT_E_NOT_RUN : 0, &e);
    }
}

static int add_path(struct far_files *f, const struct answer *a, const struct cluster *c,
                    const char *name)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    struct job_ref ref = {
        .id = JOB_ID(0, a->element), .token = a->token, .native = "", .attempt = a->attempt
    };
    int r = path_run(&path, c, &ref, name);

    return r ? r : far_files_add(f, path.data, 0, SPAN_LIT(""));
}

static void take_record(struct answer *a, const struct far_file *exit_file,
                        const struct far_file *start_file)
{
    if (!exit_file->missing && !record_parse(&a->record, buf_span(&exit_file->data)) &&
        a->record.cause != CAUSE_NONE)
        a->has_record = true;
    else if (!start_file->missing)
        a->has_record = !record_parse(&a->record, buf_span(&start_file->data));
}

void batch_fetch_records(struct batch *b, struct transport *t, const struct cluster *c)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;
    int r = 0;

    if (!c->transport->here) {
        batch_collect(b, t, c);
        return;
    }
    for (size_t i = 0; !r && i < b->n; i++) {
        r = add_path(&files, b->answers[i], c, RECORD_EXIT);
        if (!r)
            r = add_path(&files, b->answers[i], c, RECORD_STARTED);
    }
    if (r || !b->n || c->transport->fetch(t, &files, NULL))
        return;
    for (size_t i = 0; i < b->n; i++)
        take_record(b->answers[i], &files.v[2 * i], &files.v[2 * i + 1]);
}

static void run_verb(struct batch *b, struct transport *t, const struct cluster *c)
{
    say(b, t, c);
}

static bool is_not_queued(const struct answer *a)
{
    return a->report.is != REPORT_QUEUED;
}

/* What a queue has taken begins later, and is heard of then: its answer need not wait. */
static void fetch_if_not_queued(struct batch *b, struct transport *t, const struct cluster *c)
{
    struct order  *orders[BATCH_MAX];
    struct answer *answers[BATCH_MAX];
    struct batch   some = batch_those(b, is_not_queued, orders, answers);

    if (some.n)
        batch_fetch_records(&some, t, c);
}

static void run_submit(struct batch *b, struct transport *t, const struct cluster *c)
{
    stage(b, t, c);
    if (c->scheduler->queues)
        batch_submit(b, t, c);
    else
        say(b, t, c);
    fetch_if_not_queued(b, t, c);
}

/* Asked first and fetched after: a job that ends in between leaves its record in time. */
static void run_look(struct batch *b, struct transport *t, const struct cluster *c)
{
    if (!c->scheduler->queues)
        say(b, t, c);
    else if (b->orders[0]->verb == VERB_FIND)
        batch_find(b, t, c);
    batch_fetch_records(b, t, c);
    if (c->scheduler->queues)
        batch_account(b, t, c);
}

static void run_remove(struct batch *b, struct transport *t, const struct cluster *c)
{
    for (size_t i = 0; i < b->n; i++) {
        _cleanup_(bufp) struct buf path = BUF_INIT;
        struct batch one = { .orders = b->orders + i, .answers = b->answers + i, .n = 1 };
        struct error e = ERROR_INIT;
        int          r = path_job(&path, c, b->orders[i]->token);

        if (!r)
            r = c->transport->remove(t, path.data, &e);
        batch_verdict(&one, r, &e);
    }
}

typedef void run_fn(struct batch *b, struct transport *t, const struct cluster *c);

void batch_run(struct batch *b, struct transport *t, const struct cluster *c)
{
    static run_fn *const run[ORDER_KIND_COUNT] = {
        [ORDER_VERB] = run_verb,
        [ORDER_SUBMIT] = run_submit,
        [ORDER_LOOK] = run_look,
        [ORDER_REMOVE] = run_remove,
    };

    if (b->n)
        run[b->orders[0]->kind](b, t, c);
}
