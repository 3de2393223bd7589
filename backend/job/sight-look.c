/*
 * sight-look.c - what became of a job that the queue does not show any more
 *
 * Its record is looked for and the accounting is asked, and only when neither knows it for a while,
 * and the queue was seen whole without it, is it called lost.
 *
 * How a job ended its own record tells; why, often only the scheduler does: a time limit or too
 * much memory look like any other signal from within. So an end that is not a plain exit 0 waits a
 * moment for the scheduler's word. So does any end of a job that the scheduler may run again by
 * itself: what asks for that often exits 0.
 */
#include <stdio.h>
#include <string.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/record.h"

#include "live.h"

#define LOOK_NS NS_PER_S
/* Missing for so long: never heard of again. A submission may still be on its way for as long. */
#define LOST_NS (30 * NS_PER_S)
#define UNSENT_NS (10 * NS_PER_S)
/* A record on a network file system may be seen so much later than the end in the accounting. */
#define RECORD_NS (10 * NS_PER_S)
/* Missing for so long after the scheduler itself was started anew: it has forgotten the job. */
#define FORGOTTEN_NS (5 * NS_PER_S)
#define WHY_MAX 4
/* Of one that may run again: each time a second later, until the scheduler has cleaned up. */
#define AGAIN_MAX 9

void sight_explain(const struct answer *a, struct record *rec)
{
    const struct report *r = &a->report;

    /* That of a start tells nothing of an end: what only the scheduler saw is no exit record. */
    if (!a->accounted || r->is != REPORT_ENDED || rec->cause == CAUSE_NONE)
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
        sight_back(en, j, "queue");
        return true;
    }
    if ((a->accounted && !still_there) || j->asked_why >= (again ? AGAIN_MAX : WHY_MAX))
        return false;
    if (!job_place(en, j)->open && j->asked_why)
        return false;
    if (!job_runs(j))
        hear_started(en, j, rec, "exit record");
    j->unexplained = true;
    if (j->asked_why++)
        duty_at(en, j, clock_mono_ns() + LOOK_NS * (again ? j->asked_why : 1));
    else
        queue_look(en, j);
    return true;
}

/* One that the scheduler took out of its queue; false: that is not what it says. */
static bool never_ran(struct engine *en, struct job *j, const struct report *r)
{
    if (r->cause == CAUSE_CANCEL || (j->wish & WISH_NEVER)) {
        j->v.cause = CAUSE_CANCEL;
        job_reason(j, "cancelled before it ran: %s", *r->note ? r->note : "the scheduler says so");
        return job_move(en, j, EV_CANCELLED, "accounting", j->v.reason);
    }
    if (r->cause != CAUSE_DEPENDENCY)
        return false;
    /* To the scheduler the other one failed, and by its own record it did not, or the other way. */
    if (job_whole(j)->waits && scheduler_can_wait(j->cluster->scheduler, j->spec)) {
        queue_forgot(en, j, r->note);
        return true;
    }
    j->v.cause = CAUSE_DEPENDENCY;
    job_reason(j, "the scheduler says that %s: this one never ran", r->note);
    return job_move(en, j, EV_REFUSED, "accounting", j->v.reason);
}

/*
 * The scheduler took it away itself, since its node could not start it. Nobody cancelled it, and
 * without a record it never ran: it goes there again. False: that is not what became of it.
 */
static bool could_not_start(struct engine *en, struct job *j, const struct answer *a,
                            struct record *rec)
{
    const char *why = a->report.unstarted;

    if (!*why || a->has_record || j->begun || (j->wish & WISH_CANCEL))
        return false;
    if (queue_unstarted(en, j, why))
        return true;
    rec->cause = CAUSE_START;
    rec->exit_code = -1;
    rec->started_ns = 0;
    snprintf(rec->note, sizeof(rec->note), "%s; so it was %u times", why, j->unstarted + 1);
    hear_record(en, j, rec, "accounting");
    return true;
}

/*
 * The accounting knows its end; its own record is not there, or not yet. How long that may take
 * counts between the first word of the end and the last question for the record, since both may
 * have been on their way for long.
 */
static void ended_without_record(struct engine *en, struct job *j, const struct answer *a)
{
    const struct report *r = &a->report;
    struct record        rec = {
        .cause = r->cause, .exit_code = r->cause == CAUSE_EXIT ? r->exit_code : -1,
        .signal = r->signal, .usage = r->usage,
        .started_ns = r->started_ns, .ended_ns = r->ended_ns ? r->ended_ns : clock_now_ns(),
    };
    bool ran = !job_in_queue(j);
    /* One that never began has no record to wait for; a scheduler may say only once why not. That
     * somebody else cancelled it may be said of one that just was not seen: once is no proof. */
    bool    ours = r->cause == CAUSE_CANCEL && (j->wish & WISH_CANCEL);
    bool    none = r->cause == CAUSE_START ? !a->has_record
                                           : !ran && (ours || r->cause == CAUSE_DEPENDENCY);
    int64_t patience = none ? 0 : ran ? RECORD_NS : RECORD_NS / 2;

    if (!j->over_ns)
        j->over_ns = clock_mono_ns();
    if (patience && a->asked_ns - j->over_ns < patience) {
        duty_at(en, j, clock_mono_ns() + LOOK_NS);
        return;
    }
    snprintf(rec.node, sizeof(rec.node), "%s", r->node);
    if (could_not_start(en, j, a, &rec))
        return;
    if (!ran && !(j->wish & WISH_CANCEL) &&
        tied_undecided(en, j, r->cause == CAUSE_DEPENDENCY)) {
        duty_at(en, j, clock_mono_ns() + 3 * LOOK_NS);
        return;
    }
    snprintf(rec.note, sizeof(rec.note), "%s", r->note);
    if (!ran && never_ran(en, j, r))
        return;
    if (rec.cause == CAUSE_NONE)
        hear_lost(en, j, CAUSE_NONE, "it left no record, and the scheduler does not say how it "
                                     "ended");
    else
        hear_record(en, j, &rec, "accounting");
}

/*
 * It waited in the queue of a scheduler that was started anew since, which has not kept it: one
 * that is killed forgets what came to it in its last seconds. So it never ran, and goes there
 * again. If it is there after all, the claim lets only one of the two run.
 */
static bool was_forgotten(const struct job *j, const struct answer *a)
{
    int64_t since = a->asked_ns - j->missed_ns;

    return a->accounted && a->report.up_ns && job_in_queue(j) && j->known_ns &&
           since >= FORGOTTEN_NS && a->asked_ns - a->report.up_ns > j->known_ns;
}

static void still_missing(struct engine *en, struct job *j, const struct answer *a)
{
    int64_t since = a->asked_ns - j->missed_ns;

    if (was_forgotten(j, a)) {
        queue_forgot(en, j, "it was started anew, and has forgotten what came to it last");
        return;
    }
    if ((j->wish & WISH_CANCEL) && job_in_queue(j) && since >= RECORD_NS / 2) {
        j->v.cause = CAUSE_CANCEL;
        job_reason(j, "cancelled before it ran");
        job_move(en, j, EV_CANCELLED, "queue", "it is not in the queue any more, and never ran");
        return;
    }
    if (since >= LOST_NS && job_in_queue(j) && tied_undecided(en, j, false)) {
        duty_at(en, j, clock_mono_ns() + 3 * LOOK_NS);
        return;
    }
    if (since >= LOST_NS && job_in_queue(j) && a->accounted && a->report.cause == CAUSE_CANCEL) {
        j->v.cause = CAUSE_CANCEL;
        job_reason(j, "cancelled before it ran: %s", a->report.note);
        job_move(en, j, EV_CANCELLED, "accounting", j->v.reason);
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
    bool                 gone = sight_is_gone(j, r), missing = a->missing || gone;

    if (r->is == REPORT_ABSENT) {
        queue_has_not(en, j, r->note);
    } else if (r->is == REPORT_REFUSED) {
        queue_refused(en, j, r);
    } else if (missing && j->missed_ns && now - j->missed_ns >= UNSENT_NS) {
        queue_has_not(en, j, "it was not answered, and is nowhere in the queue");
    } else if (gone || (r->is == REPORT_UNKNOWN && !*r->native)) {
        if (missing && !j->missed_ns)
            j->missed_ns = now;
        else if (!missing)
            j->missed_ns = 0;
        job_reason(j, "it cannot be told yet whether the scheduler took it: %s; asking again",
                   gone ? "its queue knows only the time before" : r->note);
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
    } else if (sight_is_gone(j, &a->report)) {
        return; /* asked before it was submitted again */
    } else if (a->accounted && a->report.is == REPORT_ENDED) {
        if (!j->missed_ns)
            j->missed_ns = clock_mono_ns();
        ended_without_record(en, j, a);
    } else if (a->accounted && a->report.is != REPORT_UNKNOWN && a->report.is != REPORT_ABSENT) {
        j->missed_ns = j->over_ns = 0;
        j->known_ns = a->asked_ns;
        sight_report(en, j, &a->report, "queue");
    } else if (j->missed_ns) {
        still_missing(en, j, a);
    }
}
