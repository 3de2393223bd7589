/*
 * identity.h - which process is meant
 *
 * A pid is used again and again. A pid with the moment it started and the boot it started in names
 * one process for ever.
 */
#ifndef CLUSTRIXFS_KEEPER_IDENTITY_H
#define CLUSTRIXFS_KEEPER_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "clustrixfs/base.h"

#define BOOT_ID_SIZE 40

enum life {
    LIFE_GONE, /* no such process any more, or a corpse nobody has fetched */
    LIFE_RUNS,
    LIFE_STOPPED,
};

/* This boot's id. 0 or a negative errno. */
int identity_boot(char out[BOOT_ID_SIZE]) must_check;

/* When the calling process started, in clock ticks since the boot. 0 or a negative errno. */
int identity_own_ticks(uint64_t *ticks) must_check;

/* What became of the process that had this pid and started at `ticks`. */
enum life identity_life(pid_t pid, uint64_t ticks);

#endif
