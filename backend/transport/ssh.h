/*
 * ssh.h - what the files of transport_ssh share: one libssh session
 *
 * libssh does not block here: what would have to wait says SSH_AGAIN, and session_wait() waits for
 * the socket, the deadline and the end of it all.
 */
#ifndef CLUSTRIXFS_TRANSPORT_SSH_H
#define CLUSTRIXFS_TRANSPORT_SSH_H

#include <libssh/callbacks.h>
#include <libssh/libssh.h>

#include "clustrixfs/cluster.h"
#include "clustrixfs/transport.h"
#include "link.h"
#include "ssh-window.h"

struct link {
    const struct cluster *cluster;
    ssh_session session; /* NULL: not connected */
    int fd;              /* its socket; the session closes it */
    int stop;
    pid_t proxy; /* the ProxyCommand, or 0 */
    int64_t deadline_ns;
    struct ssh_counter_struct counter; /* what has come over the socket */
    struct window window;
    bool told;                         /* what of the configuration does not apply */

    transport_asker *ask; /* NULL: there is nobody to ask */
    void *ask_arg;
    struct ssh_callbacks_struct callbacks;
    const char *key_file; /* whose passphrase is asked for */
    bool asked;           /* somebody was, since this was set to false */
    bool unasked;         /* somebody would have to be */
};

/* Wait until the session can go on. 0, or a negative errno as of link_wait(). */
int session_wait(struct link *l) must_check;
void session_more_time(struct link *l);
/* "cannot reach HOST: " and what `r` or libssh says. */
int session_failed(const struct link *l, int code, int r, const char *what,
                   struct error *e) must_check;

/* Make the session with what ~/.ssh/config says of the host. 0, or TRANSPORT_E_NOT_RUN/_LOGIN. */
int session_configure(struct link *l, struct error *e) must_check;
/* Open the socket, or start the ProxyCommand. 0, or TRANSPORT_E_NOT_RUN. */
int session_dial(struct link *l, struct error *e) must_check;
/* 0 when the host's key is the known one; else TRANSPORT_E_LOGIN. */
int session_check_host(struct link *l, struct error *e) must_check;
/* 0; TRANSPORT_E_LOGIN, or _NOT_RUN when the link broke meanwhile. */
int session_login(struct link *l, struct error *e) must_check;
/* All but the last two: up to where the host's key is known. */
int session_meet(struct link *l, struct error *e) must_check;

/* Remember under a name. 0 or -ENOSPC. */
int secrets_keep(struct secrets *s, const char *what, const char *value) must_check;
/* NULL: there is none. */
const char *secrets_find(struct secrets *s, const char *what);

#endif
