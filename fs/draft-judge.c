/*
 * draft-judge.c - what a draft is worth
 *
 * Whoever closes a draft hears the verdict on the bytes as they are then; the draft remembers it
 * as its status, and NAME.error is the sentence. What was judged valid becomes a job when its last
 * writer is done, here and nowhere else.
 */
#include "fs/draft.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clustrixfs/clock.h"

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

void draft_set_status(struct draft *d, enum draft_status status, const char *why)
{
    if (d->rec.status == status && same_text(d->rec.why, why))
        return;
    free(d->rec.why);
    d->rec.why = why ? strdup(why) : NULL;
    d->rec.status = status;
    d->kept = false;
}

/* In check/ the report stands in for what was written; now that is wanted again. */
static void draft_unrehearse(struct draft *d)
{
    struct buf report = d->rec.text;

    if (d->dir != DIR_CHECK || d->rec.status != DRAFT_SUBMITTED)
        return;
    d->rec.text = d->source;
    d->rec.size = d->rec.text.len;
    d->source = (struct buf)BUF_INIT;
    buf_release(&report);
}

void draft_will_change(struct draft *d)
{
    draft_unrehearse(d);
    draft_set_status(d, DRAFT_PART, NULL);
    d->rec.job = 0;
    d->rec.mtime_ns = clock_now_ns();
    d->changed = true;
    d->kept = false;
}

int draft_verdict(struct drafts *ds, const struct draft *d, unsigned dir, struct error *e)
{
    int r;

    if (d->killed)
        return error_set(e, -EINVAL, "the program that wrote this was killed before it was done, "
                                     "so this may be a part; write it again");
    if (d->too_big)
        return error_set(e, -EFBIG, "a spec has %d bytes at most, and more was written; put the "
                                    "data into a directory in stage/ and mv that here",
                         SPEC_SIZE_MAX);
    if (d->rec.size == 0)
        return error_set(e, DRAFT_E_GROWING, "this is empty; write a script that begins with #! "
                                             "or a JSON object into it, as README.md shows");
    r = service_validate(ds->m->service, drafts_cluster(ds, dir), buf_span(&d->rec.text), e);
    return r == SPEC_E_INCOMPLETE ? DRAFT_E_GROWING : r;
}

int draft_judge(struct drafts *ds, struct draft *d)
{
    struct error e = ERROR_INIT;
    int          r = 0;

    d->changed = false;
    if (d->waits || !name_submits(d->rec.name)) {
        draft_set_status(d, DRAFT_PART, NULL);
        return 0;
    }
    r = draft_verdict(ds, d, d->dir, &e);
    draft_set_status(d, r == 0 ? DRAFT_READY : DRAFT_REFUSED, r == 0 ? NULL : e.text);
    return r;
}

static void draft_rehearse(struct drafts *ds, struct draft *d)
{
    _cleanup_(bufp) struct buf report = BUF_INIT;
    struct error               e = ERROR_INIT;
    int r = service_rehearse(ds->m->service, "", d->rec.name, buf_span(&d->rec.text), &report, &e);

    if (r == 0 && buf_error(&report) == 0) {
        draft_set_status(d, DRAFT_SUBMITTED, NULL);
        buf_release(&d->source);
        d->source = d->rec.text;
        d->rec.text = report;
        d->rec.size = report.len;
        report = (struct buf)BUF_INIT;
    } else {
        draft_set_status(d, DRAFT_REFUSED, *e.text ? e.text : strerror(ENOMEM));
    }
}

static void draft_submit(struct drafts *ds, struct draft *d)
{
    struct error e = ERROR_INIT;

    if (!d->kept)
        draft_keep(ds, d, NULL);
    if (service_submit(ds->m->service, &d->rec, &d->ticket, &e) != 0)
        return;
    draft_set_status(d, DRAFT_REFUSED, e.text);
    draft_keep(ds, d, NULL);
}

/*
 * Bytes may have arrived after the last flush: those of a mapping do. In check/ nothing is kept,
 * and what was rehearsed is done with.
 */
void draft_finish(struct drafts *ds, struct draft *d)
{
    if (d->gone)
        return;
    if (d->changed)
        draft_judge(ds, d);
    if (d->rec.status == DRAFT_READY)
        (d->dir == DIR_CHECK ? draft_rehearse : draft_submit)(ds, d);
    else if (d->dir != DIR_CHECK && !d->kept)
        draft_keep(ds, d, NULL);
}
