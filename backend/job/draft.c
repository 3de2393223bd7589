/*
 * draft.c - what hangs from a draft's record
 *
 * The record travels between the FUSE loop and the engine; each side has a copy of its own.
 */
#include "clustrixfs/draft.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void draft_record_release(struct draft_record *r)
{
    free(r->cluster);
    free(r->name);
    free(r->why);
    buf_release(&r->text);
    *r = (struct draft_record){ .text = BUF_INIT };
}

int draft_record_copy(struct draft_record *to, const struct draft_record *from)
{
    struct draft_record r = *from;

    r.cluster = strdup(from->cluster);
    r.name = strdup(from->name);
    r.why = from->why ? strdup(from->why) : NULL;
    r.text = (struct buf)BUF_INIT;
    if (!r.cluster || !r.name || (from->why && !r.why) ||
        buf_add_span(&r.text, buf_span(&from->text))) {
        draft_record_release(&r);
        return -ENOMEM;
    }
    *to = r;
    return 0;
}
