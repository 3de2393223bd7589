/*
 * pass.h - the room of what lies on this machine's disk: stage/ and the files/ of jobs
 *
 * A node is one name in one directory, made at its first lookup and given up at the kernel's
 * forget. It holds no descriptor, since there may be as many nodes as there are files: whoever
 * needs the file opens it anew, walking from the root of its tree without following a link or
 * leaving the tree. A node knows which file it was made for, so that a name that means another
 * file by now is noticed (ESTALE, which makes the kernel look again).
 *
 * Whatever may wait for the disk runs in the pool. It is answered when it is done, as on any local
 * file system: there is nothing that an interrupt could end sooner.
 */
#ifndef CLUSTRIXFS_FS_PASS_H
#define CLUSTRIXFS_FS_PASS_H

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "fs/fuse.h"
#include "fs/mount.h"

struct pass_handle;

struct pass_node {
    struct pass_node   *next;   /* in its bucket                                            */
    struct pass_node   *newer, *older; /* among all of them                                 */
    struct pass_node   *parent; /* NULL: the root of a tree                                 */
    uint64_t            refs;   /* the kernel's lookups, children, handles, tasks           */
    job_id              job;    /* whose files/ it is in; 0: stage/                         */
    dev_t               dev;
    ino_t               ino;
    bool                far;     /* in a mirror: its bytes are read by far_reply() alone     */
    bool                named;   /* false: the name was removed, or is another file's by now */
    atomic_bool         ended;   /* was opened after the end of its job                      */
    struct pass_handle *handles; /* who has it open                                          */
    char               *name;    /* of a root: its absolute path                             */
};

struct pass_handle {
    struct pass_handle *next;
    struct pass_node   *node;
    int                 fd;  /* of a directory: owned by dir */
    DIR                *dir; /* NULL: a file                 */
    off_t               at;  /* where dir stands             */
    bool                writes;
};

struct pass {
    struct mount      *m;
    int                state_fd; /* O_PATH: below it lie stage/ and the local cluster */
    pthread_mutex_t    lock;     /* over the nodes; nothing waits while it is held    */
    struct pass_node **buckets;
    struct pass_node  *newest;
    size_t             n, n_buckets; /* a power of two */
};

/*
 * pass-node.c: the table; any thread.
 */
struct pass_node *pass_node(fuse_ino_t ino);
fuse_ino_t        pass_node_ino(const struct pass_node *node);
/* The node of that name, which is the file of *st, counted once more. NULL: out of memory. */
struct pass_node *pass_node_get(struct pass *p, struct pass_node *parent, const char *name,
                                job_id job, const struct stat *st);
void pass_node_ref(struct pass *p, struct pass_node *node);
void pass_node_unref(struct pass *p, struct pass_node *node, uint64_t n);
void pass_node_removed(struct pass *p, struct pass_node *parent, const char *name);
void pass_node_moved(struct pass *p, struct pass_node *parent, const char *name,
                     struct pass_node *newparent, const char *newname, bool exchanged);
/* The path below the root, "." for the root itself, and the root; -ESTALE: has no name any more. */
int  pass_node_path(struct pass *p, const struct pass_node *node, struct buf *path,
                    const struct pass_node **root) must_check;
int  pass_nodes_open(struct pass *p) must_check;
void pass_nodes_close(struct pass *p);
void pass_node_opened(struct pass *p, struct pass_node *node, struct pass_handle *h);
void pass_node_closed(struct pass *p, struct pass_handle *h);
/* A descriptor of whoever has it open, or -ESTALE. */
int pass_node_borrow(struct pass *p, struct pass_node *node) must_check;
/* The inode numbers of the nodes of this job, *n of them; NULL: none, or out of memory. */
fuse_ino_t *pass_node_all(struct pass *p, job_id job, size_t *n);

/*
 * pass-path.c: from a node to its file. All descriptors are O_PATH, but for one of a file that
 * has no name any more.
 */
int pass_open_path(const struct pass *p, const char *path) must_check;
/* Its absolute path; -ESTALE: it has no name any more. */
int pass_path(struct pass *p, const struct pass_node *node, struct buf *path) must_check;
int pass_open_node(struct pass *p, struct pass_node *node, struct stat *st) must_check;
int pass_reopen(int fd, int flags) must_check;
#define PASS_FD_PATH_MAX 32
void pass_fd_path(char path[PASS_FD_PATH_MAX], int fd);

/* pass.c */
bool pass_frozen(const struct pass *p, job_id job);
void pass_attr(const struct pass *p, const struct pass_node *node, struct stat *st); /* shown */
double pass_attr_timeout(const struct pass *p, const struct pass_node *node);
/* Count a lookup of `name` in `parent`, which is the file of *st. 0 or -ENOMEM. */
int pass_entry(struct pass *p, struct pass_node *parent, const char *name, const struct stat *st,
               struct fuse_entry_param *entry) must_check;
/* The absolute path of a directory in stage/; -EXDEV for anything else. Loop only. */
int pass_stage_dir(struct mount *m, fuse_ino_t parent, const char *name, struct buf *path)
    must_check;
void pass_moved_away(struct mount *m, fuse_ino_t parent, const char *name);

/*
 * pass-task.c: one request in the pool. A `do` returns a negative errno or 0, which is then the
 * answer, or PASS_E_ANSWERED when it gave one itself.
 */
enum { PASS_E_ANSWERED = 1 };

struct pass_task;
typedef int pass_do(struct pass_task *t);

struct pass_task {
    fuse_req_t            req;
    struct pass          *p;
    pass_do              *fn;
    struct pass_node     *node, *node2; /* each counted; node2 or NULL                     */
    char                 *name, *name2; /* or NULL                                         */
    char                 *data;
    size_t                size;
    off_t                 off;
    mode_t                mode;
    int                   flags;
    dev_t                 rdev;
    struct stat           attr;
    struct fuse_file_info fi;
    struct pass_handle   *handle; /* of fi, or NULL */
};

/* What a call needs of the tree that it is about; else it was answered. */
enum pass_need { PASS_LOOKS, PASS_WRITES, PASS_REMOVES };

/* NULL: it was answered. */
struct pass_task *pass_task(fuse_req_t req, fuse_ino_t ino, pass_do *fn, enum pass_need need);
void pass_task_fail(struct pass_task *t, int err);
/* Off it goes, with these; any may be NULL. */
void pass_task_go(struct pass_task *t, const char *name, const struct fuse_file_info *fi);
/* Answer with an entry for a name in t->node. */
int pass_task_reply_entry(struct pass_task *t, const char *name, const struct stat *st) must_check;

/* The FUSE calls, by file: pass-look.c */
void pass_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void pass_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void pass_readlink(fuse_req_t req, fuse_ino_t ino);
void pass_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size);
void pass_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size);
int  pass_task_reply_attr(struct pass_task *t) must_check;
/* pass-dir.c */
void pass_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void pass_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                  struct fuse_file_info *fi);
void pass_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                      struct fuse_file_info *fi);
/* pass-io.c */
struct pass_handle *pass_handle_new(struct pass_task *t, struct pass_node *node, int fd);
void                pass_handle_close(struct pass *p, struct pass_handle *h);
void                pass_handle_free(struct pass_handle *h); /* what it has open, no more */
void pass_open_file(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void pass_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
                 struct fuse_file_info *fi);
void pass_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void pass_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t off,
                struct fuse_file_info *fi);
void pass_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void pass_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void pass_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
void pass_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t off, off_t len,
                    struct fuse_file_info *fi);
void pass_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
               struct fuse_pollhandle *ph);
/* pass-change.c */
void pass_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
                  struct fuse_file_info *fi);
void pass_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value,
                   size_t size, int flags);
void pass_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name);
/* pass-names.c */
void pass_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev);
void pass_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
void pass_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name);
void pass_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t newparent, const char *newname);
void pass_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void pass_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);
void pass_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
                 const char *newname, unsigned flags);

#endif
