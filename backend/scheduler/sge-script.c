/*
 * sge-script.c - the two scripts: the one that submits, and the one that Grid Engine runs
 *
 * The name of the job in Grid Engine is the token. The log holds only what Grid Engine itself and
 * our wrapper have to say.
 */
#include "sge.h"

#include "batch.h"
#include "clustrixfs/quote.h"

static const char setup[] =
    "command -v qsub >/dev/null 2>&1 || { [ -r /etc/profile ] && . /etc/profile; } "
    ">/dev/null 2>&1\n"
    "run=$1\n"
    "attempt=${run##*attempt}\n";

static void add_options(struct buf *out, const struct spec *spec, const struct strv *options)
{
    if (spec->priority > 0)
        buf_printf(out, "# priority %d: Grid Engine lets a user only lower it\n",
                   (int)spec->priority);
    buf_add_str(out, "set --");
    for (size_t i = 0; i < options->n; i++) {
        buf_add_char(out, ' ');
        quote_word(out, span_str(options->v[i]));
    }
    buf_add_char(out, '\n');
    if (spec->begin_s > 0)
        buf_printf(out, "set -- \"$@\" -a \"$(date -d @%lld +%%Y%%m%%d%%H%%M.%%S)\"\n",
                   (long long)spec->begin_s);
}

/* Parallel environments have the names that a site gave them: the one called smp, or the first that
 * puts all slots on one node. */
static void add_slots(struct buf *out, const struct spec *spec, const struct strv *options)
{
    uint64_t n = (uint64_t)(spec->cores ? spec->cores : 1) * (spec->tasks ? spec->tasks : 1);

    if (n == 1 || strv_has(options, "-pe"))
        return;
    buf_printf(out,
               "pe=smp\n"
               "for name in smp $(qconf -spl 2>/dev/null); do\n"
               "    case $(qconf -sp \"$name\" 2>/dev/null) in\n"
               "    *allocation_rule*'$pe_slots'*) pe=$name; break ;;\n"
               "    esac\n"
               "done\n"
               "set -- \"$@\" -pe \"$pe\" %llu\n", (unsigned long long)n);
}

/* All of it, or one element alone. */
static void add_array(struct buf *out, const struct spec *spec)
{
    const struct spec_range *r = spec->ranges;

    if (spec->n_ranges == 0)
        return;
    buf_printf(out, "case $run in\n"
                    "task*) task=${run#task} task=$((${task%%%%.*} + %u)) tasks=$task-$task ;;\n"
                    "*) tasks=%u-%u:%u ;;\n"
                    "esac\n"
                    "set -- \"$@\" -t \"$tasks\"", SGE_TASK(0), SGE_TASK(r->first),
               SGE_TASK(r->last), r->step ? r->step : 1);
    if (spec->throttle > 0)
        buf_printf(out, " -tc %u", spec->throttle);
    buf_add_char(out, '\n');
}

int sge_submit_script(const struct spec *spec, const struct cluster *cluster,
                      const struct job_ref *ref, const struct strv *options, struct buf *out)
{
    buf_add_str(out, "#!/bin/sh\n# submit RUN: puts the job into Grid Engine's queue\n");
    buf_add_str(out, setup);
    batch_add_cd(out, spec, cluster, ref);
    add_options(out, spec, options);
    add_slots(out, spec, options);
    add_array(out, spec);
    batch_add_after(out, spec, cluster, ref, "", "-hold_jid \"$after\"");
    /* What ~/.sge_request and its like may say otherwise is said here; the last word counts. */
    buf_printf(out, "exec qsub \"$@\" -terse -N %s -b n -S /bin/sh -r n -sync n -now n -j y \\\n"
                    "    -ac \"clustrixfs_job=%llu,clustrixfs_attempt=$attempt\" -o ",
               ref->token, (unsigned long long)JOB_NUMBER(ref->id));
    batch_quote_path(out, cluster, ref, "");
    buf_add_str(out, "\"$run.log\" \\\n    ");
    batch_quote_path(out, cluster, ref, "job.sh");
    buf_add_str(out, " \"$attempt\"\n");
    return buf_error(out);
}

/*
 * To Grid Engine an exit code of 99 asks for another run, and 100 for a stop of the whole job in
 * error. So this shell stays, and says something else; the record has the job's own code. What is
 * signalled, all processes of the job hear; this one has to stay.
 */
int sge_job_script(const struct spec *spec, const struct cluster *cluster,
                   const struct job_ref *ref, struct buf *out)
{
    buf_add_str(out, "#!/bin/sh\n# job.sh ATTEMPT: what Grid Engine runs\n"
                     "trap : HUP INT TERM USR1 USR2 XCPU\n");
    if (spec->n_ranges > 0)
        buf_printf(out, "SGE_TASK_ID=$((SGE_TASK_ID - %u)); export SGE_TASK_ID\n", SGE_TASK(0));
    quote_word(out, span_str(cluster->keeper));
    buf_add_str(out, " run ");
    quote_word(out, span_str(cluster->root));
    buf_printf(out, " %s \"$1\"%s\n", ref->token, spec->n_ranges > 0 ? " env" : "");
    buf_add_str(out, "status=$?\n"
                     "case $status in 99|100) status=1 ;; esac\n"
                     "exit \"$status\"\n");
    return buf_error(out);
}
