/*
 * parts.h - what the files of this folder share
 *
 * What is not said to be guarded by the fetcher's lock is the one thread's that is at it.
 */
#ifndef CLUSTRIXFS_OUTPUTS_PARTS_H
#define CLUSTRIXFS_OUTPUTS_PARTS_H

#include <pthread.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/outputs.h"

struct rule {
    char *glob;
    char *to;  /* absolute; NULL: it stays where it is */
    bool  met; /* something matched                    */
};

struct order {
    struct order *next;
    job_id        id;
    char          token[JOB_TOKEN_LEN + 1];
    struct rule  *rules;
    size_t        n;
};

/* One of the fetcher's threads, and the job that it is at. */
struct hand {
    struct fetcher *fetcher;
    pthread_t       thread;

    /* Guarded by the fetcher's lock: */
    job_id   at; /* 0: none */
    bool     dropped;
    unsigned coming; /* wants that have not been answered */
    int64_t  got_ns; /* mono, when the last one was       */
};

#define HANDS 4

struct fetcher {
    const struct cluster *cluster;
    struct results       *results;
    outputs_tell         *tell;
    void                 *arg;
    struct hand           hands[HANDS];
    unsigned              n_hands; /* that were started; the engine's thread's */

    pthread_mutex_t lock; /* a leaf; guards all below */
    pthread_cond_t  more;
    bool            stop;
    struct order   *first, **end;
};

/* A file that is to be brought; `path` is below files/. */
struct found {
    struct hand *hand;
    char        *path;
    uint64_t     size;
    int          r; /* of bringing it */
};

struct finds {
    struct found *v;
    size_t        n, alloc;
    unsigned      links;   /* that match, and are left out */
    const char   *trouble; /* why there may be more        */
};

/* Whether the job is still to be seen to. */
bool hand_goes_on(struct hand *h);

/*
 * find.c: the files below `dir` that match, by name. 0 or -ENOMEM; finds_release() in any case.
 */
int  finds_make(struct finds *fs, int dir, struct order *o) must_check;
void finds_release(struct finds *fs);
/* Open `path` below `dir`, following no link. The descriptor or a negative errno. */
int  open_below(int dir, const char *path, int flags) must_check;

/* pull.c: bring the bytes of all of them into the mirror; found.r says how that went, -EFBIG: it is
 * too large to be there as a whole, and can only be copied. */
void pull_all(struct hand *h, const struct order *o, struct finds *fs);
/* The same for a part of one. 0 or a negative errno. */
int  pull_one(struct hand *h, const struct order *o, struct found *file, off_t off,
              size_t size) must_check;

/* copy.c: put it where the rule wants it. 0, or a negative errno and a sentence. */
int copy_out(struct hand *h, const struct order *o, int dir, struct found *file,
             const struct rule *rule, struct error *e) must_check;

#endif
