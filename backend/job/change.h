/*
 * change.h - what a round changes in the database beside the rows of jobs
 *
 * A change is a value that is carried out at the commit, all of a round in one transaction. One
 * that somebody waits for is given up when the disk refuses, and he hears it; the others are kept
 * and tried again with the next round.
 */
#ifndef CLUSTRIXFS_CHANGE_H
#define CLUSTRIXFS_CHANGE_H

#include "store.h"

struct change {
    struct change *next;
    int (*run)(struct store *st, const struct change *c);
    void (*release)(struct change *c); /* what hangs from it; NULL: nothing */
    bool awaited;                      /* somebody hears whether it went well */
};

/* Each returns a change to give to commit_change(), or NULL when memory is out. */
struct change *change_keep_draft(const struct draft_record *r);
struct change *change_remove_draft(uint64_t id);
struct change *change_forget(job_id whole, const char *name, const char *alias,
                             const char *cluster, const char *token);
struct change *change_removed(const char *cluster, const char *token);
void           change_free(struct change *c);

#endif
