/*
 * show.h - the texts of the tree (see show_fn in layout.h)
 */
#ifndef CLUSTRIXFS_FS_SHOW_H
#define CLUSTRIXFS_FS_SHOW_H

#include "fs/layout.h"

/* show.c */
show_fn show_readme, show_metrics, show_latest, show_job_up1, show_job_up2, show_array_files;
show_fn show_state, show_reason, show_exit_code, show_wait;
show_fn show_spec, show_script, show_events;
show_fn show_attempt_reason, show_attempt_events;
show_fn show_cluster_state, show_cluster_info;

/* show-info.c */
show_fn show_info;

/* "completed 0\n", "failed signal 9\n": what a read of `wait` gives for an ended job. */
int wait_text(struct buf *out, enum job_state state, int exit_code, int signal);

/* readme-text.c: the README.md in the root of the tree. */
extern const char readme_text[];

#endif
