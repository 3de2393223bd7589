/*
 * host.h - what this machine offers, and directories of it that are only ours
 */
#ifndef CLUSTRIXFS_HOST_H
#define CLUSTRIXFS_HOST_H

#include <stdint.h>

#include "clustrixfs/error.h"

/* How many CPUs this process may use; at least 1. */
uint32_t host_cpus(void);

/* Bytes of memory: of the machine, or of our cgroup where that allows less. */
uint64_t host_memory(void);

/*
 * See to it that the absolute `path` is a directory that belongs to us and is closed to others
 * (0700), on a file system where a database's locks hold. Missing parents are made 0700 too.
 *
 * Returns 0; -EPERM when it belongs to somebody else, is reached through somebody else's symbolic
 * link, or has contents that others may see; -EOPNOTSUPP on a network file system; or another
 * errno; always with a sentence.
 */
int host_private_dir(const char *path, struct error *e) must_check;

#endif
