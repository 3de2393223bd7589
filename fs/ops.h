/*
 * ops.h - what libfuse calls
 */
#ifndef CLUSTRIXFS_FS_OPS_H
#define CLUSTRIXFS_FS_OPS_H

#include "fs/fuse.h"

extern const struct fuse_lowlevel_ops ops;

#endif
