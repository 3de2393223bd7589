/*
 * pass.c - stage/ and files/: the roots, and how what is below them looks
 *
 * stage/ is the user's own directory and taken as it is. files/ is the job's: what a job leaves
 * there is shown and can be read; it can be removed when the job has ended, and is never changed.
 */
#include "fs/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STAGE "stage"
#define KEPT_S 1.0 /* so long the kernel may believe what it was told */

bool pass_frozen(const struct pass *p, job_id job)
{
    struct job_brief b;

    return !service_brief(p->m->service, job, &b) || job_ended(b.state);
}

/* A job changes its files without asking us; in stage/ that happens through us. */
double pass_attr_timeout(const struct pass *p, const struct pass_node *node)
{
    return node->job == 0 || pass_frozen(p, node->job) ? KEPT_S : 0;
}

/* The type tells what it is; nobody but root gets as far as opening it, and pipes would hang. */
static bool is_special(mode_t mode)
{
    return !S_ISREG(mode) && !S_ISDIR(mode) && !S_ISLNK(mode);
}

void pass_attr(const struct pass *p, const struct pass_node *node, struct stat *st)
{
    const struct pass_node *root = node;

    /* Nothing in a mirror is moved by us, so this needs no lock. */
    while (node->far && root->parent)
        root = root->parent;
    if (node->far)
        service_far_stat(p->m->service, root->name, st);
    st->st_ino = INO_MAKE(ROOM_PASS, INO_REST(st->st_ino));
    if (node->job != 0 && is_special(st->st_mode))
        st->st_mode &= S_IFMT;
}

static int fill_entry(struct pass *p, struct pass_node *node, const struct stat *st,
                      struct fuse_entry_param *entry)
{
    if (!node)
        return -ENOMEM;
    *entry = (struct fuse_entry_param){
        .ino = pass_node_ino(node),
        .attr = *st,
        .attr_timeout = pass_attr_timeout(p, node),
    };
    pass_attr(p, node, &entry->attr);
    /* What lies in stage/ itself may turn from a directory into a draft, see draft-rename.c. */
    if (node->job != 0 || (node->parent && node->parent->parent))
        entry->entry_timeout = entry->attr_timeout;
    return 0;
}

int pass_entry(struct pass *p, struct pass_node *parent, const char *name, const struct stat *st,
               struct fuse_entry_param *entry)
{
    return fill_entry(p, pass_node_get(p, parent, name, parent->job, st), st, entry);
}

static int root_entry(struct pass *p, const char *path, job_id job, struct fuse_entry_param *entry)
{
    _cleanup_(fdp) int fd = pass_open_path(p, path);
    struct stat        st;

    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISDIR(st.st_mode))
        return -ENOTDIR;
    return fill_entry(p, pass_node_get(p, NULL, path, job, &st), &st, entry);
}

static int stage_path(const struct mount *m, struct buf *path)
{
    return buf_printf(path, "%s/" STAGE, m->state_dir);
}

int pass_stage(struct mount *m, struct fuse_entry_param *entry)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    int                        r = stage_path(m, &path);

    return r < 0 ? r : root_entry(m->pass, path.data, 0, entry);
}

int pass_files(struct mount *m, job_id id, struct fuse_entry_param *entry)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    int                        r = service_local_path(m->service, id, 0, JOB_FILES, &path);

    return r < 0 ? r : root_entry(m->pass, path.data, id, entry);
}

int pass_stage_dir(struct mount *m, fuse_ino_t parent, const char *name, struct buf *path)
{
    struct pass_node          *node = pass_node(parent);
    _cleanup_(bufp) struct buf below = BUF_INIT;
    _cleanup_(fdp) int         fd = -1;
    const struct pass_node    *root;
    struct stat                st;
    int                        r;

    if (node->job != 0)
        return -EXDEV;
    fd = pass_open_node(m->pass, node, &st);
    if (fd < 0)
        return fd;
    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (!S_ISDIR(st.st_mode))
        return -EXDEV;
    r = pass_node_path(m->pass, node, &below, &root);
    if (r < 0)
        return r;
    return buf_printf(path, "%s/%s%s%s", root->name, node->parent ? below.data : "",
                      node->parent ? "/" : "", name);
}

int pass_path(struct pass *p, const struct pass_node *node, struct buf *path)
{
    _cleanup_(bufp) struct buf below = BUF_INIT;
    const struct pass_node    *root;
    int                        r = pass_node_path(p, node, &below, &root);

    if (r < 0)
        return r;
    return buf_printf(path, "%s%s%s", root->name, node->parent ? "/" : "",
                      node->parent ? below.data : "");
}

/* The pages of its files are another version's, and so may be what is known of them. */
void pass_changed(struct mount *m, job_id id)
{
    size_t                      n;
    _cleanup_(freep) fuse_ino_t *inos = pass_node_all(m->pass, id, &n);

    for (size_t i = 0; i < n; i++)
        fuse_lowlevel_notify_inval_inode(m->session, inos[i], 0, 0);
}

void pass_moved_away(struct mount *m, fuse_ino_t parent, const char *name)
{
    pass_node_removed(m->pass, pass_node(parent), name);
}

int pass_open(struct pass **pp, struct mount *m)
{
    struct pass *p = calloc(1, sizeof(*p));
    int          r = p ? 0 : -ENOMEM;

    if (r == 0) {
        p->m = m;
        p->state_fd = open(m->state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
        r = p->state_fd < 0 ? -errno : pass_nodes_open(p);
    }
    if (r == 0 && mkdirat(p->state_fd, STAGE, 0700) < 0 && errno != EEXIST)
        r = -errno;
    if (r < 0)
        pass_close(p);
    else
        *pp = p;
    return r;
}

void pass_close(struct pass *p)
{
    if (!p)
        return;
    pass_nodes_close(p);
    if (p->state_fd >= 0)
        close(p->state_fd);
    free(p);
}
