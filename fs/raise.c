/*
 * raise.c - lets programs that watch the mount see what the cluster changed
 *
 * The kernel raises inotify's events for system calls and for nothing else: so we make some, on our
 * own mount, from the notifier's thread. The loop knows that thread by its id and answers at once,
 * without doing anything: the call changes what watchers are told and nothing else.
 *
 * The mount is held for a few calls at a time only, since it cannot be unmounted while it is. It is
 * ours if its device is: what somebody has mounted over it is never touched.
 */
#include "fs/raise.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fs/grow.h"
#include "fs/handle.h"

/* What the thread is about. */
struct raised {
    enum { RAISE_NOTHING, RAISE_WRITTEN, RAISE_COME, RAISE_GONE } what;
    struct place dir, place;
    char         name[DRAFT_NAME_MAX + 1]; /* RAISE_COME, RAISE_GONE: of `place`, in `dir` */
};

struct raiser {
    struct mount   *mount;
    _Atomic pid_t   tid;
    pthread_mutex_t lock; /* a leaf; guards all below */
    struct raised   now;
    char           *path;
    dev_t           device;
};

/* A directory of the tree that holds other things than jobs, jobs, or elements of jobs. */
static int dir_path(struct raiser *r, struct place p, struct buf *out)
{
    const struct row *row = &rows[p.row];

    if (p.row == ROW_ROOT)
        return 0;
    if (p.row == ROW_JOB && JOB_ELEMENT(p.key) > 0)
        return buf_printf(out, "jobs/%llu/tasks/%llu/", (unsigned long long)JOB_NUMBER(p.key),
                          (unsigned long long)JOB_INDEX(p.key));
    if (p.row == ROW_JOB)
        return buf_printf(out, "jobs/%llu/", (unsigned long long)JOB_NUMBER(p.key));
    if (dir_path(r, place_parent(p), out) < 0)
        return -ENOMEM;
    if (p.row == ROW_STATE_JOBS)
        return buf_printf(out, "%s/", job_state_name((enum job_state)p.key));
    if (row->key == KEY_IS_CLUSTER && !row->name)
        return buf_printf(out, "%s/",
                          service_config(r->mount->service)->clusters[CLUSTER_OF_KEY(p.key)].name);
    return row->name ? buf_printf(out, "%s/", row->name) : -EINVAL;
}

/* The root of the mount, or -1 when it is not to be seen where it was. */
static int open_root(struct raiser *r)
{
    _cleanup_(freep) char *path = NULL;
    struct statx st;
    dev_t device;
    int fd;

    pthread_mutex_lock(&r->lock);
    path = r->path ? strdup(r->path) : NULL;
    device = r->device;
    pthread_mutex_unlock(&r->lock);
    fd = path ? open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    /* It is what the kernel knows by itself: whatever lies there now is not asked. */
    if (fd >= 0 && (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &st) < 0 ||
                    makedev(st.stx_dev_major, st.stx_dev_minor) != device)) {
        close(fd);
        return -1;
    }
    return fd;
}

static void set_now(struct raiser *r, const struct raised *now)
{
    pthread_mutex_lock(&r->lock);
    r->now = *now;
    pthread_mutex_unlock(&r->lock);
}

/* The size does not matter: what the file has by now is what the kernel is answered. */
static void write_nothing(int root, const char *path)
{
    int fd = openat(root, path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return;
    (void)!ftruncate(fd, 0);
    close(fd);
}

static int make_nothing(int root, const char *path, struct place p)
{
    return S_ISDIR(rows[p.row].mode) ? mkdirat(root, path, 0700) : symlinkat(".", root, path);
}

static void raise_now(struct raiser *r, const struct raised *now)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    _cleanup_(fdp) int root = open_root(r);

    if (root < 0 || dir_path(r, now->dir, &path) < 0 || buf_add_str(&path, now->name) < 0)
        return;
    set_now(r, now);
    /* One that fails was about something that has gone by now: there is nothing to be seen. */
    switch (now->what) {
    case RAISE_COME:
        (void)make_nothing(root, path.data, now->place);
        break;
    case RAISE_GONE:
        (void)unlinkat(root, path.data, S_ISDIR(rows[now->place.row].mode) ? AT_REMOVEDIR : 0);
        break;
    default:
        write_nothing(root, path.data);
    }
    set_now(r, &(struct raised){ .what = RAISE_NOTHING });
}

/* What it may change it takes for writable, and looks at it anew for that. */
static void forget_mode(struct raiser *r, struct place p)
{
    fuse_lowlevel_notify_inval_inode(r->mount->session, place_ino(p), -1, 0);
}

void raise_written(struct raiser *r, struct place p)
{
    struct raised now = { .what = RAISE_WRITTEN, .dir = place_parent(p), .place = p };

    snprintf(now.name, sizeof(now.name), "%s", rows[p.row].name);
    forget_mode(r, p);
    raise_now(r, &now);
}

static void raise_entry(struct raiser *r, struct raised *now, const char *name)
{
    snprintf(now->name, sizeof(now->name), "%s", name);
    forget_mode(r, now->dir);
    raise_now(r, now);
    forget_mode(r, now->dir);
}

void raise_come(struct raiser *r, struct place dir, const char *name, struct place p)
{
    raise_entry(r, &(struct raised){ .what = RAISE_COME, .dir = dir, .place = p }, name);
}

void raise_gone(struct raiser *r, struct place dir, const char *name, struct place p)
{
    raise_entry(r, &(struct raised){ .what = RAISE_GONE, .dir = dir, .place = p }, name);
    /* It has a link less now for the kernel, and may be seen elsewhere: as it is. */
    forget_mode(r, p);
}

/*
 * The answers to that thread.
 */
static struct raised now_of(fuse_req_t req)
{
    const struct mount *m = fuse_req_userdata(req);
    struct raiser *r = m->raiser;
    struct raised now;

    pthread_mutex_lock(&r->lock);
    now = r->now;
    pthread_mutex_unlock(&r->lock);
    return now;
}

/* As it is, but writable: the kernel keeps nothing of this, so nobody else sees that. */
static int own_attr(struct mount *m, struct place p, struct stat *st)
{
    struct job_brief b = { 0 };
    bool is_job = place_is_of_job(p);
    int r;

    if (is_job && !service_brief(m->service, JOB_OF_KEY(p.key), &b))
        return -ENOENT;
    r = place_attr(m, p, is_job ? &b : NULL, st);
    st->st_mode |= 0200;
    return r;
}

static int own_entry(struct mount *m, struct place p, struct fuse_entry_param *e)
{
    memset(e, 0, sizeof(*e));
    e->ino = place_ino(p);
    return own_attr(m, p, &e->attr);
}

/* What has gone, as it was. */
static void gone_entry(struct mount *m, struct place p, struct fuse_entry_param *e)
{
    memset(e, 0, sizeof(*e));
    e->ino = e->attr.st_ino = place_ino(p);
    e->attr.st_mode = rows[p.row].mode;
    e->attr.st_nlink = 1;
    e->attr.st_uid = m->uid;
    e->attr.st_gid = m->gid;
}

static bool is_about(const struct raised *now, struct place dir, const char *name)
{
    return (now->what == RAISE_COME || now->what == RAISE_GONE) && dir.row == now->dir.row &&
           dir.key == now->dir.key && strcmp(name, now->name) == 0;
}

static void own_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct mount *m = fuse_req_userdata(req);
    struct raised now = now_of(req);
    struct fuse_entry_param e;
    struct place p;
    int r = 0;

    if (is_about(&now, place_of(parent), name)) {
        if (now.what == RAISE_COME)
            r = -ENOENT;
        else
            gone_entry(m, now.place, &e);
    } else {
        r = place_find(m, place_of(parent), name, &p);
        if (r == 0)
            r = own_entry(m, p, &e);
    }
    if (r < 0)
        fuse_reply_err(req, -r);
    else
        fuse_reply_entry(req, &e);
}

static void own_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi unused_arg)
{
    struct stat st;
    int r = own_attr(fuse_req_userdata(req), place_of(ino), &st);

    if (r < 0)
        fuse_reply_err(req, -r);
    else
        fuse_reply_attr(req, &st, 0);
}

static void own_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr unused_arg,
                        int to_set unused_arg, struct fuse_file_info *fi)
{
    own_getattr(req, ino, fi);
}

static void make(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct raised now = now_of(req);
    struct fuse_entry_param e;
    int r = -EPERM;

    if (is_about(&now, place_of(parent), name))
        r = own_entry(fuse_req_userdata(req), now.place, &e);
    if (r < 0)
        fuse_reply_err(req, -r);
    else
        fuse_reply_entry(req, &e);
}

static void own_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode unused_arg)
{
    make(req, parent, name);
}

static void own_symlink(fuse_req_t req, const char *target unused_arg, fuse_ino_t parent,
                        const char *name)
{
    make(req, parent, name);
}

static void own_remove(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct raised now = now_of(req);

    fuse_reply_err(req, is_about(&now, place_of(parent), name) ? 0 : EPERM);
}

/* No handle: see tree_release(). Output may be there by now that was not when it was looked at. */
static void own_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    const struct mount *m = fuse_req_userdata(req);

    grow_follow(m->grow, place_of(ino));
    fi->fh = 0;
    fi->direct_io = 1;
    fi->noflush = 1;
    fuse_reply_open(req, fi);
}

static void own_forget(fuse_req_t req, fuse_ino_t ino unused_arg, uint64_t n unused_arg)
{
    fuse_reply_none(req);
}

/* It asks for nothing else; should the kernel do so for it, its room answers as to anybody. */
const struct fuse_lowlevel_ops raise_room = {
    .lookup = own_lookup,
    .forget = own_forget,
    .getattr = own_getattr,
    .setattr = own_setattr,
    .mkdir = own_mkdir,
    .symlink = own_symlink,
    .unlink = own_remove,
    .rmdir = own_remove,
    .open = own_open,
    .release = tree_release,
    .getxattr = tree_getxattr,
};

bool raise_is_own(struct raiser *r, fuse_req_t req)
{
    return fuse_req_ctx(req)->pid == r->tid;
}

void raiser_begin(struct raiser *r)
{
    r->tid = gettid();
}

void raiser_mounted(struct raiser *r, const char *path, const char *device)
{
    unsigned major, minor;

    if (sscanf(device, "%u:%u", &major, &minor) != 2)
        return;
    pthread_mutex_lock(&r->lock);
    free(r->path);
    r->path = strdup(path);
    r->device = makedev(major, minor);
    pthread_mutex_unlock(&r->lock);
}

dev_t raiser_device(struct raiser *r)
{
    dev_t device;

    pthread_mutex_lock(&r->lock);
    device = r->device;
    pthread_mutex_unlock(&r->lock);
    return device;
}

int raiser_open(struct raiser **rp, struct mount *m)
{
    struct raiser *r = calloc(1, sizeof(*r));

    if (!r)
        return -ENOMEM;
    r->mount = m;
    r->tid = -1; /* requests that no process of ours made have 0 */
    pthread_mutex_init(&r->lock, NULL);
    *rp = r;
    return 0;
}

void raiser_close(struct raiser *r)
{
    if (!r)
        return;
    pthread_mutex_destroy(&r->lock);
    free(r->path);
    free(r);
}
