/*
 * view.h - one job at one moment
 *
 * A view never changes after it was published, so any thread may read it without a lock; it is
 * counted, and each holder gives its count back. What may be long or is rarely wanted (the spec's
 * bytes, the events) is not in it: service.h has calls for those.
 */
#ifndef CLUSTRIXFS_VIEW_H
#define CLUSTRIXFS_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "clustrixfs/job.h"

/* What it used; times in microseconds, memory in bytes; 0 where nobody could tell. */
struct job_usage {
    uint64_t user_us, system_us, max_memory;
};

/* Points in time are nanoseconds since the epoch; 0: it has not happened (yet). */
struct job_times {
    int64_t accepted_ns, started_ns, ended_ns, changed_ns;
};

/* How far its inputs have come; all 0 when there is nothing on its way. */
struct job_staging {
    uint32_t files, files_done;
    uint64_t bytes, bytes_done;
};

struct job_view {
    unsigned refs; /* atomic; view.c only */

    job_id           id;
    enum job_state   state;
    enum job_cause   cause;
    int32_t          exit_code; /* 0 to 255 once it exited by itself, else -1 */
    int32_t          signal;    /* the signal that ended it, else 0           */
    uint32_t         attempt;   /* 1, 2, ...; 0 before the first one began    */
    uint32_t         retries;   /* how many more attempts the spec allows     */
    struct job_times times;
    struct job_usage usage;
    struct job_staging staging;

    uint32_t elements;                 /* > 0: the whole of an array             */
    uint32_t counts[JOB_STATE_COUNT];  /* of an array: its elements by state     */

    uint32_t cores;  /* asked for and counted */
    uint64_t memory; /* bytes, 0: not said    */
    uint64_t time_s; /* 0: no limit           */
    int32_t  priority;

    char        token[JOB_TOKEN_LEN + 1];
    const char *name;      /* "" when it has none: then it is not in by-name/                */
    const char *alias;     /* the file name it was submitted under, if that is another; "" */
    const char *cluster;
    const char *reason;    /* one sentence, never empty once published                       */
    const char *native;    /* the scheduler's number for it, or ""                           */
    const char *node;      /* where it ran, or ""                                            */
    const char *memory_by; /* what enforces the memory limit: "cgroup v1", "rlimit", or ""   */
};

struct job_view *job_view_ref(const struct job_view *v);
void             job_view_unref(struct job_view *v); /* NULL is fine */
DEFINE_CLEANUP(viewp, struct job_view *, job_view_unref);

#endif
