/*
 * local-spawn.h - a program started with a clean slate
 */
#ifndef CLUSTRIXFS_TRANSPORT_LOCAL_SPAWN_H
#define CLUSTRIXFS_TRANSPORT_LOCAL_SPAWN_H

#include <sys/types.h>

#include "clustrixfs/base.h"

/*
 * Start a program with a clean slate (signals, descriptors, a process group of its own) and these
 * three descriptors. 0 or a negative errno.
 */
int local_spawn(pid_t *pid, char *const *argv, const int fds[3]) must_check;

#endif
