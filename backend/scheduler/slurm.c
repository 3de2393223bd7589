/*
 * slurm.c - Slurm, from 22.05 on
 *
 * A job goes there as two scripts in its directory: `submit`, which is one sbatch, and `job.sh`,
 * which becomes the wrapper that every scheduler's jobs run under. The job's name in Slurm is the
 * token. What is asked later is text from squeue, sacct and scontrol as users have them: no JSON,
 * whose form changes with every version and which says wrong exit codes in some.
 */
#include "slurm.h"

#include <errno.h>
#include <string.h>

#include "batch.h"
#include "job-files.h"

/* What has no meaning there, and what to do instead. */
static int check(const struct spec *spec, const struct cluster *cluster, struct error *e)
{
    if (cluster->root && strchr(cluster->root, '\\'))
        return error_set(e, -EINVAL, "the directory %s of cluster %s has a backslash in it, which "
                         "Slurm does not take in the name of a log; configure another one",
                         cluster->root, cluster->name);
    return batch_check(spec, cluster, e);
}

static int add_scripts(const struct spec *spec, const struct cluster *cluster,
                       const struct job_ref *ref, const struct strv *options,
                       struct far_files *files)
{
    _cleanup_(bufp) struct buf submit = BUF_INIT, job = BUF_INIT;
    int                        r = slurm_submit_script(spec, cluster, ref, options, &submit);

    if (r == 0)
        r = slurm_job_script(spec, cluster, ref, &job);
    return r < 0 ? r : batch_add_scripts(cluster, ref, &submit, &job, files);
}

static int slurm_render(const struct spec *spec, const struct cluster *cluster,
                        const struct job_ref *ref, struct far_files *files, struct error *e)
{
    _cleanup_(strvp) struct strv options = STRV_INIT;
    int                          r = check(spec, cluster, e);

    if (r == 0)
        r = slurm_options(spec, &options, e);
    if (r == 0)
        r = job_files_add(spec, cluster, ref, files, LIMIT_NONE, e);
    if (r < 0)
        return r;
    r = add_scripts(spec, cluster, ref, &options, files);
    return r < 0 ? error_set(e, r, "cannot make the script of the job: %s", strerror(-r)) : 0;
}

/* begin goes to Slurm, after and retries are the daemon's. */
#define HONOURED                                                                                   \
    (KEY_BIT(KEY_COMMAND) | KEY_BIT(KEY_SCRIPT) | KEY_BIT(KEY_ARGS) | KEY_BIT(KEY_STDIN) |         \
     KEY_BIT(KEY_NAME) | KEY_BIT(KEY_CLUSTER) | KEY_BIT(KEY_CORES) | KEY_BIT(KEY_NODES) |          \
     KEY_BIT(KEY_TASKS) | KEY_BIT(KEY_MEMORY) | KEY_BIT(KEY_TIME) | KEY_BIT(KEY_GPUS) |            \
     KEY_BIT(KEY_PARTITION) | KEY_BIT(KEY_ACCOUNT) | KEY_BIT(KEY_QOS) | KEY_BIT(KEY_PRIORITY) |    \
     KEY_BIT(KEY_BEGIN) | KEY_BIT(KEY_EXCLUSIVE) | KEY_BIT(KEY_CONSTRAINT) | KEY_BIT(KEY_ARRAY) |  \
     KEY_BIT(KEY_AFTER) | KEY_BIT(KEY_ENV) | KEY_BIT(KEY_MODULES) | KEY_BIT(KEY_BEFORE) |          \
     KEY_BIT(KEY_INPUTS) | KEY_BIT(KEY_WORKDIR) | KEY_BIT(KEY_RETRIES) | KEY_BIT(KEY_NATIVE))

const struct scheduler_ops scheduler_slurm = {
    .name = "slurm",
    .language = LANG_SLURM,
    .queues = true,
    .honours = HONOURED,
    .ignores = KEY_BIT(KEY_OUTPUTS),
    .render = slurm_render,
    .verbs = {
        [VERB_CANCEL] = { slurm_say_cancel, slurm_hear_cancel },
        [VERB_HOLD] = { slurm_say_hold, slurm_hear_hold },
        [VERB_RELEASE] = { slurm_say_release, slurm_hear_release },
        [VERB_SUSPEND] = { slurm_say_suspend, slurm_hear_suspend },
        [VERB_RESUME] = { slurm_say_resume, slurm_hear_suspend },
        [VERB_SIGNAL] = { slurm_say_signal, slurm_hear_signal },
        [VERB_ACCOUNT] = { slurm_say_account, slurm_hear_account },
    },
    .hear_submit = slurm_hear_submit,
    .runs_again = slurm_runs_again,
    .survey = { slurm_survey_say, slurm_survey_hear },
    .arrays = true,
};
