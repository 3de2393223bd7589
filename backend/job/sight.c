/*
 * sight.c - what a scheduler says about jobs in its queue
 *
 * A survey names all jobs that the queue knows. One that is not in it any more has not ended by
 * that: it is looked for (sight-look.c).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/record.h"
#include "clustrixfs/results.h"

#include "live.h"
#include "token.h"

/* One that runs is believed to wait again when the queue has said so for as long: it may have been
 * asked before, and some say for a while that a job waits which has begun. */
#define BACK_NS (5 * NS_PER_S)

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
    j->unexplained = j->begun = false;
    j->asked_why = j->unstarted = 0;
    j->missed_ns = j->over_ns = j->back_ns = 0;
    job_reason(j, "queued: %s", detail);
    job_move(en, j, EV_REQUEUED, evidence, detail);
}

void sight_back(struct engine *en, struct job *j, const char *evidence)
{
    sight_requeued(en, j, evidence, "the scheduler took it back into its queue");
}

typedef void sight_fn(struct engine *en, struct job *j, const struct report *r,
                      const char *evidence);

/* What is said to wait was running; false: it is not believed, or not yet. */
static bool went_back(struct engine *en, struct job *j, const char *evidence)
{
    if (j->cluster->scheduler->once)
        return false;
    if (!j->back_ns) {
        j->back_ns = j->known_ns;
        place_quicken(job_place(en, j));
    }
    if (j->known_ns - j->back_ns < BACK_NS)
        return false;
    sight_back(en, j, evidence);
    return true;
}

/*
 * While it waits there for others, what is said of it is said for that: some schedulers call it
 * held, and others do not tell that it is. Then only our own word has held or released it.
 */
static void sight_queued(struct engine *en, struct job *j, const struct report *r,
                         const char *evidence)
{
    if (job_runs(j) && !went_back(en, j, evidence))
        return;
    if (j->v.state == JOB_HELD && job_whole(j)->waits_left)
        return;
    if (j->v.state == JOB_HELD)
        job_move(en, j, EV_RELEASED, evidence, "");
    j->wish &= ~(unsigned)WISH_RELEASE;
    if (!after_reason(en, j, "queued: "))
        new_reason(en, j, "queued", r->note);
}

static void sight_held(struct engine *en, struct job *j, const struct report *r,
                       const char *evidence)
{
    if (job_runs(j) && !went_back(en, j, evidence))
        return;
    if (j->v.state == JOB_QUEUED && !(j->wish & WISH_HOLD) && after_reason(en, j, "queued: "))
        return;
    if (j->v.state == JOB_QUEUED)
        job_move(en, j, EV_HELD, evidence, "");
    j->wish &= ~(unsigned)WISH_HOLD;
    new_reason(en, j, "held", *r->note ? r->note : "write release to its ctl to let it go on");
}

static void sight_running(struct engine *en, struct job *j, const struct report *r,
                          const char *evidence)
{
    (void)r;
    j->back_ns = 0;
    if (j->v.state == JOB_SUSPENDED)
        job_move(en, j, EV_RESUMED, evidence, "");
    else
        hear_started(en, j, NULL, evidence);
}

static void sight_suspended(struct engine *en, struct job *j, const struct report *r,
                            const char *evidence)
{
    j->back_ns = 0;
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

bool sight_is_gone(const struct job *j, const struct report *r)
{
    return r->is == REPORT_ENDED && j->gone && !strcmp(j->gone, r->native) &&
           (!j->v.native || strcmp(j->v.native, j->gone));
}

/* What one survey has seen: asked then, in that round. */
struct seeing {
    const struct sighting *s;
    unsigned               round;
    int64_t                asked_ns;
};

static void seen(struct engine *en, struct job *j, const struct seeing *by)
{
    const struct report *r = &by->s->report;

    if (job_ended(j->v.state) || (j->v.native && *r->native && strcmp(j->v.native, r->native)))
        return;
    /* What is left of an earlier attempt is no answer to the submission of this one. */
    if (j->v.state == JOB_SUBMITTING && by->s->attempt && by->s->attempt != j->v.attempt)
        return;
    /* So is what was taken out of the queue, when it is submitted again: the scheduler remembers
     * that for a while. What became of this one its own answer tells. */
    if (j->v.state == JOB_SUBMITTING && r->is == REPORT_ENDED)
        return;
    if (!job_is_there(j) || sight_is_gone(j, r))
        return;
    /* One whose number is not known yet: an earlier attempt may still be remembered there. */
    if (!j->v.native && by->s->attempt && by->s->attempt != j->v.attempt)
        return;
    j->seen = by->round;
    if (r->is != REPORT_ENDED) {
        j->missed_ns = j->over_ns = 0;
        j->suspect = j->brought = false;
        j->known_ns = by->asked_ns;
    }
    sight_report(en, j, r, "queue");
}

static void seen_elements(struct engine *en, struct job *whole, const struct seeing *by)
{
    const struct sighting *s = by->s;

    for (uint32_t i = 0; i < whole->n_elements; i++) {
        struct job *j = whole->elements[i];
        uint32_t    index = spec_array_index(whole->spec, i);
        uint32_t    step = s->range.step ? s->range.step : 1;

        if (!j || (s->element && (index < s->range.first || index > s->range.last ||
                                  (index - s->range.first) % step)))
            continue;
        seen(en, j, by);
    }
}

/* One of them: found at once, since an array of n has up to n of these. */
static void seen_element(struct engine *en, struct job *whole, const struct seeing *by)
{
    struct job **slot = array_slot(whole, by->s->range.first);

    if (slot && *slot)
        seen(en, *slot, by);
}

static void take_sighting(struct engine *en, const struct place *p, const struct seeing *by)
{
    const struct sighting *s = by->s;
    struct job            *j = idmap_get(&en->tokens, token_bits(span_str(s->token)));

    if (!j || job_place(en, j) != p)
        return;
    if (!j->n_elements)
        seen(en, j, by);
    else if (s->element && s->range.first == s->range.last)
        seen_element(en, j, by);
    else
        seen_elements(en, j, by);
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
        take_sighting(en, p, &(struct seeing){ &s->v[i], p->round, s->asked_ns });
    if (s->whole)
        look_for_missing(en, p, s);
    if (en->n_changed != changed)
        place_quicken(p);
}
