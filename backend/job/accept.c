/*
 * accept.c - what was admitted becomes a live job
 *
 * Three ways lead here: the release of a draft, a staged directory, and a draft that was valid and
 * durable when an earlier daemon died before it could submit it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/log.h"

#include "live.h"
#include "token.h"

static int fill(struct job *j, struct admitted *a)
{
    struct job_view v;

    admitted_view(a, &v);
    /* The strings that the view borrowed become the job's own. */
    v.name = v.alias = v.reason = v.native = v.node = v.memory_by = NULL;
    v.state = JOB_NONE;
    j->v = v;
    j->spec = STEAL(a->spec);
    j->waits = STEAL(a->waits);
    j->inputs = STEAL(a->inputs);
    j->text = a->text;
    a->text = (struct buf)BUF_INIT;
    j->draft = a->draft;
    if (job_text(&j->v.name, a->name) || job_text(&j->v.alias, a->alias))
        return -ENOMEM;
    job_reason(j, "accepted: it is on disk here and will go to the cluster");
    return 0;
}

struct job *accept_job(struct engine *en, struct admitted *a)
{
    struct job *j = job_new(en, a->id, a->cluster);

    if (!j)
        return NULL;
    if (fill(j, a) || idmap_put(&en->tokens, token_bits(span_str(j->v.token)), j)) {
        idmap_take(&en->jobs, j->v.id);
        job_free(j);
        return NULL;
    }
    job_move(en, j, EV_ACCEPTED, "user", "");
    job_changed(en, j, CHANGE_JOB_NEW);
    burst_add(&en->burst, clock_mono_ns());
    __atomic_add_fetch(&en->submitted, 1, __ATOMIC_RELAXED);
    if (j->v.elements && array_open(en, j))
        log_line(LOG_ERROR, "job=%llu: out of memory for its elements",
                 (unsigned long long)JOB_NUMBER(j->v.id));
    if (after_begin(en, j, false))
        log_line(LOG_ERROR, "job=%llu: out of memory for what it waits for",
                 (unsigned long long)JOB_NUMBER(j->v.id));
    duty_go_on(en, j);
    return j;
}

static job_id by_name(void *arg, const char *name)
{
    struct engine *en = arg;
    job_id         id = store_by_name(en->store, name);

    /* One that was accepted in this very round is in no table yet. */
    for (size_t i = 0; i < en->n_changed; i++) {
        const struct job *j = en->changed[i];

        if (!j->stored && j->v.id > id && !j->whole &&
            ((j->v.name && !strcmp(j->v.name, name)) ||
             (j->v.alias && !strcmp(j->v.alias, name))))
            id = j->v.id;
    }
    return id;
}

static bool exists(void *arg, job_id id)
{
    struct engine   *en = arg;
    struct job_brief brief;

    return board_brief(en->board, id, &brief);
}

struct admit_jobs accept_jobs(struct engine *en)
{
    return (struct admit_jobs){ .by_name = by_name, .exists = exists, .arg = en };
}

/* The sentence for a script whose writer may not have been finished. */
static const char not_finished[] =
    "the daemon was stopped after this was written but before its writer had closed it, and a "
    "script does not tell whether it is whole: look at it and write it again to submit it";

static int refuse(struct engine *en, const struct draft_record *d, const char *why)
{
    _cleanup_(draft_recordp) struct draft_record refused = { .text = BUF_INIT };
    int r = draft_record_copy(&refused, d);

    if (r)
        return r;
    refused.status = DRAFT_REFUSED;
    free(refused.why);
    refused.why = strdup(why);
    return refused.why ? commit_change(en, change_keep_draft(&refused)) : -ENOMEM;
}

static int submit_ready(struct engine *en, const struct draft_record *d)
{
    _cleanup_(admittedp) struct admitted a = ADMITTED_INIT;
    struct admit_jobs jobs = accept_jobs(en);
    struct error      e = ERROR_INIT;
    int r = admit(&a, en->config, d->cluster, buf_span(&d->text), &jobs, &e);

    if (r)
        return refuse(en, d, e.text);
    if (a.spec->form == SPEC_SCRIPT)
        return refuse(en, d, not_finished);
    r = admit_name(&a, d->name);
    if (!r)
        r = buf_add_span(&a.text, buf_span(&d->text));
    if (r)
        return r;
    a.id = JOB_ID(board_number(en->board), 0);
    a.draft = d->id;
    log_line(LOG_INFO, "job=%llu: submitted from \"%s\", whole when the last daemon ended",
             (unsigned long long)JOB_NUMBER(a.id), d->name);
    return accept_job(en, &a) ? 0 : -ENOMEM;
}

struct ready {
    struct draft_record *v;
    size_t               n;
};

static int collect_ready(void *arg, const struct draft_record *d)
{
    struct ready        *ready = arg;
    struct draft_record *v = realloc(ready->v, (ready->n + 1) * sizeof(*v));

    if (!v)
        return -ENOMEM;
    ready->v = v;
    return draft_record_copy(&v[ready->n], d) ?: (ready->n++, 0);
}

void accept_ready_drafts(struct engine *en)
{
    struct ready ready = { 0 };
    int          r = store_each_ready(en->store, collect_ready, &ready);

    for (size_t i = 0; i < ready.n; i++) {
        if (!r)
            r = submit_ready(en, &ready.v[i]);
        draft_record_release(&ready.v[i]);
    }
    free(ready.v);
    if (r)
        log_line(LOG_ERROR, "drafts of the last daemon could not be taken up: %s", strerror(-r));
}
