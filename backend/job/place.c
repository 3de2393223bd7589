/*
 * place.c - a cluster, and the way to it
 *
 * Orders go to a cluster only while its place is open. When it opens, at the start or after the
 * network came back, everything that is owed there is done: what waited goes out, in the order in
 * which it came, and what was there is looked for, since nobody told us what happened meanwhile.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/inputs.h"
#include "clustrixfs/log.h"
#include "clustrixfs/met.h"
#include "clustrixfs/outputs.h"

#include "live.h"

/* How often a host is asked about its running jobs when no event has told us anything. */
#define SWEEP_NS (30 * NS_PER_S)
/* A queue is looked at soon after something happened, and then ever less. */
#define PACE_MIN_NS NS_PER_S
#define PACE_MAX_NS (60 * NS_PER_S)

static void act_answer(struct engine *en, struct message *m)
{
    struct answer *a = container_of(m, struct answer, message);

    hear_answer(en, a);
    free(a);
}

static void act_link(struct engine *en, struct message *m)
{
    struct link_news *news = container_of(m, struct link_news, message);

    place_hear_link(en, news);
    free(news);
}

static void act_survey(struct engine *en, struct message *m)
{
    struct survey_news *s = container_of(m, struct survey_news, message);

    sight_survey(en, s);
    survey_free(s);
}

int places_open(struct engine *en, struct error *e)
{
    static const struct worker_acts acts = {
        .answer = act_answer, .link = act_link, .survey = act_survey,
    };

    en->places = calloc(en->config->n_clusters, sizeof(*en->places));
    if (!en->places)
        return -ENOMEM;
    for (size_t i = 0; i < en->config->n_clusters; i++) {
        struct place *p = &en->places[i];
        int           r;

        p->cluster = &en->config->clusters[i];
        p->open = !p->cluster->transport->connect;
        r = worker_start(&p->worker, p->cluster, en->results ? en->results[i] : NULL, en->box,
                         &acts, e);
        if (r)
            return error_prefix(e, r, "cluster %s: ", p->cluster->name);
    }
    return 0;
}

void places_close(struct engine *en)
{
    for (size_t i = 0; en->places && i < en->config->n_clusters; i++) {
        stager_stop(STEAL(en->places[i].stager));
        fetcher_stop(STEAL(en->places[i].fetcher));
        worker_stop(STEAL(en->places[i].worker));
        slots_release(&en->places[i]);
    }
}

void place_order(struct engine *en, const struct place *p, enum order_kind kind)
{
    struct order *o = calloc(1, sizeof(*o));

    if (!o) {
        log_line(LOG_WARN, "cluster=%s: out of memory: it is looked at later", p->cluster->name);
        return;
    }
    o->kind = kind;
    o->cluster = p->cluster->index;
    commit_order(en, o);
}

void place_quicken(struct place *p)
{
    bool    queues = cluster_queues(p->cluster);
    int64_t soon = clock_mono_ns() + (queues ? PACE_MIN_NS : SWEEP_NS);

    p->pace_ns = queues ? PACE_MIN_NS : SWEEP_NS;
    if (!p->sweep_ns || p->sweep_ns > soon)
        p->sweep_ns = soon;
}

static void look_at_all(struct engine *en, struct place *p)
{
    struct job *j;

    for (size_t at = 0; (j = idmap_next(&en->jobs, &at));)
        if (job_place(en, j) == p && !j->n_elements && job_runs(j))
            duty_order(en, j, ORDER_LOOK, VERB_POLL, NULL);
}

void place_sweep(struct engine *en, struct place *p)
{
    p->sweep_ns = clock_mono_ns() + p->pace_ns;
    if (!cluster_queues(p->cluster)) {
        look_at_all(en, p);
        return;
    }
    p->pace_ns = p->pace_ns * 2 < PACE_MAX_NS ? p->pace_ns * 2 : PACE_MAX_NS;
    if (p->surveying)
        return;
    p->surveying = true;
    place_order(en, p, ORDER_SURVEY);
}

/* What is owed may move any job, but drops none before the commit. */
static void owe_all(struct engine *en, struct place *p)
{
    struct job **all = calloc(en->jobs.n + 1, sizeof(struct job *));
    struct job  *j;
    size_t       n = 0;

    if (!all) {
        log_line(LOG_ERROR, "cluster=%s: out of memory: its jobs wait", p->cluster->name);
        return;
    }
    for (size_t at = 0; (j = idmap_next(&en->jobs, &at));)
        if (job_place(en, j) == p)
            all[n++] = j;
    qsort(all, n, sizeof(struct job *), job_by_id);
    for (size_t i = 0; i < n; i++) {
        all[i]->looking = false;
        all[i]->asked = false;
        if (all[i]->n_elements || job_ended(all[i]->v.state))
            continue;
        if (all[i]->due_ns)
            duty_at(en, all[i], 0);
        duty_do(en, all[i]);
        if (job_runs(all[i]) && !cluster_queues(p->cluster))
            duty_order(en, all[i], ORDER_LOOK, VERB_POLL, NULL);
    }
    free(all);
}

static void open_up(struct engine *en, struct place *p)
{
    if (p->open)
        return;
    p->open = true;
    p->surveying = false;
    owe_all(en, p);
    if (restart_removals(en))
        log_line(LOG_WARN, "cluster=%s: what was forgotten is removed there later",
                 p->cluster->name);
    place_quicken(p);
    if (p->there)
        place_sweep(en, p);
}

void place_connect(struct engine *en, struct place *p)
{
    place_order(en, p, ORDER_CONNECT);
    if (!p->open)
        return;
    /* What was kept back by a drain goes on. */
    owe_all(en, p);
}

static int keep_meeting(struct engine *en, const struct link_news *news, struct error *e)
{
    return met_keep(en->config, &en->config->clusters[news->cluster], &news->meeting, e);
}

void place_hear_link(struct engine *en, struct link_news *news)
{
    struct place *p = &en->places[news->cluster];
    struct error  e = ERROR_INIT;

    if (news->met && keep_meeting(en, news, &e)) {
        news->state.is = LINK_REFUSED;
        snprintf(news->state.why, sizeof(news->state.why), "%s",
                 e.text[0] ? e.text : "what was found there cannot be remembered");
    }
    links_set(en->links, news->cluster, &news->state);
    if (news->state.is == LINK_UP && p->cluster->met)
        open_up(en, p);
    else
        p->open = false;
    if (p->stager)
        stager_link(p->stager, p->open);
}
