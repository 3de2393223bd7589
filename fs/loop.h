/*
 * loop.h - takes the kernel's requests, one after the other
 */
#ifndef CLUSTRIXFS_FS_LOOP_H
#define CLUSTRIXFS_FS_LOOP_H

#include "clustrixfs/error.h"

struct mount;

/* Block the signals that end us: before any thread is started, so that all inherit it. */
void loop_block_signals(void);

/*
 * Answer requests until the mount is gone or a signal says stop; then what was asked before that
 * is still answered. Everything that waits has its answer when this returns. 0, or a negative
 * errno and a sentence when it could not begin.
 */
int loop_run(struct mount *m, const char *mountpoint, struct error *e) must_check;

#endif
