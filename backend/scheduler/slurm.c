/*
 * slurm.c - Slurm, from 22.05 on
 *
 * A job goes there as two scripts in its directory: `submit`, which is one sbatch, and `job.sh`,
 * which becomes the wrapper that every scheduler's jobs run under. The job's name in Slurm is the
 * token. What is asked later is text from squeue, sacct and scontrol as users have them: no JSON,
 * whose form changes with every version and which says wrong exit codes in some.
 */
#include "slurm.h"

#include "batch.h"
#include "meeting.h"

static int check(unused_arg const struct spec *spec, const struct cluster *cluster,
                 struct error *e)
{
    return batch_check_root(cluster, "\\", "a backslash", "Slurm", e);
}

static const struct batch_words words = {
    check, slurm_options, slurm_submit_script, slurm_job_script,
};

static int slurm_render(const struct spec *spec, const struct cluster *cluster,
                        const struct job_ref *ref, struct far_files *files, struct error *e)
{
    return batch_render(&words, spec, cluster, ref, files, e);
}

/* Clients without a configuration are not a cluster. */
static enum presence slurm_presence(struct span answer)
{
    struct span ping = told(answer, "ping");

    if (told_words(answer, "ping", " UP"))
        return PRESENCE_UP;
    if (ping.data && ping.len == 0)
        return PRESENCE_SILENT;
    return told_words(answer, "ping", "DOWN") ? PRESENCE_SILENT : PRESENCE_NONE;
}

static const struct finding finding = {
    .question = "if has sbatch; then\n"
                "    tell sbatch \"$(first sbatch --version)\" &\n"
                "    tell ping \"$(first scontrol ping)\" &\n"
                "fi\n",
    .presence = slurm_presence,
    .version = "sbatch",
};

const char *slurm_after(unused_arg const struct cluster *cluster, enum after_when when)
{
    static const char *const befores[] = {
        [AFTER_COMPLETED] = "afterok:",
        [AFTER_ANY] = "afterany:",
        [AFTER_FAILED] = "afternotok:",
    };

    return befores[when];
}

#define HONOURED                                                                                   \
    (BATCH_KEYS | KEY_BIT(KEY_GPUS) | KEY_BIT(KEY_QOS) | KEY_BIT(KEY_EXCLUSIVE) |                  \
     KEY_BIT(KEY_CONSTRAINT))

const struct scheduler_ops scheduler_slurm = {
    .name = "slurm",
    .finding = &finding,
    .language = LANG_SLURM,
    .queues = true,
    .honours = HONOURED,
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
    .after = slurm_after,
    .runs_again = slurm_runs_again,
    .survey = { slurm_survey_say, slurm_survey_hear },
    .as_array = batch_as_array,
};
