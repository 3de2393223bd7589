/*
 * met.h - what is remembered of a far cluster from one mount to the next
 */
#ifndef CLUSTRIXFS_MET_H
#define CLUSTRIXFS_MET_H

#include "clustrixfs/config.h"
#include "clustrixfs/scheduler.h"

/*
 * Take over what a meeting found: fills what is not known of `c` yet (cluster.h) and writes it to
 * STATE/met/NAME. Later meetings change nothing of root and scheduler; -ESTALE and a sentence when
 * they find other ones. Before the first job of the cluster, by the engine's thread, or before
 * there are threads.
 */
int met_keep(const struct config *config, struct cluster *c, const struct meeting *m,
             struct error *e) must_check;
/* Read what was kept, by config_load(). 0, also when there is nothing. */
int met_load(const struct config *config, struct cluster *c, struct error *e) must_check;

#endif
