/*
 * ctl.h - the words that may be written to a ctl file (see write_fn in layout.h)
 */
#ifndef CLUSTRIXFS_FS_CTL_H
#define CLUSTRIXFS_FS_CTL_H

#include "fs/layout.h"

write_fn ctl_job, ctl_cluster;
show_fn show_job_words, show_cluster_words; /* reading it tells the words */

#endif
