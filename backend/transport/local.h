/*
 * local.h - this machine as a far side: what the files of transport_local share
 */
#ifndef CLUSTRIXFS_TRANSPORT_LOCAL_H
#define CLUSTRIXFS_TRANSPORT_LOCAL_H

#include <stdint.h>
#include <sys/types.h>

#include "clustrixfs/transport.h"
#include "local-spawn.h"

/* A file that others append to, followed with inotify. */
struct follow {
    char *path;
    int   inotify; /* what the caller polls; -1: nothing is followed */
    int   watch;
    int   fd; /* the file that is followed now */
    off_t at; /* what is before it was read    */
};

#define FOLLOW_INIT { .inotify = -1, .watch = -1, .fd = -1 }

/* A program that is kept running to be told commands. */
struct helper {
    pid_t pid; /* 0: it is not running */
    int   fd;
};

#define HELPER_INIT { .fd = -1 }

struct transport {
    struct follow follow;
    const char   *keeper; /* borrowed; commands that begin with it go to the helper */
    struct helper helper;
};

/* As in struct transport_ops. */
int local_run(struct transport *t, const struct command *c, struct outcome *o, struct error *e);
int local_put(struct transport *t, const struct far_files *files, struct error *e);
int local_fetch(struct transport *t, struct far_files *files, struct error *e);
int local_move_in(struct transport *t, const char *here, const char *path, struct error *e);
int local_remove(struct transport *t, const char *path, struct error *e);

int  helper_run(struct helper *h, const struct command *c, struct outcome *o, struct error *e)
    must_check;
void helper_stop(struct helper *h);

int  follow_start(struct follow *f, const char *path, struct error *e) must_check;
int  follow_more(struct follow *f, struct buf *b, struct error *e) must_check;
void follow_stop(struct follow *f);

/* Make the directories above `path`, 0700. 0 or a negative errno. */
int make_parents(const char *path) must_check;

#endif
