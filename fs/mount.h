/*
 * mount.h - what the rooms of a mounted tree share
 *
 * The tree has three rooms, told apart by the top bits of an inode number: the fixed rows and the
 * jobs (tree.c walks layout.c's tables), the drafts (draft.c: submit/, check/ and each cluster's
 * submit/), and directories that lie on this machine's disk (pass.c: stage/, jobs/<id>/files). Each
 * room answers with a table of FUSE calls of its own; ops.c only picks the room.
 *
 * Made by main.c before the loop, given up after it; its pointers never change in between.
 */
#ifndef CLUSTRIXFS_FS_MOUNT_H
#define CLUSTRIXFS_FS_MOUNT_H

#include <stdint.h>
#include <sys/types.h>

#include "clustrixfs/job.h"
#include "clustrixfs/service.h"

struct fuse_session;
struct fuse_lowlevel_ops;
struct drafts;
struct grow;
struct lent;
struct notify;
struct pass;
struct pool;
struct raiser;
struct tree;
struct waiters;

struct mount {
    struct service      *service;
    struct fuse_session *session;
    struct tree         *tree;    /* tree.c: the open files and hidden rows of ROOM_TREE       */
    struct drafts       *drafts;  /* draft.c                                                   */
    struct pass         *pass;    /* pass.c                                                    */
    struct pool         *pool;    /* pool.c: threads for what may wait on a disk               */
    struct notify       *notify;  /* notify.c: drops what the kernel still holds, off the loop */
    struct lent         *lent;    /* lent.c: what the kernel has of live jobs for a moment     */
    struct raiser       *raiser;  /* raise.c: what the kernel tells those who watch            */
    struct grow         *grow;    /* grow.c: what jobs write                                   */
    struct waiters      *waiters; /* waiters.c: parked reads and polls                         */
    uid_t                uid;     /* who owns everything in the tree, and alone may submit     */
    gid_t                gid;
    int64_t              born_ns; /* when it was mounted: the mtime of what never changes      */
    char                *state_dir;
    unsigned             max_read; /* in bytes: what -o max_read= said, or 0 */
};

/*
 * Inode numbers: room in the top four bits. 1 is the root, in ROOM_TREE. Where the topmost bit is
 * set it is ROOM_TREE, too: a file of one attempt of a job.
 */
enum room { ROOM_TREE, ROOM_DRAFTS, ROOM_PASS, ROOM_COUNT };

#define INO_ROOM_SHIFT 60
#define INO_ROOM(ino)                                                                              \
    (INO_IS_ATTEMPT(ino) ? ROOM_TREE : (enum room)((uint64_t)(ino) >> INO_ROOM_SHIFT))
#define INO_REST(ino) ((uint64_t)(ino) & ((UINT64_C(1) << INO_ROOM_SHIFT) - 1))
#define INO_MAKE(room, rest) ((uint64_t)(room) << INO_ROOM_SHIFT | (rest))

/* ROOM_TREE: the row's number in its table in the low eight bits, the job (or 0) above. */
#define INO_TREE(job, row) INO_MAKE(ROOM_TREE, (uint64_t)(job) << 8 | (row))

/*
 * What lies in jobs/N/attempts/: the attempt in the low eight bits, so that only the first 255 of a
 * job are shown, the job above, and which file of it in the three bits below the topmost.
 */
#define INO_ATTEMPT_BIT (UINT64_C(1) << 63)
#define INO_ATTEMPT_MAX 255u
#define INO_IS_ATTEMPT(ino) (((uint64_t)(ino) & INO_ATTEMPT_BIT) != 0)
#define INO_ATTEMPT_FILE(ino) ((unsigned)((uint64_t)(ino) >> INO_ROOM_SHIFT & 7))
#define INO_ATTEMPT(job, attempt, file)                                                            \
    (INO_ATTEMPT_BIT | INO_MAKE(file, (uint64_t)(job) << 8 | (attempt)))

/*
 * ROOM_DRAFTS: the directory itself is DRAFT_DIR(n): n = 0 submit/, 1 check/, 2 + i the submit/ of
 * cluster i. A draft is its id and a bit that says whether it is NAME or NAME.error.
 */
#define INO_DRAFT_DIR(n) INO_MAKE(ROOM_DRAFTS, UINT64_C(1) << 59 | (n))
#define INO_DRAFT(id, is_error) INO_MAKE(ROOM_DRAFTS, (uint64_t)(id) << 1 | (is_error))

/* The FUSE calls of each room. Every member is set; what a room does not offer answers an errno. */
extern const struct fuse_lowlevel_ops tree_room, drafts_room, pass_room;

/*
 * pool.c: a few threads. The work is done in some order, each exactly once; pool_close() waits
 * for what was begun. 0 or -ENOMEM (then nothing was taken).
 */
typedef void pool_fn(void *arg);
int  pool_open(struct pool **pp, unsigned threads) must_check;
int  pool_run(struct pool *p, pool_fn *fn, void *arg) must_check;
void pool_close(struct pool *p);

/* draft.c */
int  drafts_open(struct drafts **dp, struct mount *m) must_check;
void drafts_close(struct drafts *d); /* after the loop: makes durable what is still open */
uint32_t drafts_kept(struct drafts *d); /* how many are in memory, for metrics */

/*
 * pass.c. A pass node stands for one directory entry on disk; it lives from its first lookup to the
 * kernel's forget. pass_stage()/pass_files() look up the root of stage/ and of a job's files/,
 * count one lookup, and fill *attr with it; 0 or a negative errno. `frozen`: the job has ended.
 */
struct fuse_entry_param;
int  pass_open(struct pass **pp, struct mount *m) must_check;
void pass_close(struct pass *p);
int  pass_stage(struct mount *m, struct fuse_entry_param *entry) must_check;
int  pass_files(struct mount *m, job_id id, struct fuse_entry_param *entry) must_check;
/* [not loop] What the kernel keeps of that job's files is to be asked for anew. */
void pass_changed(struct mount *m, job_id id);

#endif
