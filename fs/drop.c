/*
 * drop.c - makes the kernel drop what it keeps
 *
 * It may keep what is FROZEN (tree.h), and here is all that it may keep of one job, by the table.
 */
#include "fs/drop.h"

#include <string.h>

static void drop_entry(struct mount *m, struct place dir, const char *name)
{
    fuse_lowlevel_notify_inval_entry(m->session, place_ino(dir), name, strlen(name));
}

void drop_attributes(struct mount *m, struct place p)
{
    fuse_lowlevel_notify_inval_inode(m->session, place_ino(p), -1, 0);
}

void drop_state_links(struct mount *m, const char *number)
{
    for (unsigned s = JOB_NONE + 1; s < JOB_STATE_COUNT; s++)
        if (job_ended((enum job_state)s))
            drop_entry(m, (struct place){ ROW_STATE_JOBS, s }, number);
}

void drop_files(struct mount *m, job_id id)
{
    for (unsigned r = ROW_ROOT + 1; r < ROW_COUNT; r++)
        if (rows[r].in == ROW_JOB && rows[r].kind != KIND_FILES)
            fuse_lowlevel_notify_inval_inode(m->session,
                                             place_ino((struct place){ r, id }), 0, 0);
    drop_entry(m, (struct place){ ROW_JOB, id }, rows[ROW_FILES].name);
    drop_attributes(m, (struct place){ ROW_JOB, id });
}

void drop_output(struct mount *m, job_id id)
{
    for (unsigned r = ROW_ROOT + 1; r < ROW_COUNT; r++)
        if (rows[r].kind == KIND_STREAM)
            fuse_lowlevel_notify_inval_inode(m->session,
                                             place_ino((struct place){ r, id }), 0, 0);
}

void drop_job(struct mount *m, job_id id, const char *number)
{
    const struct config *c = service_config(m->service);

    drop_entry(m, (struct place){ ROW_JOBS, 0 }, number);
    for (size_t i = 0; i < c->n_clusters; i++)
        drop_entry(m, (struct place){ ROW_CLUSTER_JOBS, CLUSTER_KEY(i) }, number);
    drop_attributes(m, (struct place){ ROW_JOB, id });
}

void drop_listings(struct mount *m, unsigned which)
{
    const struct config *c = service_config(m->service);

    if (which & LISTING_JOBS)
        drop_attributes(m, (struct place){ ROW_JOBS, 0 });
    if (which & LISTING_NAMES)
        drop_attributes(m, (struct place){ ROW_BY_NAME, 0 });
    for (size_t i = 0; which & LISTING_CLUSTERS && i < c->n_clusters; i++)
        drop_attributes(m, (struct place){ ROW_CLUSTER_JOBS, CLUSTER_KEY(i) });
    for (unsigned s = JOB_NONE + 1; s < JOB_STATE_COUNT; s++)
        if (which & LISTING_STATE(s))
            drop_attributes(m, (struct place){ ROW_STATE_JOBS, s });
}
