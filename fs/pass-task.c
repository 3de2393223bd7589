/*
 * pass-task.c - one request in the pool
 *
 * A task owns copies of all that the request brought, because that is gone when the call returns;
 * its nodes are counted, so that they are there even when the kernel forgets them meanwhile.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/draft.h"
#include "fs/pass.h"

static void task_free(struct pass_task *t)
{
    if (t->node)
        pass_node_unref(t->p, t->node, 1);
    if (t->node2)
        pass_node_unref(t->p, t->node2, 1);
    free(t->name);
    free(t->name2);
    free(t->data);
    free(t);
}

static void task_work(void *arg)
{
    struct pass_task *t = arg;
    int               r = t->fn(t);

    if (r <= 0)
        fuse_reply_err(t->req, -r);
    task_free(t);
}

/* Files of a job are the job's: nobody else writes there, and nothing goes before its end. */
static int allowed(const struct pass *p, const struct pass_node *node, enum pass_need need)
{
    if (need == PASS_LOOKS || node->job == 0)
        return 0;
    if (need == PASS_WRITES)
        return -EROFS;
    return pass_frozen(p, node->job) ? 0 : -EBUSY;
}

struct pass_task *pass_task(fuse_req_t req, fuse_ino_t ino, pass_do *fn, enum pass_need need)
{
    struct mount     *m = fuse_req_userdata(req);
    struct pass_task *t;
    int               r = allowed(m->pass, pass_node(ino), need);

    if (r < 0) {
        fuse_reply_err(req, -r);
        return NULL;
    }
    if (need != PASS_LOOKS && !draft_may(req))
        return NULL;
    t = calloc(1, sizeof(*t));
    if (!t) {
        fuse_reply_err(req, ENOMEM);
        return NULL;
    }
    if (pass_node(ino)->far)
        service_look(m->service, pass_node(ino)->job);
    t->req = req;
    t->p = m->pass;
    t->fn = fn;
    t->node = pass_node(ino);
    pass_node_ref(t->p, t->node);
    return t;
}

void pass_task_fail(struct pass_task *t, int err)
{
    fuse_reply_err(t->req, err);
    task_free(t);
}

static void pass_task_run(struct pass_task *t)
{
    if (pool_run(t->p->m->pool, task_work, t) < 0)
        pass_task_fail(t, ENOMEM);
}

void pass_task_go(struct pass_task *t, const char *name, const struct fuse_file_info *fi)
{
    if (name && !(t->name = strdup(name))) {
        pass_task_fail(t, ENOMEM);
        return;
    }
    if (fi) {
        t->fi = *fi;
        t->handle = (struct pass_handle *)(uintptr_t)fi->fh;
    }
    pass_task_run(t);
}

/* Whoever asked may be gone by now: then the kernel did not count the lookup. */
int pass_task_reply_entry(struct pass_task *t, const char *name, const struct stat *st)
{
    struct fuse_entry_param entry;
    int                     r = pass_entry(t->p, t->node, name, st, &entry);

    if (r < 0)
        return r;
    if (fuse_reply_entry(t->req, &entry) == -ENOENT)
        pass_node_unref(t->p, pass_node(entry.ino), 1);
    return PASS_E_ANSWERED;
}
