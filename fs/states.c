/*
 * states.c - the state that each job was last told to be in
 *
 * A job that moves goes from one directory of by-state/ to another: whoever tells that has to know
 * where it was, and the service only knows where it is.
 */
#include "fs/states.h"

#include <stdlib.h>
#include <string.h>

#define BRIEFS 64

/* What it was told to be before. */
static enum job_state exchange(struct states *states, job_id id, enum job_state now)
{
    uint64_t number = JOB_NUMBER(id);
    enum job_state was;

    if (number >= states->n) {
        size_t more = number + number / 2 + 64;
        uint8_t *bigger = realloc(states->v, more);

        if (!bigger)
            return JOB_NONE;
        memset(bigger + states->n, 0, more - states->n);
        states->v = bigger;
        states->n = more;
    }
    was = (enum job_state)states->v[number];
    states->v[number] = (uint8_t)now;
    return was;
}

void states_change(struct states *states, struct service *s, struct note *note)
{
    struct job_brief b = { 0 };

    if (JOB_ELEMENT(note->id))
        return;
    if (!service_brief(s, note->id, &b))
        b.state = JOB_NONE;
    note->from = note->to = (uint8_t)b.state;
    if (note->what & (CHANGE_JOB_NEW | CHANGE_JOB_STATE | CHANGE_JOB_GONE))
        note->from = (uint8_t)exchange(states, note->id, b.state);
}

void states_begin(struct states *states, struct service *s)
{
    struct job_brief b[BRIEFS];
    size_t got;

    for (enum job_state of = JOB_NONE + 1; of < JOB_STATE_COUNT; of++)
        for (job_id after = 0;
             !job_ended(of) &&
             (got = service_list(s, of, CLUSTER_ANY, after, b, BRIEFS)) > 0;
             after = b[got - 1].id)
            for (size_t i = 0; i < got; i++)
                (void)exchange(states, b[i].id, b[i].state);
}
