/*
 * after.c - who waits for whom
 *
 * A job that waits knows how many it still waits for; the one that is waited for knows who they
 * are. A dependency that can never be met ends the job at once with a sentence: it does not wait
 * for ever. Cycles cannot arise, since a job can only name jobs that were there before it.
 *
 * Where all that it still waits for is in the same scheduler's queue as it will be, the scheduler
 * waits: then a chain goes on while nobody is here. What became of the ones is still for the daemon
 * to say, in the same words; one that is in the queue then has to be got out of it before it ends
 * (WISH_NEVER).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/inputs.h"

#include "live.h"

/* "c12": which job, and how it has to end. */
struct wait {
    char   how;
    job_id id;
};

static bool next_wait(const char **at, struct wait *w)
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
    for (const char *at = j->waits ? j->waits : ""; next_wait(&at, &w);) {
        struct job *on = engine_job(en, w.id);
        int         r;

        if (on && !job_ended(on->v.state)) {
            r = add_waiter(on, j->v.id);
            if (r)
                return r;
            j->waits_left++;
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

    for (const char *at = waiter->waits ? waiter->waits : ""; next_wait(&at, &w);) {
        if (w.id != ended->v.id || job_ended(waiter->v.state))
            continue;
        if (!met(w.how, ended->v.state)) {
            each_of(en, waiter, &w, ended->v.state);
            return;
        }
        if (waiter->waits_left)
            waiter->waits_left--;
    }
    if (!waiter->waits_left && !job_ended(waiter->v.state) && !job_is_there(waiter))
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

/* The next of those that it still waits for. */
static struct job *next_awaited(struct engine *en, const struct job *j, const char **at,
                                struct wait *w)
{
    while (next_wait(at, w)) {
        struct job *on = engine_job(en, w->id);

        if (is_awaited(on, j->v.id))
            return on;
    }
    return NULL;
}

bool after_reason(struct engine *en, struct job *j, const char *before)
{
    const struct job *waits = j->whole ? j->whole : j;
    const char       *at = waits->waits ? waits->waits : "";
    unsigned          more = waits->waits_left - 1;
    char              others[48] = "";
    struct wait       w;

    if (!waits->waits_left)
        return false;
    if (!next_awaited(en, waits, &at, &w))
        return true;
    if (more)
        snprintf(others, sizeof(others), ", and for %u other%s", more, more == 1 ? "" : "s");
    job_reason(j, "%swaits for job %llu to %s%s", before, (unsigned long long)JOB_NUMBER(w.id),
               needs(w.how), others);
    return true;
}

/*
 * Whether the scheduler can wait for this one. Not where an end there need not be one here (it is
 * tried again, or the scheduler may run it again), and not for one that is ending: it may have
 * forgotten that by the time it is asked.
 */
static bool is_waited_for_there(const struct job *on, const struct job *j)
{
    const struct scheduler_ops *s = j->cluster->scheduler;

    if (on->cluster != j->cluster || on->n_elements || !on->v.native)
        return false;
    if (on->v.attempt <= on->v.retries || (s->runs_again && s->runs_again(on->spec)))
        return false;
    return (job_runs(on) || job_in_queue(on)) && !(on->wish & WISH_CANCEL) && !on->missed_ns &&
           !on->over_ns && !on->unexplained;
}

static enum after_when when_of(char how)
{
    return how == 'c' ? AFTER_COMPLETED : how == 'f' ? AFTER_FAILED : AFTER_ANY;
}

/* For whom it is to wait there, in the scheduler's words; false: not for all of them. */
static bool say_for_whom(struct engine *en, const struct job *j, struct buf *words)
{
    const char *at = j->waits ? j->waits : "";
    unsigned    n = 0;
    struct job *on;
    struct wait w;

    while ((on = next_awaited(en, j, &at, &w))) {
        const char *word = j->cluster->scheduler->after(j->cluster, when_of(w.how));

        if (!word || !is_waited_for_there(on, j))
            return false;
        buf_printf(words, "%s%s%s", n++ ? "," : "", word, on->v.native);
    }
    return n == j->waits_left && buf_error(words) == 0;
}

/* An input may be what one of them leaves, so it is brought when they have ended. */
bool after_can_go(struct engine *en, struct job *j)
{
    _cleanup_(bufp) struct buf words = BUF_INIT;

    return !j->whole && !j->stays && j->cluster->scheduler && !inputs_to_bring(&j->spec->inputs) &&
           scheduler_can_wait(j->cluster->scheduler, j->spec) && say_for_whom(en, j, &words);
}

int after_put(struct engine *en, struct job *j, struct far_files *files)
{
    _cleanup_(bufp) struct buf words = BUF_INIT;
    const struct job_ref       ref = job_ref_of(j);

    /* One that was sent before, and did not arrive, may have had others to wait for. */
    if (j->whole || !j->waits || !scheduler_can_wait(j->cluster->scheduler, j->spec))
        return 0;
    if (!say_for_whom(en, j, &words))
        return -EAGAIN;
    j->tied = words.len > 0;
    return scheduler_after(j->cluster, &ref, words.len ? words.data : "", files);
}

void after_sent(struct engine *en, struct job *j)
{
    for (size_t i = 0; i < j->n_waiters; i++) {
        struct job *waiter = engine_job(en, j->waiters[i]);

        if (waiter && !job_ended(waiter->v.state) && !job_is_there(waiter))
            duty_go_on(en, waiter);
    }
}

bool after_undecided(struct engine *en, struct job *j, bool says)
{
    const char *at = j->waits ? j->waits : "";
    struct job *on;
    struct wait w;

    while ((on = next_awaited(en, j, &at, &w)))
        if (says || on->v.state == JOB_COLLECTING || on->missed_ns || on->over_ns ||
            on->unexplained || (on->wish & WISH_CANCEL))
            return true;
    return false;
}
