/*
 * drop.c - what the kernel is told to drop, and how
 *
 * Every inode number is computed, so nothing need be known of what the kernel really holds: of what
 * it does not have there is nothing to drop.
 */
#include "fs/drop.h"

#include <stdio.h>
#include <string.h>

#include "fs/lent.h"
#include "fs/tree.h"
#include "fs/watched.h"

static void drop_entry(struct mount *m, struct place dir, const char *name)
{
    fuse_lowlevel_notify_inval_entry(m->session, place_ino(dir), name, strlen(name));
}

static void drop_attributes(struct mount *m, enum row_id row, uint64_t key)
{
    fuse_ino_t ino = place_ino((struct place){ row, key });

    fuse_lowlevel_notify_inval_inode(m->session, ino, -1, 0);
}

/* The names under which jobs that have ended are listed by state. */
static void drop_state_links(struct mount *m, const char *number)
{
    for (unsigned s = JOB_NONE + 1; s < JOB_STATE_COUNT; s++)
        if (job_ended((enum job_state)s))
            drop_entry(m, (struct place){ ROW_STATE_JOBS, s }, number);
}

/* Attributes and pages. */
static void drop_file(struct mount *m, enum row_id row, uint64_t key)
{
    fuse_ino_t ino = place_ino((struct place){ row, key });

    fuse_lowlevel_notify_inval_inode(m->session, ino, 0, 0);
}

/* The same for a row in each attempt of it that the kernel can know. */
static void drop_in_attempts(struct mount *m, enum row_id row, job_id id, uint32_t attempts)
{
    for (uint32_t a = attempts; a > 0; a--)
        drop_file(m, row, ATTEMPT_KEY(id, a));
}

/*
 * Everything of a job but its name; what lies below files/ is found anew with its directory.
 * `attempts`: the highest that the kernel can know of.
 */
static void drop_files(struct mount *m, job_id id, uint32_t attempts)
{
    for (unsigned r = ROW_ROOT + 1; r < ROW_COUNT; r++) {
        if (rows[r].key == KEY_IS_ATTEMPT)
            drop_in_attempts(m, (enum row_id)r, id, attempts);
        else if (rows[r].in == ROW_JOB && rows[r].kind != KIND_FILES)
            drop_file(m, (enum row_id)r, id);
    }
    drop_entry(m, (struct place){ ROW_JOB, id }, rows[ROW_FILES].name);
    drop_attributes(m, ROW_JOB, id);
}

/* What the job has written to stdout and stderr. */
static void drop_output(struct mount *m, job_id id, uint32_t attempts)
{
    for (unsigned r = ROW_ROOT + 1; r < ROW_COUNT; r++) {
        if (rows[r].kind == KIND_STREAM && rows[r].key == KEY_IS_ATTEMPT)
            drop_in_attempts(m, (enum row_id)r, id, attempts);
        else if (rows[r].kind == KIND_STREAM)
            drop_file(m, (enum row_id)r, id);
    }
}

/* Its name, and with it all that is below. */
static void drop_job(struct mount *m, job_id id, const char *number)
{
    const struct config *c = service_config(m->service);

    drop_entry(m, (struct place){ ROW_JOBS, 0 }, number);
    for (size_t i = 0; i < c->n_clusters; i++)
        drop_entry(m, (struct place){ ROW_CLUSTER_JOBS, CLUSTER_KEY(i) }, number);
    drop_attributes(m, ROW_JOB, id);
}

void drop_change(struct mount *m, job_id id, unsigned what, uint32_t attempts)
{
    char number[24];

    if (what & CHANGE_JOB_FILES) {
        pass_changed(m, id);
        if (what == CHANGE_JOB_FILES) {
            drop_output(m, id, attempts);
            return;
        }
    }
    snprintf(number, sizeof(number), "%llu", (unsigned long long)JOB_NUMBER(id));
    if (JOB_ELEMENT(id) == 0)
        drop_state_links(m, number);
    if (what & CHANGE_JOB_GONE)
        drop_job(m, id, number);
    else
        drop_files(m, id, attempts);
}

/*
 * The names first: that waits for whoever is told of one just now, and then the attributes are
 * there to be dropped.
 */
void drop_lent(struct mount *m, job_id id, unsigned where)
{
    struct job_brief b;
    char number[24];

    snprintf(number, sizeof(number), "%llu", (unsigned long long)JOB_NUMBER(id));
    for (unsigned s = JOB_NONE + 1; s < JOB_STATE_COUNT; s++)
        if (where & LENT_STATE(s))
            drop_entry(m, (struct place){ ROW_STATE_JOBS, s }, number);
    if (where & ~LENT_ELSEWHERE)
        drop_attributes(m, ROW_STATE_LINK, id);
    if (!(where & LENT_ELSEWHERE))
        return;
    if (service_brief(m->service, id, &b))
        drop_entry(m, (struct place){ ROW_CLUSTER_JOBS, CLUSTER_KEY(b.cluster) }, number);
    drop_attributes(m, ROW_CLUSTER_LINK, id);
    drop_attributes(m, ROW_JOB, id);
}

void drop_listings(struct mount *m, unsigned which)
{
    const struct config *c = service_config(m->service);

    if (which & LISTING_JOBS)
        drop_attributes(m, ROW_JOBS, 0);
    if (which & LISTING_NAMES)
        drop_attributes(m, ROW_BY_NAME, 0);
    for (size_t i = 0; which & LISTING_CLUSTERS && i < c->n_clusters; i++)
        drop_attributes(m, ROW_CLUSTER_JOBS, CLUSTER_KEY(i));
    for (unsigned s = JOB_NONE + 1; s < JOB_STATE_COUNT; s++)
        if (which & LISTING_STATE(s))
            drop_attributes(m, ROW_STATE_JOBS, s);
}
