/*
 * batch.h - what the scripts for all schedulers that have a queue have in common
 */
#ifndef CLUSTRIXFS_SCHEDULER_BATCH_H
#define CLUSTRIXFS_SCHEDULER_BATCH_H

#include "clustrixfs/scheduler.h"

/* ROOT/TOKEN/file, as it is and as a word for a shell. */
void batch_add_path(struct buf *out, const struct cluster *c, const struct job_ref *ref,
                    const char *file);
int  batch_quote_path(struct buf *out, const struct cluster *c, const struct job_ref *ref,
                      const char *file);

/* Go where a user's script expects to have been submitted: `cd $SLURM_SUBMIT_DIR` and its like
 * are in half of them. */
void batch_add_cd(struct buf *out, const struct spec *spec, const struct cluster *c,
                  const struct job_ref *ref);

/* What no such scheduler does for us: 0, or -EINVAL and what to do instead. */
int batch_check(const struct spec *spec, const struct cluster *cluster,
                struct error *e) must_check;

/* Add `submit` and job.sh. 0 or a negative errno. */
int batch_add_scripts(const struct cluster *cluster, const struct job_ref *ref,
                      const struct buf *submit, const struct buf *job,
                      struct far_files *files) must_check;

#endif
