/*
 * far.h - reads of files that lie on a far cluster
 */
#ifndef CLUSTRIXFS_FS_FAR_H
#define CLUSTRIXFS_FS_FAR_H

#include "fs/fuse.h"
#include "fs/mount.h"

/*
 * [loop] Answer a read of the file at `path` in a mirror (service_is_far()), which `fd` is open on:
 * at once when the bytes are here, else when they have come, or when it is certain that they do
 * not. Both are borrowed. It can be interrupted.
 */
void far_reply(struct mount *m, fuse_req_t req, int fd, const char *path, size_t size, off_t off);

#endif
