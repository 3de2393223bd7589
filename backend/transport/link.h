/*
 * link.h - a way to a far machine: it connects, and gives byte streams to commands there
 *
 * This is all that the far transports differ in. What is said over the streams is in far-*.c, once
 * for all of them. A link belongs to one thread, and nothing in it waits longer than `alive_s` of
 * its cluster, but for a person who is asked.
 */
#ifndef CLUSTRIXFS_TRANSPORT_LINK_H
#define CLUSTRIXFS_TRANSPORT_LINK_H

#include <poll.h>
#include <stdint.h>
#include <sys/types.h>

#include "clustrixfs/transport.h"

struct link;
struct stream;

#define LINK_FDS 3 /* what a stream has to be polled for, at most */

/* The two that a command writes to. */
enum link_end {
    LINK_OUT,
    LINK_ERR,
    LINK_ENDS
};

struct link_ops {
    /* `stop` polls readable when all that waits has to end. 0, or a negative errno when the
     * cluster's settings make no sense. */
    int (*open)(struct link **lp, const struct cluster *c, int stop, struct error *e);
    void (*close)(struct link *l); /* and disconnect */

    /* 0; TRANSPORT_E_NOT_RUN; or TRANSPORT_E_LOGIN. */
    int (*connect)(struct link *l, struct error *e);
    /* At once, whatever state the link is in; all its streams are ended before. */
    void (*disconnect)(struct link *l);

    /* Start a command there, through whatever shell the account has. 0 or TRANSPORT_E_NOT_RUN. */
    int (*start)(struct link *l, const char *command, struct stream **sp, struct error *e);
    void (*end)(struct stream *s);

    /* As read() and write() of a descriptor that does not block: how many bytes, 0 at the end,
     * -EAGAIN; or another negative errno when the link is broken. */
    ssize_t (*read)(struct stream *s, enum link_end end, void *to, size_t room);
    ssize_t (*write)(struct stream *s, const void *from, size_t len);
    /* All input was written. 0, or a negative errno. */
    int (*finish)(struct stream *s);

    /* What to poll for until a read, or, if `writing`, a write can go on. Returns how many; 0: one
     * of them can, or it has not been tried since something came. */
    size_t (*poll)(struct stream *s, bool writing, struct pollfd fds[LINK_FDS]);
    /* The one descriptor that polls readable when there may be more to read. */
    int (*fd)(const struct stream *s);

    /* Ask the far side's sshd, which answers by itself, for a sign of life; and how many bytes have
     * come so far. NULL: the link sees to it itself. */
    void (*nudge)(struct link *l);
    uint64_t (*signs)(const struct link *l);

    /* Why a stream ended before its command said anything; `said` is what came instead. Returns
     * TRANSPORT_E_NOT_RUN or TRANSPORT_E_LOGIN. */
    int (*verdict)(struct stream *s, struct span said, struct error *e);

    /* How much room a read of many bytes should offer. NULL: it is all one. */
    size_t (*room)(struct link *l);
};

extern const struct link_ops link_ssh, link_openssh;

/* Wait for one of them. 0; -ETIMEDOUT at the deadline; -ECANCELED: `stop` says so. */
int link_wait(const struct pollfd *fds, size_t n, int stop, int64_t deadline_ns) must_check;

/* May this go into a command line or a host's configuration? 0, or -EINVAL and a sentence. */
int link_check_names(const struct cluster *c, struct error *e) must_check;

#endif
