/*
 * layout.h - what a row of the tree is
 *
 * layout.c has one row for each name in the tree. lookup, getattr, readdir and open walk that table
 * (tree*.c), so a file that is in it exists everywhere and one that is not exists nowhere.
 *
 * A row together with a key is a file: "state" with job 17 is jobs/17/state. What the key is (a
 * job, a state, a cluster, nothing) follows from the row; 0 is the key of rows that need none.
 */
#ifndef CLUSTRIXFS_FS_LAYOUT_H
#define CLUSTRIXFS_FS_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "clustrixfs/buf.h"
#include "clustrixfs/service.h"
#include "fs/mount.h"

/* The row's number is part of the inode number: at most 255, and ROW_ROOT is FUSE's root, 1. */
enum row_id {
    ROW_NONE,
    ROW_ROOT,

    ROW_README,
    ROW_SUBMIT,
    ROW_CHECK,
    ROW_STAGE,
    ROW_JOBS,
    ROW_BY_NAME,
    ROW_BY_STATE,
    ROW_BY_CLUSTER,
    ROW_CLUSTERS,
    ROW_EVENTS,
    ROW_METRICS,

    ROW_LATEST,
    ROW_JOB,
    ROW_STATE,
    ROW_REASON,
    ROW_EXIT_CODE,
    ROW_WAIT,
    ROW_STDOUT,
    ROW_STDERR,
    ROW_FILES,
    ROW_SPEC,
    ROW_SCRIPT,
    ROW_INFO,
    ROW_JOB_EVENTS,
    ROW_CTL,
    ROW_TASKS,
    ROW_TASK_FILES,
    ROW_ATTEMPTS,

    ROW_ATTEMPT, /* this and those in it: see INO_ATTEMPT */
    ROW_ATTEMPT_REASON,
    ROW_ATTEMPT_STDOUT,
    ROW_ATTEMPT_STDERR,
    ROW_ATTEMPT_EVENTS,

    ROW_NAME_LINK,
    ROW_STATE_JOBS,
    ROW_STATE_LINK,
    ROW_CLUSTER_JOBS,
    ROW_CLUSTER_LINK,

    ROW_CLUSTER,
    ROW_CLUSTER_SUBMIT,
    ROW_CLUSTER_STATE,
    ROW_CLUSTER_INFO,
    ROW_CLUSTER_CTL,

    ROW_COUNT
};
_Static_assert(ROW_ROOT == 1 && ROW_COUNT <= 256, "see INO_TREE");
_Static_assert(ROW_ATTEMPT_EVENTS - ROW_ATTEMPT < 8, "see INO_ATTEMPT");

/* Who answers for a row. */
enum row_kind {
    KIND_DIR,    /* fixed rows, and what `list` finds                                */
    KIND_TEXT,   /* a text from show(); may be written to where it has a write()     */
    KIND_LINK,   /* a symbolic link to what show() says                              */
    KIND_STREAM, /* stdout, stderr: a file of the job's, while it grows and after    */
    KIND_WAIT,   /* a text that is there when the job has ended; reading it blocks   */
    KIND_EVENTS, /* the log of all events; reading at its end blocks                 */
    KIND_DRAFTS, /* another room begins here: submit/, check/                        */
    KIND_STAGE,  /* the same: stage/                                                 */
    KIND_FILES,  /* the same: files/ of a job                                        */
};

/* What the key of a row is. */
enum row_key { KEY_NOTHING, KEY_IS_JOB, KEY_IS_ATTEMPT, KEY_IS_STATE, KEY_IS_CLUSTER };

/* An attempt's key: of a job's own key it is attempt 0, which stands for the newest. */
#define ATTEMPT_SHIFT 52
#define ATTEMPT_KEY(job, attempt) ((uint64_t)(attempt) << ATTEMPT_SHIFT | (job))
#define JOB_OF_KEY(key) ((job_id)((key) & ((UINT64_C(1) << ATTEMPT_SHIFT) - 1)))
#define ATTEMPT_OF_KEY(key) ((uint32_t)((key) >> ATTEMPT_SHIFT))

/* A cluster's key: its index, from 1. */
#define CLUSTER_KEY(index) ((uint64_t)(index) + 1)
#define CLUSTER_OF_KEY(key) ((unsigned)((key)-1))

/*
 * For how long the kernel may keep what it heard about a row: see FROZEN_S in tree.h. An attempt
 * has ended when a later one has begun. HOLDS_A_MOMENT: the same, and before that for a moment once
 * it was listed (lent.h).
 */
enum row_holds {
    HOLDS_NOT,
    HOLDS_ALWAYS,
    HOLDS_WHEN_ENDED,
    HOLDS_A_MOMENT,
    HOLDS_UNTIL_LISTED,
};

/* Which jobs have a row of ROW_JOB. A directory can be in one place only: hence WHOLES. */
enum row_jobs {
    IN_SINGLE = 1, /* a job that is no array                  */
    IN_ARRAY = 2,  /* the whole of an array: it has no output */
    IN_TASK = 4,   /* an element of one                       */
    ONES = IN_SINGLE | IN_TASK,
    WHOLES = IN_SINGLE | IN_ARRAY,
    ALL = IN_SINGLE | IN_ARRAY | IN_TASK,
};

/*
 * Append the row's text. `v` is the job's view for the rows of ROW_JOB and ROW_ATTEMPT and NULL for
 * all others.
 * 0 or a negative errno; out of memory may be left to buf_error(out).
 */
struct job_view;
typedef int show_fn(struct mount *m, uint64_t key, const struct job_view *v, struct buf *out);

/* What was written to a row; `done` is called once, from any thread. */
typedef void write_fn(struct mount *m, uint64_t key, struct span words, service_done *done,
                      void *arg);

/* An entry of a directory whose entries are not fixed. */
struct item {
    uint64_t         key;   /* the key of the entry; ascending in a listing       */
    struct job_brief brief; /* brief.id is 0 where the entry is not a job         */
    char             name[DRAFT_NAME_MAX + 1];
};

struct list {
    /* The key of the entry of that name, or 0. */
    uint64_t (*find)(struct mount *m, uint64_t dir, const char *name);
    /* Up to n entries with keys above `after`, ascending; how many. */
    size_t (*next)(struct mount *m, uint64_t dir, uint64_t after, struct item *v, size_t n);
};

struct row {
    enum row_id        in;   /* the directory that it lies in                         */
    const char        *name; /* NULL: one of the entries that the directory's list finds */
    enum row_kind      kind;
    mode_t             mode;
    enum row_key       key;
    enum row_jobs      jobs; /* rows of ROW_JOB                                          */
    enum row_holds     holds;
    bool               grows; /* bytes that were read never change: more may come behind them */
    show_fn           *show;
    write_fn          *write;
    const struct list *list;   /* KIND_DIR: who finds the other entries, and ...         */
    enum row_id        each;   /* ... the row that each of them is                       */
    enum job_file      stream; /* KIND_STREAM                                            */
    unsigned           drafts; /* KIND_DRAFTS: which, see INO_DRAFT_DIR; plus the key     */
};

extern const struct row rows[ROW_COUNT];

#endif
