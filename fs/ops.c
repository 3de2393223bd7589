/*
 * ops.c - what libfuse calls: the room answers
 *
 * No policy here but what happens between two rooms. The only thing that can be moved from one
 * to another is a directory from stage/ into submit/: that submits it.
 */
#include "fs/ops.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "fs/mount.h"
#include "fs/raise.h"

static const struct fuse_lowlevel_ops *const room_ops[ROOM_COUNT] = {
    [ROOM_TREE] = &tree_room,
    [ROOM_DRAFTS] = &drafts_room,
    [ROOM_PASS] = &pass_room,
};

/* Whether it is we who ask, of what raise.c answers. */
static bool is_own(fuse_req_t req, fuse_ino_t ino)
{
    const struct mount *m = fuse_req_userdata(req);

    return INO_ROOM(ino) == ROOM_TREE && raise_is_own(m->raiser, req);
}

/* clang-format off */
#define FORWARD(call, params, ...)                                                                 \
    static void ops_##call params                                                                  \
    {                                                                                              \
        if (raise_room.call && is_own(req, ino))                                                   \
            raise_room.call(__VA_ARGS__);                                                          \
        else                                                                                       \
            room_ops[INO_ROOM(ino)]->call(__VA_ARGS__);                                            \
    }

FORWARD(lookup, (fuse_req_t req, fuse_ino_t ino, const char *name), req, ino, name)
FORWARD(forget, (fuse_req_t req, fuse_ino_t ino, uint64_t n), req, ino, n)
FORWARD(getattr, (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi), req, ino, fi)
FORWARD(setattr, (fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
                  struct fuse_file_info *fi), req, ino, attr, to_set, fi)
FORWARD(readlink, (fuse_req_t req, fuse_ino_t ino), req, ino)
FORWARD(mknod, (fuse_req_t req, fuse_ino_t ino, const char *name, mode_t mode, dev_t dev),
        req, ino, name, mode, dev)
FORWARD(mkdir, (fuse_req_t req, fuse_ino_t ino, const char *name, mode_t mode),
        req, ino, name, mode)
FORWARD(unlink, (fuse_req_t req, fuse_ino_t ino, const char *name), req, ino, name)
FORWARD(rmdir, (fuse_req_t req, fuse_ino_t ino, const char *name), req, ino, name)
FORWARD(symlink, (fuse_req_t req, const char *target, fuse_ino_t ino, const char *name),
        req, target, ino, name)
FORWARD(open, (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi), req, ino, fi)
FORWARD(read, (fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
               struct fuse_file_info *fi), req, ino, size, off, fi)
FORWARD(write, (fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t off,
                struct fuse_file_info *fi), req, ino, data, size, off, fi)
FORWARD(flush, (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi), req, ino, fi)
FORWARD(release, (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi), req, ino, fi)
FORWARD(fsync, (fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi),
        req, ino, datasync, fi)
FORWARD(opendir, (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi), req, ino, fi)
FORWARD(readdir, (fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                  struct fuse_file_info *fi), req, ino, size, off, fi)
FORWARD(readdirplus, (fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                      struct fuse_file_info *fi), req, ino, size, off, fi)
FORWARD(releasedir, (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi), req, ino, fi)
FORWARD(fsyncdir, (fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi),
        req, ino, datasync, fi)
FORWARD(setxattr, (fuse_req_t req, fuse_ino_t ino, const char *name, const char *value,
                   size_t size, int flags), req, ino, name, value, size, flags)
FORWARD(getxattr, (fuse_req_t req, fuse_ino_t ino, const char *name, size_t size),
        req, ino, name, size)
FORWARD(listxattr, (fuse_req_t req, fuse_ino_t ino, size_t size), req, ino, size)
FORWARD(removexattr, (fuse_req_t req, fuse_ino_t ino, const char *name), req, ino, name)
FORWARD(create, (fuse_req_t req, fuse_ino_t ino, const char *name, mode_t mode,
                 struct fuse_file_info *fi), req, ino, name, mode, fi)
FORWARD(poll, (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
               struct fuse_pollhandle *ph), req, ino, fi, ph)
FORWARD(fallocate, (fuse_req_t req, fuse_ino_t ino, int mode, off_t off, off_t length,
                    struct fuse_file_info *fi), req, ino, mode, off, length, fi)
/* clang-format on */

static void ops_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
                       const char *newname, unsigned flags)
{
    enum room from = INO_ROOM(parent), to = INO_ROOM(newparent);

    if (from == to)
        room_ops[from]->rename(req, parent, name, newparent, newname, flags);
    else if (from == ROOM_PASS && to == ROOM_DRAFTS)
        drafts_room.rename(req, parent, name, newparent, newname, flags);
    else
        fuse_reply_err(req, EXDEV);
}

static void ops_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t newparent, const char *newname)
{
    if (INO_ROOM(ino) == INO_ROOM(newparent))
        room_ops[INO_ROOM(ino)]->link(req, ino, newparent, newname);
    else
        fuse_reply_err(req, EXDEV);
}

/* File managers ask for free space before they copy: what there is where the state is kept. */
static void ops_statfs(fuse_req_t req, fuse_ino_t ino unused_arg)
{
    const struct mount *m = fuse_req_userdata(req);
    struct statvfs st;

    if (statvfs(m->state_dir, &st) < 0) {
        fuse_reply_err(req, errno);
        return;
    }
    st.f_namemax = DRAFT_NAME_MAX;
    fuse_reply_statfs(req, &st);
}

/*
 * No write-back cache: a spec must be seen as it is written. No splicing: our answers are short or
 * come from memory, and a pipe for each thread costs more than it saves (performance is measured
 * in tests/bench).
 */
static void ops_init(void *userdata, struct fuse_conn_info *conn)
{
    const struct mount *m = userdata;

    conn->max_read = m->max_read;
    conn->want &= ~(unsigned)(FUSE_CAP_WRITEBACK_CACHE | FUSE_CAP_SPLICE_READ |
                              FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE |
                              FUSE_CAP_CACHE_SYMLINKS);
    conn->want |= conn->capable & (FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO |
                                   FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_ATOMIC_O_TRUNC |
                                   FUSE_CAP_AUTO_INVAL_DATA);
}

const struct fuse_lowlevel_ops ops = {
    .init = ops_init,
    .lookup = ops_lookup,
    .forget = ops_forget,
    .getattr = ops_getattr,
    .setattr = ops_setattr,
    .readlink = ops_readlink,
    .mknod = ops_mknod,
    .mkdir = ops_mkdir,
    .unlink = ops_unlink,
    .rmdir = ops_rmdir,
    .symlink = ops_symlink,
    .rename = ops_rename,
    .link = ops_link,
    .open = ops_open,
    .read = ops_read,
    .write = ops_write,
    .flush = ops_flush,
    .release = ops_release,
    .fsync = ops_fsync,
    .opendir = ops_opendir,
    .readdir = ops_readdir,
    .releasedir = ops_releasedir,
    .fsyncdir = ops_fsyncdir,
    .statfs = ops_statfs,
    .setxattr = ops_setxattr,
    .getxattr = ops_getxattr,
    .listxattr = ops_listxattr,
    .removexattr = ops_removexattr,
    .create = ops_create,
    .poll = ops_poll,
    .fallocate = ops_fallocate,
    .readdirplus = ops_readdirplus,
};
