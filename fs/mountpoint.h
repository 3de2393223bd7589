/*
 * mountpoint.h - the directory to mount on
 */
#ifndef CLUSTRIXFS_FS_MOUNTPOINT_H
#define CLUSTRIXFS_FS_MOUNTPOINT_H

#include <stdbool.h>

#include "clustrixfs/error.h"

#define FS_NAME "clustrixfs"

/*
 * Check that `said` can be mounted on, and give its absolute path (malloc'ed). A mount that a dead
 * daemon of ours left there is taken away first. `may_hide`: what is in the directory may be
 * hidden by the mount. 0, or a negative errno and a sentence.
 */
int mountpoint_prepare(const char *said, bool may_hide, char **path, struct error *e) must_check;

#define MOUNT_DEVICE_MAX 32

/* The device number ("0:31") of our mount at this absolute path; false: none is to be seen. */
bool mountpoint_device(const char *path, char device[MOUNT_DEVICE_MAX]);
/* Whether that mount is still to be seen anywhere. */
bool mountpoint_is_seen(const char *device);

/* Whether `path` lies in the directory `dir` or is it; both absolute, without links. */
bool path_is_within(const char *path, const char *dir);

#endif
