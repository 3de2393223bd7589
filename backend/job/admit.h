/*
 * admit.h - may these bytes become a job, and which?
 *
 * The one gate: close() of a draft, a staged directory, a draft found at start-up and check/ all
 * come through here, so they cannot disagree about what a valid spec is.
 */
#ifndef CLUSTRIXFS_ADMIT_H
#define CLUSTRIXFS_ADMIT_H

#include "clustrixfs/config.h"
#include "clustrixfs/spec.h"
#include "clustrixfs/view.h"

/* What a job is made of. Whoever has it owns what hangs from it. */
struct admitted {
    struct spec          *spec;
    const struct cluster *cluster;
    char                 *waits; /* as in struct stored_job; NULL: for nobody           */
    struct strv           warnings;

    /* Filled in by who makes a job of it: */
    job_id     id;
    char       token[JOB_TOKEN_LEN + 1];
    char      *name, *alias; /* NULL: none */
    char      *inputs;       /* a directory of this machine that becomes files/, or NULL */
    uint64_t   draft;        /* or 0 */
    struct buf text;
};

#define ADMITTED_INIT { .text = BUF_INIT }
void admitted_release(struct admitted *a);
static inline unused_arg void admittedp_cleanup(struct admitted *a)
{
    admitted_release(a);
}

/*
 * What there is around a spec: the newest job of a name and whether a number exists, so that
 * `after` can be resolved; and whether a staged directory comes with it.
 */
struct admit_jobs {
    job_id (*by_name)(void *arg, const char *name);
    bool (*exists)(void *arg, job_id id);
    void *arg;
    bool staged;
};

/*
 * Parse and check. `cluster` "": what the spec says, or the default one. Returns 0;
 * SPEC_E_INCOMPLETE; or -EINVAL and so on, with a sentence in e for all but 0.
 */
int admit(struct admitted *a, const struct config *c, const char *cluster, struct span text,
          const struct admit_jobs *jobs, struct error *e) must_check;

/* Does it ask for no more than the cluster has? 0, or -EINVAL and a sentence. [any thread] */
int admit_fits(const struct cluster *c, const struct spec *spec, struct error *e) must_check;

/*
 * Of a job that was admitted for a cluster that was not met yet: what could not be checked then. 0,
 * or -EINVAL and a sentence: the cluster cannot carry it out.
 */
int admit_again(const struct cluster *c, const struct spec *spec, struct error *e) must_check;

/* Give it a fresh token and the names it is found under: the spec's, and the file's. */
int admit_name(struct admitted *a, const char *file_name) must_check;

/* The view of a job that was just admitted; strings borrowed from `a`. */
void admitted_view(const struct admitted *a, struct job_view *v);

#endif
