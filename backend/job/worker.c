/*
 * worker.c - the thread that owns one cluster's transport
 *
 * It sleeps until there are orders, the events file grew, or it is time to connect again. Orders
 * that have piled up are taken together and sorted by kind: what controls a job goes before what
 * starts one, and a hundred of a kind are one exchange with the cluster.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/thread.h"

#include "batch.h"
#include "survey.h"
#include "worker-parts.h"

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

void worker_post(struct worker *w, struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        struct answer *a = b->answers[i];

        a->message.act = w->acts.answer;
        a->cluster = w->cluster->index;
        mailbox_post(w->answers, &a->message.letter);
    }
    b->n = 0;
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

static struct letter *append(struct letter *list, struct letter *more)
{
    struct letter *last = list;

    if (!list)
        return more;
    while (last->next)
        last = last->next;
    last->next = more;
    return list;
}

static void drop(struct letter *list)
{
    while (list) {
        struct order *o = container_of(list, struct order, letter);

        list = list->next;
        order_free(o);
    }
}

static void survey(struct worker *w)
{
    struct survey_news *s = survey_take(w->transport, w->cluster);

    if (!s)
        return; /* the next one has its turn */
    s->message.act = w->acts.survey;
    mailbox_post(w->answers, &s->message.letter);
}

/* What is about the cluster and not about a job: however many say it, once is enough. */
static bool about_cluster(struct worker *w, enum order_kind kind)
{
    if (kind == ORDER_SURVEY)
        survey(w);
    else if (kind == ORDER_CONNECT || kind == ORDER_DISCONNECT)
        link_want(w, kind == ORDER_CONNECT);
    else if (kind != ORDER_NOTHING)
        return false;
    return true;
}

/* Each time anew with what has come meanwhile: a cancel waits for no thousand submissions. */
static void carry_out(struct worker *w)
{
    struct letter *list = sort_orders(mailbox_take(w->orders));

    while (list && !__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE)) {
        _cleanup_(batchp) struct batch b = { .results = w->results };

        list = gather(list, &b);
        if (b.n && !about_cluster(w, b.orders[0]->kind)) {
            batch_run(&b, w->transport, w->cluster);
            worker_post(w, &b);
        }
        link_heard(w);
        worker_read_events(w);
        list = sort_orders(append(list, mailbox_take(w->orders)));
    }
    drop(list);
}

static void *work(void *arg)
{
    struct worker *w = arg;

    while (!__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE)) {
        struct pollfd p[] = {
            { .fd = mailbox_fd(w->orders), .events = POLLIN },
            { .fd = w->follow_fd, .events = POLLIN },
        };

        if (poll(p, ARRAY_SIZE(p), link_wait_ms(w)) < 0 && errno != EINTR)
            break;
        if (p[1].revents)
            worker_read_events(w);
        if (p[0].revents)
            carry_out(w);
        link_try(w);
    }
    drop(mailbox_take(w->orders));
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
                 struct mailbox *box, const struct worker_acts *acts, struct error *e)
{
    struct worker *w = calloc(1, sizeof(*w));
    int            r;

    if (!w)
        return -ENOMEM;
    w->cluster = cluster;
    w->results = results;
    w->answers = box;
    w->acts = *acts;
    w->follow_fd = -1;
    w->tail = (struct buf)BUF_INIT;
    r = mailbox_create(&w->orders);
    if (!r)
        r = cluster->transport->open(&w->transport, cluster, e);
    if (!r) {
        link_begin(w);
        r = thread_start(&w->thread, work, w);
    }
    if (r) {
        destroy(w);
        return r;
    }
    *wp = w;
    return 0;
}

static void wake(struct worker *w)
{
    struct order *o = calloc(1, sizeof(*o));

    /* Without memory for that it wakes at its next letter. */
    if (o) {
        o->kind = ORDER_NOTHING;
        worker_send(w, o);
    }
}

void worker_watch(struct worker *w, bool watch)
{
    if (__atomic_exchange_n(&w->watched, watch, __ATOMIC_ACQ_REL) != watch && watch)
        wake(w);
}

void worker_stop(struct worker *w)
{
    if (!w)
        return;
    __atomic_store_n(&w->stop, true, __ATOMIC_RELEASE);
    wake(w);
    if (w->cluster->transport->interrupt)
        w->cluster->transport->interrupt(w->transport);
    pthread_join(w->thread, NULL);
    destroy(w);
}
