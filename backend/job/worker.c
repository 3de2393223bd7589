/*
 * worker.c - the thread that owns one cluster's transport
 *
 * It sleeps until there are orders or the events file grew. Orders that have piled up are taken
 * together and sorted by kind: what controls a job goes before what starts one, and a hundred of a
 * kind are one exchange with the cluster.
 */
#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/log.h"
#include "clustrixfs/thread.h"

#include "batch.h"

struct worker {
    const struct cluster *cluster;
    struct results       *results; /* NULL: this machine */
    struct transport     *transport;
    struct mailbox       *orders;
    struct mailbox       *answers; /* the engine's */
    message_fn           *act;
    int                   follow_fd; /* -1: cannot be followed; the sweeps do it then */
    struct buf            tail;      /* of the events file: a line that is not whole yet */
    pthread_t             thread;
    bool                  stop; /* atomic */
};

void order_free(struct order *o)
{
    far_files_release(&o->files);
    free(o->inputs);
    free(o);
}

void worker_send(struct worker *w, struct order *o)
{
    mailbox_post(w->orders, &o->letter);
}

static void start_following(struct worker *w)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    struct error e = ERROR_INIT;

    if (buf_printf(&path, "%s/events", w->cluster->root))
        return;
    w->follow_fd = w->cluster->transport->follow(w->transport, path.data, &e);
    if (w->follow_fd < 0)
        log_line(LOG_WARN, "cluster=%s: ends are only noticed by looking every 30 s: %s",
                 w->cluster->name, e.text);
}

/* "end cfxabc.../task7.attempt1" as an answer without a verdict yet; false: not such a line. */
static bool read_end_line(struct span line, struct answer *a)
{
    struct span word, token, run;
    const char *slash;

    if (!span_next_word(&line, &word) || !span_is(word, "end") || !span_next_word(&line, &word))
        return false;
    slash = memchr(word.data, '/', word.len);
    if (!slash || slash - word.data != JOB_TOKEN_LEN)
        return false;
    token = (struct span){ word.data, JOB_TOKEN_LEN };
    run = (struct span){ slash + 1, word.len - JOB_TOKEN_LEN - 1 };
    memcpy(a->token, token.data, token.len);
    return !run_name_parse(run, &a->element, &a->attempt);
}

static void post(struct worker *w, struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        struct answer *a = b->answers[i];

        a->message.act = w->act;
        a->cluster = w->cluster->index;
        mailbox_post(w->answers, &a->message.letter);
    }
    b->n = 0;
}

static void read_events(struct worker *w)
{
    _cleanup_(batchp) struct batch b = BATCH_INIT;
    struct span rest, line;
    const char *whole;

    if (w->cluster->transport->follow_read(w->transport, &w->tail, NULL))
        return;
    whole = memrchr(w->tail.data, '\n', w->tail.len);
    if (!whole)
        return;
    rest = (struct span){ w->tail.data, (size_t)(whole + 1 - w->tail.data) };
    while (span_next_line(&rest, &line)) {
        struct answer *a = batch_add(&b, NULL);

        /* Lines are hints: one that cannot be read, or kept, is made up for by a sweep. */
        if (a && !read_end_line(line, a))
            batch_drop_last(&b);
    }
    memmove(w->tail.data, whole + 1, w->tail.len - (size_t)(whole + 1 - w->tail.data));
    buf_set_len(&w->tail, w->tail.len - (size_t)(whole + 1 - w->tail.data));
    batch_fetch_records(&b, w->transport, w->cluster);
    post(w, &b);
}

/* Orders that can go out in one exchange. */
static bool alike(const struct order *a, const struct order *b)
{
    return a->kind == b->kind && a->verb == b->verb && !strcmp(a->word, b->word);
}

/* Take all orders like the first out of the list into the batch, BATCH_MAX at most. */
static struct letter *gather(struct letter *list, struct batch *b)
{
    const struct order *first = container_of(list, struct order, letter);
    struct letter      *rest = NULL, **end = &rest, *next;

    for (struct letter *l = list; l; l = next) {
        struct order *o = container_of(l, struct order, letter);

        next = l->next;
        if (b->n < BATCH_MAX && alike(o, first)) {
            if (!batch_add(b, o))
                order_free(o);
        } else {
            *end = l;
            end = &l->next;
        }
    }
    *end = NULL;
    return rest;
}

/* Control before start, start before look: stable, and the list is short or all of a kind. */
static struct letter *sort_orders(struct letter *list)
{
    struct letter *kinds[ORDER_KIND_COUNT] = { 0 }, **ends[ORDER_KIND_COUNT], *next;
    struct letter *sorted = NULL, **end = &sorted;

    for (int k = 0; k < ORDER_KIND_COUNT; k++)
        ends[k] = &kinds[k];
    for (; list; list = next) {
        enum order_kind k = container_of(list, struct order, letter)->kind;

        next = list->next;
        list->next = NULL;
        *ends[k] = list;
        ends[k] = &list->next;
    }
    for (int k = 0; k < ORDER_KIND_COUNT; k++)
        if (kinds[k]) {
            *end = kinds[k];
            end = ends[k];
        }
    return sorted;
}

static void carry_out(struct worker *w, struct letter *list)
{
    list = sort_orders(list);
    while (list && !__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE)) {
        _cleanup_(batchp) struct batch b = BATCH_INIT;

        list = gather(list, &b);
        batch_run(&b, w->transport, w->cluster);
        post(w, &b);
    }
    while (list) {
        struct order *o = container_of(list, struct order, letter);

        list = list->next;
        order_free(o);
    }
}

static void *work(void *arg)
{
    struct worker *w = arg;

    while (!__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE)) {
        struct pollfd p[] = {
            { .fd = mailbox_fd(w->orders), .events = POLLIN },
            { .fd = w->follow_fd, .events = POLLIN },
        };

        if (poll(p, ARRAY_SIZE(p), -1) < 0 && errno != EINTR)
            break;
        if (p[1].revents)
            read_events(w);
        if (p[0].revents)
            carry_out(w, mailbox_take(w->orders));
    }
    carry_out(w, mailbox_take(w->orders));
    return NULL;
}

static void destroy(struct worker *w)
{
    if (w->transport)
        w->cluster->transport->close(w->transport);
    mailbox_destroy(w->orders);
    buf_release(&w->tail);
    free(w);
}

int worker_start(struct worker **wp, const struct cluster *cluster, struct results *results,
                 struct mailbox *box, message_fn *act, struct error *e)
{
    struct worker *w = calloc(1, sizeof(*w));
    int            r;

    if (!w)
        return -ENOMEM;
    w->cluster = cluster;
    w->results = results;
    w->answers = box;
    w->act = act;
    w->follow_fd = -1;
    w->tail = (struct buf)BUF_INIT;
    r = mailbox_create(&w->orders);
    if (!r)
        r = cluster->transport->open(&w->transport, cluster, e);
    if (!r) {
        start_following(w);
        r = thread_start(&w->thread, work, w);
    }
    if (r) {
        destroy(w);
        return r;
    }
    *wp = w;
    return 0;
}

static void nothing(struct worker *w)
{
    struct order *o = calloc(1, sizeof(*o));

    /* Only to wake it: without memory for that it wakes at its next letter. */
    if (o) {
        o->kind = ORDER_LOOK;
        worker_send(w, o);
    }
}

void worker_stop(struct worker *w)
{
    if (!w)
        return;
    __atomic_store_n(&w->stop, true, __ATOMIC_RELEASE);
    nothing(w);
    pthread_join(w->thread, NULL);
    destroy(w);
}
