/*
 * pbs-script.c - the two scripts: the one that submits, and the one that PBS runs
 *
 * The name of the job in PBS is the token, which is as long as the oldest servers take. Which run
 * it is goes along in a variable, which qstat -f shows; Slurm's qsub takes long names, and
 * arguments.
 */
#include "pbs.h"

#include "batch.h"
#include "clustrixfs/quote.h"
#include "slurm.h"

static const char setup[] =
    "command -v qsub >/dev/null 2>&1 || { [ -r /etc/profile ] && . /etc/profile; } "
    ">/dev/null 2>&1\n"
    "unset PBS_DPREFIX SBATCH_ARRAY_INX SBATCH_CLUSTERS SBATCH_WAIT SBATCH_REQUEUE\n"
    "run=$1\n";

static void add_options(struct buf *out, const struct spec *spec, const struct pbs_dialect *d,
                        const struct strv *options)
{
    if (spec->priority > 0 && d->slurm)
        buf_printf(out, "# priority %d: Slurm lets a user only lower it\n", (int)spec->priority);
    buf_add_str(out, "set --");
    for (size_t i = 0; i < options->n; i++) {
        buf_add_char(out, ' ');
        quote_word(out, span_str(options->v[i]));
    }
    buf_add_char(out, '\n');
    if (spec->begin_s > 0)
        buf_printf(out, "set -- \"$@\" -a \"$(date -d @%lld +%s)\"\n", (long long)spec->begin_s,
                   d->slurm ? "%Y-%m-%dT%H:%M:%S" : "%Y%m%d%H%M.%S");
}

/* -t has no steps, so such a range is a row of numbers there. */
static void add_ranges(struct buf *out, const struct spec *spec)
{
    const char *comma = "";

    for (size_t i = 0; i < spec->n_ranges; i++) {
        const struct spec_range *r = &spec->ranges[i];
        uint32_t                 step = r->step ? r->step : 1;

        if (step == 1 && r->last > r->first) {
            buf_printf(out, "%s%u-%u", comma, r->first, r->last);
            comma = ",";
            continue;
        }
        for (uint32_t n = r->first; n <= r->last; n += step, comma = ",")
            buf_printf(out, "%s%u", comma, n);
    }
}

/* An array can always be run again in PBS Pro, or is not taken; our claim lets it run once. */
static void add_array(struct buf *out, const struct spec *spec, const struct cluster *cluster)
{
    const struct pbs_dialect *d = pbs_dialect(cluster);
    const struct spec_range  *r = spec->ranges;

    if (!pbs_as_array(cluster, spec)) {
        buf_add_str(out, "log=$run\nset -- \"$@\" -r n\n");
        return;
    }
    buf_add_str(out, "case $run in\ntask*) log=$run; set -- \"$@\" -r n ;;\n");
    if (d->range)
        buf_printf(out, "*) log=task^array_index^.$run; set -- \"$@\" -J '%u-%u:%u", r->first,
                   r->last, r->step ? r->step : 1);
    else
        buf_add_str(out, "*) log=$run; set -- \"$@\" -r n -t '");
    if (!d->range)
        add_ranges(out, spec);
    if (spec->throttle > 0)
        buf_printf(out, "%%%u", spec->throttle);
    buf_add_str(out, "' ;;\nesac\n");
}

int pbs_submit_script(const struct spec *spec, const struct cluster *cluster,
                      const struct job_ref *ref, const struct strv *options, struct buf *out)
{
    const struct pbs_dialect *d = pbs_dialect(cluster);

    buf_add_str(out, "#!/bin/sh\n# submit RUN: puts the job into the queue of PBS\n");
    buf_add_str(out, setup);
    batch_add_cd(out, spec, cluster, ref);
    add_options(out, spec, d, options);
    add_array(out, spec, cluster);
    batch_add_after(out, spec, cluster, ref, d->slurm ? slurm_after_check : "",
                    "-W \"depend=$after\"");
    if (d->slurm)
        buf_printf(out, "exec qsub \"$@\" -N \"%s.$run\" -j oe -o ", ref->token);
    else
        buf_printf(out, "exec qsub \"$@\" -N %s%s -v \"CLUSTRIXFS_RUN=$run\" -j oe -o ", ref->token,
                   d->shell);
    batch_quote_path(out, cluster, ref, "");
    buf_add_str(out, "\"$log.log\" \\\n    ");
    batch_quote_path(out, cluster, ref, "job.sh");
    buf_add_str(out, d->slurm ? " \"$run\"\n" : "\n");
    return buf_error(out);
}

int pbs_job_script(const struct spec *spec, const struct cluster *cluster,
                   const struct job_ref *ref, struct buf *out)
{
    buf_add_str(out, "#!/bin/sh\n# job.sh [RUN]: what PBS runs\n"
                     "run=${1:-$CLUSTRIXFS_RUN}\n"
                     "unset CLUSTRIXFS_RUN\n");
    if (spec->n_ranges > 0)
        buf_add_str(out, "case $run in\n"
                         "task*) task=${run#task} task=${task%%.*} ;;\n"
                         "*) task=env ;;\n"
                         "esac\n");
    buf_add_str(out, "exec ");
    quote_word(out, span_str(cluster->keeper));
    buf_add_str(out, " run ");
    quote_word(out, span_str(cluster->root));
    buf_printf(out, " %s \"${run##*attempt}\"%s\n", ref->token,
               spec->n_ranges > 0 ? " \"$task\"" : "");
    return buf_error(out);
}
