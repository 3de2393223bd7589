/*
 * service-text.h - the texts that the service makes itself
 */
#ifndef CLUSTRIXFS_SERVICE_TEXT_H
#define CLUSTRIXFS_SERVICE_TEXT_H

#include "clustrixfs/job.h"
#include "clustrixfs/view.h"

#include "admit.h"
#include "link.h"

/* check/NAME: warnings, the exact command, the files that would be put, the script last. */
int text_rehearsal(const struct admitted *a, struct buf *out, struct error *e) must_check;
/* jobs/N/script: what was, or will be, handed to the scheduler. Rendering is pure: the same spec
 * gives the same bytes, also offline. */
int text_script(const struct job_view *v, const struct cluster *c, struct span spec,
                struct buf *out) must_check;
/* clusters/C/info.json */
int text_cluster(const struct cluster *c, const struct link_state *link, bool draining,
                 struct buf *out) must_check;
/* metrics, in Prometheus' text format */
int text_metrics(const uint64_t counts[JOB_STATE_COUNT], uint64_t submitted, uint64_t started,
                 uint64_t commits, struct buf *out) must_check;

#endif
