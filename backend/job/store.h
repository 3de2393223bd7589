/*
 * store.h - jobs, events and drafts on disk
 *
 * The engine's thread alone holds the store; the FUSE loop has a reader of its own (reader.h).
 * Nothing is kept before store_commit() returned 0; after a failed commit nothing of it
 * happened, and the engine does it again.
 */
#ifndef CLUSTRIXFS_STORE_H
#define CLUSTRIXFS_STORE_H

#include "clustrixfs/draft.h"
#include "clustrixfs/service.h"
#include "clustrixfs/view.h"

struct store;

/* What was asked for and is not done yet; kept with the job. */
enum wish {
    WISH_CANCEL = 1,
    WISH_HOLD = 2,
    WISH_START = 4, /* ours: its turn is near, and it may have been started; see slots.c */
    WISH_RELEASE = 8,
    WISH_ALONE = 16, /* ours: an element that was submitted by itself; see queue.c        */
    WISH_NEVER = 32, /* ours: with CANCEL, and its reason is why it must not run; see after.c */
    WISH_BACK = 64,  /* ours: with CANCEL, it only leaves the queue there; see tied.c       */
};

/* A job as it lies on disk. All strings are borrowed; NULL or "" where there is none. */
struct stored_job {
    struct job_view v;
    unsigned        wish;
    const char     *waits;  /* "c12 a13 f14" */
    const char     *inputs; /* a directory of this machine, still to be moved to files/ */
    struct span     spec;   /* insert: of wholes; load: filled */
};

struct stored_event {
    uint64_t       seq;
    job_id         job;
    int64_t        at_ns;
    enum job_event event;
    enum job_state state; /* after it */
    uint32_t       attempt;
    const char    *evidence; /* "user", "exit record", "scheduler", ... */
    const char    *detail;   /* a sentence, or "" */
};

/* -EBUSY and a sentence when another daemon has the directory. */
int  store_open(struct store **sp, const char *dir, struct error *e) must_check;
void store_close(struct store *st);
const char *store_error(struct store *st);

/* `sync`: the commit returns when the disk has it; else when a crash of this process cannot undo
 * it. */
int store_begin(struct store *st, bool sync) must_check;
int store_commit(struct store *st) must_check;
void store_rollback(struct store *st);
/* Bring to disk what was committed without. */
int store_sync(struct store *st) must_check;

int store_insert_job(struct store *st, const struct stored_job *j) must_check;
int store_update_job(struct store *st, const struct stored_job *j) must_check;
int store_add_event(struct store *st, const struct stored_event *ev) must_check;
/* A job with its elements and events; drafts that show its spec take it over first. */
int store_forget_job(struct store *st, job_id whole, const char *name, const char *alias)
    must_check;

int store_keep_draft(struct store *st, const struct draft_record *r) must_check;
int store_submit_draft(struct store *st, uint64_t draft, job_id job) must_check;
int store_remove_draft(struct store *st, uint64_t draft) must_check;

int store_add_removal(struct store *st, const char *cluster, const char *token) must_check;
int store_drop_removal(struct store *st, const char *cluster, const char *token) must_check;

/* Start-up: walk what there is. A callback that returns non-zero ends the walk with that. */
typedef int store_job_fn(void *arg, const struct stored_job *j);
typedef int store_brief_fn(void *arg, const struct job_brief *b, const char *cluster);
typedef int store_draft_fn(void *arg, const struct draft_record *r);
typedef int store_event_fn(void *arg, const struct stored_event *ev);
typedef int store_removal_fn(void *arg, const char *cluster, const char *token);
int store_each_live(struct store *st, store_job_fn *fn, void *arg) must_check;
int store_each_brief(struct store *st, store_brief_fn *fn, void *arg) must_check;
int store_each_ready(struct store *st, store_draft_fn *fn, void *arg) must_check;
int store_each_event(struct store *st, uint64_t after, store_event_fn *fn, void *arg) must_check;
/* Ended and not completed, with an id in [first, last]; the whole of an array is left out. */
typedef int store_id_fn(void *arg, job_id id);
int store_each_failed(struct store *st, job_id first, job_id last, store_id_fn *fn, void *arg)
    must_check;
int store_each_removal(struct store *st, store_removal_fn *fn, void *arg) must_check;
/* An ended job as it was, to take it up again (rerun). -ENOENT. `j` is valid during fn. */
int store_load_job(struct store *st, job_id id, store_job_fn *fn, void *arg) must_check;

uint64_t store_counter(struct store *st, const char *name);
int      store_raise_counter(struct store *st, const char *name, uint64_t value) must_check;
uint64_t store_last_event(struct store *st);
/* Of a job whose inputs are still to be moved. */
bool     store_has_token(struct store *st, const char *token);
/* The newest job of that name, or 0. */
job_id store_by_name(struct store *st, const char *name);

#endif
