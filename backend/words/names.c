/*
 * names.c - the words that users see for states, events and causes
 *
 * They are part of the interface: scripts compare `state` with them and the store keeps them. One
 * table each, indexed by the number; a number outside of its table has no name.
 */
#include "clustrixfs/job.h"

#include <string.h>

// clang-format off
static const char *const state_names[JOB_STATE_COUNT] = {
    [JOB_NONE]       = "",
    [JOB_ACCEPTED]   = "accepted",
    [JOB_SUBMITTING] = "submitting",
    [JOB_QUEUED]     = "queued",
    [JOB_HELD]       = "held",
    [JOB_RUNNING]    = "running",
    [JOB_SUSPENDED]  = "suspended",
    [JOB_COLLECTING] = "collecting",
    [JOB_COMPLETED]  = "completed",
    [JOB_FAILED]     = "failed",
    [JOB_CANCELLED]  = "cancelled",
    [JOB_LOST]       = "lost",
};

static const char *const event_names[JOB_EVENT_COUNT] = {
    [EV_NONE]       = "",
    [EV_ACCEPTED]   = "accepted",
    [EV_ENQUEUED]   = "enqueued",
    [EV_SUBMITTING] = "submitting",
    [EV_SUBMITTED]  = "submitted",
    [EV_ABSENT]     = "absent",
    [EV_REFUSED]    = "refused",
    [EV_HELD]       = "held",
    [EV_RELEASED]   = "released",
    [EV_STARTED]    = "started",
    [EV_SUSPENDED]  = "suspended",
    [EV_RESUMED]    = "resumed",
    [EV_EXITED]     = "exited",
    [EV_VANISHED]   = "vanished",
    [EV_COMPLETED]  = "completed",
    [EV_FAILED]     = "failed",
    [EV_CANCELLED]  = "cancelled",
    [EV_RETRIED]    = "retried",
    [EV_REQUEUED]   = "requeued",
    [EV_FORGOTTEN]  = "forgotten",
    [EV_UNSTARTED]  = "unstarted",
};

static const char *const cause_names[JOB_CAUSE_COUNT] = {
    [CAUSE_NONE]       = "",
    [CAUSE_EXIT]       = "exit",
    [CAUSE_SIGNAL]     = "signal",
    [CAUSE_TIME_LIMIT] = "time limit",
    [CAUSE_MEMORY]     = "out of memory",
    [CAUSE_NODE]       = "node failure",
    [CAUSE_REFUSED]    = "refused",
    [CAUSE_START]      = "could not start",
    [CAUSE_CANCEL]     = "cancelled",
    [CAUSE_DEPENDENCY] = "dependency",
};
// clang-format on

static const char *name_at(const char *const *names, size_t n, size_t i)
{
    return i < n && names[i] ? names[i] : "";
}

const char *job_state_name(enum job_state s)
{
    return name_at(state_names, ARRAY_SIZE(state_names), s);
}

const char *job_event_name(enum job_event ev)
{
    return name_at(event_names, ARRAY_SIZE(event_names), ev);
}

const char *job_cause_name(enum job_cause c)
{
    return name_at(cause_names, ARRAY_SIZE(cause_names), c);
}

enum job_state job_state_named(const char *name)
{
    for (enum job_state s = JOB_NONE + 1; s < JOB_STATE_COUNT; s++)
        if (strcmp(name, state_names[s]) == 0)
            return s;
    return JOB_NONE;
}

bool job_ended(enum job_state s)
{
    return s == JOB_COMPLETED || s == JOB_FAILED || s == JOB_CANCELLED || s == JOB_LOST;
}
