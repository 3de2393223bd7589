/*
 * plan.h - what to run and within which bounds
 *
 * The file `plan` in a job's directory: NUL-terminated `key=value` pieces, so that no value needs
 * quoting. All attempts and all elements of an array share it.
 *
 *    arg=WORD         the program's absolute path, then its arguments, in order
 *    cwd=PATH         where it runs
 *    stdin=PATH       default /dev/null
 *    env=NAME=VALUE   added to the keeper's own environment
 *    time=SECONDS     of wall clock, without the time it was suspended
 *    memory=BYTES
 *    grace=SECONDS    between TERM and KILL
 */
#ifndef CLUSTRIXFS_KEEPER_PLAN_H
#define CLUSTRIXFS_KEEPER_PLAN_H

#include <stdint.h>

#include "clustrixfs/buf.h"
#include "clustrixfs/error.h"

/* All strings point into `text`. */
struct plan {
    struct buf   text;
    const char **argv; /* ended by NULL */
    const char **env;  /* NAME=VALUE, ended by NULL */
    size_t       n_argv, n_env;
    const char  *cwd, *input;
    uint64_t     time_s, memory, grace_s; /* 0: no limit; no grace */
};

#define PLAN_INIT { .text = BUF_INIT }

/* Read the plan of the job whose directory is `path`. 0, or a negative errno and a sentence. */
int  plan_read(struct plan *p, const char *path, struct error *e) must_check;
void plan_release(struct plan *p);

#endif
