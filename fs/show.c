/*
 * show.c - the texts of the tree
 *
 * A text is made when it is looked at, from the job's view or from one row of the database, and
 * kept nowhere. Each ends with a newline, so `cat` and `read` are content; the targets of links
 * do not.
 */
#include "fs/show.h"

#include <errno.h>

int show_readme(struct mount *m unused_arg, uint64_t key unused_arg,
                const struct job_view *v unused_arg, struct buf *out)
{
    return buf_add_str(out, readme_text);
}

int show_metrics(struct mount *m, uint64_t key unused_arg, const struct job_view *v unused_arg,
                 struct buf *out)
{
    buf_printf(out,
               "# HELP clustrixfs_drafts Files in submit/ that are kept in memory.\n"
               "# TYPE clustrixfs_drafts gauge\n"
               "clustrixfs_drafts %u\n",
               drafts_kept(m->drafts));
    return service_metrics(m->service, out);
}

int show_latest(struct mount *m, uint64_t key unused_arg, const struct job_view *v unused_arg,
                struct buf *out)
{
    job_id id = service_latest(m->service);

    if (id == 0)
        return -ENOENT;
    return buf_printf(out, "%llu", (unsigned long long)JOB_NUMBER(id));
}

/* Links to a job, from one directory below the root ... */
int show_job_up1(struct mount *m unused_arg, uint64_t key, const struct job_view *v unused_arg,
                 struct buf *out)
{
    return buf_printf(out, "../jobs/%llu", (unsigned long long)JOB_NUMBER(key));
}

/* ... and from two. */
int show_job_up2(struct mount *m unused_arg, uint64_t key, const struct job_view *v unused_arg,
                 struct buf *out)
{
    return buf_printf(out, "../../jobs/%llu", (unsigned long long)JOB_NUMBER(key));
}

/* The elements of an array share a directory: it lies in that of the whole. */
int show_array_files(struct mount *m unused_arg, uint64_t key unused_arg,
                     const struct job_view *v unused_arg, struct buf *out)
{
    return buf_add_str(out, "../../files");
}

/* An array is in as many states as its elements are: "running 3 completed 95". */
int show_state(struct mount *m unused_arg, uint64_t key unused_arg, const struct job_view *v,
               struct buf *out)
{
    const char *blank = "";

    for (unsigned s = JOB_NONE + 1; s < JOB_STATE_COUNT; s++) {
        if (v->elements == 0 || v->counts[s] == 0)
            continue;
        buf_printf(out, "%s%s %u", blank, job_state_name((enum job_state)s), v->counts[s]);
        blank = " ";
    }
    if (*blank == '\0')
        buf_add_str(out, job_state_name(v->state));
    return buf_add_char(out, '\n');
}

/* What is known of a live job is as old as the last word from its cluster. */
static int add_trouble(struct mount *m, const struct job_view *v, struct buf *out)
{
    _cleanup_(bufp) struct buf trouble = BUF_INIT;
    const struct cluster *c = config_cluster(service_config(m->service), v->cluster);
    int r = c && !job_ended(v->state) ? service_cluster_trouble(m->service, c->index, &trouble) : 0;

    if (r || !trouble.len)
        return r;
    return buf_printf(out, " (cluster %s: %s)", c->name, trouble.data);
}

int show_reason(struct mount *m, uint64_t key unused_arg, const struct job_view *v, struct buf *out)
{
    int r;

    buf_add_str(out, v->reason);
    r = add_trouble(m, v, out);
    return r ? r : buf_add_char(out, '\n');
}

int show_exit_code(struct mount *m unused_arg, uint64_t key unused_arg, const struct job_view *v,
                   struct buf *out)
{
    return v->exit_code < 0 ? 0 : buf_printf(out, "%d\n", v->exit_code);
}

int wait_text(struct buf *out, enum job_state state, int exit_code, int signal)
{
    buf_add_str(out, job_state_name(state));
    if (exit_code >= 0)
        buf_printf(out, " %d", exit_code);
    if (state == JOB_FAILED && signal > 0)
        buf_printf(out, " signal %d", signal);
    return buf_add_char(out, '\n');
}

/* Empty while there is something to wait for: the reading is waiters.c's. */
int show_wait(struct mount *m unused_arg, uint64_t key unused_arg, const struct job_view *v,
              struct buf *out)
{
    return job_ended(v->state) ? wait_text(out, v->state, v->exit_code, v->signal) : 0;
}

int show_spec(struct mount *m, uint64_t key, const struct job_view *v unused_arg, struct buf *out)
{
    return service_spec_text(m->service, key, out);
}

int show_script(struct mount *m, uint64_t key, const struct job_view *v unused_arg,
                struct buf *out)
{
    return service_script_text(m->service, key, out);
}

int show_events(struct mount *m, uint64_t key, const struct job_view *v unused_arg,
                struct buf *out)
{
    return service_events_text(m->service, key, 0, out);
}

/* The newest one has not been left yet: it is as the job is. */
int show_attempt_reason(struct mount *m, uint64_t key, const struct job_view *v, struct buf *out)
{
    int64_t when;
    int r;

    if (ATTEMPT_OF_KEY(key) == v->attempt)
        return show_reason(m, key, v, out);
    r = service_attempt(m->service, JOB_OF_KEY(key), ATTEMPT_OF_KEY(key), &when, out);
    return r ? r : buf_add_char(out, '\n');
}

int show_attempt_events(struct mount *m, uint64_t key, const struct job_view *v unused_arg,
                        struct buf *out)
{
    return service_events_text(m->service, JOB_OF_KEY(key), ATTEMPT_OF_KEY(key), out);
}

int show_cluster_state(struct mount *m, uint64_t key, const struct job_view *v unused_arg,
                       struct buf *out)
{
    return service_cluster_state(m->service, CLUSTER_OF_KEY(key), out);
}

int show_cluster_info(struct mount *m, uint64_t key, const struct job_view *v unused_arg,
                      struct buf *out)
{
    return service_cluster_info(m->service, CLUSTER_OF_KEY(key), out);
}
