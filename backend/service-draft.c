/*
 * service-draft.c - the door for drafts and specs
 *
 * Between the release of a draft and the commit of its job there is a moment in which neither the
 * draft's row nor the job's holds the spec where the reader finds it: the fresh list bridges it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "admit.h"
#include "service-parts.h"
#include "service-text.h"
#include "views.h"

void service_drop_fresh(struct service *s, bool all)
{
    for (struct fresh **at = &s->fresh; *at;) {
        struct fresh *f = *at;

        if (!all && !engine_settled(s->engine, f->ticket)) {
            at = &f->next;
            continue;
        }
        *at = f->next;
        buf_release(&f->text);
        free(f);
    }
}

/* Drafts */

uint64_t service_draft_next_id(struct service *s)
{
    return ++s->draft_id;
}

uint64_t service_draft_keep(struct service *s, const struct draft_record *r, service_done *done,
                            void *arg)
{
    uint64_t ticket = engine_keep_draft(s->engine, r, done, arg);

    if (!ticket && done)
        done(arg, -ENOMEM, &(struct error){ .text = "out of memory" });
    return ticket;
}

uint64_t service_draft_remove(struct service *s, uint64_t id)
{
    return engine_remove_draft(s->engine, id);
}

bool service_settled(struct service *s, uint64_t ticket)
{
    return engine_settled(s->engine, ticket);
}

int service_draft_find(struct service *s, const char *cluster, const char *name,
                       struct draft_record *r)
{
    return reader_draft_find(s->reader, cluster, name, r);
}

int service_draft_load(struct service *s, uint64_t id, bool with_text, struct draft_record *r)
{
    int rc = reader_draft_load(s->reader, id, with_text, r);

    /* A submitted one has its text in its job. */
    if (!rc && with_text && r->status == DRAFT_SUBMITTED && !r->text.len)
        rc = service_spec_text(s, r->job, &r->text);
    return rc;
}

int service_draft_after(struct service *s, const char *cluster, uint64_t after,
                        struct draft_record *r)
{
    return reader_draft_after(s->reader, cluster, after, r);
}

/* Specs */

static job_id look_up_name(void *arg, const char *name)
{
    return service_by_name(arg, name);
}

static bool look_up_id(void *arg, job_id id)
{
    struct service  *s = arg;
    struct job_brief brief;

    return board_brief(s->board, id, &brief);
}

static struct admit_jobs jobs_of(struct service *s)
{
    return (struct admit_jobs){ .by_name = look_up_name, .exists = look_up_id, .arg = s };
}

int service_validate(struct service *s, const char *cluster, struct span text, struct error *e)
{
    _cleanup_(admittedp) struct admitted a = ADMITTED_INIT;
    struct admit_jobs jobs = jobs_of(s);

    return admit(&a, s->config, cluster, text, &jobs, e);
}

int service_rehearse(struct service *s, const char *cluster, const char *name, struct span text,
                     struct buf *out, struct error *e)
{
    _cleanup_(admittedp) struct admitted a = ADMITTED_INIT;
    struct admit_jobs jobs = jobs_of(s);
    int               r = admit(&a, s->config, cluster, text, &jobs, e);

    if (!r)
        r = admit_name(&a, name);
    return r ? r : text_rehearsal(&a, out, e);
}

/* Show the job before the engine has it: whoever looks after this sees it. */
static int show_new(struct service *s, const struct admitted *a)
{
    struct job_view v, *shown;

    admitted_view(a, &v);
    v.cause = CAUSE_NONE;
    shown = job_view_make(&v);
    return shown ? board_show(s->board, shown, a->cluster->index) : -ENOMEM;
}

static int admit_draft(struct service *s, struct draft_record *r, struct admitted *a,
                       struct error *e)
{
    struct admit_jobs jobs = jobs_of(s);
    int               rc = 0;

    if (!r->text.len)
        rc = reader_draft_load(s->reader, r->id, true, r);
    if (!rc)
        rc = admit(a, s->config, r->cluster, buf_span(&r->text), &jobs, e);
    if (!rc)
        rc = admit_name(a, r->name);
    return rc ? rc : buf_add_span(&a->text, buf_span(&r->text));
}

/* All or nothing: shown, sent to the engine, and its spec kept until the reader has it. */
static int send_job(struct service *s, struct admitted *a, uint64_t *ticket)
{
    struct fresh *f = calloc(1, sizeof(*f));
    job_id        id = a->id;

    if (!f)
        return -ENOMEM;
    f->text = (struct buf)BUF_INIT;
    f->id = id;
    if (!buf_add_span(&f->text, buf_span(&a->text)) && !show_new(s, a)) {
        *ticket = f->ticket = engine_submit(s->engine, a);
        if (*ticket) {
            f->next = s->fresh;
            s->fresh = f;
            return 0;
        }
        board_remove(s->board, id);
    }
    buf_release(&f->text);
    free(f);
    return -ENOMEM;
}

job_id service_submit(struct service *s, struct draft_record *r, uint64_t *ticket, struct error *e)
{
    _cleanup_(admittedp) struct admitted a = ADMITTED_INIT;
    job_id id;

    service_drop_fresh(s, false);
    if (admit_draft(s, r, &a, e))
        return 0;
    id = a.id = JOB_ID(board_number(s->board), 0);
    a.draft = r->id;
    if (send_job(s, &a, ticket)) {
        error_set(e, -ENOMEM, "out of memory");
        return 0;
    }
    r->status = DRAFT_SUBMITTED;
    r->job = id;
    if (s->watcher)
        s->watcher(s->watcher_arg, id, CHANGE_JOB_NEW);
    return id;
}

void service_submit_dir(struct service *s, const struct draft_record *r, const char *path,
                        service_staged *done, void *arg)
{
    if (!engine_submit_dir(s->engine, r, path, done, arg))
        done(arg, -ENOMEM, r, &(struct error){ .text = "out of memory" });
}
