/*
 * draft-room.c - what can be done to submit/ and check/, as a table
 *
 * Nothing here is counted by the kernel's lookups: an inode number is computed from a draft's id,
 * so there is nothing to forget. The one attribute there is, is which job a draft became.
 */
#include "fs/draft.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define XATTR_JOB "user.clustrixfs.job"
#define XATTR_USER "user."

/* The job's number as text, or "" when it is none (yet). */
static void job_text(struct drafts *ds, fuse_ino_t ino, char text[24])
{
    _cleanup_(draft_recordp) struct draft_record room = { .text = BUF_INIT };
    const struct draft_record                   *rec;

    text[0] = '\0';
    if (draft_ino_is_dir(ino) || draft_ino_is_error(ino) ||
        drafts_look(ds, draft_ino_id(ino), &room, &rec) < 0)
        return;
    if (rec->status == DRAFT_SUBMITTED && rec->job != 0)
        snprintf(text, 24, "%llu", (unsigned long long)JOB_NUMBER(rec->job));
}

static void reply_xattr(fuse_req_t req, const char *data, size_t len, size_t size)
{
    if (size == 0)
        fuse_reply_xattr(req, len);
    else if (size < len)
        fuse_reply_err(req, ERANGE);
    else
        fuse_reply_buf(req, data, len);
}

/* EOPNOTSUPP for what is not the user's makes ls -l stop asking. */
static void draft_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
    char text[24] = "";

    if (strcmp(name, XATTR_JOB) == 0)
        job_text(drafts_of(req), ino, text);
    if (*text)
        reply_xattr(req, text, strlen(text), size);
    else
        fuse_reply_err(req, strncmp(name, XATTR_USER, strlen(XATTR_USER)) ? EOPNOTSUPP : ENODATA);
}

static void draft_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
    char text[24];

    job_text(drafts_of(req), ino, text);
    reply_xattr(req, XATTR_JOB, *text ? sizeof(XATTR_JOB) : 0, size);
}

/*
 * Where a file came from, its icon, and the like: file managers write it and fail when they may
 * not, so it is taken; it means nothing here and is not kept.
 */
static void draft_setxattr(fuse_req_t req, fuse_ino_t ino unused_arg, const char *name,
                           const char *value unused_arg, size_t size unused_arg,
                           int flags unused_arg)
{
    if (!draft_may(req))
        return;
    if (strcmp(name, XATTR_JOB) == 0)
        fuse_reply_err(req, EPERM);
    else
        fuse_reply_err(req, strncmp(name, XATTR_USER, strlen(XATTR_USER)) ? EOPNOTSUPP : 0);
}

static void draft_removexattr(fuse_req_t req, fuse_ino_t ino unused_arg, const char *name)
{
    if (!draft_may(req))
        return;
    fuse_reply_err(req, strcmp(name, XATTR_JOB) == 0 ? EPERM : ENODATA);
}

static void draft_forget(fuse_req_t req, fuse_ino_t ino unused_arg, uint64_t n unused_arg)
{
    fuse_reply_none(req);
}

static void draft_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    if (draft_ino_is_dir(ino))
        fuse_reply_open(req, fi);
    else
        fuse_reply_err(req, ENOTDIR);
}

static void draft_releasedir(fuse_req_t req, fuse_ino_t ino unused_arg,
                             struct fuse_file_info *fi unused_arg)
{
    fuse_reply_err(req, 0);
}

static void draft_fsyncdir(fuse_req_t req, fuse_ino_t ino unused_arg, int datasync unused_arg,
                           struct fuse_file_info *fi unused_arg)
{
    fuse_reply_err(req, 0);
}

static void draft_readlink(fuse_req_t req, fuse_ino_t ino unused_arg)
{
    fuse_reply_err(req, EINVAL);
}

static void draft_rmdir(fuse_req_t req, fuse_ino_t parent unused_arg, const char *name unused_arg)
{
    fuse_reply_err(req, ENOTDIR);
}

static void draft_fallocate(fuse_req_t req, fuse_ino_t ino unused_arg, int mode unused_arg,
                            off_t off unused_arg, off_t len unused_arg,
                            struct fuse_file_info *fi unused_arg)
{
    fuse_reply_err(req, EOPNOTSUPP);
}

/* Never waits, like any file on a disk. */
static void draft_poll(fuse_req_t req, fuse_ino_t ino unused_arg,
                       struct fuse_file_info *fi unused_arg, struct fuse_pollhandle *ph)
{
    if (ph)
        fuse_pollhandle_destroy(ph);
    fuse_reply_poll(req, POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM);
}

const struct fuse_lowlevel_ops drafts_room = {
    .lookup = draft_lookup,
    .forget = draft_forget,
    .getattr = draft_getattr,
    .setattr = draft_setattr,
    .readlink = draft_readlink,
    .mknod = draft_mknod,
    .mkdir = draft_mkdir,
    .unlink = draft_unlink,
    .rmdir = draft_rmdir,
    .symlink = draft_symlink,
    .rename = draft_rename,
    .link = draft_link,
    .open = draft_open,
    .read = draft_read,
    .write = draft_write,
    .flush = draft_flush,
    .release = draft_release,
    .fsync = draft_fsync,
    .opendir = draft_opendir,
    .readdir = draft_readdir,
    .readdirplus = draft_readdirplus,
    .releasedir = draft_releasedir,
    .fsyncdir = draft_fsyncdir,
    .setxattr = draft_setxattr,
    .getxattr = draft_getxattr,
    .listxattr = draft_listxattr,
    .removexattr = draft_removexattr,
    .create = draft_create,
    .poll = draft_poll,
    .fallocate = draft_fallocate,
};
