/*
 * sge.c - Grid Engine: Son of Grid Engine, and its relatives as far as they speak alike
 *
 * A job goes there as two scripts in its directory: `submit`, which is one qsub, and `job.sh`,
 * under which the wrapper runs. The job's name in Grid Engine is the token. What is asked later
 * comes from qstat -xml and qacct. It has no way to send a job a signal.
 */
#include "sge.h"

#include "batch.h"
#include "meeting.h"

/* Of a log's name it takes "HOST:PATH", "PATH,PATH" and "$NAME" apart. */
static int check(unused_arg const struct spec *spec, const struct cluster *cluster,
                 struct error *e)
{
    return batch_check_root(cluster, ":,$", "a colon, a comma or a dollar sign", "Grid Engine", e);
}

static const struct batch_words words = {
    check, sge_options, sge_submit_script, sge_job_script,
};

static int sge_render(const struct spec *spec, const struct cluster *cluster,
                      const struct job_ref *ref, struct far_files *files, struct error *e)
{
    return batch_render(&words, spec, cluster, ref, files, e);
}

/* How a site calls its GPUs and other features is its own: those are for native. */
/* -hold_jid asks for no success, and takes one that is over, and forgotten, for that. */
static const char *sge_after(unused_arg const struct cluster *cluster, enum after_when when)
{
    return when == AFTER_ANY ? "" : NULL;
}

static enum presence sge_presence(struct span answer)
{
    struct span help = told(answer, "help"), said = told(answer, "sge");

    /* A program that had no time to say anything is there all the same. */
    if (!said.data || (help.len > 0 && !told_words(answer, "help", "GE ") &&
                       !told_words(answer, "help", "Grid")))
        return PRESENCE_NONE;
    return span_is(said, "yes") ? PRESENCE_UP : PRESENCE_SILENT;
}

static const struct finding finding = {
    .question = "if has qstat && has qsub && has qconf; then\n"
                "    tell sge \"$(answers qconf -sh)\" &\n"
                "fi\n",
    .presence = sge_presence,
    .version = "help",
};

const struct scheduler_ops scheduler_sge = {
    .name = "sge",
    .finding = &finding,
    .language = LANG_SGE,
    .queues = true,
    .honours = BATCH_KEYS,
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
    .after = sge_after,
    .survey = { sge_survey_say, sge_survey_hear },
    .as_array = batch_as_array,
};
