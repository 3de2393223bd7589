/*
 * process.c - no scheduler: the host itself
 *
 * Jobs are processes, and clustrixfs-keeper starts and keeps them (backend/keeper/). There is no
 * queue at the far side, so everything about when a job may start (cores, memory, after, begin,
 * priority, array throttle, hold) is the daemon's business, and a submit is a start.
 *
 * All elements of an array and all attempts share the job's directory with `script`, `plan`,
 * `stdin` and `files/`; each run has its own directory in it, see record.h.
 */
#include "process.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "script.h"

void process_run(char out[PROCESS_RUN_MAX], const struct job_ref *ref)
{
    char run[RUN_NAME_MAX];

    run_name(run, JOB_ELEMENT(ref->id), ref->attempt);
    snprintf(out, PROCESS_RUN_MAX, "%.*s/%s", JOB_TOKEN_LEN, ref->token, run);
}

/* What it is about one spec, while its files are made. */
struct rendering {
    const struct spec    *spec;
    const struct cluster *cluster;
    const struct job_ref *ref;
    struct far_files     *files;
};

/* A NUL ends each piece of a plan, so values stand in it as they are. */
static void plan_add(struct buf *plan, const char *key, const char *value)
{
    buf_printf(plan, "%s=%s%c", key, value, '\0');
}

static void plan_number(struct buf *plan, const char *key, uint64_t n)
{
    if (n > 0)
        buf_printf(plan, "%s=%llu%c", key, (unsigned long long)n, '\0');
}

/* A path in the job's directory. */
static void plan_path(struct buf *plan, const char *key, const struct rendering *w,
                      const char *name)
{
    buf_printf(plan, "%s=%s/%s/%s%c", key, w->cluster->root, w->ref->token, name, '\0');
}

/* A prelude runs what follows it, so the user's script stays as it is. */
static void plan_argv(struct buf *plan, const struct rendering *w)
{
    const struct spec *spec = w->spec;

    if (spec->script && script_has_prelude(spec))
        plan_path(plan, "arg", w, "prelude");
    plan_path(plan, "arg", w, "script");
    for (size_t i = 0; spec->script && i < spec->args.n; i++)
        plan_add(plan, "arg", spec->args.v[i]);
}

static void plan_workdir(struct buf *plan, const struct rendering *w)
{
    if (w->spec->workdir)
        plan_add(plan, "cwd", w->spec->workdir);
    else
        plan_path(plan, "cwd", w, "files");
}

/* Ours come last: a spec cannot claim to be another job. */
static void plan_env(struct buf *plan, const struct rendering *w)
{
    const struct spec *spec = w->spec;

    for (size_t i = 0; i < spec->n_env; i++)
        buf_printf(plan, "env=%s=%s%c", spec->env[i].key, spec->env[i].value, '\0');
    buf_printf(plan, "env=CLUSTRIXFS_JOB=%llu%c", (unsigned long long)JOB_NUMBER(w->ref->id), '\0');
    buf_printf(plan, "env=CLUSTRIXFS_TOKEN=%s%c", w->ref->token, '\0');
    plan_path(plan, "env=" SCRIPT_FILES_VARIABLE, w, "files");
}

static int render_plan(const struct rendering *w, struct buf *plan)
{
    plan_argv(plan, w);
    plan_workdir(plan, w);
    if (w->spec->input)
        plan_path(plan, "stdin", w, "stdin");
    plan_number(plan, "time", w->spec->time_s);
    plan_number(plan, "memory", w->spec->memory);
    plan_number(plan, "grace", w->cluster->grace_s);
    plan_env(plan, w);
    return buf_error(plan);
}

static int add_file(const struct rendering *w, const char *name, mode_t mode, struct span data)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    int                        r = path_job(&path, w->cluster, w->ref->token);

    if (r < 0)
        return r;
    r = buf_printf(&path, "/%s", name);
    return r < 0 ? r : far_files_add(w->files, path.data, mode, data);
}

/* The user's script with something before it: a script of its own that ends by becoming it. */
static int add_prelude(const struct rendering *w)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    int                        r;

    if (!w->spec->script || !script_has_prelude(w->spec))
        return 0;
    r = script_prelude(w->spec, &text);
    buf_add_str(&text, "exec \"$@\"\n");
    if (r == 0)
        r = buf_error(&text);
    return r < 0 ? r : add_file(w, "prelude", 0700, buf_span(&text));
}

static int add_files(const struct rendering *w)
{
    _cleanup_(bufp) struct buf script = BUF_INIT, plan = BUF_INIT;
    int                        r = script_render(w->spec, &script);

    if (r == 0)
        r = render_plan(w, &plan);
    if (r == 0)
        r = add_file(w, "files", S_IFDIR | 0700, (struct span){ "", 0 });
    if (r == 0)
        r = add_file(w, "script", 0700, buf_span(&script));
    if (r == 0)
        r = add_prelude(w);
    if (r == 0 && w->spec->input)
        r = add_file(w, "stdin", 0600, (struct span){ w->spec->input, w->spec->input_len });
    return r < 0 ? r : add_file(w, "plan", 0600, buf_span(&plan));
}

static bool sends_outputs(const struct spec *spec)
{
    for (size_t i = 0; i < spec->n_outputs; i++)
        if (spec->outputs[i].to)
            return true;
    return false;
}

/* What a single machine without a scheduler cannot do, and what to do instead. */
static int check(const struct spec *spec, const struct cluster *cluster, struct error *e)
{
    if (spec->nodes > 1)
        return error_set(e, -EINVAL, "nodes: cluster %s is one machine; ask for nodes 1, or name "
                         "another cluster", cluster->name);
    if (spec->gpus > 0)
        return error_set(e, -EINVAL, "gpus: cluster %s hands out none; leave it out if the job may "
                         "take whatever this machine has", cluster->name);
    if (spec->image)
        return error_set(e, -EINVAL, "image: cluster %s runs no containers; leave it out, or start "
                         "the container in the command", cluster->name);
    if (spec->inputs.n > 0)
        return error_set(e, -EINVAL, "inputs: cluster %s is this machine, so name the files by "
                         "their paths, or put them with the spec into a directory in stage/ and "
                         "move that to submit/", cluster->name);
    if (sends_outputs(spec))
        return error_set(e, -EINVAL, "outputs: 'to' is not carried out on cluster %s; the results "
                         "are on this machine, in jobs/<id>/files: leave 'to' out", cluster->name);
    return 0;
}

static int process_render(const struct spec *spec, const struct cluster *cluster,
                          const struct job_ref *ref, struct far_files *files, struct error *e)
{
    const struct rendering w = { spec, cluster, ref, files };
    int                    r = check(spec, cluster, e);

    if (r < 0)
        return r;
    r = add_files(&w);
    return r < 0 ? error_set(e, r, "cannot make the script of the job: %s", strerror(-r)) : 0;
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
     KEY_BIT(KEY_WORKDIR) | KEY_BIT(KEY_RETRIES))

#define IGNORED                                                                                    \
    (KEY_BIT(KEY_PARTITION) | KEY_BIT(KEY_ACCOUNT) | KEY_BIT(KEY_QOS) | KEY_BIT(KEY_CONSTRAINT) |  \
     KEY_BIT(KEY_NATIVE) | KEY_BIT(KEY_OUTPUTS))

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
