/*
 * stream.h - stdout and stderr of a job
 */
#ifndef CLUSTRIXFS_FS_STREAM_H
#define CLUSTRIXFS_FS_STREAM_H

#include <sys/stat.h>

#include "fs/fuse.h"
#include "fs/tree.h"

/* What to read at a time: cat, cp and dd follow it, and each read is one round trip. */
#define STREAM_BLOCK (1024 * 1024)

/* Size and times of the file of a KIND_STREAM; -ENOENT while there is none. */
int stream_stat(struct mount *m, struct place p, struct stat *st) must_check;
/*
 * A descriptor for it; -ENOENT while there is none. *far: its path, malloc'ed, if it lies on a far
 * cluster and is read by far_reply() alone; else NULL.
 */
int stream_open(struct mount *m, struct place p, char **far) must_check;
/* Answer a read from `fd`: at once from the page cache, else from a thread of the pool. */
void stream_read(struct mount *m, fuse_req_t req, int fd, size_t size, off_t off);

#endif
