/*
 * tree-room.c - the FUSE calls of ROOM_TREE
 *
 * Short answers from tree.c's tables. Nothing is made, renamed or given another mode by hand in
 * this room: what a user may make lies in the others.
 */
#include "fs/tree.h"

#include <errno.h>

#include "fs/grow.h"
#include "fs/notify.h"
#include "fs/watched.h"

/* The program that looks at this may be about to watch it. */
static void note_look(struct mount *m, struct place p, pid_t pid, bool is_found)
{
    if (is_found)
        watched_found(notify_watched(m->notify), p, pid);
    else
        watched_asked(notify_watched(m->notify), p, pid);
    grow_follow(m->grow, p);
}

/* Who watches what the kernel keeps does not ask us again: that of a list of jobs counts. */
static bool may_be_watched(struct place p, bool frozen)
{
    return !frozen || rows[p.row].holds == HOLDS_UNTIL_LISTED;
}

static void tree_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct mount *m = fuse_req_userdata(req);
    struct fuse_entry_param e;
    struct place p;
    pid_t pid = fuse_req_ctx(req)->pid;
    int r;

    watched_passed(notify_watched(m->notify), place_of(parent), pid);
    r = place_find(m, place_of(parent), name, &p);
    if (r == 0)
        r = place_entry(m, p, NULL, &e);
    if (r == 0 && may_be_watched(p, e.attr_timeout > LIVE_S))
        note_look(m, p, pid, true);
    if (r < 0)
        fuse_reply_err(req, -r);
    else
        fuse_reply_entry(req, &e);
}

static void tree_forget(fuse_req_t req, fuse_ino_t ino unused_arg, uint64_t n unused_arg)
{
    fuse_reply_none(req);
}

static void tree_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi unused_arg)
{
    struct mount *m = fuse_req_userdata(req);
    struct place p = place_of(ino);
    struct stat st;
    bool frozen;
    int r = place_stat(m, p, NULL, &st, &frozen);

    if (r == 0 && may_be_watched(p, frozen))
        note_look(m, p, fuse_req_ctx(req)->pid, false);
    if (r < 0)
        fuse_reply_err(req, -r);
    else
        fuse_reply_attr(req, &st, frozen ? FROZEN_S : LIVE_S);
}

/* `echo word > ctl` truncates first: that changes nothing and is no error. */
static void tree_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr unused_arg, int to_set,
                         struct fuse_file_info *fi)
{
    if (to_set != FUSE_SET_ATTR_SIZE || !rows[place_of(ino).row].write)
        fuse_reply_err(req, EPERM);
    else
        tree_getattr(req, ino, fi);
}

static void tree_readlink(fuse_req_t req, fuse_ino_t ino)
{
    _cleanup_(bufp) struct buf target = BUF_INIT;
    int r = -EINVAL;

    if (rows[place_of(ino).row].kind == KIND_LINK)
        r = place_text(fuse_req_userdata(req), place_of(ino), &target);
    if (r < 0)
        fuse_reply_err(req, -r);
    else
        fuse_reply_readlink(req, target.data);
}

static void refuse(fuse_req_t req)
{
    fuse_reply_err(req, EPERM);
}

static void tree_mknod(fuse_req_t req, fuse_ino_t parent unused_arg, const char *name unused_arg,
                       mode_t mode unused_arg, dev_t dev unused_arg)
{
    refuse(req);
}

static void tree_mkdir(fuse_req_t req, fuse_ino_t parent unused_arg, const char *name unused_arg,
                       mode_t mode unused_arg)
{
    refuse(req);
}

static void tree_symlink(fuse_req_t req, const char *target unused_arg,
                         fuse_ino_t parent unused_arg, const char *name unused_arg)
{
    refuse(req);
}

static void tree_rename(fuse_req_t req, fuse_ino_t parent unused_arg, const char *name unused_arg,
                        fuse_ino_t newparent unused_arg, const char *newname unused_arg,
                        unsigned flags unused_arg)
{
    refuse(req);
}

static void tree_link(fuse_req_t req, fuse_ino_t ino unused_arg, fuse_ino_t newparent unused_arg,
                      const char *newname unused_arg)
{
    refuse(req);
}

static void tree_create(fuse_req_t req, fuse_ino_t parent unused_arg, const char *name unused_arg,
                        mode_t mode unused_arg, struct fuse_file_info *fi unused_arg)
{
    refuse(req);
}

static void tree_fallocate(fuse_req_t req, fuse_ino_t ino unused_arg, int mode unused_arg,
                           off_t offset unused_arg, off_t length unused_arg,
                           struct fuse_file_info *fi unused_arg)
{
    refuse(req);
}

static void accept_handle(fuse_req_t req, fuse_ino_t ino unused_arg,
                          struct fuse_file_info *fi unused_arg)
{
    fuse_reply_err(req, 0);
}

static void accept_sync(fuse_req_t req, fuse_ino_t ino unused_arg, int datasync unused_arg,
                        struct fuse_file_info *fi unused_arg)
{
    fuse_reply_err(req, 0);
}

const struct fuse_lowlevel_ops tree_room = {
    .lookup = tree_lookup,
    .forget = tree_forget,
    .getattr = tree_getattr,
    .setattr = tree_setattr,
    .readlink = tree_readlink,
    .mknod = tree_mknod,
    .mkdir = tree_mkdir,
    .unlink = tree_unlink,
    .rmdir = tree_rmdir,
    .symlink = tree_symlink,
    .rename = tree_rename,
    .link = tree_link,
    .open = tree_open_file,
    .read = tree_read,
    .write = tree_write,
    .flush = accept_handle,
    .release = tree_release,
    .fsync = accept_sync,
    .opendir = tree_opendir,
    .readdir = tree_readdir,
    .releasedir = accept_handle,
    .fsyncdir = accept_sync,
    .setxattr = tree_setxattr,
    .getxattr = tree_getxattr,
    .listxattr = tree_listxattr,
    .removexattr = tree_removexattr,
    .create = tree_create,
    .poll = tree_poll,
    .fallocate = tree_fallocate,
    .readdirplus = tree_readdirplus,
};
