/*
 * sge.c - Grid Engine: Son of Grid Engine, and its relatives as far as they speak alike
 *
 * A job goes there as two scripts in its directory: `submit`, which is one qsub, and `job.sh`,
 * under which the wrapper runs. The job's name in Grid Engine is the token. What is asked later
 * comes from qstat -xml and qacct. It has no way to send a job a signal.
 */
#include "sge.h"

#include <errno.h>
#include <string.h>

#include "batch.h"
#include "job-files.h"

/* Of a log's name it takes "HOST:PATH", "PATH,PATH" and "$NAME" apart. */
static int check(const struct spec *spec, const struct cluster *cluster, struct error *e)
{
    if (cluster->root && strpbrk(cluster->root, ":,$"))
        return error_set(e, -EINVAL, "the directory %s of cluster %s has a colon, a comma or a "
                         "dollar sign in it, which Grid Engine does not take in the name of a "
                         "log; configure another one", cluster->root, cluster->name);
    return batch_check(spec, cluster, e);
}

static int add_scripts(const struct spec *spec, const struct cluster *cluster,
                       const struct job_ref *ref, const struct strv *options,
                       struct far_files *files)
{
    _cleanup_(bufp) struct buf submit = BUF_INIT, job = BUF_INIT;
    int                        r = sge_submit_script(spec, cluster, ref, options, &submit);

    if (r == 0)
        r = sge_job_script(spec, cluster, ref, &job);
    return r < 0 ? r : batch_add_scripts(cluster, ref, &submit, &job, files);
}

static int sge_render(const struct spec *spec, const struct cluster *cluster,
                      const struct job_ref *ref, struct far_files *files, struct error *e)
{
    _cleanup_(strvp) struct strv options = STRV_INIT;
    int                          r = check(spec, cluster, e);

    if (r == 0)
        r = sge_options(spec, &options, e);
    if (r == 0)
        r = job_files_add(spec, cluster, ref, files, LIMIT_NONE, e);
    if (r < 0)
        return r;
    r = add_scripts(spec, cluster, ref, &options, files);
    return r < 0 ? error_set(e, r, "cannot make the script of the job: %s", strerror(-r)) : 0;
}

/* begin goes to Grid Engine, after and retries are the daemon's. How a site calls its GPUs and
 * other features is its own: those are for native. */
#define HONOURED                                                                                   \
    (KEY_BIT(KEY_COMMAND) | KEY_BIT(KEY_SCRIPT) | KEY_BIT(KEY_ARGS) | KEY_BIT(KEY_STDIN) |         \
     KEY_BIT(KEY_NAME) | KEY_BIT(KEY_CLUSTER) | KEY_BIT(KEY_CORES) | KEY_BIT(KEY_NODES) |          \
     KEY_BIT(KEY_TASKS) | KEY_BIT(KEY_MEMORY) | KEY_BIT(KEY_TIME) | KEY_BIT(KEY_PARTITION) |       \
     KEY_BIT(KEY_ACCOUNT) | KEY_BIT(KEY_PRIORITY) | KEY_BIT(KEY_BEGIN) | KEY_BIT(KEY_ARRAY) |      \
     KEY_BIT(KEY_AFTER) | KEY_BIT(KEY_ENV) | KEY_BIT(KEY_MODULES) | KEY_BIT(KEY_BEFORE) |          \
     KEY_BIT(KEY_INPUTS) | KEY_BIT(KEY_WORKDIR) | KEY_BIT(KEY_RETRIES) | KEY_BIT(KEY_NATIVE))

const struct scheduler_ops scheduler_sge = {
    .name = "sge",
    .language = LANG_SGE,
    .queues = true,
    .honours = HONOURED,
    .ignores = KEY_BIT(KEY_OUTPUTS),
    .render = sge_render,
    .verbs = {
        [VERB_CANCEL] = { sge_say_cancel, sge_hear_cancel },
        [VERB_HOLD] = { sge_say_hold, sge_hear_hold },
        [VERB_RELEASE] = { sge_say_release, sge_hear_release },
        [VERB_SUSPEND] = { sge_say_suspend, sge_hear_suspend },
        [VERB_RESUME] = { sge_say_resume, sge_hear_suspend },
        [VERB_ACCOUNT] = { sge_say_account, sge_hear_account },
    },
    .hear_submit = sge_hear_submit,
    .survey = { sge_survey_say, sge_survey_hear },
    .arrays = true,
};
