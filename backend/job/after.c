/*
 * after.c - who waits for whom
 *
 * A job that waits knows how many it still waits for; the one that is waited for knows who they
 * are. A dependency that can never be met ends the job at once with a sentence: it does not wait
 * for ever. Cycles cannot arise, since a job can only name jobs that were there before it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

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
    j->v.cause = CAUSE_DEPENDENCY;
    job_reason(j, "job %llu, which had to %s first, %s: this one never ran",
               (unsigned long long)JOB_NUMBER(w->id), needs(w->how),
               ended ? job_state_name(ended) : "was removed");
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

static int add_waiter(struct job *on, job_id who)
{
    uint64_t *v;

    /* One that waits for the same job twice is told once, and counts both then. */
    if (on->n_waiters && on->waiters[on->n_waiters - 1] == who)
        return 0;
    v = realloc(on->waiters, (on->n_waiters + 1) * sizeof(*v));
    if (!v)
        return -ENOMEM;
    on->waiters = v;
    v[on->n_waiters++] = who;
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
    if (!waiter->waits_left && !job_ended(waiter->v.state))
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
