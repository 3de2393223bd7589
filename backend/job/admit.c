/*
 * admit.c - may these bytes become a job, and which?
 *
 * Parsing is spec.c's, what a cluster can express is its scheduler's; here the two meet, and the
 * job's dependencies are looked up while there is still somebody who hears that one is missing.
 */
#include "admit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/inputs.h"
#include "clustrixfs/scheduler.h"

#include "token.h"

#define BEGIN_MAX_S (INT64_C(7258118400))

void admitted_release(struct admitted *a)
{
    spec_free(a->spec);
    free(a->waits);
    free(a->name);
    free(a->alias);
    free(a->inputs);
    strv_release(&a->warnings);
    buf_release(&a->text);
    *a = (struct admitted)ADMITTED_INIT;
}

static int find_cluster(struct admitted *a, const struct config *c, const char *asked,
                        struct error *e)
{
    const char *said = a->spec->cluster;

    if (*asked && said && strcmp(asked, said))
        return error_set(e, -EINVAL,
                         "it says \"cluster\": \"%s\" but was written to clusters/%s/submit/: "
                         "leave the key out, or write it to submit/",
                         said, asked);
    asked = *asked ? asked : said;
    a->cluster = asked ? config_cluster(c, asked) : &c->clusters[0];
    if (a->cluster)
        return 0;
    return error_set(e, -EINVAL, "there is no cluster \"%s\": clusters/ lists those there are",
                     asked);
}

/* A number is a job's number if there is such a job, else it may still be somebody's name. */
static job_id look_up(const struct admit_jobs *jobs, const char *job)
{
    uint64_t number;

    if (!span_to_u64(span_str(job), &number) && number && number <= UINT32_MAX &&
        jobs->exists(jobs->arg, JOB_ID(number, 0)))
        return JOB_ID(number, 0);
    return jobs->by_name(jobs->arg, job);
}

static int resolve_after(struct admitted *a, const struct admit_jobs *jobs, struct error *e)
{
    static const char letters[] = { [AFTER_COMPLETED] = 'c', [AFTER_ANY] = 'a',
                                    [AFTER_FAILED] = 'f' };
    _cleanup_(bufp) struct buf waits = BUF_INIT;

    for (size_t i = 0; i < a->spec->n_after; i++) {
        const struct spec_after *after = &a->spec->after[i];
        job_id                   id = look_up(jobs, after->job);

        if (!id)
            return error_set(e, -EINVAL,
                             "after: there is no job \"%s\": give the number or the name of a job "
                             "that was submitted before",
                             after->job);
        buf_printf(&waits, "%s%c%llu", waits.len ? " " : "", letters[after->when],
                   (unsigned long long)JOB_NUMBER(id));
    }
    if (!waits.len)
        return buf_error(&waits);
    a->waits = buf_steal(&waits);
    return a->waits ? 0 : -ENOMEM;
}

/* Beyond that it is no time that 64 bits of nanoseconds can hold. */
static int begins_in_time(const struct admitted *a, struct error *e)
{
    if (a->spec->begin_s <= BEGIN_MAX_S)
        return 0;
    return error_set(e, -EINVAL, "begin: that is after the year 2200: give an earlier time");
}

static int has_script(const struct admitted *a, const struct admit_jobs *jobs, struct error *e)
{
    if (!a->spec->script_file || jobs->staged)
        return 0;
    return error_set(e, -EINVAL,
                     "\"script\": \"file:%s\" names a file of a staged directory: put both into a "
                     "directory in stage/ and mv that to submit/",
                     a->spec->script_file);
}

int admit(struct admitted *a, const struct config *c, const char *cluster, struct span text,
          const struct admit_jobs *jobs, struct error *e)
{
    _cleanup_(admittedp) struct admitted fresh = ADMITTED_INIT;
    int r = spec_parse(&fresh.spec, text, time(NULL), NULL, e);

    if (!r)
        r = find_cluster(&fresh, c, cluster, e);
    if (!r)
        r = scheduler_accepts(fresh.cluster, fresh.spec, &fresh.warnings, e);
    if (!r)
        r = admit_fits(fresh.cluster, fresh.spec, e);
    if (!r)
        r = begins_in_time(&fresh, e);
    if (!r)
        r = has_script(&fresh, jobs, e);
    if (!r)
        r = inputs_check(&fresh.spec->inputs, jobs->staged, e);
    if (!r)
        r = resolve_after(&fresh, jobs, e);
    if (r)
        return r;
    *a = fresh;
    fresh = (struct admitted)ADMITTED_INIT;
    return 0;
}

int admit_name(struct admitted *a, const char *file_name)
{
    const char *said = a->spec->name;
    int         r = token_make(a->token);

    if (r)
        return r;
    a->name = strdup(said ? said : file_name);
    if (said && strcmp(said, file_name))
        a->alias = strdup(file_name);
    return a->name && (a->alias || !said || !strcmp(said, file_name)) ? 0 : -ENOMEM;
}

void admitted_view(const struct admitted *a, struct job_view *v)
{
    const struct spec *s = a->spec;
    int64_t            now = clock_now_ns();

    *v = (struct job_view){
        .id = a->id,
        .state = JOB_ACCEPTED,
        .exit_code = -1,
        .retries = s->retries,
        .times = { .accepted_ns = now, .changed_ns = now },
        .elements = spec_array_size(s),
        .cores = (s->cores ? s->cores : 1) * (s->tasks ? s->tasks : 1),
        .memory = s->memory,
        .time_s = s->time_s,
        .priority = s->priority,
        .name = a->name,
        .alias = a->alias,
        .cluster = a->cluster->name,
        .reason = "accepted: it is on disk here and will go to the cluster",
    };
    if (s->exclusive)
        v->cores = cluster_look(a->cluster).cores;
    memcpy(v->token, a->token, sizeof(v->token));
}
