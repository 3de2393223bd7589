/*
 * parts.h - what the files of the stager share
 */
#ifndef CLUSTRIXFS_INPUTS_PARTS_H
#define CLUSTRIXFS_INPUTS_PARTS_H

#include <pthread.h>
#include <sys/stat.h>
#include <time.h>

#include "clustrixfs/inputs.h"
#include "clustrixfs/mailbox.h"
#include "clustrixfs/transport.h"

#define SHA_HEX 64
/* In the job's directory once all its inputs are in files/. */
#define THERE_MARK "inputs.there"
#define PLAN_MAX 100000

/* One thing to put into files/. */
struct input {
    char           *from;   /* absolute, here                          */
    char           *to;     /* from files/ on                          */
    char           *target; /* of a link                               */
    struct stat     st;     /* when it was looked at                   */
    char            sha[SHA_HEX + 1]; /* of a file, once it is known   */
    bool            there;  /* its bytes are in the store              */
    uint64_t        part;   /* bytes of it that lie there already      */
};

struct plan {
    struct input *v; /* a directory before what is in it */
    size_t        n, alloc;
    uint32_t      files;
    uint64_t      bytes;
};

#define PLAN_INIT { 0 }
void plan_release(struct plan *p);
static inline unused_arg void planp_cleanup(struct plan *p)
{
    plan_release(p);
}

/* All that the inputs are, as they are now. 0; -EINVAL and a sentence; or -ENOMEM. */
int plan_make(struct plan *p, const struct strv *inputs, struct error *e) must_check;
/* Whether that file is still the one that was looked at. */
bool plan_is_same(const struct input *in, const struct stat *st);

/* path.c: the path that is meant, absolute; and the name it gets, borrowed from `path`. */
bool input_is_relative(const char *said);
int  input_path(struct buf *path, const char *said) must_check;
struct span input_name(const char *path);

/*
 * look.c: the thing at an absolute path, looked at without waiting for anybody. 0: an O_PATH
 * descriptor in *fd, or -1 where that lies on a file system that may wait; -EXDEV: in a clustrixfs
 * mount; or another negative errno.
 */
int look_at(const char *path, int *fd) must_check;

/* hash.c */
struct hash_row {
    char    *path;
    char     sha[SHA_HEX + 1];
    uint64_t size, ino, dev;
    int64_t  mtime_ns, ctime_ns;
};

struct hashes {
    char            *file;
    struct hash_row *v; /* the first `sorted` of them by path */
    size_t           n, alloc, sorted;
    bool             changed; /* one of those that are sorted */
};

void hashes_load(struct hashes *h, const char *file);
/* Write them down if there are new ones. Without that they are read again: no harm. */
void hashes_save(struct hashes *h);
void hashes_release(struct hashes *h);
/* The hash of a file, remembered or read. 0; -ESTALE: it is not what was looked at; -ECANCELED:
 * `goes_on` said no; or a negative errno. */
typedef bool goes_on_fn(void *arg);
int hashes_get(struct hashes *h, struct input *in, goes_on_fn *goes_on, void *arg) must_check;
/* Of bytes in memory. */
int hash_bytes(const void *data, size_t len, char sha[SHA_HEX + 1]) must_check;

struct stage_order {
    struct letter letter;
    enum { STAGE_JOB, STAGE_DROP, STAGE_UP, STAGE_DOWN, STAGE_WAKE } kind;
    job_id        id;
    char          token[JOB_TOKEN_LEN + 1];
    char         *dir;
    struct strv   inputs;
};

struct stager {
    const struct cluster *cluster;
    struct mailbox       *box;
    stage_tell           *tell;
    void                 *arg;
    struct hashes         hashes;
    pthread_t             thread;
    pthread_mutex_t       lock;      /* a leaf: around `transport` */
    struct transport     *transport; /* NULL: none */
    bool                  stop;      /* atomic */

    /* The thread's own. */
    struct letter     *waiting; /* jobs, in order */
    bool               up, refused;
    unsigned           failures;
    int64_t            retry_ns; /* mono; 0: not by itself */
    bool               dropped;  /* the present job        */
    struct stage_news  news;     /* of the present job     */
    int64_t            told_ns;
};

bool stager_is_stopped(const struct stager *s);
/* Have a connection. 0; TRANSPORT_E_NOT_RUN or _LOGIN; or a negative errno. And have none. */
int  stager_reach(struct stager *s, struct error *e) must_check;
void stager_hang_up(struct stager *s);

/* Take what has come meanwhile; false: the present job is not wanted any more, or we are to end. */
bool stager_goes_on(struct stager *s);
/* So much more of the present job is done; told now and then. */
void stager_count(struct stager *s, uint32_t files, uint64_t bytes);

/* Run a script for sh with arguments, at the cluster. As transport->run(), and -EIO with what it
 * said where it failed; out may be NULL. */
struct far_script {
    const char *text;         /* NULL: `input` is the script */
    const char *args[3];
    struct span input;
    unsigned    timeout_ms;
};
int stager_run(struct stager *s, const struct far_script *f, struct buf *out, int *status,
               struct error *e) must_check;

/* Each 0; -EINVAL and a sentence: never; -ESTALE: begin anew, the files have changed; -ECANCELED;
 * or as transport->run(): later. */
int place_here(struct stager *s, const char *token, const struct plan *p, struct error *e)
    must_check;
int store_fill(struct stager *s, struct plan *p, struct error *e) must_check;
int place_far(struct stager *s, const char *token, const struct plan *p, struct error *e)
    must_check;

#endif
