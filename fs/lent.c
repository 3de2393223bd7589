/*
 * lent.c - what the kernel may keep of jobs that live, for a moment
 *
 * `ls -l` asks for every name that a listing has just given it, and of one that may not be kept
 * the kernel asks us three times more. So what is listed of a live job is kept for as long as that
 * takes, and taken back at once when the job moves. An answer that is being made while it moves may
 * be of the time before: what is lent with it is taken back once the kernel has it, not sooner.
 */
#include "fs/lent.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct lent {
    pthread_mutex_t lock; /* a leaf; guards all below */
    pthread_cond_t  told;
    uint16_t       *where; /* by job number */
    size_t          n;
    bool            answering; /* written by the loop only: something is lent with its answer */
    uint64_t        answers;   /* that something was lent with                               */
};

_Static_assert(JOB_STATE_COUNT <= 16, "a bit for each state");

int lent_open(struct lent **lp)
{
    struct lent *l = calloc(1, sizeof(*l));

    if (!l)
        return -ENOMEM;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->told, NULL);
    *lp = l;
    return 0;
}

void lent_close(struct lent *l)
{
    if (!l)
        return;
    pthread_cond_destroy(&l->told);
    pthread_mutex_destroy(&l->lock);
    free(l->where);
    free(l);
}

/* [locked] False: out of memory. */
static bool make_room(struct lent *l, uint64_t number)
{
    size_t    more = number + number / 4 + 64;
    uint16_t *bigger;

    if (number < l->n)
        return true;
    bigger = reallocarray(l->where, more, sizeof(*bigger));
    if (!bigger)
        return false;
    memset(bigger + l->n, 0, (more - l->n) * sizeof(*bigger));
    l->where = bigger;
    l->n = more;
    return true;
}

/* Without memory it is not taken back, and so out of date for the moment that it is lent for. */
void lent_give(struct lent *l, job_id id, unsigned where)
{
    uint64_t number = JOB_NUMBER(id);

    pthread_mutex_lock(&l->lock);
    if (make_room(l, number))
        l->where[number] |= (uint16_t)where;
    l->answering = true;
    pthread_mutex_unlock(&l->lock);
}

void lent_answered(struct lent *l)
{
    if (!l->answering)
        return;
    pthread_mutex_lock(&l->lock);
    l->answering = false;
    l->answers++;
    pthread_cond_broadcast(&l->told);
    pthread_mutex_unlock(&l->lock);
}

unsigned lent_take(struct lent *l, job_id id)
{
    uint64_t number = JOB_NUMBER(id);
    unsigned where = 0;

    pthread_mutex_lock(&l->lock);
    if (number < l->n && !JOB_ELEMENT(id)) {
        where = l->where[number];
        l->where[number] = 0;
    }
    pthread_mutex_unlock(&l->lock);
    return where;
}

void lent_await(struct lent *l)
{
    uint64_t answers;

    pthread_mutex_lock(&l->lock);
    answers = l->answers;
    while (l->answering && l->answers == answers)
        pthread_cond_wait(&l->told, &l->lock);
    pthread_mutex_unlock(&l->lock);
}
