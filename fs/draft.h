/*
 * draft.h - the drafts room from the inside: submit/, check/ and each cluster's submit/
 *
 * The database has every draft of submit/; in memory are those that somebody has open and those
 * whose last change has not arrived there yet. Where a draft is in memory, what is there counts.
 * Drafts of check/ live in memory only, the newest CHECK_KEPT of them.
 *
 * All of it belongs to the FUSE loop's thread but for the answers of the service, which
 * draft-park.c brings in.
 */
#ifndef CLUSTRIXFS_FS_DRAFT_H
#define CLUSTRIXFS_FS_DRAFT_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "clustrixfs/mailbox.h"
#include "fs/fuse.h"
#include "fs/mount.h"
#include "fs/names.h"

#define DIR_SUBMIT 0u
#define DIR_CHECK 1u
#define DIR_CLUSTER 2u /* and up: the submit/ of cluster n - 2 */

#define CHECK_KEPT 256
#define REFUSALS_KEPT 64
#define SCRATCH_SIZE_MAX (8 * SPEC_SIZE_MAX) /* a swap file of an editor that edits a spec */
/* Its NAME.error must be a name too. */
#define DRAFT_NAME_LEN_MAX (DRAFT_NAME_MAX - (sizeof(ERROR_SUFFIX) - 1))

struct draft {
    struct draft_record rec;
    unsigned            dir;
    uint32_t            hash;    /* of the name                                              */
    unsigned            opens;   /* handles                                                  */
    unsigned            writers; /* those of them that wrote                                 */
    uint64_t            ticket;  /* of the last change given to the service; 0: none was     */
    size_t              scanned; /* so many bytes were looked at as they arrived             */
    struct buf          source;  /* check/: what was written, while `text` is the report     */
    bool                loaded;  /* rec.text holds its bytes                                 */
    bool                changed; /* its bytes are not what rec.status speaks of              */
    bool                kept;    /* the service was given it as it is now                    */
    bool                waits;   /* made as mkstemp() does: a spec only under its next name  */
    bool                killed;  /* who wrote it was killed on the way                       */
    bool                spoiled; /* a write was refused; see put()                           */
    bool                too_big; /* more was written than was taken                          */
    bool                gone;    /* removed; here for its handles and until that is settled  */
};

/* An open file. Of NAME.error it has the text as it was then. */
struct draft_handle {
    struct draft *draft; /* NULL: NAME.error */
    struct buf    text;
    pid_t         opener; /* a thread's id, as FUSE gives it                               */
    bool          append;
    bool          wrote;
};

/*
 * A name that was refused though there is no draft of that name. Its record has an id, which makes
 * the inode of NAME.error, a name, a time and a sentence, and nothing else.
 */
struct refusal {
    unsigned            dir;
    struct draft_record rec;
};

struct drafts {
    struct mount   *m;
    struct draft  **v; /* ascending by id */
    size_t          n, alloc;
    struct refusal  refusals[REFUSALS_KEPT]; /* ascending by id */
    size_t          n_refusals;
    unsigned        n_dirs;
    int64_t        *dir_ns;  /* when each directory changed last                    */
    struct mailbox *answers; /* bad news from the service                           */
    pthread_mutex_t lock;    /* over `awaited`: answers that are still to come      */
    pthread_cond_t  none_awaited;
    unsigned        awaited;
};

/*
 * draft.c: what is where. A record that was found belongs to the draft in memory, or to `room`,
 * which the caller releases.
 */
struct drafts *drafts_of(fuse_req_t req);
const char    *drafts_cluster(const struct drafts *ds, unsigned dir);
struct draft  *drafts_by_id(const struct drafts *ds, uint64_t id);
int drafts_look(struct drafts *ds, uint64_t id, struct draft_record *room,
                const struct draft_record **found) must_check;
int drafts_find(struct drafts *ds, unsigned dir, const char *name, struct draft_record *room,
                const struct draft_record **found) must_check;
/* Bring a draft into memory, with its bytes if `text`. */
int drafts_take(struct drafts *ds, uint64_t id, bool text, struct draft **dp) must_check;
int drafts_make(struct drafts *ds, unsigned dir, const char *name, struct draft **dp) must_check;
int drafts_rename(struct drafts *ds, struct draft *d, unsigned dir, const char *name) must_check;
/* It is gone: for every look, and from the database. */
void drafts_remove(struct drafts *ds, struct draft *d);
void drafts_sweep(struct drafts *ds); /* forget what memory is not needed for */
void drafts_touched(struct drafts *ds, unsigned dir);

/* draft-refusal.c; what is found stays until the next change of them. */
void refusal_add(struct drafts *ds, unsigned dir, const char *name, const char *text);
void refusal_drop(struct drafts *ds, unsigned dir, const char *name);
const struct draft_record *refusal_by_id(const struct drafts *ds, uint64_t id);
const struct draft_record *refusal_find(const struct drafts *ds, unsigned dir, const char *name);
const struct draft_record *refusal_after(const struct drafts *ds, unsigned dir, uint64_t id);
void                       refusals_release(struct drafts *ds);

/* draft-writer.c: what /proc says about who closes a file. */
bool writer_was_killed(pid_t pid);
/* Does one of the two processes still have the file `ino` open for writing? */
bool writer_goes_on(pid_t closer, pid_t opener, fuse_ino_t ino);

/*
 * draft-park.c: answers that come later. Both hand the draft as it is now to the service;
 * `req`, where it is not NULL, is answered when that is on disk.
 */
void draft_keep(struct drafts *ds, struct draft *d, fuse_req_t req);
void draft_submit_dir(struct drafts *ds, unsigned dir, const char *name, const char *path,
                      fuse_req_t req, fuse_ino_t parent, const char *stage_name);
void drafts_hear(struct drafts *ds); /* take in the bad news; first thing in every call */
void drafts_await(struct drafts *ds);

/* draft-judge.c: what a draft is worth. */
enum { DRAFT_E_GROWING = 1 }; /* empty, or not complete: more of it may come */
void draft_set_status(struct draft *d, enum draft_status status, const char *why);
void draft_will_change(struct draft *d); /* its bytes; call it first */
/* What its bytes would be worth under that name: 0, DRAFT_E_GROWING, or a negative errno. */
int draft_verdict(struct drafts *ds, const struct draft *d, unsigned dir, struct error *e)
    must_check;
/* The same under its own name, which may be one that is never judged; its status says so then. */
int  draft_judge(struct drafts *ds, struct draft *d);
void draft_finish(struct drafts *ds, struct draft *d); /* its last writer is done */

/* draft-dir.c */
bool draft_ino_is_dir(fuse_ino_t ino);
unsigned draft_ino_dir(fuse_ino_t ino);
uint64_t draft_ino_id(fuse_ino_t ino);
bool draft_ino_is_error(fuse_ino_t ino);
void draft_entry(struct drafts *ds, const struct draft_record *rec, bool is_error,
                 struct fuse_entry_param *entry);
/* Whether the caller may change anything here; else the request was answered with EACCES. */
bool draft_may(fuse_req_t req);

/* draft-io.c */
struct draft_handle *draft_handle(const struct fuse_file_info *fi);
void                 draft_wrote(struct draft_handle *h);
int draft_name_allowed(fuse_ino_t parent, const char *name) must_check;
int draft_new(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct draft **dp)
    must_check;

/* draft-data.c */
int draft_resize(struct drafts *ds, struct draft *d, off_t size) must_check;

/* The FUSE calls that are not in draft-room.c, by file: draft-dir.c */
void draft_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void draft_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void draft_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                   struct fuse_file_info *fi);
void draft_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                       struct fuse_file_info *fi);
/* draft-io.c */
void draft_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
                  struct fuse_file_info *fi);
void draft_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void draft_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void draft_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void draft_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
/* draft-data.c */
void draft_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void draft_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t off,
                 struct fuse_file_info *fi);
/* draft-change.c */
void draft_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
                   struct fuse_file_info *fi);
void draft_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void draft_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
void draft_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev);
void draft_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name);
void draft_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t newparent, const char *newname);
/* draft-rename.c */
void draft_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
                  const char *newname, unsigned flags);

#endif
