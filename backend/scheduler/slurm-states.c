/*
 * slurm-states.c - what Slurm's states mean
 *
 * A job that is COMPLETING still has processes. One that will be run again by Slurm itself waits in
 * the queue. For the end the state decides, never the exit code: a job that ran out of time has
 * 0:0 in the accounting.
 */
#include "slurm.h"

// clang-format off
static const struct slurm_state states[] = {
    { "PENDING",       REPORT_QUEUED,    CAUSE_NONE, "" },
    { "CONFIGURING",   REPORT_QUEUED,    CAUSE_NONE, "its nodes are being made ready" },
    { "POWER_UP_NODE", REPORT_QUEUED,    CAUSE_NONE, "its nodes are being started" },
    { "REQUEUED",      REPORT_QUEUED,    CAUSE_NONE, "Slurm put it back into the queue" },
    { "REQUEUE_FED",   REPORT_QUEUED,    CAUSE_NONE, "it is put into another cluster's queue" },
    { "REQUEUE_HOLD",  REPORT_HELD,      CAUSE_NONE,
      "Slurm put it back and holds it: write release to ctl" },
    { "SPECIAL_EXIT",  REPORT_HELD,      CAUSE_NONE,
      "Slurm put it back and holds it: write release to ctl" },
    { "RESV_DEL_HOLD", REPORT_HELD,      CAUSE_NONE,
      "the reservation it was for is gone; it is held: cancel it, or write release to ctl" },
    { "RUNNING",       REPORT_RUNNING,   CAUSE_NONE, "" },
    { "COMPLETING",    REPORT_RUNNING,   CAUSE_NONE, "it is about to end (COMPLETING)" },
    { "RESIZING",      REPORT_RUNNING,   CAUSE_NONE, "" },
    { "SIGNALING",     REPORT_RUNNING,   CAUSE_NONE, "" },
    { "STAGE_OUT",     REPORT_RUNNING,   CAUSE_NONE, "its files are being brought out" },
    { "UPDATE_DB",     REPORT_RUNNING,   CAUSE_NONE, "" },
    { "EXPEDITING",    REPORT_QUEUED,    CAUSE_NONE, "it is started anew, before others" },
    { "SUSPENDED",     REPORT_SUSPENDED, CAUSE_NONE, "" },
    { "STOPPED",       REPORT_SUSPENDED, CAUSE_NONE, "it is stopped and keeps its cores" },

    { "COMPLETED",     REPORT_ENDED, CAUSE_EXIT, "" },
    /* Its exit code or signal tells why, where one is said. */
    { "FAILED",        REPORT_ENDED, CAUSE_NONE, "" },
    { "CANCELLED",     REPORT_ENDED, CAUSE_CANCEL, "it was cancelled" },
    { "TIMEOUT",       REPORT_ENDED, CAUSE_TIME_LIMIT, "Slurm ended it at its time limit" },
    { "DEADLINE",      REPORT_ENDED, CAUSE_TIME_LIMIT,
      "Slurm ended it: it could not be done before its deadline" },
    { "OUT_OF_MEMORY", REPORT_ENDED, CAUSE_MEMORY, "it needed more memory than it had asked for" },
    { "NODE_FAIL",     REPORT_ENDED, CAUSE_NODE, "a node that it ran on failed (NODE_FAIL)" },
    { "BOOT_FAIL",     REPORT_ENDED, CAUSE_NODE, "its node could not be started (BOOT_FAIL)" },
    { "RECONFIG_FAIL", REPORT_ENDED, CAUSE_NODE, "its node could not be made ready" },
    { "LAUNCH_FAILED", REPORT_ENDED, CAUSE_START, "Slurm could not start it on its node" },
    { "PREEMPTED",     REPORT_ENDED, CAUSE_SIGNAL,
      "Slurm took its nodes away for another job (PREEMPTED)" },
    { "REVOKED",       REPORT_ENDED, CAUSE_CANCEL, "another cluster runs it (REVOKED)" },
};
// clang-format on

const struct slurm_state *slurm_state_named(struct span name)
{
    for (size_t i = 0; i < ARRAY_SIZE(states); i++)
        if (span_is(name, states[i].name))
            return &states[i];
    return NULL;
}
