/*
 * slurm-script.c - the two scripts: the one that submits, and the one that Slurm runs
 *
 * `submit RUN NOW` serves every attempt of the job and each single element of its array, so it is
 * put there once. The name of the job in Slurm is the token; the log is named after the run, and
 * holds only what Slurm itself and our wrapper have to say.
 */
#include "slurm.h"

#include <string.h>

#include "batch.h"
#include "clustrixfs/quote.h"

/* What would make another job of it, or keep sbatch waiting, if the user's environment had it. */
static const char setup[] =
    "command -v sbatch >/dev/null 2>&1 || { [ -r /etc/profile ] && . /etc/profile; } "
    ">/dev/null 2>&1\n"
    "unset SBATCH_ARRAY_INX SBATCH_CLUSTERS SBATCH_WAIT SBATCH_OPEN_MODE SBATCH_REQUEUE\n"
    "run=$1 now=${2:-$(date +%s)}\n"
    "attempt=${run##*attempt}\n";

/*
 * A job that Slurm has forgotten it takes for one that ended as it should, also when it failed. It
 * remembers each for some time (MinJobAge), so one that is alive now may be named; of an array, one
 * of which an element is alive: the worst exit of the others is remembered with that.
 */
const char slurm_after_check[] =
    "    on=$(printf '%s\\n' \"$after\" | tr , '\\n' | sed 's/.*://' | sort -u)\n"
    "    alive=$(squeue -h -t PENDING,CONFIGURING,RUNNING,SUSPENDED -o %F \\\n"
    "        -j \"$(echo $on | tr ' ' ,)\" 2>/dev/null | sort -u)\n"
    "    if [ \"$on\" != \"$alive\" ]; then\n"
    "        echo '" SLURM_NOT_ALIVE "' >&2\n"
    "        exit 1\n"
    "    fi\n";

static void add_options(struct buf *out, const struct spec *spec, const struct strv *options)
{
    if (spec->priority > 0)
        buf_printf(out, "# priority %d: Slurm lets a user only lower it\n", (int)spec->priority);
    buf_add_str(out, "set --");
    for (size_t i = 0; i < options->n; i++) {
        buf_add_str(out, " \\\n    ");
        quote_word(out, span_str(options->v[i]));
    }
    buf_add_char(out, '\n');
    /* Counted from now, since the clock's hour at the far side may be another. */
    if (spec->begin_s > 0)
        buf_printf(out, "[ \"$now\" -ge %lld ] || set -- \"--begin=now+$((%lld - now))\" \"$@\"\n",
                   (long long)spec->begin_s, (long long)spec->begin_s);
}

static void add_ranges(struct buf *out, const struct spec *spec)
{
    for (size_t i = 0; i < spec->n_ranges; i++) {
        const struct spec_range *r = &spec->ranges[i];

        buf_printf(out, "%s%u", i ? "," : "", r->first);
        if (r->last > r->first)
            buf_printf(out, "-%u", r->last);
        if (r->last > r->first && r->step > 1)
            buf_printf(out, ":%u", r->step);
    }
    if (spec->throttle > 0)
        buf_printf(out, "%%%u", spec->throttle);
}

/* All of it, or one element alone. The log of each is named as its run is. */
static void add_array(struct buf *out, const struct spec *spec)
{
    if (spec->n_ranges == 0) {
        buf_add_str(out, "log=$run\n");
        return;
    }
    buf_add_str(out, "case $run in\n"
                     "task*) array=${run#task} array=${array%%.*} log=$run ;;\n"
                     "*) array=");
    add_ranges(out, spec);
    buf_add_str(out, " log=task%a.$run ;;\n"
                     "esac\n"
                     "set -- \"$@\" \"--array=$array\"\n");
}

/* In a file name of Slurm's a % begins a replacement. */
static int quote_log(struct buf *out, const struct cluster *c, const struct job_ref *ref)
{
    _cleanup_(bufp) struct buf path = BUF_INIT, word = BUF_INIT;

    batch_add_path(&path, c, ref, "");
    buf_add_str(&word, "--output=");
    for (size_t i = 0; i < path.len; i++)
        buf_add_str(&word, path.data[i] == '%' ? "%%" : (char[]){ path.data[i], '\0' });
    return quote_word(out, buf_span(&word));
}

static int add_sbatch(struct buf *out, const struct spec *spec, const struct cluster *c,
                      const struct job_ref *ref)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;

    buf_printf(out, "exec sbatch \"$@\" --parsable --job-name=%s --open-mode=append \\\n    ",
               ref->token);
    quote_log(out, c, ref);
    buf_printf(out, "\"$log.log\" \\\n    --comment='clustrixfs job %llu attempt '\"$attempt\"",
               (unsigned long long)JOB_NUMBER(ref->id));
    slurm_comment(spec, &text);
    if (text.len > 0) {
        buf_add_str(out, "': '");
        quote_word(out, buf_span(&text));
    }
    buf_add_str(out, " \\\n    ");
    batch_quote_path(out, c, ref, "job.sh");
    return buf_add_str(out, " \"$attempt\"\n");
}

int slurm_submit_script(const struct spec *spec, const struct cluster *cluster,
                        const struct job_ref *ref, const struct strv *options, struct buf *out)
{
    buf_add_str(out, "#!/bin/sh\n# submit RUN NOW: puts the job into Slurm's queue\n");
    buf_add_str(out, setup);
    batch_add_cd(out, spec, cluster, ref);
    add_options(out, spec, options);
    add_array(out, spec);
    batch_add_after(out, spec, cluster, ref, slurm_after_check,
                    "\"--dependency=$after\" --kill-on-invalid-dep=yes");
    add_sbatch(out, spec, cluster, ref);
    return buf_error(out);
}

/* It counts what Slurm itself runs again (--requeue) as further attempts. */
int slurm_job_script(const struct spec *spec, const struct cluster *cluster,
                     const struct job_ref *ref, struct buf *out)
{
    buf_add_str(out, "#!/bin/sh\n# job.sh ATTEMPT: what Slurm runs\n");
    buf_add_str(out, "exec ");
    quote_word(out, span_str(cluster->keeper));
    buf_add_str(out, " run ");
    quote_word(out, span_str(cluster->root));
    buf_printf(out, " %s \"$1\"%s\n", ref->token, spec->n_ranges > 0 ? " env" : "");
    return buf_error(out);
}
