/*
 * results.h - what this machine holds of the files of a far cluster's jobs
 *
 * cluster->mirror is a directory tree here that looks like the far one, made from what `collect`
 * said: MIRROR/TOKEN/files/..., MIRROR/TOKEN/RUN/stdout. Every file is there at once with its true
 * size, mode and mtime, and without its bytes: a hole is what has not been fetched yet. So names,
 * sizes and all that was read once are there when the cluster is not, and nobody needs a list of
 * what is held: the file system has it (SEEK_HOLE).
 *
 * One `struct results` for each far cluster, with threads and connections of its own, so that a
 * gigabyte never holds up a cancel. All calls may be made from any thread and none waits for the
 * network.
 */
#ifndef CLUSTRIXFS_RESULTS_H
#define CLUSTRIXFS_RESULTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "clustrixfs/buf.h"
#include "clustrixfs/cluster.h"
#include "clustrixfs/error.h"

struct results;

/*
 * Something of a job's files is other than it was: `token`, and the path below MIRROR/TOKEN, ""
 * when it may be anything. Called from any thread, with no lock held.
 */
typedef void results_changed(void *arg, const char *token, const char *path);

/*
 * Starts nothing until it is needed. -EOPNOTSUPP and a sentence where the file system of the mirror
 * cannot tell holes.
 */
int  results_open(struct results **rp, const struct cluster *c, results_changed *fn, void *arg,
                  struct error *e) must_check;
/* End all lanes: every results_done has been called then, and those that come get -EHOSTUNREACH at
 * once. results_take() and results_read() still work. */
void results_stop(struct results *r);
void results_close(struct results *r); /* NULL is fine */

/* The link came up, or went down with this sentence (NULL: up). */
void results_link(struct results *r, const char *why_down);

/*
 * Take over what `collect` printed. What is new appears, what changed is a hole again, what is gone
 * disappears (of files/, by a listing that is whole). 0; -EPROTO when the text was cut short (what
 * was whole of it is taken); or an errno of this machine's disk.
 */
int results_take(struct results *r, struct span collected, struct error *e) must_check;

/*
 * Somebody looks at this run of a job that has not ended: its files are collected again soon, at
 * most once a second while it goes on, by these threads. Quick; for every getattr.
 */
void results_look(struct results *r, const char *token, const char *run);

/* The same for an ended job of which something was removed here: it comes back, a moment after the
 * last call. */
void results_restore(struct results *r, const char *token, const char *run);

/* Whether MIRROR/TOKEN/path has all its bytes in [off, off + size) (up to its end). */
bool results_has(struct results *r, const char *token, const char *path, off_t off, size_t size);

/*
 * Read what is held, through a descriptor of a file of the mirror: how many bytes, 0 at its end.
 * -EAGAIN: not all of them are here: results_want() them. Never pread() such a file: what it has
 * may be given up at any time, and then that reads as zeros. Waits for the disk only.
 */
ssize_t results_read(struct results *r, int fd, void *data, size_t size, off_t off) must_check;

/* What fstat() says of something in the mirror becomes what it stands for: its mode, its mtime
 * (also while it is being written to), and the blocks of a file that is all there. */
void results_stat(struct results *r, struct stat *st);

/*
 * Fetch those bytes; `done` when they are there (0), or cannot be had: -EHOSTUNREACH the cluster is
 * away, -ETIMEDOUT it did not answer in time, -ESTALE the file changed under the reader again and
 * again, or is no plain file any more, -ENOENT it is gone there, -EACCES it may not be read there,
 * -EIO the link broke again and again. Read on from `off`: what follows is fetched ahead. `done`
 * may be called before this returns, else from any thread, with no lock held.
 */
typedef void results_done(void *arg, int r);
void results_want(struct results *r, const char *token, const char *path, off_t off, size_t size,
                  results_done *done, void *arg);

/* How much has come of what is being fetched for a job, for `reason` and info.json. */
struct results_progress {
    uint64_t wanted, got; /* bytes */
    unsigned files;       /* on their way */
};
struct results_progress results_progress(struct results *r, const char *token);

/* The job was forgotten: remove MIRROR/TOKEN. */
void results_forget(struct results *r, const char *token);

#endif
