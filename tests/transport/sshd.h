/*
 * sshd.h - a real sshd of the test's own: its port, its keys, and a home with the client's files
 */
#ifndef CLUSTRIXFS_TESTS_SSHD_H
#define CLUSTRIXFS_TESTS_SSHD_H

#include <sys/types.h>

#include "clustrixfs/base.h"

struct sshd {
    char     dir[64]; /* HOME points here: .ssh/config knows the host "far" */
    char     user[32];
    unsigned port;
    pid_t    pid;
};

/* Start it with some lines more in its configuration; the other end is who runs the test, or the
 * account `user`. */
void sshd_start(struct sshd *s, const char *user, const char *more);
void sshd_begin(struct sshd *s);              /* the listener, again on the same port */
void sshd_end(struct sshd *s);                /* the listener; connections go on      */
void sshd_signal(const struct sshd *s, int signal); /* it and all its connections     */
void sshd_stop(struct sshd *s);               /* all of it, and the directory         */
static inline unused_arg void sshdp_cleanup(struct sshd *s)
{
    sshd_stop(s);
}

/* A path in its directory; good until the eighth call after it. */
const char *sshd_path(const struct sshd *s, const char *name);

/* A shell command by system(3), printf-like, that must succeed. */
void must(const char *fmt, ...) printf_like(1, 2);
/* The same, that may fail. */
int may(const char *fmt, ...) printf_like(1, 2);

#endif
