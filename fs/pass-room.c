/*
 * pass-room.c - what can be done to stage/ and files/, as a table
 */
#include "fs/pass.h"

static void pass_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n)
{
    struct mount *m = fuse_req_userdata(req);

    pass_node_unref(m->pass, pass_node(ino), n);
    fuse_reply_none(req);
}

const struct fuse_lowlevel_ops pass_room = {
    .lookup = pass_lookup,
    .forget = pass_forget,
    .getattr = pass_getattr,
    .setattr = pass_setattr,
    .readlink = pass_readlink,
    .mknod = pass_mknod,
    .mkdir = pass_mkdir,
    .unlink = pass_unlink,
    .rmdir = pass_rmdir,
    .symlink = pass_symlink,
    .rename = pass_rename,
    .link = pass_link,
    .open = pass_open_file,
    .read = pass_read,
    .write = pass_write,
    .flush = pass_flush,
    .release = pass_release,
    .fsync = pass_fsync,
    .opendir = pass_opendir,
    .readdir = pass_readdir,
    .readdirplus = pass_readdirplus,
    .releasedir = pass_release,
    .fsyncdir = pass_fsync,
    .setxattr = pass_setxattr,
    .getxattr = pass_getxattr,
    .listxattr = pass_listxattr,
    .removexattr = pass_removexattr,
    .create = pass_create,
    .poll = pass_poll,
    .fallocate = pass_fallocate,
};
