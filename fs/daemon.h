/*
 * daemon.h - leaving the terminal
 */
#ifndef CLUSTRIXFS_FS_DAEMON_H
#define CLUSTRIXFS_FS_DAEMON_H

#include "clustrixfs/error.h"

/*
 * Go on in a child, in a session of its own; before any thread is started. The parent does not
 * return: it leaves with 0 when the child calls daemon_ready(), with 1 when it ends before. What
 * the child prints until then goes to the terminal. *ready is for daemon_ready().
 */
int daemon_begin(int *ready, struct error *e) must_check;

/* All is well: let the parent go. Standard output and error go to the file `log` from now on. */
void daemon_ready(int ready, const char *log);

#endif
