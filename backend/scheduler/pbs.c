/*
 * pbs.c - PBS: OpenPBS and PBS Pro, Torque, and Slurm's own programs of the same names
 *
 * A job goes there as two scripts in its directory: `submit`, which is one qsub, and `job.sh`,
 * under which the wrapper runs. What is asked later comes from qstat -f, in lines that have been
 * the same for twenty years; its JSON is not always any.
 */
#include "pbs.h"

#include <errno.h>
#include <string.h>

#include "batch.h"
#include "meeting.h"
#include "slurm.h"

static int check(unused_arg const struct spec *spec, const struct cluster *cluster,
                 struct error *e)
{
    if (!cluster->root || (pbs_is_plain(cluster->root) && !strpbrk(cluster->root, ":,=@")))
        return 0;
    return error_set(e, -EINVAL, "the directory %s of cluster %s has more than letters, digits and "
                     "_+./- in its name, which PBS does not take in the name of a log; configure "
                     "another one", cluster->root, cluster->name);
}

static const struct batch_words words = {
    check, pbs_options, pbs_submit_script, pbs_job_script,
};

static int pbs_render(const struct spec *spec, const struct cluster *cluster,
                      const struct job_ref *ref, struct far_files *files, struct error *e)
{
    return batch_render(&words, spec, cluster, ref, files, e);
}

/*
 * OpenPBS takes the number of a job that it does not know, and what it does with a job that waits
 * for one was never seen. One that has just ended may be such, so there the daemon waits.
 */
static const char *pbs_after(const struct cluster *cluster, enum after_when when)
{
    return pbs_dialect(cluster)->slurm ? slurm_after(cluster, when) : NULL;
}

/* Slurm's programs for those who are used to PBS know no option that tells their version. */
static const char *front_end(struct span answer)
{
    return told_words(answer, "qstat", "Unknown option: version") &&
                   told_words(answer, "help", "Usage:")
               ? MEETING_FRONT_END
               : NULL;
}

/* Also Torque. */
static enum presence pbs_presence(struct span answer)
{
    if (!told_words(answer, "qstat", "pbs_version") && !told_words(answer, "qstat", "ersion:") &&
        !front_end(answer))
        return PRESENCE_NONE;
    return span_is(told(answer, "pbs"), "yes") ? PRESENCE_UP : PRESENCE_SILENT;
}

static const struct finding finding = {
    .question = "if has qstat && has qsub; then tell pbs \"$(answers qstat -Q)\" & fi\n",
    .presence = pbs_presence,
    .version = "qstat",
    .front_end = front_end,
    .title = "PBS",
};

const struct scheduler_ops scheduler_pbs = {
    .name = "pbs",
    .finding = &finding,
    .language = LANG_PBS,
    .queues = true,
    .honours = BATCH_KEYS | KEY_BIT(KEY_GPUS) | KEY_BIT(KEY_EXCLUSIVE),
    .render = pbs_render,
    .verbs = {
        [VERB_CANCEL] = { pbs_say_cancel, pbs_hear_cancel },
        [VERB_HOLD] = { pbs_say_hold, pbs_hear_hold },
        [VERB_RELEASE] = { pbs_say_release, pbs_hear_release },
        [VERB_SUSPEND] = { pbs_say_suspend, pbs_hear_suspend },
        [VERB_RESUME] = { pbs_say_resume, pbs_hear_suspend },
        [VERB_SIGNAL] = { pbs_say_signal, pbs_hear_signal },
        [VERB_ACCOUNT] = { pbs_say_account, pbs_hear_account },
    },
    .hear_submit = pbs_hear_submit,
    .after = pbs_after,
    .survey = { pbs_survey_say, pbs_survey_hear },
    .as_array = pbs_as_array,
};
