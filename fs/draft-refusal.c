/*
 * draft-refusal.c - NAME.error where there is no NAME
 *
 * What is refused before it becomes a file (a directory, a fifo, a rename of something that is no
 * spec) leaves nothing that the sentence could belong to. The last few such sentences are kept
 * here, until something is made under the name or the sentence is removed.
 */
#include <string.h>

#include "clustrixfs/clock.h"
#include "fs/draft.h"

static void refusal_remove(struct drafts *ds, size_t i)
{
    draft_record_release(&ds->refusals[i].rec);
    ds->n_refusals--;
    memmove(ds->refusals + i, ds->refusals + i + 1,
            (ds->n_refusals - i) * sizeof(ds->refusals[0]));
}

void refusal_add(struct drafts *ds, unsigned dir, const char *name, const char *text)
{
    struct refusal new = { .dir = dir };

    refusal_drop(ds, dir, name);
    if (strlen(name) > DRAFT_NAME_LEN_MAX)
        return;
    new.rec = (struct draft_record){
        .id = service_draft_next_id(ds->m->service),
        .name = strdup(name),
        .why = strdup(text),
        .status = DRAFT_REFUSED,
        .mtime_ns = clock_now_ns(),
        .text = BUF_INIT,
    };
    /* Without the sentence there is still the errno. */
    if (!new.rec.name || !new.rec.why) {
        draft_record_release(&new.rec);
        return;
    }
    if (ds->n_refusals == REFUSALS_KEPT)
        refusal_remove(ds, 0);
    ds->refusals[ds->n_refusals++] = new;
    drafts_touched(ds, dir);
}

void refusal_drop(struct drafts *ds, unsigned dir, const char *name)
{
    for (size_t i = 0; i < ds->n_refusals; i++) {
        if (ds->refusals[i].dir == dir && strcmp(ds->refusals[i].rec.name, name) == 0) {
            refusal_remove(ds, i);
            return;
        }
    }
}

const struct draft_record *refusal_by_id(const struct drafts *ds, uint64_t id)
{
    for (size_t i = 0; i < ds->n_refusals; i++) {
        if (ds->refusals[i].rec.id == id)
            return &ds->refusals[i].rec;
    }
    return NULL;
}

const struct draft_record *refusal_find(const struct drafts *ds, unsigned dir, const char *name)
{
    for (size_t i = 0; i < ds->n_refusals; i++) {
        if (ds->refusals[i].dir == dir && strcmp(ds->refusals[i].rec.name, name) == 0)
            return &ds->refusals[i].rec;
    }
    return NULL;
}

const struct draft_record *refusal_after(const struct drafts *ds, unsigned dir, uint64_t id)
{
    for (size_t i = 0; i < ds->n_refusals; i++) {
        if (ds->refusals[i].dir == dir && ds->refusals[i].rec.id > id)
            return &ds->refusals[i].rec;
    }
    return NULL;
}

void refusals_release(struct drafts *ds)
{
    while (ds->n_refusals > 0)
        refusal_remove(ds, ds->n_refusals - 1);
}
