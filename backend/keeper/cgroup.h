/*
 * cgroup.h - a control group that bounds one job's memory and finds all of its processes
 */
#ifndef CLUSTRIXFS_KEEPER_CGROUP_H
#define CLUSTRIXFS_KEEPER_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "clustrixfs/base.h"

struct cgroup_words;

enum {
    CGROUP_E_NONE = 1, /* this machine lets us make none */
};

struct cgroup {
    int                        parent, dir; /* descriptors, -1: there is none */
    const struct cgroup_words *words;
    char                       name[96];
};

#define CGROUP_INIT { .parent = -1, .dir = -1 }

/* Make a group with a limit of `memory` bytes, swap included. 0 or CGROUP_E_NONE. */
int cgroup_create(struct cgroup *c, const char *name, uint64_t memory) must_check;

/* "cgroup v1", "cgroup v2", or NULL when there is none. */
const char *cgroup_version(const struct cgroup *c);

/* Move the calling process into it. 0 or a negative errno. */
int cgroup_enter(const struct cgroup *c) must_check;

/* The most it ever took, in bytes, and whether the kernel had to kill in it. */
uint64_t cgroup_peak(const struct cgroup *c);
bool     cgroup_oom_killed(const struct cgroup *c);

/* Kill what is left in it and wait until that is gone. */
void cgroup_kill(const struct cgroup *c);

/* An empty one, or none at all. */
void cgroup_remove(struct cgroup *c);

#endif
