/*
 * transport.h - runs commands and moves files on one machine: this one, or one behind a network
 *
 * It knows nothing of schedulers or jobs. It belongs to one thread, its cluster's worker, but for
 * what is said to be callable from any. A transport is one file and one `transport_ops`.
 */
#ifndef CLUSTRIXFS_TRANSPORT_H
#define CLUSTRIXFS_TRANSPORT_H

#include <stdbool.h>
#include <sys/types.h>

#include "clustrixfs/buf.h"
#include "clustrixfs/command.h"
#include "clustrixfs/error.h"

struct cluster;
struct secrets;
struct transport;

/* Outcomes of the calls below. Which of the two it is decides whether we may do it again. */
enum {
    TRANSPORT_E_NOT_RUN = 1, /* certain: the far side did nothing (no route, login refused) */
    TRANSPORT_E_UNKNOWN,     /* it may have been done: the link broke, or time ran out      */
    TRANSPORT_E_LOGIN,       /* connect() and login(): it answers, and will not have us     */
};

/* A small file to put in place or to fetch. Paths are absolute. */
struct far_file {
    char      *path;
    mode_t     mode;    /* put: the mode it gets; S_IFDIR | bits makes a directory            */
    struct buf data;    /* put: its bytes; fetch: filled                                      */
    bool       missing; /* fetch: there is no such file                                       */
};

struct far_files {
    struct far_file *v;
    size_t           n;
};

/* Takes what a read brings, in order. Non-zero: no more of it. */
typedef int transport_sink(void *arg, const char *data, size_t n);

/*
 * Asks the person at the mount's terminal: `secret` what they type is not shown. Returns a
 * malloc'ed answer, or NULL when there is nobody to ask.
 */
typedef char *transport_asker(void *arg, const char *prompt, bool secret);

#define FAR_FILES_INIT { 0 }
/* Append one; the data are copied. */
int  far_files_add(struct far_files *f, const char *path, mode_t mode, struct span data) must_check;
void far_files_release(struct far_files *f);
static inline unused_arg void far_filesp_cleanup(struct far_files *f)
{
    far_files_release(f);
}

struct transport_ops {
    const char *name;
    bool        here; /* the far side is this machine: its files may be opened directly */

    /*
     * Get ready; connecting may wait until the first call. Returns 0 and fills *tp, or a negative
     * errno when the cluster's settings make no sense.
     */
    int (*open)(struct transport **tp, const struct cluster *cluster, struct error *e);

    /*
     * Before the daemon leaves the terminal: connect once, ask for what has to be typed and keep it
     * with the cluster (cluster->secrets), and disconnect. NULL: there is nothing to ask. Returns
     * 0; TRANSPORT_E_NOT_RUN when it cannot be reached now; TRANSPORT_E_LOGIN; or a negative errno.
     */
    int (*login)(const struct cluster *cluster, transport_asker *ask, void *arg, struct error *e);

    /*
     * See to it that there is a connection; when there is one already this is at once. NULL: there
     * always is. The other calls never connect: without a connection they are TRANSPORT_E_NOT_RUN,
     * and one that broke is closed, so that connect() makes a new one.
     *
     * Returns 0; TRANSPORT_E_NOT_RUN: cannot be reached now; TRANSPORT_E_LOGIN: unknown or changed
     * host key, or no way to authenticate: not to be tried again until somebody says so.
     */
    int (*connect)(struct transport *t, struct error *e);
    void (*disconnect)(struct transport *t); /* NULL where connect is */

    /*
     * [any thread] Make the call that another thread is in, and all that come after it, end soon
     * (TRANSPORT_E_UNKNOWN or _NOT_RUN): the daemon is about to end. NULL where nothing waits long.
     */
    void (*interrupt)(struct transport *t);

    /*
     * Run one command to its end and collect what it prints (COMMAND_OUTPUT_MAX at most).
     * Returns 0 when it ran, whatever its exit status; TRANSPORT_E_NOT_RUN; TRANSPORT_E_UNKNOWN;
     * or a negative errno for trouble on this side. Never tries a second time by itself: only the
     * caller knows whether twice is harmless.
     */
    int (*run)(struct transport *t, const struct command *c, struct outcome *o, struct error *e);

    /*
     * Put small files in place, in order, making missing parent directories 0700. A reader sees
     * the old file or the new one, never a part. Doing it again is harmless. Returns as run().
     */
    int (*put)(struct transport *t, const struct far_files *files, struct error *e);

    /*
     * Fetch small files whole (1 MiB each at most), all in one round trip. Returns as run(); a
     * file that is not there is no error: its `missing` is set.
     */
    int (*fetch)(struct transport *t, struct far_files *files, struct error *e);

    /*
     * Move a directory of this machine to `path` there (the inputs of a job). Whole or not at
     * all; 0 too when it was done before. Returns as run().
     */
    int (*move_in)(struct transport *t, const char *here, const char *path, struct error *e);

    /* Remove a directory and all below it, following no link. Absent is 0. Returns as run(). */
    int (*remove)(struct transport *t, const char *path, struct error *e);

    /*
     * Follow a file that others append to, from its present end; it need not be there yet. Returns
     * a descriptor that polls readable when there may be more (the transport keeps it), or a
     * negative errno. Where there is a connection the descriptor is that connection's: it polls
     * readable too when the connection has ended, and follow() is said anew after each connect().
     */
    int (*follow)(struct transport *t, const char *path, struct error *e);

    /*
     * Append to `b` what was appended to the followed file since. Does not wait. 0; a negative
     * errno: -ENOTCONN when the connection has ended. Where there is a connection, what another
     * call has read from it meanwhile is given here too, though the descriptor does not poll
     * readable any more: so it is called once after every other call.
     */
    int (*follow_read)(struct transport *t, struct buf *b, struct error *e);

    /*
     * Bytes of a file from `off` on, `size` at most (UINT64_MAX: to its end), streamed: one round
     * trip however long it is. NULL where `here`. Returns 0 at the end of them or of the file, or
     * when the sink wants no more; -ENOENT, -EACCES and the like; or as run().
     */
    int (*read)(struct transport *t, const char *path, off_t off, uint64_t size,
                transport_sink *sink, void *arg, struct error *e);

    void (*close)(struct transport *t);
};

extern const struct transport_ops transport_local, transport_ssh, transport_openssh;

/* What was typed at mount time, in memory that is never written to a disk; of struct cluster. NULL
 * when out of memory; secrets_free() wipes it. Filled by login() only, then read by any thread. */
struct secrets *secrets_new(void);
void            secrets_free(struct secrets *s);

/*
 * Show the key of the cluster's host to a person and, if they say "yes", write it into known_hosts.
 * Returns 0, also when it is known already; TRANSPORT_E_NOT_RUN; TRANSPORT_E_LOGIN with a sentence:
 * they said no, or the host has another key than the known one, which is never accepted; or a
 * negative errno.
 */
int ssh_accept_hostkey(const struct cluster *c, transport_asker *ask, void *arg, struct error *e)
    must_check;

/* All transports, ended by NULL; and one by name, or NULL. */
extern const struct transport_ops *const transports[];
const struct transport_ops *transport_named(const char *name);

#endif
