/*
 * announce.h - what a change looks like to programs that watch
 */
#ifndef CLUSTRIXFS_FS_ANNOUNCE_H
#define CLUSTRIXFS_FS_ANNOUNCE_H

#include "fs/tree.h"
#include "fs/watched.h"

struct change {
    job_id         id;
    unsigned       what;  /* as service_changed                        */
    enum job_state from;  /* as it was last told; JOB_NONE: not at all */
    enum job_state to;    /* JOB_NONE: it has gone                     */
    uint64_t       grown; /* rows that have more bytes, see ROW_BIT    */
};

/* In which listings it is raised; any thread. */
unsigned announce_listings(const struct change *c);
/* [not loop] Raise what those who watch are to see of it; waits for the loop, with no lock held. */
void announce(struct mount *m, struct watched *w, const struct change *c);
/* [not loop] The same for the log of all events. */
void announce_log(struct mount *m, struct watched *w);

#endif
