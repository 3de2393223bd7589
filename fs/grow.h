/*
 * grow.h - notices that jobs of this machine write more
 */
#ifndef CLUSTRIXFS_FS_GROW_H
#define CLUSTRIXFS_FS_GROW_H

#include "fs/tree.h"

struct grow;

int  grow_open(struct grow **gp, struct mount *m) must_check; /* starts its thread */
void grow_close(struct grow *g);

/*
 * [loop] Tell notify.c (notify_grown) of what is written to this stdout or stderr from now on, for
 * as long as somebody may watch it; nothing while there is no such file.
 */
void grow_follow(struct grow *g, struct place p);

/* That job (of an array, the whole of it) has ended, or is gone; any thread, never waits. */
void grow_end(struct grow *g, job_id id);

#endif
