/*
 * request.c - what the FUSE side asks of the engine
 *
 * Each request is a message with what it needs in it, an act that runs in the engine's thread, and
 * a function of engine.h that posts it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/log.h"

#include "engine.h"
#include "live.h"

static uint64_t post(struct engine *en, struct message *m, message_fn *act)
{
    m->act = act;
    return engine_post(en, m);
}

/* Drafts */

struct keep_draft {
    struct message message;
    struct change *change;
    service_done  *done;
    void          *arg;
};

static void act_keep(struct engine *en, struct message *m)
{
    struct keep_draft *k = container_of(m, struct keep_draft, message);

    int                r;

    k->change->awaited = k->done;
    if (k->done)
        commit_urgent(en);
    r = commit_change(en, k->change);
    commit_promise(en, k->done, k->arg, r, NULL);
    free(k);
}

uint64_t engine_keep_draft(struct engine *en, const struct draft_record *r, service_done *done,
                           void *arg)
{
    struct keep_draft *k = calloc(1, sizeof(*k));

    if (!k || !(k->change = change_keep_draft(r))) {
        free(k);
        return 0;
    }
    k->done = done;
    k->arg = arg;
    return post(en, &k->message, act_keep);
}

static void act_remove(struct engine *en, struct message *m)
{
    struct keep_draft *k = container_of(m, struct keep_draft, message);

    if (commit_change(en, k->change))
        log_line(LOG_ERROR, "out of memory: a removed draft comes back with the next mount");
    free(k);
}

uint64_t engine_remove_draft(struct engine *en, uint64_t id)
{
    struct keep_draft *k = calloc(1, sizeof(*k));

    if (!k || !(k->change = change_remove_draft(id))) {
        free(k);
        return 0;
    }
    return post(en, &k->message, act_remove);
}

/* Jobs */

struct submit {
    struct message  message;
    struct admitted admitted;
};

static void act_submit(struct engine *en, struct message *m)
{
    struct submit *s = container_of(m, struct submit, message);

    /* Without memory the draft stays READY on disk: the next start submits it. */
    if (!accept_job(en, &s->admitted))
        board_remove(en->board, s->admitted.id);
    admitted_release(&s->admitted);
    free(s);
}

uint64_t engine_submit(struct engine *en, struct admitted *a)
{
    struct submit *s = calloc(1, sizeof(*s));

    if (!s)
        return 0;
    s->admitted = *a;
    *a = (struct admitted)ADMITTED_INIT;
    return post(en, &s->message, act_submit);
}

/* One job or cluster, one wish, one answer. */
struct wish_message {
    struct message message;
    job_id         id;
    unsigned       cluster;
    enum cluster_wish wish;
    char          *words;
    service_done  *done;
    void          *arg;
};

static struct wish_message *wish_new(job_id id, service_done *done, void *arg)
{
    struct wish_message *w = calloc(1, sizeof(*w));

    if (!w) {
        done(arg, -ENOMEM, &(struct error){ .text = "out of memory" });
        return NULL;
    }
    w->id = id;
    w->done = done;
    w->arg = arg;
    return w;
}

static void wish_end(struct engine *en, struct wish_message *w, int r, const struct error *e)
{
    commit_promise(en, w->done, w->arg, r, e);
    free(w->words);
    free(w);
}

static void act_control(struct engine *en, struct message *m)
{
    struct wish_message *w = container_of(m, struct wish_message, message);
    struct error         e = ERROR_INIT;
    int                  r = control_job(en, w->id, span_str(w->words), &e);

    commit_urgent(en);
    wish_end(en, w, r, &e);
}

uint64_t engine_control(struct engine *en, job_id id, struct span words, service_done *done,
                        void *arg)
{
    struct wish_message *w = wish_new(id, done, arg);

    if (!w)
        return 0;
    w->words = span_dup(words);
    if (w->words)
        return post(en, &w->message, act_control);
    free(w);
    done(arg, -ENOMEM, &(struct error){ .text = "out of memory" });
    return 0;
}

static void act_forget(struct engine *en, struct message *m)
{
    struct wish_message *w = container_of(m, struct wish_message, message);
    struct error         e = ERROR_INIT;
    int                  r = control_forget(en, w->id, &e);

    commit_urgent(en);
    wish_end(en, w, r, &e);
}

uint64_t engine_forget(struct engine *en, job_id id, service_done *done, void *arg)
{
    struct wish_message *w = wish_new(id, done, arg);

    return w ? post(en, &w->message, act_forget) : 0;
}

static void act_cluster(struct engine *en, struct message *m)
{
    struct wish_message *w = container_of(m, struct wish_message, message);
    struct place        *p = &en->places[w->cluster];

    __atomic_store_n(&p->draining, w->wish == CLUSTER_DRAIN, __ATOMIC_RELAXED);
    if (w->wish == CLUSTER_CONNECT)
        place_connect(en, p);
    else if (w->wish == CLUSTER_DISCONNECT)
        place_order(en, p, ORDER_DISCONNECT);
    wish_end(en, w, 0, NULL);
}

uint64_t engine_cluster(struct engine *en, unsigned cluster, enum cluster_wish wish,
                        service_done *done, void *arg)
{
    struct wish_message *w = wish_new(0, done, arg);

    if (!w)
        return 0;
    w->cluster = cluster;
    w->wish = wish;
    return post(en, &w->message, act_cluster);
}
