/*
 * parts.h - what the files of this folder share
 *
 * Threads: whoever calls results.h, the lanes (lane.c), each with a transport of its own, and the
 * watch (watch.c). What changes names and attributes in the mirror is done under `taking`; all
 * else that is shared under `lock`. `lock` and the guards of the mirror (holes.c) are leaves; the
 * descriptors, sizes and times of files may be asked for under them, a network never.
 */
#ifndef CLUSTRIXFS_RESULTS_PARTS_H
#define CLUSTRIXFS_RESULTS_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "clustrixfs/job.h"
#include "clustrixfs/record.h"
#include "clustrixfs/results.h"
#include "clustrixfs/transport.h"

#include "mirror.h"

/* A job's own directory, in MIRROR/TOKEN. */
#define FILES_DIR "files"

/* What is fetched at a time where somebody reads here and there; a multiple of MIRROR_GRAIN. */
#define PIECE ((off_t)256 * 1024)
/* What one session brings before the next one may have its turn. */
#define STRIPE ((off_t)64 * 1024 * 1024)
/* A stream runs ahead of its reader by so much at most. */
#define AHEAD (2 * STRIPE)

#define SILENCE_NS (30 * NS_PER_S) /* no byte for so long: -ETIMEDOUT            */
#define IDLE_NS (30 * NS_PER_S)    /* then a lane ends its session               */
#define QUIET_NS (5 * NS_PER_S)    /* nobody reads: a stream ends                */
#define AGAIN_NS (5 * NS_PER_S)    /* after a failed connect, before another one */
#define TRIES_MAX 3

#define FILE_BUCKETS 1024 /* a power of two, as the next one */
#define LOOK_BUCKETS 256

enum { LANE_SMALL, LANE_SMALL2, LANE_STREAM, LANE_STREAM2, LANES };

/* A file that is being fetched, or was a moment ago. Guarded by `lock` but for `gen`. */
struct file {
    struct file *by_name, *by_ino; /* the next in each bucket                                  */
    char        *token, *path;
    int          fd;        /* -1 while nobody uses it                                         */
    ino_t        ino;
    atomic_uint  gen;       /* another one when its bytes were dropped                         */
    bool         is_output; /* stdout or stderr: it only grows                                 */
    uint64_t     size;      /* as the far side said last; st_mtime is another one for the      */
    int64_t      mtime_ns;  /*   moment between a write and what sets it back                  */
    off_t        next_off;  /* where somebody who reads on reads next                          */
    off_t        read_to;   /* as far as somebody has read,                                    */
    int64_t      used_ns;   /*   and when                                                      */
    bool         streaming; /* it is read ahead: the next stripe begins at                     */
    off_t        stream_at, stream_from; /* and the first one began at                         */
    unsigned     users;     /* wants, and lanes that are at it                                 */
};

enum want_state { WANT_NEW, WANT_SENT };

/* Somebody waits for bytes. Guarded by `lock`. */
struct want {
    struct want    *next;
    struct file    *file;
    off_t           off;
    size_t          size;
    results_done   *done;
    void           *arg;
    int             answer;
    enum want_state state;
    bool            reads_on; /* a stream serves it                */
    unsigned        lane;     /* SENT: which lane                  */
    unsigned        tries;
    int64_t         since_ns; /* when a byte of its file came last */
};

/* A run that somebody looks at. Guarded by `lock`. */
struct look {
    struct look *next;
    char         token[JOB_TOKEN_LEN + 1];
    char         run[RUN_NAME_MAX];
    bool         wanted; /* somebody looked since it was collected */
    int64_t      looked_ns;
};

struct lane {
    struct results   *results;
    unsigned          index;
    pthread_t         thread;
    bool              started, ended; /* ended: to be joined                                  */
    bool              idle;           /* it waits for something to do                         */
    bool              broken;         /* it was interrupted: the transport is of no use more  */
    struct transport *t;              /* others only interrupt() it, under `lock`             */
    struct file      *file;           /* a stream's: what it reads, from `head` to `end`      */
    off_t             head, end;
};

struct results {
    const struct cluster *cluster;
    results_changed      *changed;
    void                 *changed_arg;
    struct mirror         mirror;

    pthread_mutex_t taking;

    pthread_mutex_t lock;
    pthread_cond_t  more; /* for the lanes and the watch */
    bool            closing;
    bool            down;
    int64_t         again_ns; /* no connect before */
    struct file    *by_name[FILE_BUCKETS], *by_ino[FILE_BUCKETS];
    atomic_uint     n_files;
    struct want    *wants, **wants_end;
    struct look    *looks[LOOK_BUCKETS];
    unsigned        n_looks, n_wanted;
    bool            looking;
    int64_t         look_from_ns; /* no collect before */
    struct lane     lanes[LANES];
    pthread_t       watch;
    bool            watching;
    bool            forgotten; /* the watch has something to remove from the disk */

    /* Bytes in the mirror: an estimate that a look at it (room.c) puts right. */
    _Atomic uint64_t held;
};

/*
 * file.c; all of it under `lock`, but for file_attr().
 */
/* NULL: a negative errno in *err. Counted as used. */
struct file *file_get(struct results *r, const char *token, const char *path, int *err) must_check;
struct file *file_find(struct results *r, const char *token, const char *path);
struct file *file_by_ino(struct results *r, ino_t ino);
void         file_unuse(struct file *f);
/* Forget those that nobody has used for a while (`all`: every one); false: some are left. */
bool files_trim(struct results *r, int64_t now, bool all);
/* [taking, no lock] What the far side says now. As mirror_place(). */
int file_attr(struct results *r, struct file *f, const struct far_attr *attr) must_check;

/*
 * want.c; all of it under `lock`, but for wants_answer().
 */
/* Take those off the list that can be answered: the bytes of `f` are there, or (err) never come. */
struct want *wants_held(struct results *r, const struct file *f);
/* What a lane was sent for and did not bring: again, or after TRIES_MAX times `err`. */
struct want *wants_unserved(struct results *r, unsigned lane, const struct file *f, int err);
struct want *wants_all(struct results *r, int err);
struct want *wants_silent(struct results *r, int64_t now);
void         wants_alive(struct results *r, const struct file *f, int64_t now);
void         wants_answer(struct want *taken);
/* Whether a stripe on its way brings the first byte that it lacks, soon; then it waits for that. */
bool want_is_coming(struct results *r, struct want *w);

/*
 * lane.c
 */
void lanes_wake(struct results *r); /* [lock] there is something to do */
void lanes_interrupt(struct results *r, unsigned lane); /* [lock] */
void lanes_join(struct results *r);
/* The lane's transport, connected. 0 or -EHOSTUNREACH. */
int lane_connect(struct lane *l) must_check;
/* What a call of the transport returned, as a negative errno; 0 stays 0. */
int lane_error(struct lane *l, int r);

/* One thing for a lane to do: true when something was done. [lock held; given up meanwhile] */
bool small_do(struct lane *l);
bool stream_do(struct lane *l);
bool look_do(struct lane *l);
/* [lock] Whether there is something. */
bool small_has(const struct results *r);
bool stream_has(struct results *r, int64_t now);
/* [lock] From when on look_do() has something; INT64_MAX: there is nothing. */
int64_t look_due(const struct results *r);
void    looks_forget(struct results *r, const char *token); /* NULL: all of them */

/*
 * watch.c
 */
void watch_start(struct results *r); /* [lock] */
void watch_join(struct results *r);

/*
 * room.c
 */
/* [no lock] So many bytes came: make room when that is too much. */
void room_got(struct results *r, uint64_t bytes);
/* [lock] Somebody reads what is not here: it is the last to make room. */
void room_used(struct results *r, const char *token);

#endif
