/*
 * waiters.h - requests that are answered later
 */
#ifndef CLUSTRIXFS_FS_WAITERS_H
#define CLUSTRIXFS_FS_WAITERS_H

#include "fs/handle.h"

int  waiters_open(struct waiters **wp, struct mount *m) must_check;
void waiters_close(struct waiters *w); /* after waiters_stop() and service_close() */

/*
 * [loop] Answer all that wait for something to happen (ENOTCONN), and from now on all that would:
 * the mount is about to go away, or has been taken out of sight.
 */
void waiters_stop(struct waiters *w);

/*
 * [loop] A read of a KIND_WAIT or KIND_EVENTS: answered now, or when there is something to say;
 * EAGAIN where it may not wait.
 */
void waiters_read(struct waiters *w, fuse_req_t req, struct handle *h, size_t size, off_t off,
                  bool may_wait);
/* [loop] poll() on such a file: POLLIN when a read would not wait; ph (or NULL) is kept. */
unsigned waiters_poll(struct waiters *w, struct handle *h, struct fuse_pollhandle *ph);
/* [loop] The file is closed. */
void waiters_forget(struct waiters *w, struct handle *h);

/*
 * [loop] Park a request whose answer comes through waiters_claim(). Returns its ticket, or 0 when
 * it was answered with an error right here.
 */
uint64_t waiters_park(struct waiters *w, fuse_req_t req);
/* Any thread, once for each ticket: the request, to be answered now; NULL: interrupted before. */
fuse_req_t waiters_claim(struct waiters *w, uint64_t ticket);

/* [loop] Whether anything waits. */
bool waiters_any(struct waiters *w);

/* A job changed, or the log grew (service_changed); from any thread. */
void waiters_change(struct waiters *w, job_id id, unsigned what);

#endif
