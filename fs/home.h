/*
 * home.h - the home directory of whoever mounts
 */
#ifndef CLUSTRIXFS_FS_HOME_H
#define CLUSTRIXFS_FS_HOME_H

#include "clustrixfs/base.h"

/*
 * Set HOME where it is missing or cannot be this user's; before anybody reads it, and before any
 * thread is started. 0, or -ENOMEM.
 */
int home_settle(void) must_check;

#endif
