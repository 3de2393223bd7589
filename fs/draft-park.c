/*
 * draft-park.c - answers that come later
 *
 * A close() that promises something waits for the disk, not for us: its request is parked here and
 * answered from the service's thread. That thread touches nothing of the drafts; where it brings
 * bad news, the parked request itself becomes the letter that tells the loop.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "fs/draft.h"
#include "fs/pass.h"

struct parked {
    struct letter  letter; /* first: mailbox_take() gives this address back */
    struct drafts *ds;
    fuse_req_t     req;
    atomic_bool    answered;
    uint64_t       draft; /* whose bytes are kept; or 0, and a directory is submitted: */
    unsigned       dir;
    char          *name;
    fuse_ino_t     stage_parent;
    char          *stage_name;
    struct error   error;
};

static void parked_free(struct parked *p)
{
    free(p->name);
    free(p->stage_name);
    free(p);
}

/* Ctrl-C in a close(): the program goes on, and what was asked for goes on too. */
static void parked_interrupted(fuse_req_t req, void *arg)
{
    struct parked *p = arg;

    if (!atomic_exchange(&p->answered, true))
        fuse_reply_err(req, EINTR);
}

static struct parked *parked_new(struct drafts *ds, fuse_req_t req)
{
    struct parked *p = calloc(1, sizeof(*p));

    if (!p)
        return NULL;
    p->ds = ds;
    p->req = req;
    pthread_mutex_lock(&ds->lock);
    ds->awaited++;
    pthread_mutex_unlock(&ds->lock);
    /* To answer from within fuse_req_interrupt_func() would free what it still holds. */
    if (fuse_req_interrupted(req))
        parked_interrupted(req, p);
    else
        fuse_req_interrupt_func(req, parked_interrupted, p);
    return p;
}

/*
 * Whoever sets `answered` answers. Taking the interrupt function away waits for one that is just
 * running, so nobody looks at `p` after this.
 */
static void parked_answer(struct parked *p, int r, const struct error *e)
{
    struct drafts *ds = p->ds;
    fuse_req_t     req = p->req;
    bool           ours = !atomic_exchange(&p->answered, true);

    if (ours)
        fuse_req_interrupt_func(req, NULL, NULL);
    if (r < 0) {
        if (e)
            p->error = *e;
        mailbox_post(ds->answers, &p->letter);
    } else {
        parked_free(p);
    }
    if (ours)
        fuse_reply_err(req, -r);
    pthread_mutex_lock(&ds->lock);
    if (--ds->awaited == 0)
        pthread_cond_signal(&ds->none_awaited);
    pthread_mutex_unlock(&ds->lock);
}

static void parked_kept(void *arg, int r, const struct error *e)
{
    parked_answer(arg, r, e);
}

void draft_keep(struct drafts *ds, struct draft *d, fuse_req_t req)
{
    struct parked      *p = req ? parked_new(ds, req) : NULL;
    struct draft_record rec;
    struct job_brief    job;

    if (req && !p) {
        fuse_reply_err(req, ENOMEM);
        return;
    }
    if (p)
        p->draft = d->rec.id;
    rec = d->rec;
    /* A job that is there has the bytes; after it, the draft's row does. */
    if (rec.status == DRAFT_SUBMITTED && service_brief(ds->m->service, rec.job, &job))
        rec.text = (struct buf)BUF_INIT;
    d->kept = true;
    d->ticket = service_draft_keep(ds->m->service, &rec, p ? parked_kept : NULL, p);
}

static void parked_staged(void *arg, int r, const struct draft_record *rec unused_arg,
                          const struct error *e)
{
    struct parked *p = arg;

    if (r == 0)
        pass_moved_away(p->ds->m, p->stage_parent, p->stage_name);
    parked_answer(p, r, e);
}

void draft_submit_dir(struct drafts *ds, unsigned dir, const char *name, const char *path,
                      fuse_req_t req, fuse_ino_t parent, const char *stage_name)
{
    struct draft_record rec = {
        .id = service_draft_next_id(ds->m->service),
        .cluster = (char *)drafts_cluster(ds, dir),
        .name = (char *)name,
        .mode = 0644,
        .uid = ds->m->uid,
        .gid = ds->m->gid,
        .text = BUF_INIT,
    };
    struct parked *p = parked_new(ds, req);

    if (p) {
        p->dir = dir;
        p->name = strdup(name);
        p->stage_parent = parent;
        p->stage_name = strdup(stage_name);
    }
    if (!p || !p->name || !p->stage_name) {
        struct error none = ERROR_INIT;

        if (p)
            parked_answer(p, -ENOMEM, &none);
        else
            fuse_reply_err(req, ENOMEM);
        return;
    }
    drafts_touched(ds, dir);
    refusal_drop(ds, dir, name);
    service_submit_dir(ds->m->service, &rec, path, parked_staged, p);
}

/* A draft that could not be stored must not become a job. */
static void drafts_hear_one(struct drafts *ds, const struct parked *p)
{
    struct draft *d = drafts_by_id(ds, p->draft);

    if (p->draft == 0 && p->name)
        refusal_add(ds, p->dir, p->name, p->error.text);
    else if (d && d->rec.status == DRAFT_READY)
        draft_set_status(d, DRAFT_REFUSED, p->error.text);
}

void drafts_hear(struct drafts *ds)
{
    struct letter *l = mailbox_take(ds->answers);

    while (l) {
        struct letter *next = l->next;
        struct parked *p = container_of(l, struct parked, letter);

        drafts_hear_one(ds, p);
        parked_free(p);
        l = next;
    }
}

void drafts_await(struct drafts *ds)
{
    pthread_mutex_lock(&ds->lock);
    while (ds->awaited > 0)
        pthread_cond_wait(&ds->none_awaited, &ds->lock);
    pthread_mutex_unlock(&ds->lock);
}
