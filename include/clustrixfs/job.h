/*
 * job.h - what a job is called, which states it has, and how it moves
 *
 * A job is a number for people (jobs/17) and a token for clusters. An array is a job whose elements
 * are jobs of their own under the same number: the same machine, the same files, the same table.
 */
#ifndef CLUSTRIXFS_JOB_H
#define CLUSTRIXFS_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "clustrixfs/base.h"

/*
 * number << 20 | element. Element 0 is the job itself; element k > 0 is the array index k - 1.
 * The number is the one in jobs/<number>; it is never used twice, even after the job is removed.
 */
typedef uint64_t job_id;

#define JOB_ELEMENT_BITS 20
#define JOB_INDEX_MAX ((1u << JOB_ELEMENT_BITS) - 2) /* the largest array index */
#define JOB_ID(number, element) ((job_id)(number) << JOB_ELEMENT_BITS | (element))
#define JOB_NUMBER(id) ((uint64_t)(id) >> JOB_ELEMENT_BITS)
#define JOB_ELEMENT(id) ((uint32_t)((id) & ((1u << JOB_ELEMENT_BITS) - 1)))
#define JOB_WHOLE(id) ((id) & ~(job_id)((1u << JOB_ELEMENT_BITS) - 1))
#define JOB_INDEX(id) (JOB_ELEMENT(id) - 1) /* only where JOB_ELEMENT(id) > 0 */

/*
 * The name a job carries at the far side: "cfx" and twelve base32 letters, sixty random bits.
 * Fifteen lower-case characters starting with a letter, because that is what every scheduler we
 * speak to takes as a job name (the oldest PBS is the narrowest). It is on disk before the first
 * attempt to submit and never changes, which is what lets us ask "did you get it?" afterwards.
 */
#define JOB_TOKEN_LEN 15

#define NATIVE_ID_MAX 64

enum job_state {
    JOB_NONE,
    JOB_ACCEPTED,   /* spec valid and on disk here; the far side has heard nothing      */
    JOB_SUBMITTING, /* we are about to submit, or did; the answer is not known yet      */
    JOB_QUEUED,     /* waits for its turn, in the scheduler's queue or in ours          */
    JOB_HELD,       /* as queued, but somebody said hold                                */
    JOB_RUNNING,
    JOB_SUSPENDED,
    JOB_COLLECTING, /* it ended; the evidence is being read                             */
    JOB_COMPLETED,  /* the command was seen to exit 0                                   */
    JOB_FAILED,     /* another exit code, a signal, a limit, or refused: reason says    */
    JOB_CANCELLED,
    JOB_LOST,       /* no scheduler knows it and it left no exit record                 */
    JOB_STATE_COUNT
};

enum job_event {
    EV_NONE,
    EV_ACCEPTED,
    EV_ENQUEUED,   /* it waits in the daemon's own queue (schedulers that have none)        */
    EV_SUBMITTING, /* intent: on disk before the first byte of a submit is sent             */
    EV_SUBMITTED,  /* carries the scheduler's number                                        */
    EV_ABSENT,     /* asked by token; the answer was a certain no                           */
    EV_REFUSED,    /* the scheduler said no, and why; or a dependency can never be met      */
    EV_HELD,
    EV_RELEASED,
    EV_STARTED,
    EV_SUSPENDED,
    EV_RESUMED,
    EV_EXITED,     /* carries exit code or signal, and the cause                            */
    EV_VANISHED,   /* unknown to the scheduler, no exit record, grace time is over          */
    EV_COMPLETED,  /* collected; the command exited 0                                       */
    EV_FAILED,     /* collected; it did not                                                 */
    EV_CANCELLED,
    EV_RETRIED,    /* a new attempt begins: retries, or ctl rerun                           */
    EV_REQUEUED,   /* the scheduler took it back into its queue: a new attempt              */
    EV_FORGOTTEN,  /* the scheduler was started anew and lost it out of its queue           */
    EV_UNSTARTED,  /* its node could not start it: it never ran, and goes to the queue again */
    JOB_EVENT_COUNT
};

/* Why a job ended as it did; `exit_code` and `signal` say the rest. */
enum job_cause {
    CAUSE_NONE,
    CAUSE_EXIT,       /* it left by itself; exit_code tells                 */
    CAUSE_SIGNAL,     /* a signal from outside                              */
    CAUSE_TIME_LIMIT,
    CAUSE_MEMORY,
    CAUSE_NODE,       /* the machine under it failed or was restarted       */
    CAUSE_REFUSED,    /* the scheduler would not take it                    */
    CAUSE_START,      /* it could not be started                            */
    CAUSE_CANCEL,
    CAUSE_DEPENDENCY, /* what it waited for can never be                    */
    JOB_CAUSE_COUNT
};

/* The state after `ev` in `from`, or JOB_NONE where that is not a move the table knows. */
enum job_state job_next(enum job_state from, enum job_event ev);

/* Completed, failed, cancelled or lost. */
bool job_ended(enum job_state s);

/* The words users see: "running", "started", "time limit". NONE gives "". */
const char    *job_state_name(enum job_state s);
const char    *job_event_name(enum job_event ev);
const char    *job_cause_name(enum job_cause c);
enum job_state job_state_named(const char *name); /* JOB_NONE when there is no such state */

#endif
