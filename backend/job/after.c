/*
 * after.c - who waits for whom
 *
 * A job that waits knows how many it still waits for; the one that is waited for knows who they
 * are. A dependency that can never be met ends the job at once with a sentence: it does not wait
 * for ever. Cycles cannot arise, since a job can only name jobs that were there before it.
 *
 * Where the scheduler can wait it does (tied.c). What became of the ones is still for the daemon to
 * say, in the same words; one that is in the queue there then has to be got out of it before it
 * ends (WISH_NEVER).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/outputs.h"

#include "after.h"
#include "live.h"

bool wait_next(const char **at, struct wait *w)
{
    char *end;

    while (**at == ' ')
        (*at)++;
    if (!**at)
        return false;
    w->how = **at;
    w->id = JOB_ID(strtoull(*at + 1, &end, 10), 0);
    *at = end;
    return true;
}

static const char *needs(char how)
{
    return how == 'c' ? "complete" : how == 'f' ? "fail" : "end";
}

static bool met(char how, enum job_state ended)
{
    return how == 'a' || (how == 'c') == (ended == JOB_COMPLETED);
}

static void never(struct engine *en, struct job *j, const struct wait *w, enum job_state ended)
{
    /* It runs: so the scheduler, who waited, saw the other one end as it had to. */
    if (job_runs(j) || j->v.state == JOB_COLLECTING)
        return;
    job_reason(j, "job %llu, which had to %s first, %s: this one never ran",
               (unsigned long long)JOB_NUMBER(w->id), needs(w->how),
               ended ? job_state_name(ended) : "was removed");
    if (job_is_there(j)) {
        tied_let_be(j);
        j->wish |= WISH_CANCEL | WISH_NEVER;
        job_changed(en, j, CHANGE_JOB_STATE);
        duty_at(en, j, 0);
        duty_do(en, j);
        return;
    }
    j->v.cause = CAUSE_DEPENDENCY;
    job_move(en, j, EV_REFUSED, "dependency", j->v.reason);
}

/* Elements wait with their whole: the wait is the whole's, the consequence is everybody's. */
static void each_of(struct engine *en, struct job *j, const struct wait *w, enum job_state ended)
{
    if (!j->n_elements) {
        never(en, j, w, ended);
        return;
    }
    for (uint32_t i = 0; i < j->n_elements; i++)
        if (j->elements[i] && !job_ended(j->elements[i]->v.state))
            never(en, j->elements[i], w, ended);
}

/* Where it is among them, who are in order, or would be. */
static size_t waiter_at(const struct job *on, job_id who)
{
    size_t low = 0, high = on->n_waiters;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (on->waiters[mid] < who)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* What became of one before its end was taken into account then, and is not looked at again. */
static bool is_awaited(const struct job *on, job_id by)
{
    size_t at = on ? waiter_at(on, by) : 0;

    return on && at < on->n_waiters && on->waiters[at] == by;
}

/* One that waits for the same job twice is told once, and counts both then. */
static int add_waiter(struct job *on, job_id who)
{
    size_t    at = waiter_at(on, who);
    uint64_t *v;

    if (is_awaited(on, who))
        return 0;
    v = realloc(on->waiters, (on->n_waiters + 1) * sizeof(*v));
    if (!v)
        return -ENOMEM;
    on->waiters = v;
    memmove(v + at + 1, v + at, (on->n_waiters - at) * sizeof(*v));
    v[at] = who;
    on->n_waiters++;
    return 0;
}

int after_begin(struct engine *en, struct job *j, bool again)
{
    struct job_brief brief;
    struct wait      w;

    j->waits_left = 0;
    for (const char *at = j->waits ? j->waits : ""; wait_next(&at, &w);) {
        struct job *on = engine_job(en, w.id);
        int         r;

        if (on && !job_ended(on->v.state)) {
            r = add_waiter(on, j->v.id);
            if (r)
                return r;
            j->waits_left++;
            j->fed |= on->fed || outputs_to_bring(on->spec, true);
            continue;
        }
        if (again)
            continue;
        brief = (struct job_brief){ .state = on ? on->v.state : JOB_NONE };
        if (!on)
            board_brief(en->board, w.id, &brief);
        if (!met(w.how, brief.state)) {
            each_of(en, j, &w, brief.state);
            return 0;
        }
    }
    return 0;
}

static void tell(struct engine *en, struct job *waiter, const struct job *ended)
{
    struct wait w;

    for (const char *at = waiter->waits ? waiter->waits : ""; wait_next(&at, &w);) {
        if (w.id != ended->v.id || job_ended(waiter->v.state))
            continue;
        if (!met(w.how, ended->v.state)) {
            each_of(en, waiter, &w, ended->v.state);
            return;
        }
        if (waiter->waits_left)
            waiter->waits_left--;
    }
    if (!waiter->waits_left && !job_ended(waiter->v.state) &&
        (waiter->n_elements || !job_is_there(waiter)))
        duty_go_on(en, waiter);
}

void after_ended(struct engine *en, struct job *j)
{
    uint64_t *waiters = STEAL(j->waiters);
    size_t    n = j->n_waiters;

    j->n_waiters = 0;
    for (size_t i = 0; i < n; i++) {
        struct job *waiter = engine_job(en, waiters[i]);

        if (waiter)
            tell(en, waiter, j);
    }
    free(waiters);
}

struct job *wait_next_on(struct engine *en, const struct job *j, const char **at, struct wait *w)
{
    while (wait_next(at, w)) {
        struct job *on = engine_job(en, w->id);

        if (is_awaited(on, j->v.id))
            return on;
    }
    return NULL;
}

bool after_reason(struct engine *en, struct job *j, const char *before)
{
    const struct job *waits = job_whole(j);
    const char       *at = waits->waits ? waits->waits : "";
    unsigned          more = waits->waits_left - 1;
    char              others[48] = "";
    struct wait       w;

    if (!waits->waits_left)
        return false;
    if (!wait_next_on(en, waits, &at, &w))
        return true;
    if (more)
        snprintf(others, sizeof(others), ", and for %u other%s", more, more == 1 ? "" : "s");
    job_reason(j, "%swaits for job %llu to %s%s", before, (unsigned long long)JOB_NUMBER(w.id),
               needs(w.how), others);
    return true;
}
