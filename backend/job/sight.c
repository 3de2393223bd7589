/*
 * sight.c - what a scheduler says about jobs in its queue, and about their end
 *
 * A survey names all jobs that the queue knows. One that is not in it any more has not ended by
 * that: its record is looked for and the accounting is asked, and only when neither knows it for
 * a while, and the queue was seen whole without it, is it called lost.
 *
 * How a job ended its own record tells; why, often only the scheduler does: a time limit or too
 * much memory look like any other signal from within. So an end that is not a plain exit 0 waits a
 * moment for the scheduler's word. So does any end of a job that the scheduler may run again by
 * itself: what asks for that often exits 0.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/record.h"
#include "clustrixfs/results.h"

#include "live.h"
#include "token.h"

#define LOOK_NS NS_PER_S
/* Missing for so long: never heard of again. A submission may still be on its way for as long. */
#define LOST_NS (30 * NS_PER_S)
#define UNSENT_NS (10 * NS_PER_S)
/* A record on a network file system may be seen so much later than the end in the accounting. */
#define RECORD_NS (10 * NS_PER_S)
#define WHY_MAX 4
/* Of one that may run again: each time a second later, until the scheduler has cleaned up. */
#define AGAIN_MAX 9

static void new_reason(struct engine *en, struct job *j, const char *prefix, const char *note)
{
    char text[ERROR_TEXT_MAX];

    if (!*note)
        return;
    snprintf(text, sizeof(text), "%s: %s", prefix, note);
    if (j->v.reason && !strcmp(j->v.reason, text))
        return;
    job_reason(j, "%s", text);
    job_changed(en, j, CHANGE_JOB_STATE);
}

/* What the attempt that was broken off has written: nothing else makes us ask for it again. */
static void fetch_rest(struct engine *en, const struct job *j)
{
    struct results *results = en->results ? en->results[j->cluster->index] : NULL;
    char            run[RUN_NAME_MAX];

    run_name(run, JOB_ELEMENT(j->v.id), j->v.attempt);
    if (results)
        results_look(results, j->v.token, run);
}

void sight_requeued(struct engine *en, struct job *j, const char *evidence, const char *detail)
{
    if (!job_next(j->v.state, EV_REQUEUED))
        return;
    fetch_rest(en, j);
    j->v.attempt++;
    j->v.times.started_ns = 0;
    j->unexplained = false;
    j->asked_why = 0;
    j->missed_ns = 0;
    job_reason(j, "queued: %s", detail);
    job_move(en, j, EV_REQUEUED, evidence, detail);
}

static void requeued(struct engine *en, struct job *j, const char *evidence)
{
    sight_requeued(en, j, evidence, "the scheduler took it back into its queue");
}

typedef void sight_fn(struct engine *en, struct job *j, const struct report *r,
                      const char *evidence);

static void sight_queued(struct engine *en, struct job *j, const struct report *r,
                         const char *evidence)
{
    if (j->v.state == JOB_HELD)
        job_move(en, j, EV_RELEASED, evidence, "");
    else if (j->v.state == JOB_RUNNING || j->v.state == JOB_SUSPENDED)
        requeued(en, j, evidence);
    j->wish &= ~(unsigned)WISH_RELEASE;
    new_reason(en, j, "queued", r->note);
}

static void sight_held(struct engine *en, struct job *j, const struct report *r,
                       const char *evidence)
{
    if (j->v.state == JOB_RUNNING || j->v.state == JOB_SUSPENDED)
        requeued(en, j, evidence);
    if (j->v.state == JOB_QUEUED)
        job_move(en, j, EV_HELD, evidence, "");
    j->wish &= ~(unsigned)WISH_HOLD;
    new_reason(en, j, "held", *r->note ? r->note : "write release to its ctl to let it go on");
}

static void sight_running(struct engine *en, struct job *j, const struct report *r,
                          const char *evidence)
{
    (void)r;
    if (j->v.state == JOB_SUSPENDED)
        job_move(en, j, EV_RESUMED, evidence, "");
    else
        hear_started(en, j, NULL, evidence);
}

static void sight_suspended(struct engine *en, struct job *j, const struct report *r,
                            const char *evidence)
{
    hear_started(en, j, NULL, evidence);
    if (job_move(en, j, EV_SUSPENDED, evidence, ""))
        new_reason(en, j, "suspended", *r->note ? r->note : "write resume to its ctl");
}

static void sight_ended(struct engine *en, struct job *j, const struct report *r,
                        const char *evidence)
{
    (void)r, (void)evidence;
    if (!j->missed_ns)
        j->missed_ns = clock_mono_ns();
    queue_look(en, j);
}

void sight_report(struct engine *en, struct job *j, const struct report *r, const char *evidence)
{
    static sight_fn *const sight[] = {
        [REPORT_QUEUED] = sight_queued,       [REPORT_HELD] = sight_held,
        [REPORT_RUNNING] = sight_running,     [REPORT_SUSPENDED] = sight_suspended,
        [REPORT_ENDED] = sight_ended,         [REPORT_FAILED] = NULL,
    };

    if (j->v.state == JOB_SUBMITTING && *r->native)
        queue_has(en, j, r->native, r->note);
    if (j->v.state == JOB_SUBMITTING || r->is >= ARRAY_SIZE(sight) || !sight[r->is])
        return;
    sight[r->is](en, j, r, evidence);
}

static void seen(struct engine *en, struct job *j, const struct sighting *s, unsigned round)
{
    const struct report *r = &s->report;

    if (job_ended(j->v.state) || (j->v.native && *r->native && strcmp(j->v.native, r->native)))
        return;
    /* What is left of an earlier attempt is no answer to the submission of this one. */
    if (j->v.state == JOB_SUBMITTING && s->attempt && s->attempt != j->v.attempt)
        return;
    if (!job_is_there(j))
        return;
    j->seen = round;
    if (r->is != REPORT_ENDED)
        j->missed_ns = 0;
    sight_report(en, j, r, "queue");
}

static void seen_elements(struct engine *en, struct job *whole, const struct sighting *s,
                          unsigned round)
{
    for (uint32_t i = 0; i < whole->n_elements; i++) {
        struct job *j = whole->elements[i];
        uint32_t    index = spec_array_index(whole->spec, i);
        uint32_t    step = s->range.step ? s->range.step : 1;

        if (!j || (s->element && (index < s->range.first || index > s->range.last ||
                                  (index - s->range.first) % step)))
            continue;
        seen(en, j, s, round);
    }
}

/* One of them: found at once, since an array of n has up to n of these. */
static void seen_element(struct engine *en, struct job *whole, const struct sighting *s,
                         unsigned round)
{
    struct job **slot = array_slot(whole, s->range.first);

    if (slot && *slot)
        seen(en, *slot, s, round);
}

static void take_sighting(struct engine *en, const struct place *p, const struct sighting *s)
{
    struct job *j = idmap_get(&en->tokens, token_bits(span_str(s->token)));

    if (!j || job_place(en, j) != p)
        return;
    if (!j->n_elements)
        seen(en, j, s, p->round);
    else if (s->element && s->range.first == s->range.last)
        seen_element(en, j, s, p->round);
    else
        seen_elements(en, j, s, p->round);
}

/* Not in the queue, which was seen whole after it was known to be there. */
static void look_for_missing(struct engine *en, struct place *p, const struct survey_news *s)
{
    struct job *j;

    for (size_t at = 0; (j = idmap_next(&en->jobs, &at));) {
        if (job_place(en, j) != p || j->n_elements || !job_is_there(j) || j->seen == p->round ||
            j->v.state == JOB_SUBMITTING || j->sent_ns > s->asked_ns || j->due_ns)
            continue;
        if (!j->missed_ns)
            j->missed_ns = clock_mono_ns();
        queue_look(en, j);
    }
}

void sight_survey(struct engine *en, struct survey_news *s)
{
    struct place *p = &en->places[s->cluster];
    size_t        changed = en->n_changed;

    p->surveying = false;
    p->round++;
    for (size_t i = 0; i < s->n; i++)
        take_sighting(en, p, &s->v[i]);
    if (s->whole)
        look_for_missing(en, p, s);
    if (en->n_changed != changed)
        place_quicken(p);
}

void sight_explain(const struct answer *a, struct record *rec)
{
    const struct report *r = &a->report;

    if (!a->accounted || r->is != REPORT_ENDED)
        return;
    /* It exited by itself: that the scheduler calls it failed is no other cause. */
    if (r->cause != CAUSE_NONE && r->cause != CAUSE_EXIT && r->cause != CAUSE_SIGNAL)
        rec->cause = r->cause;
    if (!rec->usage.max_memory)
        rec->usage.max_memory = r->usage.max_memory;
    if (!rec->usage.user_us && !rec->usage.system_us) {
        rec->usage.user_us = r->usage.user_us;
        rec->usage.system_us = r->usage.system_us;
    }
    if (!rec->note[0])
        snprintf(rec->note, sizeof(rec->note), "%s", r->note);
}

static bool may_run_again(const struct job *j)
{
    const struct scheduler_ops *s = j->cluster->scheduler;

    return s && s->runs_again && s->runs_again(j->spec);
}

/*
 * Seen in the queue by a look that was ordered when the end was known: an earlier one may have seen
 * it before it started.
 */
static bool is_back_in_queue(const struct job *j, const struct answer *a)
{
    return j->asked_why && a->accounted &&
           (a->report.is == REPORT_QUEUED || a->report.is == REPORT_HELD);
}

bool sight_wants_cause(struct engine *en, struct job *j, const struct answer *a)
{
    const struct record *rec = &a->record;
    bool                 again = cluster_queues(j->cluster) && may_run_again(j);
    bool                 late = j->cluster->scheduler && j->cluster->scheduler->explains_late;
    bool still_there = a->accounted && a->report.is != REPORT_ENDED &&
                       (rec->cause == CAUSE_SIGNAL || again || late);

    if (!cluster_queues(j->cluster) || !j->v.native || rec->cause == CAUSE_NONE ||
        (rec->cause == CAUSE_EXIT && rec->exit_code == 0 && !again))
        return false;
    if (again && is_back_in_queue(j, a)) {
        requeued(en, j, "queue");
        return true;
    }
    if ((a->accounted && !still_there) || j->asked_why >= (again ? AGAIN_MAX : WHY_MAX))
        return false;
    if (!job_place(en, j)->open && j->asked_why)
        return false;
    if (j->v.state != JOB_RUNNING && j->v.state != JOB_SUSPENDED)
        hear_started(en, j, rec, "exit record");
    j->unexplained = true;
    if (j->asked_why++)
        duty_at(en, j, clock_mono_ns() + LOOK_NS * (again ? j->asked_why : 1));
    else
        queue_look(en, j);
    return true;
}

/* The accounting knows its end; its own record is not there, or not yet. */
static void ended_without_record(struct engine *en, struct job *j, const struct report *r)
{
    struct record rec = {
        .cause = r->cause, .exit_code = r->cause == CAUSE_EXIT ? r->exit_code : -1,
        .signal = r->signal, .usage = r->usage,
        .started_ns = r->started_ns, .ended_ns = r->ended_ns ? r->ended_ns : clock_now_ns(),
    };
    bool    ran = !job_in_queue(j);
    int64_t patience = ran ? RECORD_NS : r->cause == CAUSE_CANCEL ? 0 : RECORD_NS / 2;

    /* One that never left the queue has no record to wait for. */
    if (clock_mono_ns() - j->missed_ns < patience) {
        duty_at(en, j, clock_mono_ns() + LOOK_NS);
        return;
    }
    snprintf(rec.note, sizeof(rec.note), "%s", r->note);
    snprintf(rec.node, sizeof(rec.node), "%s", r->node);
    if (!ran && rec.cause == CAUSE_CANCEL) {
        j->v.cause = CAUSE_CANCEL;
        job_reason(j, "cancelled before it ran: %s", *r->note ? r->note : "the scheduler says so");
        if (job_move(en, j, EV_CANCELLED, "accounting", j->v.reason))
            return;
    }
    if (rec.cause == CAUSE_NONE)
        hear_lost(en, j, CAUSE_NONE, "it left no record, and the scheduler does not say how it "
                                     "ended");
    else
        hear_record(en, j, &rec, "accounting");
}

static void still_missing(struct engine *en, struct job *j)
{
    int64_t since = clock_mono_ns() - j->missed_ns;

    if ((j->wish & WISH_CANCEL) && job_in_queue(j) && since >= RECORD_NS / 2) {
        j->v.cause = CAUSE_CANCEL;
        job_reason(j, "cancelled before it ran");
        job_move(en, j, EV_CANCELLED, "queue", "it is not in the queue any more, and never ran");
        return;
    }
    if (since >= LOST_NS) {
        hear_lost(en, j, CAUSE_NONE,
                  "the scheduler knows it no more, and it left no record of its end");
        return;
    }
    job_reason(j, "the scheduler does not know it any more: looking for what became of it");
    job_changed(en, j, CHANGE_JOB_STATE);
    duty_at(en, j, clock_mono_ns() + 3 * LOOK_NS);
}

/* A submission whose answer was lost. */
static void look_for_submission(struct engine *en, struct job *j, const struct answer *a)
{
    const struct report *r = &a->report;
    int64_t              now = clock_mono_ns();

    if (r->is == REPORT_ABSENT) {
        queue_has_not(en, j, r->note);
    } else if (r->is == REPORT_REFUSED) {
        job_refuse(en, j, r->note);
    } else if (a->missing && j->missed_ns && now - j->missed_ns >= UNSENT_NS) {
        queue_has_not(en, j, "it was not answered, and is nowhere in the queue");
    } else if (r->is == REPORT_UNKNOWN) {
        if (a->missing && !j->missed_ns)
            j->missed_ns = now;
        else if (!a->missing)
            j->missed_ns = 0;
        job_reason(j, "it cannot be told yet whether the scheduler took it: %s; asking again",
                   r->note);
        job_changed(en, j, CHANGE_JOB_STATE);
        duty_at(en, j, now + 2 * LOOK_NS);
    } else {
        sight_report(en, j, r, "queue");
    }
}

void sight_look(struct engine *en, struct job *j, const struct answer *a)
{
    if (a->is != ANSWER_SAID) {
        duty_at(en, j, clock_mono_ns() + 2 * LOOK_NS);
    } else if (j->v.state == JOB_SUBMITTING) {
        look_for_submission(en, j, a);
    } else if (a->accounted && a->report.is == REPORT_ENDED) {
        if (!j->missed_ns)
            j->missed_ns = clock_mono_ns();
        ended_without_record(en, j, &a->report);
    } else if (a->accounted && a->report.is != REPORT_UNKNOWN && a->report.is != REPORT_ABSENT) {
        j->missed_ns = 0;
        sight_report(en, j, &a->report, "queue");
    } else if (j->missed_ns) {
        still_missing(en, j);
    }
}
