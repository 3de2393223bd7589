/*
 * change.c - what a round changes in the database beside the rows of jobs
 */
#include "change.h"

#include <stdlib.h>
#include <string.h>

struct draft_change {
    struct change       change; /* first */
    struct draft_record rec;
    uint64_t            id;
};

static void *change_new(size_t size, int (*run)(struct store *, const struct change *),
                        void (*release)(struct change *))
{
    struct change *c = calloc(1, size);

    if (!c)
        return NULL;
    c->run = run;
    c->release = release;
    return c;
}

void change_free(struct change *c)
{
    if (c && c->release)
        c->release(c);
    free(c);
}

static int run_keep(struct store *st, const struct change *c)
{
    return store_keep_draft(st, &((const struct draft_change *)c)->rec);
}

static void release_draft(struct change *c)
{
    draft_record_release(&((struct draft_change *)c)->rec);
}

struct change *change_keep_draft(const struct draft_record *r)
{
    struct draft_change *c = change_new(sizeof(*c), run_keep, release_draft);

    if (!c || !draft_record_copy(&c->rec, r))
        return &c->change;
    free(c);
    return NULL;
}

static int run_remove(struct store *st, const struct change *c)
{
    return store_remove_draft(st, ((const struct draft_change *)c)->id);
}

struct change *change_remove_draft(uint64_t id)
{
    struct draft_change *c = change_new(sizeof(*c), run_remove, NULL);

    if (!c)
        return NULL;
    c->id = id;
    return &c->change;
}

/* A job that is forgotten here, and its directory that is still to be removed there. */
struct job_change {
    struct change change; /* first */
    job_id        whole;
    char         *name, *alias, *cluster;
    char          token[JOB_TOKEN_LEN + 1];
};

static void release_job(struct change *c)
{
    struct job_change *j = (struct job_change *)c;

    free(j->name);
    free(j->alias);
    free(j->cluster);
}

static int run_forget(struct store *st, const struct change *c)
{
    const struct job_change *j = (const struct job_change *)c;
    int                      r = store_forget_job(st, j->whole, j->name, j->alias);

    return r ? r : store_add_removal(st, j->cluster, j->token);
}

static int run_removed(struct store *st, const struct change *c)
{
    const struct job_change *j = (const struct job_change *)c;

    return store_drop_removal(st, j->cluster, j->token);
}

struct change *change_forget(job_id whole, const char *name, const char *alias,
                             const char *cluster, const char *token)
{
    struct job_change *j = change_new(sizeof(*j), run_forget, release_job);

    if (!j)
        return NULL;
    j->whole = whole;
    j->name = strdup(name);
    j->alias = strdup(alias);
    j->cluster = strdup(cluster);
    strncpy(j->token, token, JOB_TOKEN_LEN);
    if (j->name && j->alias && j->cluster)
        return &j->change;
    change_free(&j->change);
    return NULL;
}

struct change *change_removed(const char *cluster, const char *token)
{
    struct change *c = change_forget(0, "", "", cluster, token);

    if (c)
        c->run = run_removed;
    return c;
}
