/*
 * fuse.h - the one door to libfuse's headers
 *
 * API version 35 is what libfuse 3.14 (Debian 12) and everything newer understand.
 */
#ifndef CLUSTRIXFS_FS_FUSE_H
#define CLUSTRIXFS_FS_FUSE_H

#ifndef FUSE_USE_VERSION
#define FUSE_USE_VERSION 35
#endif
#include <fuse_lowlevel.h>

#endif
