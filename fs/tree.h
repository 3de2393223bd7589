/*
 * tree.h - ROOM_TREE from the inside: what its files share
 *
 * All of it belongs to the loop's thread.
 */
#ifndef CLUSTRIXFS_FS_TREE_H
#define CLUSTRIXFS_FS_TREE_H

#include <sys/stat.h>

#include "fs/fuse.h"
#include "fs/layout.h"

/*
 * The kernel may keep what is FROZEN (the job has ended; a text that never changes) for this long:
 * notify.c takes it back when a job becomes live again or is forgotten. What is live it keeps for
 * no time at all, so nothing can be stale; but for what was listed (lent.h): that for as long as
 * `ls -l` takes for a page of a listing, and it is taken back when the job moves.
 */
#define FROZEN_S 86400.0
#define MOMENT_S 0.05
#define LIVE_S 0.0
/* A directory of drafts: its times may be a moment old, nothing else of it ever changes. */
#define DRAFTS_S 1.0

/* A file of the tree: a row and its key. */
struct place {
    enum row_id row;
    uint64_t    key;
};

struct place place_of(fuse_ino_t ino);
fuse_ino_t   place_ino(struct place p);
struct place place_parent(struct place p);

/* Whether JOB_OF_KEY() of its key is a job. */
bool place_is_of_job(struct place p);

/*
 * tree.c. Attributes of a place; `known` is the brief of the job that it belongs to, where the
 * caller has it, or NULL. *frozen: the kernel may keep them. 0, or -ENOENT and the like.
 */
int place_stat(struct mount *m, struct place p, const struct job_brief *known, struct stat *st,
               bool *frozen) must_check;
/* The same for the notifier's own looks (raise.c), which let the kernel keep nothing. */
int place_attr(struct mount *m, struct place p, const struct job_brief *known, struct stat *st)
    must_check;
/* The text of a KIND_TEXT, KIND_LINK or KIND_WAIT. 0 or a negative errno. */
int place_text(struct mount *m, struct place p, struct buf *out) must_check;
/* Whether a fixed row is to be seen in the directory `dir`. */
bool place_has(struct mount *m, struct place dir, enum row_id row);
/* Fill an entry for lookup or readdirplus: attributes, how long they hold, the generation. */
int place_entry(struct mount *m, struct place p, const struct job_brief *known,
                struct fuse_entry_param *e) must_check;

/* tree-dir.c: the place that a name in a directory stands for; -ENOENT. */
int place_find(struct mount *m, struct place dir, const char *name, struct place *p) must_check;

/* Which rows of which ended jobs the user has removed (hide.c). */
struct hidden;

struct tree {
    struct handle *handles; /* every open file, for tree_close() */
    struct hidden *hidden;
    size_t         n_hidden, alloc_hidden; /* of `hidden`, sorted by key */
    int64_t        hidden_ns;              /* mono: when the last one was hidden */
};

int  tree_open(struct tree **tp) must_check;
void tree_close(struct tree *t);

/*
 * hide.c: `rm -r jobs/17` removes the files one by one before the directory itself. They cannot go
 * (a job is forgotten whole), so they are hidden until the directory is removed too; when it is
 * not, they are back a moment later.
 */
int  hide(struct tree *t, struct place p) must_check;
bool is_hidden(const struct tree *t, struct place p);
void hide_forget(struct tree *t, job_id job); /* the job and its elements are gone */

/* The FUSE calls that are not in tree.c. */
void tree_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void tree_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                  struct fuse_file_info *fi);
void tree_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                      struct fuse_file_info *fi);
void tree_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void tree_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);
void tree_open_file(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void tree_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void tree_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t off,
                struct fuse_file_info *fi);
void tree_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void tree_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
               struct fuse_pollhandle *ph);
void tree_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size);
void tree_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size);
void tree_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value,
                   size_t size, int flags);
void tree_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name);

#endif
