/*
 * process.c - no scheduler: the host itself
 *
 * Jobs are processes, and a keeper starts and keeps them: clustrixfs-keeper on this machine
 * (backend/keeper/), far-keeper.sh on another one; both speak one language. There is no queue at
 * the far side, so everything about when a job may start (cores, memory, after, begin, priority,
 * array throttle, hold) is the daemon's business, and a submit is a start.
 */
#include "process.h"

#include <errno.h>
#include <stdio.h>

#include "job-files.h"

void process_run(char out[PROCESS_RUN_MAX], const struct job_ref *ref)
{
    char run[RUN_NAME_MAX];

    run_name(run, JOB_ELEMENT(ref->id), ref->attempt);
    snprintf(out, PROCESS_RUN_MAX, "%.*s/%s", JOB_TOKEN_LEN, ref->token, run);
}

/* How its users think of the machine that the cluster is. */
static const char *machine(const struct cluster *cluster)
{
    return cluster->transport->here ? "this machine" : "that machine";
}

/* What a single machine without a scheduler cannot do, and what to do instead. */
static int check(const struct spec *spec, const struct cluster *cluster, struct error *e)
{
    if (spec->nodes > 1)
        return error_set(e, -EINVAL, "nodes: cluster %s is one machine; ask for nodes 1, or name "
                         "another cluster", cluster->name);
    if (spec->gpus > 0)
        return error_set(e, -EINVAL, "gpus: cluster %s hands out none; leave it out if the job may "
                         "take whatever %s has", cluster->name, machine(cluster));
    if (spec->image)
        return error_set(e, -EINVAL, "image: cluster %s runs no containers; leave it out, or start "
                         "the container in the command", cluster->name);
    return 0;
}

static int process_render(const struct spec *spec, const struct cluster *cluster,
                          const struct job_ref *ref, struct far_files *files, struct error *e)
{
    int r = check(spec, cluster, e);

    return r < 0 ? r : job_files_add(spec, cluster, ref, files, LIMIT_ALL, e);
}

/* KEEPER VERB [WORD] ROOT TOKEN/RUN... */
static int say(const struct ask *a, struct command *c, const char *verb, const char *word)
{
    char run[PROCESS_RUN_MAX];
    int  r = strv_add(&c->argv, a->cluster->keeper);

    if (r == 0)
        r = strv_add(&c->argv, verb);
    if (r == 0 && word)
        r = strv_add(&c->argv, word);
    if (r == 0)
        r = strv_add(&c->argv, a->cluster->root);
    for (size_t i = 0; r == 0 && i < a->n; i++) {
        process_run(run, &a->refs[i]);
        r = strv_add(&c->argv, run);
    }
    return r;
}

static int say_start(const struct ask *a, struct command *c)
{
    return say(a, c, "start", NULL);
}

static int say_look(const struct ask *a, struct command *c)
{
    return say(a, c, "look", NULL);
}

static int say_cancel(const struct ask *a, struct command *c)
{
    return say(a, c, "signal", "cancel");
}

static int say_suspend(const struct ask *a, struct command *c)
{
    return say(a, c, "signal", "suspend");
}

static int say_resume(const struct ask *a, struct command *c)
{
    return say(a, c, "signal", "resume");
}

static int say_signal(const struct ask *a, struct command *c)
{
    return a->word ? say(a, c, "signal", a->word) : -EINVAL;
}

#define HONOURED                                                                                   \
    (KEY_BIT(KEY_COMMAND) | KEY_BIT(KEY_SCRIPT) | KEY_BIT(KEY_ARGS) | KEY_BIT(KEY_STDIN) |         \
     KEY_BIT(KEY_NAME) | KEY_BIT(KEY_CLUSTER) | KEY_BIT(KEY_CORES) | KEY_BIT(KEY_NODES) |          \
     KEY_BIT(KEY_TASKS) | KEY_BIT(KEY_MEMORY) | KEY_BIT(KEY_TIME) | KEY_BIT(KEY_GPUS) |            \
     KEY_BIT(KEY_PRIORITY) | KEY_BIT(KEY_BEGIN) | KEY_BIT(KEY_EXCLUSIVE) | KEY_BIT(KEY_ARRAY) |    \
     KEY_BIT(KEY_AFTER) | KEY_BIT(KEY_ENV) | KEY_BIT(KEY_MODULES) | KEY_BIT(KEY_BEFORE) |          \
     KEY_BIT(KEY_INPUTS) | KEY_BIT(KEY_OUTPUTS) | KEY_BIT(KEY_WORKDIR) | KEY_BIT(KEY_RETRIES))

#define IGNORED                                                                                    \
    (KEY_BIT(KEY_PARTITION) | KEY_BIT(KEY_ACCOUNT) | KEY_BIT(KEY_QOS) | KEY_BIT(KEY_CONSTRAINT) |  \
     KEY_BIT(KEY_NATIVE))

const struct scheduler_ops scheduler_process = {
    .name = "process",
    .language = LANG_ANY,
    .queues = false,
    .honours = HONOURED,
    .ignores = IGNORED,
    .render = process_render,
    .verbs = {
        [VERB_SUBMIT] = { say_start, process_hear_start },
        [VERB_FIND] = { say_look, process_hear_look },
        [VERB_POLL] = { say_look, process_hear_look },
        [VERB_CANCEL] = { say_cancel, process_hear_signal },
        [VERB_SUSPEND] = { say_suspend, process_hear_signal },
        [VERB_RESUME] = { say_resume, process_hear_signal },
        [VERB_SIGNAL] = { say_signal, process_hear_signal },
    },
};
