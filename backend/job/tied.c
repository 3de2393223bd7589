/*
 * tied.c - the scheduler waits
 *
 * Where all that a job still waits for is in the same scheduler's queue as it will be, it goes
 * there with their numbers: then a chain goes on while nobody is here. An array is waited for by
 * its one number, and waits as one.
 *
 * That holds as long as an end there is an end here. An array of which an element is run again by
 * itself ends there without that one: then those that wait for it there are called back, and wait
 * here. Who waits for them in turn has to be back before: to it they would have ended.
 */
#include <errno.h>
#include <string.h>

#include "clustrixfs/clock.h"

#include "after.h"
#include "live.h"

static bool is_uncertain(const struct job *j)
{
    return (j->wish & WISH_CANCEL) || j->missed_ns || j->over_ns || j->unexplained;
}

/*
 * Whether its end there will be its end. Not where it is tried again, and not for one that is
 * ending: the scheduler may have forgotten that by the time it is asked.
 */
static bool ends_there(const struct job *on)
{
    return on->v.attempt > on->v.retries && (job_runs(on) || job_in_queue(on)) &&
           !is_uncertain(on);
}

static bool has_failed(const uint32_t counts[JOB_STATE_COUNT])
{
    return counts[JOB_FAILED] || counts[JOB_CANCELLED] || counts[JOB_LOST];
}

/* The number that all elements have that are left. Slurm remembers of those before them, as long as
 * there are others, whether one failed or was cancelled. */
static const char *number_of_array(const struct job *on, char how)
{
    const uint32_t *counts = on->v.counts;
    const char     *native = NULL;

    if ((on->wish & WISH_ALONE) || (how == 'c' && has_failed(counts)) || counts[JOB_ACCEPTED] ||
        counts[JOB_SUBMITTING] || counts[JOB_COLLECTING])
        return NULL;
    for (uint32_t i = 0; i < on->n_elements; i++) {
        const struct job *e = on->elements[i];

        if (!e || job_ended(e->v.state))
            continue;
        if (!ends_there(e) || (native && e->v.native && strcmp(native, e->v.native)))
            return NULL;
        if (e->v.native)
            native = e->v.native;
    }
    return native;
}

static bool is_one_there(const struct job *on)
{
    const struct scheduler_ops *s = on->cluster->scheduler;

    return !on->n_elements || (s->as_array && s->as_array(on->cluster, on->spec));
}

/* What the scheduler is to wait for; NULL: it cannot. */
static const char *number_of(const struct job *on, const struct job *j, char how)
{
    const struct scheduler_ops *s = j->cluster->scheduler;

    if (on->cluster != j->cluster || !is_one_there(on) ||
        (s->runs_again && s->runs_again(on->spec)))
        return NULL;
    if (on->n_elements)
        return number_of_array(on, how);
    return ends_there(on) ? on->v.native : NULL;
}

static enum after_when when_of(char how)
{
    return how == 'c' ? AFTER_COMPLETED : how == 'f' ? AFTER_FAILED : AFTER_ANY;
}

/* For whom it is to wait there, in the scheduler's words; false: not for all of them. */
static bool say_for_whom(struct engine *en, const struct job *whole, struct buf *words)
{
    const char *at = whole->waits ? whole->waits : "";
    unsigned    n = 0;
    struct job *on;
    struct wait w;

    while ((on = wait_next_on(en, whole, &at, &w))) {
        const char *word = whole->cluster->scheduler->after(whole->cluster, when_of(w.how));
        const char *number = word ? number_of(on, whole, w.how) : NULL;

        if (!number)
            return false;
        buf_printf(words, "%s%s%s", n++ ? "," : "", word, number);
    }
    return n == whole->waits_left && buf_error(words) == 0;
}

bool tied_can_go(struct engine *en, struct job *j)
{
    _cleanup_(bufp) struct buf  words = BUF_INIT;
    struct job                 *whole = job_whole(j);
    const struct scheduler_ops *s = whole->cluster->scheduler;

    return s && !whole->stays && scheduler_can_wait(s, whole->spec) &&
           say_for_whom(en, whole, &words) && inputs_come_early(whole);
}

int tied_put(struct engine *en, struct job *j, uint32_t attempt, struct far_files *files)
{
    _cleanup_(bufp) struct buf words = BUF_INIT;
    struct job                *whole = job_whole(j);
    struct job_ref             ref = job_ref_of(j);

    /* One that was sent before, and did not arrive, may have had others to wait for. */
    if (!whole->waits || !scheduler_can_wait(j->cluster->scheduler, j->spec))
        return 0;
    if (!say_for_whom(en, whole, &words))
        return -EAGAIN;
    whole->tied = words.len > 0;
    ref.attempt = attempt;
    return scheduler_after(j->cluster, &ref, words.len ? words.data : "", files);
}

bool tied_went(struct job *j, const struct report *r)
{
    const struct job *whole = job_whole(j);

    return whole->tied || whole->waits_left ||
           (r->cause == CAUSE_DEPENDENCY && whole->waits &&
            scheduler_can_wait(whole->cluster->scheduler, whole->spec));
}

void tied_follow(struct engine *en, struct job *j)
{
    struct job *on = job_whole(j);

    if (j->whole && (on->v.counts[JOB_ACCEPTED] || on->v.counts[JOB_SUBMITTING]))
        return;
    for (size_t i = 0; i < on->n_waiters; i++) {
        struct job *waiter = engine_job(en, on->waiters[i]);

        if (waiter && !job_ended(waiter->v.state) &&
            (waiter->n_elements || !job_is_there(waiter)))
            duty_go_on(en, waiter);
    }
}

static bool is_undecided(const struct job *on)
{
    if (on->v.state == JOB_COLLECTING || is_uncertain(on))
        return true;
    for (uint32_t i = 0; i < on->n_elements; i++)
        if (on->elements[i] && is_uncertain(on->elements[i]))
            return true;
    return false;
}

bool tied_undecided(struct engine *en, struct job *j, bool says)
{
    const struct job *whole = job_whole(j);
    const char       *at = whole->waits ? whole->waits : "";
    struct job       *on;
    struct wait       w;

    while ((on = wait_next_on(en, whole, &at, &w)))
        if (says || is_undecided(on))
            return true;
    return false;
}

static bool is_left_there(const struct job *j)
{
    if (j->n_elements)
        return j->n_there > j->v.counts[JOB_RUNNING] + j->v.counts[JOB_SUSPENDED];
    return j->v.state == JOB_SUBMITTING || job_in_queue(j);
}

static void call_back(struct engine *en, struct job *j)
{
    if (!is_left_there(j) || (j->wish & WISH_CANCEL))
        return;
    j->wish |= WISH_CANCEL | WISH_BACK;
    job_changed(en, j, 0);
    /* One whose submission is on its way is called back when it is known to be there. */
    if (job_in_queue(j)) {
        duty_at(en, j, 0);
        duty_do(en, j);
    }
}

void tied_let_be(struct job *j)
{
    if (!(j->wish & WISH_BACK))
        return;
    j->wish &= ~(unsigned)(WISH_CANCEL | WISH_BACK);
    j->asked = false;
}

void tied_recall(struct engine *en, struct job *on)
{
    for (size_t i = 0; i < on->n_waiters; i++) {
        struct job *waiter = engine_job(en, on->waiters[i]);

        if (!waiter || !is_left_there(waiter))
            continue;
        tied_recall(en, waiter);
        if (!waiter->n_elements)
            call_back(en, waiter);
        for (uint32_t k = 0; k < waiter->n_elements; k++)
            if (waiter->elements[k])
                call_back(en, waiter->elements[k]);
    }
}

void tied_set_apart(struct engine *en, struct job *element)
{
    element->wish |= WISH_ALONE;
    element->whole->wish |= WISH_ALONE;
    job_changed(en, element->whole, 0);
    tied_recall(en, element->whole);
}

bool tied_goes_last(struct engine *en, struct job *j)
{
    const struct job *on = job_whole(j);

    for (size_t i = 0; i < on->n_waiters; i++) {
        const struct job *waiter = engine_job(en, on->waiters[i]);

        if (waiter && is_left_there(waiter))
            return true;
    }
    return false;
}
