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
/* How often a cluster is asked about its running jobs when no event has told us anything. */
#define SWEEP_NS (30 * NS_PER_S)
#define BEGIN_STEP_NS (600 * NS_PER_S)

typedef void duty_fn(struct engine *en, struct job *j);

/* A heap of jobs by due_ns; each knows its place, so that a change of mind is cheap. */

static void heap_set(struct engine *en, size_t i, struct job *j)
{
    en->due[i] = j;
    j->due_at = i;
}

static void heap_sift(struct engine *en, size_t i, struct job *j)
{
    for (; i > 0 && en->due[(i - 1) / 2]->due_ns > j->due_ns; i = (i - 1) / 2)
        heap_set(en, i, en->due[(i - 1) / 2]);
    for (size_t child; (child = 2 * i + 1) < en->n_due; i = child) {
        if (child + 1 < en->n_due && en->due[child + 1]->due_ns < en->due[child]->due_ns)
            child++;
        if (en->due[child]->due_ns >= j->due_ns)
            break;
        heap_set(en, i, en->due[child]);
    }
    heap_set(en, i, j);
}

static void heap_remove(struct engine *en, struct job *j)
{
    struct job *last = en->due[--en->n_due];

    if (last != j)
        heap_sift(en, j->due_at, last);
    j->due_ns = 0;
}

void duty_at(struct engine *en, struct job *j, int64_t mono_ns)
{
    if (j->due_ns)
        heap_remove(en, j);
    if (!mono_ns)
        return;
    if (en->n_due == en->due_alloc) {
        size_t       alloc = en->due_alloc * 2 + 64;
        struct job **v = realloc(en->due, alloc * sizeof(struct job *));

        if (!v) {
            log_line(LOG_ERROR, "out of memory: job %llu waits for the next sweep",
                     (unsigned long long)JOB_NUMBER(j->v.id));
            return;
        }
        en->due = v;
        en->due_alloc = alloc;
    }
    j->due_ns = mono_ns;
    heap_sift(en, en->n_due++, j);
}

int64_t duty_next(const struct engine *en)
{
    int64_t next = en->n_due ? en->due[0]->due_ns : 0;

    for (size_t i = 0; i < en->config->n_clusters; i++) {
        int64_t sweep = en->places[i].there ? en->places[i].sweep_ns : 0;

        if (sweep && (!next || sweep < next))
            next = sweep;
    }
    return next;
}

void duty_run_due(struct engine *en)
{
    int64_t now = clock_mono_ns();

    while (en->n_due && en->due[0]->due_ns <= now) {
        struct job *j = en->due[0];

        heap_remove(en, j);
        duty_do(en, j);
    }
    for (size_t i = 0; i < en->config->n_clusters; i++) {
        struct place *p = &en->places[i];

        if (p->there && p->sweep_ns && p->sweep_ns <= now)
            duty_sweep(en, p);
    }
}

static struct order *order_new(const struct job *j, enum order_kind kind, enum scheduler_verb verb)
{
    struct order *o = calloc(1, sizeof(*o));

    if (!o)
        return NULL;
    o->kind = kind;
    o->verb = verb;
    o->cluster = j->cluster->index;
    o->id = j->v.id;
    o->attempt = j->v.attempt;
    memcpy(o->token, j->v.token, sizeof(o->token));
    if (j->v.native)
        strncpy(o->native, j->v.native, sizeof(o->native) - 1);
    return o;
}

void duty_order(struct engine *en, struct job *j, enum order_kind kind, enum scheduler_verb verb,
                const char *word)
{
    struct order *o = order_new(j, kind, verb);

    if (!o) {
        duty_at(en, j, clock_mono_ns() + LOOK_AGAIN_NS);
        return;
    }
    if (word)
        strncpy(o->word, word, sizeof(o->word) - 1);
    commit_order(en, o);
}

/* One look at everything that runs there: the safety net under the events file. */
void duty_sweep(struct engine *en, struct place *p)
{
    struct job *j;

    p->sweep_ns = clock_mono_ns() + SWEEP_NS;
    for (size_t at = 0; (j = idmap_next(&en->jobs, &at));)
        if (job_place(en, j) == p && !j->n_elements &&
            (j->v.state == JOB_RUNNING || j->v.state == JOB_SUSPENDED))
            duty_order(en, j, ORDER_LOOK, VERB_POLL, NULL);
}

static void owe_accepted(struct engine *en, struct job *j)
{
    if (j->n_elements)
        return;
    if (j->wish & WISH_CANCEL)
        job_move(en, j, EV_CANCELLED, "user", "cancelled before it was queued");
    else if (job_move(en, j, EV_ENQUEUED, "daemon", ""))
        duty_do(en, j);
}

/* Not before its time, and not before who it waits for: false, and the reason says so. */
static bool eligible(struct engine *en, struct job *j)
{
    const struct job *waits = j->whole ? j->whole : j;
    int64_t           left = waits->spec->begin_s * NS_PER_S - clock_now_ns();

    if (waits->waits_left) {
        job_reason(j, "waits for %u other job%s to end (%s)", waits->waits_left,
                   waits->waits_left == 1 ? "" : "s", waits->waits);
        return false;
    }
    if (left > 0) {
        _cleanup_(bufp) struct buf when = BUF_INIT;

        clock_format(&when, waits->spec->begin_s * NS_PER_S);
        job_reason(j, "begins at %s, as asked", when.data);
        /* In steps: the machine may sleep meanwhile, or its clock be set. */
        duty_at(en, j, clock_mono_ns() + (left < BEGIN_STEP_NS ? left : BEGIN_STEP_NS));
        return false;
    }
    if (job_cores(j) > j->cluster->cores || j->v.memory > j->cluster->memory) {
        job_reason(j, "it does not fit any more: cluster %s has %u cores and %llu MiB now",
                   j->cluster->name, j->cluster->cores,
                   (unsigned long long)(j->cluster->memory >> 20));
        return false;
    }
    return true;
}

static void owe_queued(struct engine *en, struct job *j)
{
    if (j->n_elements)
        return;
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
    job_changed(en, j, 0);
    if (!eligible(en, j))
        return;
    if (!j->failures)
        job_reason(j, "queued: waits for %u core%s of cluster %s", job_cores(j),
                   job_cores(j) == 1 ? "" : "s", j->cluster->name);
    if (slots_queue(job_place(en, j), j))
        duty_at(en, j, clock_mono_ns() + LOOK_AGAIN_NS);
}

static void owe_held(struct engine *en, struct job *j)
{
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
    duty_order(en, j, ORDER_LOOK, VERB_FIND, NULL);
}

static void owe_running(struct engine *en, struct job *j)
{
    if ((j->wish & WISH_CANCEL) && !j->asked) {
        j->asked = true;
        duty_order(en, j, ORDER_VERB, VERB_CANCEL, NULL);
    } else if (j->asked || j->suspect) {
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

/* What its script and plan are made of; refused for good when the spec cannot be expressed. */
static bool render(struct engine *en, struct job *j, struct order *o)
{
    struct job    *whole = j->whole ? j->whole : j;
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
    j->v.cause = CAUSE_REFUSED;
    job_reason(j, "%s", e.text);
    job_move(en, j, EV_REFUSED, "scheduler", e.text);
    return false;
}

static void start_job(struct engine *en, struct job *j)
{
    struct order *o;

    if (!j->v.attempt)
        j->v.attempt = 1;
    o = order_new(j, ORDER_SUBMIT, VERB_SUBMIT);
    if (o && render(en, j, o) && job_move(en, j, EV_SUBMITTING, "daemon", "")) {
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
    for (size_t i = 0; i < en->config->n_clusters; i++) {
        struct place *p = &en->places[i];
        struct job   *j;

        while ((j = slots_next(p)))
            start_job(en, j);
        if (en->urgent)
            slots_mean(en, p);
        if (p->there && !p->sweep_ns)
            p->sweep_ns = clock_mono_ns() + SWEEP_NS;
        if (!p->there)
            p->sweep_ns = 0;
    }
}
