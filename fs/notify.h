/*
 * notify.h - takes back what the kernel was allowed to keep
 */
#ifndef CLUSTRIXFS_FS_NOTIFY_H
#define CLUSTRIXFS_FS_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "clustrixfs/job.h"

struct mount;
struct notify;
struct watched;

int  notify_open(struct notify **np, struct mount *m) must_check; /* starts its thread */
void notify_close(struct notify *n); /* after notify_stop() and notify_fd() said so */

/* Take nothing more, drop what waits; notify_fd() polls readable when the thread is done. */
void notify_stop(struct notify *n);
int  notify_fd(const struct notify *n);

/*
 * Call this, from any thread, once the kernel has dropped all that earlier changes made stale: who
 * changed a job and then looks sees the change.
 */
typedef void notify_then_fn(void *arg);
void notify_then(struct notify *n, notify_then_fn *fn, void *arg);

/* [loop] The kernel is about to be told something of this job (of that attempt, or 0) that it may
 * keep; */
void notify_given(struct notify *n, job_id id, uint32_t attempt);
/* or the attributes of this list of jobs (a row that HOLDS_UNTIL_LISTED). */
void notify_given_listing(struct notify *n, unsigned row, uint64_t key);

/* A job changed (service_changed); from any thread, never waits. True: the kernel may keep where it
 * was for a moment longer. */
bool notify_change(struct notify *n, job_id id, unsigned what);

/* Its files of these rows (ROW_BIT) have more bytes; from any thread, never waits. */
void notify_grown(struct notify *n, job_id id, uint64_t grown);

/* What may be watched: the loop says what is looked at. */
struct watched *notify_watched(struct notify *n);

/* When a job last came or went, and when one last changed its state: mtimes of listings. */
int64_t notify_listed_ns(struct notify *n);
int64_t notify_moved_ns(struct notify *n);

#endif
