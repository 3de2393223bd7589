/*
 * record.h - what a job leaves in its directory as evidence
 *
 * On the cluster a job has ROOT/<token>/ with `script`, `plan`, `files/`, and for each attempt one
 * run directory: ROOT/<token>/attempt1, or task7.attempt1 for the array index 7. The mkdir of
 * the run directory is the claim: whoever makes it runs the command, anybody else goes away, so
 * an attempt starts at most once however often it is launched. In it lie `stdout`, `stderr`, and
 * two records that appear by rename: `started` and `exit`.
 *
 * A record is lines of `key value`; unknown keys are skipped, the last line is `end`: a record
 * without it was cut short and is no evidence.
 */
#ifndef CLUSTRIXFS_RECORD_H
#define CLUSTRIXFS_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "clustrixfs/buf.h"
#include "clustrixfs/job.h"
#include "clustrixfs/view.h"

#define RECORD_STARTED "started"
#define RECORD_EXIT "exit"
#define RUN_NAME_MAX 48

enum {
    RECORD_E_NONE = 1, /* cut short, or not a record: no evidence of anything */
};

struct record {
    /* started */
    char     node[64], boot[40]; /* host name; /proc/sys/kernel/random/boot_id          */
    int32_t  keeper_pid, job_pid;
    uint64_t keeper_ticks, job_ticks; /* /proc/PID/stat field 22: tells a reused pid     */
    int64_t  started_ns;
    char     memory_by[24]; /* "cgroup v2", "cgroup v1", "rlimit", or ""                 */

    /* exit */
    enum job_cause   cause; /* CAUSE_NONE in a `started` record */
    int32_t          exit_code, signal; /* as in struct job_view */
    int64_t          ended_ns;
    struct job_usage usage;
    char             note[200]; /* for CAUSE_START: what could not be done */
};

/* Returns 0 or RECORD_E_NONE. Both formats have every key that is not zero. */
int  record_parse(struct record *r, struct span text) must_check;
void record_format(const struct record *r, struct buf *out);

/* "attempt1" or "task7.attempt1"; and back (0, or -EINVAL). */
void run_name(char out[RUN_NAME_MAX], uint32_t element, uint32_t attempt);
int  run_name_parse(struct span name, uint32_t *element, uint32_t *attempt) must_check;

#endif
