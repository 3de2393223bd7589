/*
 * run.h - one attempt of one job, from its claim to its record
 *
 * The keeper's working directory is ROOT, so `name` is a path. The claim is the run directory:
 * made by one mkdir, and locked for as long as its keeper lives. A claim that nobody holds and
 * that has no record has never run anything and never will; run_reclaim() takes it back.
 */
#ifndef CLUSTRIXFS_KEEPER_RUN_H
#define CLUSTRIXFS_KEEPER_RUN_H

#include "cgroup.h"
#include "clustrixfs/error.h"
#include "clustrixfs/record.h"
#include "plan.h"

#define RUN_PATH_MAX (JOB_TOKEN_LEN + 1 + RUN_NAME_MAX)

struct run {
    const char   *name; /* TOKEN/RUN */
    char          token[JOB_TOKEN_LEN + 1];
    uint32_t      element, attempt;
    struct plan   plan;
    struct cgroup cgroup;
    struct record record;
    int           dir; /* the run directory, locked */
    int           in, out, err; /* for the job */
};

/* `name` is kept, not copied. 0, or -EINVAL when it is not TOKEN/RUN. */
int  run_init(struct run *r, const char *name) must_check;
void run_release(struct run *r);

enum {
    RUN_E_CLAIMED = 1, /* somebody has it, or had it */
    RUN_E_START,       /* it cannot be started */
};

/*
 * Make the run directory with its stdout and stderr, and lock it.
 * 0; RUN_E_CLAIMED; or a negative errno and a sentence: then nothing is left of the attempt.
 */
int run_claim(struct run *r, struct error *e) must_check;

enum run_claim_state {
    RUN_UNCLAIMED, /* certain: never ran, and whoever is about to claim it has not begun */
    RUN_STARTING,  /* a keeper holds it */
    RUN_RECORDED,  /* it has a record by now */
};

/* What a claim without a record is; one that nobody holds is taken back. Or a negative errno. */
int run_reclaim(const char *name) must_check;

/*
 * Read one of the two records. 0; RECORD_E_NONE when there is none, or none that can be read;
 * or a negative errno.
 */
int run_record(const char *name, const char *which, struct record *record) must_check;

/* Give the claim back: nothing was started, and somebody may try again. */
void run_unclaim(const struct run *r);

/*
 * Start the claimed job; its `started` record is in place before its first instruction.
 * 0, and the record has its pid; RUN_E_START and a sentence: this job cannot be started, here or
 * again; or a negative errno and a sentence: not now, and the claim was given back.
 */
int run_launch(struct run *r, struct error *e) must_check;

/* Stay with it to its end, and fill the rest of the record. */
void run_watch(struct run *r);

#endif
