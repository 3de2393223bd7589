/*
 * queue-again.c - what goes to the scheduler's queue a second time, for the same attempt
 *
 * Three ways lead here: the scheduler did not take it, took it and has forgotten it, or took it and
 * could not start it on its node. In all of them the command has not begun, as far as anybody can
 * tell; where that is wrong, the claim in its directory lets no second one begin.
 */
#include <stdlib.h>

#include "clustrixfs/clock.h"

#include "live.h"

#define AGAIN_MAX_NS (60 * NS_PER_S)
/* What could not start is tried so often again: a scheduler may give up a node each time. */
#define UNSTARTED_MAX 3

static int64_t again_in(unsigned failures)
{
    int64_t wait = QUEUE_AGAIN_NS << (failures < 6 ? failures : 6);

    return wait < AGAIN_MAX_NS ? wait : AGAIN_MAX_NS;
}

static void go_in(struct engine *en, struct job *j, int64_t wait)
{
    duty_at(en, j, clock_mono_ns() + wait);
    if (j->wish)
        duty_do(en, j);
}

/* What was known of it there is known of a submission that is over. */
static void let_go(struct job *j)
{
    free(j->gone);
    j->gone = (char *)STEAL(j->v.native);
    j->again = true;
    j->asked = false;
    tied_let_be(j);
    j->known_ns = j->missed_ns = j->over_ns = j->back_ns = 0;
}

void queue_has_not(struct engine *en, struct job *j, const char *why)
{
    int64_t wait = again_in(j->failures++);

    j->again = true;
    j->missed_ns = 0;
    job_whole(j)->put = false;
    job_reason(j, "not submitted yet, tried again in %lld s: %s", (long long)(wait / NS_PER_S),
               why);
    if (job_move(en, j, EV_ABSENT, "scheduler", why))
        go_in(en, j, wait);
}

void queue_forgot(struct engine *en, struct job *j, const char *why)
{
    if (j->v.state == JOB_HELD)
        j->wish |= WISH_HOLD;
    let_go(j);
    job_reason(j, "the scheduler does not have it any more, and it is submitted again: %s", why);
    if (!job_move(en, j, EV_FORGOTTEN, "scheduler", why))
        return;
    /* Who waits for it there waits for a number that says nothing any more. */
    tied_recall(en, job_whole(j));
    /* All of an array come back together, and are to go together. */
    if (j->whole)
        duty_at(en, j, clock_mono_ns() + QUEUE_AGAIN_NS);
    else
        duty_do(en, j);
}

/* An element goes by itself: the others of its array have begun, or will. */
bool queue_unstarted(struct engine *en, struct job *j, const char *why)
{
    int64_t wait = again_in(j->unstarted);

    if (j->unstarted >= UNSTARTED_MAX || !job_next(j->v.state, EV_UNSTARTED))
        return false;
    j->unstarted++;
    if (j->whole)
        tied_set_apart(en, j);
    else
        tied_recall(en, j);
    let_go(j);
    /* One that the queue called running was not. */
    j->v.times.started_ns = 0;
    free((char *)STEAL(j->v.node));
    job_reason(j, "it never ran, and is submitted again in %lld s: %s",
               (long long)(wait / NS_PER_S), why);
    if (job_move(en, j, EV_UNSTARTED, "no record of its start; accounting", why))
        go_in(en, j, wait);
    return true;
}
