/*
 * plan.c - all that is to be put into files/, looked at once
 *
 * What an input names is followed if it is a link; links inside of a directory stay links. What is
 * neither file, directory nor link is an error rather than left out.
 */
#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parts.h"

void plan_release(struct plan *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->v[i].from);
        free(p->v[i].to);
        free(p->v[i].target);
    }
    free(p->v);
    *p = (struct plan)PLAN_INIT;
}

static int take_target(struct input *in, struct error *e)
{
    char    target[PATH_MAX];
    ssize_t n = readlink(in->from, target, sizeof(target) - 1);

    if (n < 0)
        return error_set(e, -EINVAL, "inputs: %s cannot be read: %s", in->from, strerror(errno));
    in->target = strndup(target, (size_t)n);
    return in->target ? 0 : -ENOMEM;
}

static struct input *add(struct plan *p)
{
    if (p->n == p->alloc) {
        size_t        alloc = p->alloc * 2 + 16;
        struct input *v = realloc(p->v, alloc * sizeof(*v));

        if (!v)
            return NULL;
        p->v = v;
        p->alloc = alloc;
    }
    p->v[p->n] = (struct input){ 0 };
    return &p->v[p->n++];
}

static int take(struct plan *p, const FTSENT *f, size_t skip, struct error *e)
{
    struct input *in;

    if (p->n == PLAN_MAX)
        return error_set(e, -EINVAL, "inputs: they are more than %d files: pack them into an "
                         "archive and unpack that in the job", PLAN_MAX);
    in = add(p);
    if (!in)
        return -ENOMEM;
    in->from = strdup(f->fts_path);
    in->to = strdup(f->fts_path + skip);
    in->st = *f->fts_statp;
    if (!in->from || !in->to)
        return -ENOMEM;
    if (S_ISREG(in->st.st_mode)) {
        p->files++;
        p->bytes += (uint64_t)in->st.st_size;
    }
    return S_ISLNK(in->st.st_mode) ? take_target(in, e) : 0;
}

static int refuse(const FTSENT *f, const char *why, struct error *e)
{
    return error_set(e, -EINVAL, "inputs: %s %s", f->fts_path, why);
}

static int visit(struct plan *p, FTSENT *f, dev_t *dev, size_t skip, struct error *e)
{
    _cleanup_(bufp) struct buf why = BUF_INIT;

    switch (f->fts_info) {
    case FTS_D:
        if (f->fts_statp->st_dev != *dev && inputs_is_ours(f->fts_statp->st_dev))
            return refuse(f, "lies in a clustrixfs mount: leave that out", e);
        *dev = f->fts_statp->st_dev;
        return take(p, f, skip, e);
    case FTS_F:
    case FTS_SL:
    case FTS_SLNONE:
        return take(p, f, skip, e);
    case FTS_DP:
        return 0;
    case FTS_DEFAULT:
        return refuse(f, "is neither a file, a directory nor a link", e);
    default:
        buf_printf(&why, "cannot be read: %s", strerror(f->fts_errno ? f->fts_errno : ELOOP));
        return refuse(f, why.data, e);
    }
}

static int add_tree(struct plan *p, char *path, struct error *e)
{
    char *const paths[] = { path, NULL };
    FTS        *fts = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
    size_t      skip = strlen(path) - input_name(path).len;
    dev_t       dev = 0;
    FTSENT     *f;
    int         r = fts ? 0 : -ENOMEM;

    while (r == 0 && (errno = 0, f = fts_read(fts)))
        r = visit(p, f, &dev, skip, e);
    if (r == 0 && errno)
        r = error_set(e, -EINVAL, "inputs: %s cannot be read: %s", path, strerror(errno));
    if (fts)
        fts_close(fts);
    return r;
}

int plan_make(struct plan *p, const struct strv *inputs, struct error *e)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < inputs->n; i++) {
        _cleanup_(bufp) struct buf path = BUF_INIT;

        if (input_is_relative(inputs->v[i]))
            continue;
        r = input_path(&path, inputs->v[i]);
        r = r < 0 ? r : add_tree(p, path.data, e);
    }
    return r;
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool plan_is_same(const struct input *in, const struct stat *st)
{
    return S_ISREG(st->st_mode) && st->st_size == in->st.st_size && st->st_ino == in->st.st_ino &&
           st->st_dev == in->st.st_dev && same_time(st->st_mtim, in->st.st_mtim) &&
           same_time(st->st_ctim, in->st.st_ctim);
}
