/*
 * raise.h - lets programs that watch the mount see what the cluster changed
 */
#ifndef CLUSTRIXFS_FS_RAISE_H
#define CLUSTRIXFS_FS_RAISE_H

#include "fs/tree.h"

struct raiser;

int  raiser_open(struct raiser **rp, struct mount *m) must_check;
void raiser_close(struct raiser *r);

/* [loop] Where it is mounted, and its device ("0:31"). Before that nothing is raised. */
void raiser_mounted(struct raiser *r, const char *path, const char *device);
/* The calling thread is the one that raises. */
void raiser_begin(struct raiser *r);

/* [that thread] The file has other bytes. */
void raise_written(struct raiser *r, struct place p);
/* [that thread] `name` in `dir`, which is `p`, has come; has gone. */
void raise_come(struct raiser *r, struct place dir, const char *name, struct place p);
void raise_gone(struct raiser *r, struct place dir, const char *name, struct place p);

/* The device's number, as stat() gives it; 0 while it is not known. Any thread. */
dev_t raiser_device(struct raiser *r);

/* [loop] Whether this request of ROOM_TREE is the raiser's own; raise_room answers those. */
bool raise_is_own(struct raiser *r, fuse_req_t req);
extern const struct fuse_lowlevel_ops raise_room; /* NULL: its room answers */

#endif
