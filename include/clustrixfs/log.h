/*
 * log.h - one line, one event, for whoever runs the daemon
 *
 * Goes to stderr in the foreground, else to the log file in the state directory. The destination is
 * set once, before any thread is started. Never log a secret, a spec's text or an environment.
 */
#ifndef CLUSTRIXFS_LOG_H
#define CLUSTRIXFS_LOG_H

#include <stdbool.h>

#include "clustrixfs/base.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* `path` NULL: stderr. Returns 0 or a negative errno (then it stays stderr). */
int  log_open(const char *path, enum log_level most) must_check;
/* Where a program that we start may complain: never the terminal that the daemon has left, or is
 * about to leave, since who reads from that waits for its end. */
int  log_fd(void);
bool log_wants(enum log_level level);
/* "2026-11-22T18:07:58.123Z warn job=17 cluster=hpc: what happened"; control characters become
 * visible. */
void log_line(enum log_level level, const char *fmt, ...) printf_like(2, 3);

#endif
