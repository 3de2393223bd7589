/*
 * hear.c - what came back from a cluster, and what it means for the job
 *
 * What its records say goes first (end.c). "Not there" ends nothing by itself: a job that was never
 * claimed goes back to the queue, one that was has to be missed twice, with time in between, before
 * it is called lost. Where the scheduler keeps the queue, sight.c knows what to make of it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/log.h"
#include "clustrixfs/results.h"

#include "live.h"
#include "token.h"

#define GRACE_NS (2 * NS_PER_S)
#define BACKOFF_MAX_S 60

void hear_put(struct engine *en, struct job *j)
{
    struct job *whole = job_whole(j);

    whole->put = true;
    if (whole->inputs) {
        free(STEAL(whole->inputs));
        job_changed(en, whole, 0);
    }
}

/* Not started for certain: back into the queue, and later each time. */
static void not_started(struct engine *en, struct job *j, const char *why)
{
    unsigned wait_s = 1u << (j->failures < 6 ? j->failures : 6);

    j->failures++;
    job_whole(j)->put = false;
    job_reason(j, "could not be started yet, tried again in %u s: %s",
               wait_s < BACKOFF_MAX_S ? wait_s : BACKOFF_MAX_S, why);
    if (!job_move(en, j, EV_ABSENT, "scheduler", why))
        return;
    duty_at(en, j, clock_mono_ns() + (wait_s < BACKOFF_MAX_S ? wait_s : BACKOFF_MAX_S) * NS_PER_S);
    if (j->wish)
        duty_do(en, j);
}

void hear_started(struct engine *en, struct job *j, const struct record *rec, const char *evidence)
{
    if (rec) {
        end_take_start(j, rec);
        j->begun = true;
    } else if (!j->v.times.started_ns) {
        j->v.times.started_ns = clock_now_ns();
    }
    j->failures = 0;
    /* News only once: the record of its start stays there when its wrapper is gone, and says then
     * nothing against its end. */
    if (j->v.state == JOB_SUBMITTING || j->v.state == JOB_QUEUED || j->v.state == JOB_HELD) {
        bool on_its_way = j->v.state == JOB_SUBMITTING;

        /* It began before it could be called back: so the scheduler saw what it waited for end. */
        tied_let_be(j);
        j->wish &= ~(unsigned)WISH_NEVER;
        j->missed_ns = j->over_ns = 0;
        job_reason(j, "running on %s", j->v.node ? j->v.node : j->cluster->name);
        if (!cluster_queues(j->cluster))
            slots_take(job_place(en, j), j);
        job_move(en, j, EV_STARTED, evidence, "");
        __atomic_add_fetch(&en->started, 1, __ATOMIC_RELAXED);
        if (on_its_way)
            tied_follow(en, j);
    }
    if ((j->wish & WISH_CANCEL) && !j->asked)
        duty_do(en, j);
}

/* "exit code 3", "signal 9 (Killed)", ... */
void hear_lost(struct engine *en, struct job *j, enum job_cause cause, const char *why)
{
    if (j->bringing)
        return;
    j->v.cause = cause;
    job_reason(j, "lost: %s; how its command ended cannot be told", why);
    if (j->brought && j->said)
        job_reason(j, "%s; %s", j->v.reason, j->said);
    /* What it left may be there all the same: with that here it is looked for once more. */
    j->suspect = true;
    if (j->brought || !outputs_begin(en, j))
        job_move(en, j, EV_VANISHED, "scheduler", why);
}

/*
 * The machine under a local job was restarted since we set out to start it: that there is no claim
 * is then no proof that it did not run, since the claim need not have reached the disk.
 */
static bool started_over(const struct job *j)
{
    return j->cluster->transport->here && j->v.state == JOB_SUBMITTING &&
           j->v.times.changed_ns < clock_boot_ns();
}

/* The cluster answered for this job and has no process of it. */
static void not_there(struct engine *en, struct job *j, const struct report *rep)
{
    if (rep->cause == CAUSE_NODE) {
        hear_lost(en, j, rep->cause, rep->note);
    } else if (rep->cause == CAUSE_NONE && started_over(j)) {
        hear_lost(en, j, CAUSE_NODE,
             "this machine was restarted when it was about to be started, and whether it was "
             "cannot be told");
    } else if (rep->cause == CAUSE_NONE && j->v.state == JOB_SUBMITTING) {
        job_reason(j, "queued again: it had certainly not been started");
        if (job_move(en, j, EV_ABSENT, "no claim in its directory", ""))
            duty_do(en, j);
    } else if (j->suspect) {
        hear_lost(en, j, rep->cause,
             rep->cause ? rep->note : "the directory that it ran in is gone");
    } else {
        j->suspect = true;
        duty_at(en, j, clock_mono_ns() + GRACE_NS);
    }
}

static void not_answered(struct engine *en, struct job *j, const char *why)
{
    job_reason(j, "it cannot be told whether the cluster took it: %s; asking again", why);
    job_changed(en, j, CHANGE_JOB_STATE);
    duty_at(en, j, clock_mono_ns() + GRACE_NS);
}

static void not_now(struct engine *en, struct job *j, const char *why)
{
    if (cluster_queues(j->cluster))
        queue_has_not(en, j, why);
    else
        not_started(en, j, why);
}

static void hear_submit(struct engine *en, struct job *j, const struct answer *a)
{
    if (a->is == ANSWER_NOT_RUN) {
        not_now(en, j, a->e.text);
        return;
    }
    if (a->is == ANSWER_UNKNOWN) {
        not_answered(en, j, a->e.text);
        return;
    }
    switch (a->report.is) {
    case REPORT_RUNNING:
        hear_put(en, j);
        hear_started(en, j, NULL, "scheduler");
        break;
    case REPORT_QUEUED:
        hear_put(en, j);
        j->known_ns = a->asked_ns;
        queue_has(en, j, a->report.native, a->report.note);
        break;
    case REPORT_REFUSED:
        queue_refused(en, j, &a->report);
        break;
    case REPORT_ABSENT:
    case REPORT_FAILED:
        not_now(en, j, a->report.note);
        break;
    default:
        if (cluster_queues(j->cluster))
            not_answered(en, j, a->report.note);
        else
            duty_do(en, j);
    }
}

/* Of a number that it had there before it was forgotten, or called back. */
static bool is_of_the_past(const struct job *j, const struct answer *a)
{
    return a->accounted && *a->report.native &&
           !(j->v.native && !strcmp(j->v.native, a->report.native));
}

static void hear_look(struct engine *en, struct job *j, const struct answer *a)
{
    if (cluster_queues(j->cluster) && is_of_the_past(j, a))
        return;
    if (cluster_queues(j->cluster)) {
        sight_look(en, j, a);
    } else if (a->is != ANSWER_SAID || a->report.is == REPORT_UNKNOWN) {
        if (j->v.state == JOB_SUBMITTING || j->suspect)
            duty_at(en, j, clock_mono_ns() + GRACE_NS);
    } else if (a->report.is == REPORT_RUNNING || a->report.is == REPORT_SUSPENDED) {
        j->suspect = j->brought = false;
        hear_started(en, j, NULL, "scheduler");
        /* The answer to a suspend or resume may have been lost. */
        job_move(en, j, a->report.is == REPORT_SUSPENDED ? EV_SUSPENDED : EV_RESUMED, "scheduler",
                 "");
    } else if (a->report.is == REPORT_ABSENT || a->report.is == REPORT_ENDED) {
        not_there(en, j, &a->report);
    }
}

static const struct {
    enum job_event ev;
    const char    *reason;
    unsigned       wish; /* that is fulfilled by it */
} verb_done[VERB_COUNT] = {
    [VERB_HOLD] = { EV_HELD, "held: write release to its ctl to let it go on", WISH_HOLD },
    [VERB_RELEASE] = { EV_RELEASED, "queued: released", WISH_RELEASE },
    [VERB_SUSPEND] = { EV_SUSPENDED, "suspended: write resume to its ctl to let it go on" },
    [VERB_RESUME] = { EV_RESUMED, "running again" },
};

static void hear_verb(struct engine *en, struct job *j, const struct answer *a)
{
    const char *why = a->is == ANSWER_SAID ? a->report.note : a->e.text;

    place_quicken(job_place(en, j));
    if (a->is != ANSWER_SAID || a->report.is == REPORT_FAILED) {
        job_reason(j, "the cluster did not do what was asked: %s", why);
        j->asked = false;
        /* Said again, unless it was refused: that would be so the next time too. */
        if (a->is == ANSWER_SAID)
            j->wish &= ~verb_done[a->verb].wish;
        job_changed(en, j, CHANGE_JOB_STATE);
        duty_at(en, j, clock_mono_ns() + GRACE_NS);
        return;
    }
    if (a->verb == VERB_CANCEL) {
        /* Mostly its exit record is here before; one that never ran leaves none. */
        if (cluster_queues(j->cluster) && job_is_there(j) && !j->missed_ns)
            j->missed_ns = clock_mono_ns();
        duty_at(en, j, clock_mono_ns() + GRACE_NS);
        return;
    }
    j->wish &= ~verb_done[a->verb].wish;
    if (verb_done[a->verb].wish)
        j->asked = false;
    if (job_next(j->v.state, verb_done[a->verb].ev)) {
        job_reason(j, "%s", verb_done[a->verb].reason);
        job_move(en, j, verb_done[a->verb].ev, "scheduler", "");
    }
}

typedef void hear_fn(struct engine *en, struct job *j, const struct answer *a);

/* An answer names its job by id, a line of the events file by token and element. */
static struct job *whose(struct engine *en, const struct answer *a)
{
    struct job *j;

    if (a->id)
        return engine_job(en, a->id);
    j = idmap_get(&en->tokens, token_bits(span_str(a->token)));
    return j && a->element ? engine_job(en, j->v.id + a->element) : j;
}

static void removed(struct engine *en, const struct answer *a)
{
    if (a->is == ANSWER_SAID && en->results && en->results[a->cluster])
        results_forget(en->results[a->cluster], a->token);
    /* Without memory for it the directory is removed, harmlessly, once more at the next start. */
    if (a->is == ANSWER_SAID &&
        commit_change(en, change_removed(en->config->clusters[a->cluster].name, a->token)))
        log_line(LOG_WARN, "out of memory: the removal of %s is done again", a->token);
}

/* Says that a run of it has ended; false: it has not, or not for good yet. */
static bool hear_end(struct engine *en, struct job *j, struct answer *a)
{
    if (!a->has_record)
        return false;
    hear_put(en, j);
    if (a->record.cause && sight_wants_cause(en, j, a))
        return true;
    sight_explain(a, &a->record);
    hear_record(en, j, &a->record, a->record.cause ? "exit record" : "start record");
    return a->record.cause != CAUSE_NONE;
}

/* The scheduler ran it a second time by itself, and what that did is told before a survey was. */
static void catch_up(struct engine *en, struct job *j, const struct answer *a)
{
    if (a->has_record && cluster_queues(j->cluster) && a->attempt == j->v.attempt + 1)
        sight_requeued(en, j, "start record", "the scheduler started it again");
}

static void hear_one(struct engine *en, struct job *j, struct answer *a)
{
    static hear_fn *const hear[ORDER_KIND_COUNT] = {
        [ORDER_SUBMIT] = hear_submit,
        [ORDER_LOOK] = hear_look,
        [ORDER_VERB] = hear_verb,
    };

    catch_up(en, j, a);
    /* Late news, of an earlier attempt or of one whose end is known, change nothing. */
    if (j->v.attempt != a->attempt || job_ended(j->v.state) || hear_end(en, j, a))
        return;
    if (a->id && hear[a->kind])
        hear[a->kind](en, j, a);
}

/* About an array as one: it is so for each element that went with it. */
static void hear_whole(struct engine *en, struct job *whole, struct answer *a)
{
    whole->looking = false;
    for (uint32_t i = 0; i < whole->n_elements; i++) {
        struct job *j = whole->elements[i];

        if (j && j->v.state == JOB_SUBMITTING && !(j->wish & WISH_ALONE))
            hear_one(en, j, a);
    }
}

void hear_answer(struct engine *en, struct answer *a)
{
    struct job *j = whose(en, a);

    if (a->kind == ORDER_REMOVE)
        removed(en, a);
    else if (j && j->n_elements)
        hear_whole(en, j, a);
    else if (j)
        hear_one(en, j, a);
}
