/*
 * start.h - the command that starts jobs
 */
#ifndef CLUSTRIXFS_KEEPER_START_H
#define CLUSTRIXFS_KEEPER_START_H

/*
 * Once, before anything is started: keep nothing but the first three descriptors, and no signal
 * that is ignored or lets us be ended.
 */
void start_prepare(void);

/* Start each run under a keeper of its own, and return when every one has answered. */
int start_runs(char *const *runs, int n);

#endif
