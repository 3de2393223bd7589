/*
 * job-files.h - what every job has in its directory, whoever runs it
 */
#ifndef CLUSTRIXFS_SCHEDULER_JOB_FILES_H
#define CLUSTRIXFS_SCHEDULER_JOB_FILES_H

#include "clustrixfs/cluster.h"
#include "clustrixfs/scheduler.h"
#include "clustrixfs/spec.h"
#include "plan.h"

/*
 * Add files/, `script`, `prelude` and `stdin` where there are such, and the plan that the keeper
 * goes by: `plan` for clustrixfs-keeper here, `plan.sh` for far-keeper.sh. `limits`
 * (enum limit): which of them are in it, for the keeper to see to; the others somebody else does.
 * 0, or a negative errno and a sentence.
 */
int job_files_add(const struct spec *spec, const struct cluster *cluster, const struct job_ref *ref,
                  struct far_files *files, unsigned limits, struct error *e) must_check;

/* Add ROOT/token/name. 0 or a negative errno. */
int job_file_add(const struct cluster *cluster, const char *token, struct far_files *files,
                 const char *name, mode_t mode, struct span data) must_check;

#endif
