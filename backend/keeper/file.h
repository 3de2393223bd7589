/*
 * file.h - small files, read and replaced whole, relative to a directory
 */
#ifndef CLUSTRIXFS_KEEPER_FILE_H
#define CLUSTRIXFS_KEEPER_FILE_H

#include <sys/types.h>

#include "clustrixfs/buf.h"

#define FILE_SIZE_MAX (4 * 1024 * 1024)

/* Append the whole file to `out`. 0, or a negative errno; -EFBIG beyond FILE_SIZE_MAX. */
int file_read(int dir, const char *path, struct buf *out) must_check;

/* Whoever looks sees the old file, the new one, or none: never a part. 0600. */
int file_replace(int dir, const char *name, struct span data) must_check;

/* One write() into a file that exists; for the kernel's own files. */
int file_write(int dir, const char *name, struct span data) must_check;

/* One write() at the end of a file that others append to as well; made if need be, 0600. */
int file_append(int dir, const char *name, struct span data) must_check;

#endif
