/*
 * duty.c - what the daemon owes a job in each state
 *
 * duty_do() may be called at any time and does what is owed now: after a move, when something came
 * due, and for every live job at start-up. All of it may be done again without harm, but for the
 * one step that submits; that one is taken only by start_job(), whose intent (EV_SUBMITTING) is on
 * disk before the order leaves. A job that is found in SUBMITTING is looked for, never submitted
 * again: only a certain no (EV_ABSENT) leads back to the queue.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/log.h"

#include "admit.h"
#include "live.h"

#define LOOK_AGAIN_NS NS_PER_S
#define BEGIN_STEP_NS (600 * NS_PER_S)

typedef void duty_fn(struct engine *en, struct job *j);

struct order *duty_new_order(const struct job *j, enum order_kind kind,
                             enum scheduler_verb verb)
{
    struct order *o = calloc(1, sizeof(*o));

    if (!o)
        return NULL;
    o->kind = kind;
    o->verb = verb;
    o->cluster = j->cluster->index;
    o->id = j->v.id;
    o->attempt = j->v.attempt;
    o->asked_ns = clock_mono_ns();
    memcpy(o->token, j->v.token, sizeof(o->token));
    if (j->v.native)
        strncpy(o->native, j->v.native, sizeof(o->native) - 1);
    return o;
}

void duty_order(struct engine *en, struct job *j, enum order_kind kind, enum scheduler_verb verb,
                const char *word)
{
    struct order *o;

    if (!job_place(en, j)->open)
        return; /* place_open() makes up for it */
    o = duty_new_order(j, kind, verb);
    if (!o) {
        duty_at(en, j, clock_mono_ns() + LOOK_AGAIN_NS);
        return;
    }
    if (word)
        strncpy(o->word, word, sizeof(o->word) - 1);
    commit_order(en, o);
}

static void owe_accepted(struct engine *en, struct job *j)
{
    if (j->n_elements)
        return;
    if (j->wish & WISH_CANCEL)
        job_move(en, j, EV_CANCELLED, "user", "cancelled before it was queued");
    else if (cluster_queues(j->cluster))
        queue_do(en, j);
    else if (job_move(en, j, EV_ENQUEUED, "daemon", ""))
        duty_do(en, j);
}

bool duty_may_start(struct engine *en, struct job *j)
{
    return !after_reason(en, j, "");
}

bool duty_has_begun(struct engine *en, struct job *j)
{
    _cleanup_(bufp) struct buf when = BUF_INIT;
    int64_t begin = j->spec->begin_s * NS_PER_S, left = begin - clock_now_ns();

    if (left <= 0)
        return true;
    clock_format(&when, begin);
    job_reason(j, "begins at %s, as asked", when.data);
    /* In steps: the machine may sleep meanwhile, or its clock be set. */
    duty_at(en, j, clock_mono_ns() + (left < BEGIN_STEP_NS ? left : BEGIN_STEP_NS));
    return false;
}

/* Not before its time, and not before who it waits for: false, and the reason says so. */
static bool eligible(struct engine *en, struct job *j)
{
    if (!duty_may_start(en, j) || !duty_has_begun(en, j))
        return false;
    if (job_cores(j) > j->cluster->cores || j->v.memory > j->cluster->memory) {
        job_reason(j, "it does not fit any more: cluster %s has %u cores and %llu MiB now",
                   j->cluster->name, j->cluster->cores,
                   (unsigned long long)(j->cluster->memory >> 20));
        return false;
    }
    return inputs_are_there(en, j);
}

static void wait_in_line(struct engine *en, struct job *j)
{
    if (!eligible(en, j))
        return;
    if (!j->failures && job_place(en, j)->open)
        job_reason(j, "queued: waits for %u core%s of cluster %s", job_cores(j),
                   job_cores(j) == 1 ? "" : "s", j->cluster->name);
    else if (!j->failures)
        job_reason(j, "queued: waits until cluster %s can be reached", j->cluster->name);
    if (slots_queue(job_place(en, j), j))
        duty_at(en, j, clock_mono_ns() + LOOK_AGAIN_NS);
}

static void owe_queued(struct engine *en, struct job *j)
{
    if (j->n_elements)
        return;
    if (cluster_queues(j->cluster)) {
        queue_do(en, j);
        return;
    }
    if (j->wish & WISH_CANCEL) {
        job_reason(j, "cancelled before it ran");
        j->v.cause = CAUSE_CANCEL;
        job_move(en, j, EV_CANCELLED, "user", "");
        return;
    }
    if (j->wish & WISH_HOLD) {
        j->wish &= ~(unsigned)WISH_START;
        j->meant = false;
        job_reason(j, "held: write release to its ctl to let it go on");
        job_move(en, j, EV_HELD, "user", "");
        return;
    }
    if (j->queued || j->due_ns)
        return;
    wait_in_line(en, j);
    if (j->reworded)
        job_changed(en, j, 0);
}

static void owe_held(struct engine *en, struct job *j)
{
    if (job_in_queue(j)) {
        queue_do(en, j);
        return;
    }
    if (j->wish & WISH_CANCEL) {
        job_reason(j, "cancelled while it was held");
        j->v.cause = CAUSE_CANCEL;
        job_move(en, j, EV_CANCELLED, "user", "");
    } else if (!(j->wish & WISH_HOLD) && job_move(en, j, EV_RELEASED, "user", "")) {
        duty_do(en, j);
    }
}

static void owe_look(struct engine *en, struct job *j)
{
    if (cluster_queues(j->cluster))
        queue_look(en, j);
    else
        duty_order(en, j, ORDER_LOOK, VERB_FIND, NULL);
}

static void owe_running(struct engine *en, struct job *j)
{
    if (!job_place(en, j)->open)
        return;
    if ((j->wish & WISH_CANCEL) && !j->asked) {
        j->asked = true;
        duty_order(en, j, ORDER_VERB, VERB_CANCEL, NULL);
    } else if (j->asked || j->suspect || j->missed_ns || j->unexplained) {
        owe_look(en, j);
    }
}

void duty_do(struct engine *en, struct job *j)
{
    static duty_fn *const owed[JOB_STATE_COUNT] = {
        [JOB_ACCEPTED] = owe_accepted,
        [JOB_SUBMITTING] = owe_look,
        [JOB_QUEUED] = owe_queued,
        [JOB_HELD] = owe_held,
        [JOB_RUNNING] = owe_running,
        [JOB_SUSPENDED] = owe_running,
    };

    if (owed[j->v.state] && !j->n_elements)
        owed[j->v.state](en, j);
}

void duty_go_on(struct engine *en, struct job *j)
{
    if (!j->n_elements)
        duty_do(en, j);
    for (uint32_t i = 0; i < j->n_elements; i++) {
        struct job *element = j->elements[i];

        /* What was done for one of them may have been done for all. */
        if (element && !job_is_there(element) && !job_ended(element->v.state))
            duty_do(en, element);
    }
}

bool duty_render(struct engine *en, struct job *j, struct order *o)
{
    struct job    *whole = job_whole(j);
    struct job_ref ref = job_ref_of(j);
    struct error   e = ERROR_INIT;
    int            r;

    if (whole->put)
        return true;
    if (whole->inputs && !(o->inputs = strdup(whole->inputs)))
        return false;
    /* It may have been admitted before anybody knew the cluster. */
    r = j->cluster->host ? admit_again(j->cluster, whole->spec, &e) : 0;
    if (!r)
        r = j->cluster->scheduler->render(whole->spec, j->cluster, &ref, &o->files, &e);
    if (r != -EINVAL)
        return !r;
    job_refuse(en, j, e.text);
    return false;
}

static void start_job(struct engine *en, struct job *j)
{
    struct order *o;

    if (!j->v.attempt)
        j->v.attempt = 1;
    o = duty_new_order(j, ORDER_SUBMIT, VERB_SUBMIT);
    if (o && duty_render(en, j, o) && job_move(en, j, EV_SUBMITTING, "daemon", "")) {
        job_reason(j, "being started on cluster %s", j->cluster->name);
        job_place(en, j)->start_ns = clock_mono_ns();
        /* The disk knows since an earlier round that this one is meant to be started. */
        if (j->meant) {
            worker_send(job_place(en, j)->worker, o);
        } else {
            commit_urgent(en);
            commit_order(en, o);
        }
        return;
    }
    if (o)
        order_free(o);
    slots_give(job_place(en, j), j);
    if (!job_ended(j->v.state))
        duty_at(en, j, clock_mono_ns() + LOOK_AGAIN_NS);
}

void duty_start_next(struct engine *en)
{
    en->start_ns = burst_gathers(&en->burst, clock_mono_ns());
    for (size_t i = 0; i < en->config->n_clusters; i++) {
        struct place *p = &en->places[i];
        struct job   *j;

        while (!en->start_ns && (j = slots_next(p)))
            start_job(en, j);
        if (en->urgent)
            slots_mean(en, p);
        if (p->there && !p->sweep_ns)
            place_quicken(p);
        if (!p->there)
            p->sweep_ns = 0;
        if (p->cluster->transport->connect)
            worker_watch(p->worker, p->there > 0);
    }
}
