/*
 * machine.c - how a job moves
 *
 * One row for each state, one entry for each event it answers to. What is not here does not happen:
 * an event without an entry is dropped by the engine, so a late or repeated report is harmless. A
 * state's row is the whole truth about leaving it.
 */
#include "clustrixfs/job.h"

/* clang-format off */
static const unsigned char moves[JOB_STATE_COUNT][JOB_EVENT_COUNT] = {
    [JOB_NONE] = {
        [EV_ACCEPTED]   = JOB_ACCEPTED,
    },
    [JOB_ACCEPTED] = {
        [EV_ENQUEUED]   = JOB_QUEUED,
        [EV_HELD]       = JOB_HELD,
        [EV_SUBMITTING] = JOB_SUBMITTING,
        [EV_REFUSED]    = JOB_FAILED,
        [EV_CANCELLED]  = JOB_CANCELLED,
    },
    /* No way from here to CANCELLED: until we know whether it was submitted we cannot know what
     * there is to cancel. A cancel asked for meanwhile is kept and acted on in the next state. */
    [JOB_SUBMITTING] = {
        [EV_SUBMITTED]  = JOB_QUEUED,
        [EV_STARTED]    = JOB_RUNNING,
        [EV_EXITED]     = JOB_COLLECTING,
        [EV_ABSENT]     = JOB_QUEUED,
        [EV_REFUSED]    = JOB_FAILED,
        [EV_VANISHED]   = JOB_LOST,
    },
    [JOB_QUEUED] = {
        [EV_HELD]       = JOB_HELD,
        [EV_SUBMITTING] = JOB_SUBMITTING,
        [EV_FORGOTTEN]  = JOB_QUEUED,
        [EV_UNSTARTED]  = JOB_QUEUED,
        [EV_STARTED]    = JOB_RUNNING,
        [EV_EXITED]     = JOB_COLLECTING,
        [EV_REFUSED]    = JOB_FAILED,
        [EV_VANISHED]   = JOB_LOST,
        [EV_CANCELLED]  = JOB_CANCELLED,
    },
    [JOB_HELD] = {
        [EV_FORGOTTEN]  = JOB_QUEUED,
        [EV_UNSTARTED]  = JOB_QUEUED,
        [EV_RELEASED]   = JOB_QUEUED,
        [EV_STARTED]    = JOB_RUNNING,
        [EV_EXITED]     = JOB_COLLECTING,
        [EV_REFUSED]    = JOB_FAILED,
        [EV_VANISHED]   = JOB_LOST,
        [EV_CANCELLED]  = JOB_CANCELLED,
    },
    /* To a scheduler one runs as soon as its node was told to start it: see EV_UNSTARTED. */
    [JOB_RUNNING] = {
        [EV_SUSPENDED]  = JOB_SUSPENDED,
        [EV_REQUEUED]   = JOB_QUEUED,
        [EV_UNSTARTED]  = JOB_QUEUED,
        [EV_EXITED]     = JOB_COLLECTING,
        [EV_VANISHED]   = JOB_LOST,
    },
    [JOB_SUSPENDED] = {
        [EV_RESUMED]    = JOB_RUNNING,
        [EV_REQUEUED]   = JOB_QUEUED,
        [EV_UNSTARTED]  = JOB_QUEUED,
        [EV_EXITED]     = JOB_COLLECTING,
        [EV_VANISHED]   = JOB_LOST,
    },
    [JOB_COLLECTING] = {
        [EV_COMPLETED]  = JOB_COMPLETED,
        [EV_FAILED]     = JOB_FAILED,
        [EV_CANCELLED]  = JOB_CANCELLED,
        [EV_RETRIED]    = JOB_ACCEPTED,
    },
    /* An end is left only by a new attempt. LOST may also turn out to have ended after all. */
    [JOB_COMPLETED] = { [EV_RETRIED] = JOB_ACCEPTED },
    [JOB_FAILED]    = { [EV_RETRIED] = JOB_ACCEPTED },
    [JOB_CANCELLED] = { [EV_RETRIED] = JOB_ACCEPTED },
    [JOB_LOST]      = { [EV_RETRIED] = JOB_ACCEPTED, [EV_EXITED] = JOB_COLLECTING },
};
/* clang-format on */

enum job_state job_next(enum job_state from, enum job_event ev)
{
    if (from >= JOB_STATE_COUNT || ev >= JOB_EVENT_COUNT)
        return JOB_NONE;
    return (enum job_state)moves[from][ev];
}
