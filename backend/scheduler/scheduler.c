/*
 * scheduler.c - which schedulers there are, and the one place that speaks to them
 *
 * Here languages and transports meet: a verb is said in the scheduler's words, carried by the
 * cluster's transport, and what comes back is heard. Neither knows of the other.
 */
#include "clustrixfs/scheduler.h"

#include <errno.h>
#include <string.h>

#include "clustrixfs/record.h"

const struct scheduler_ops *const schedulers[] = {
    &scheduler_process,
    &scheduler_slurm,
    &scheduler_sge,
    &scheduler_pbs,
    &scheduler_kubernetes,
    NULL,
};

const struct scheduler_ops *scheduler_named(const char *name)
{
    for (size_t i = 0; schedulers[i]; i++)
        if (strcmp(schedulers[i]->name, name) == 0)
            return schedulers[i];
    return NULL;
}

static const char *const verb_names[VERB_COUNT] = {
    [VERB_SUBMIT] = "submit",   [VERB_FIND] = "find",       [VERB_POLL] = "poll",
    [VERB_CANCEL] = "cancel",   [VERB_HOLD] = "hold",       [VERB_RELEASE] = "release",
    [VERB_SUSPEND] = "suspend", [VERB_RESUME] = "resume",   [VERB_SIGNAL] = "signal",
    [VERB_ACCOUNT] = "account for", [VERB_TIDY] = "tidy up after",
};

int scheduler_ask(struct transport *t, const struct ask *a, enum scheduler_verb verb,
                  struct report *reports, struct error *e)
{
    _cleanup_(commandp) struct command c = COMMAND_INIT;
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    const struct scheduler_ops        *scheduler = a->cluster->scheduler;
    const struct exchange             *x = &scheduler->verbs[verb];
    int                                r;

    for (size_t i = 0; i < a->n; i++)
        reports[i] = (struct report){ .is = REPORT_UNKNOWN };
    if (!x->say)
        return error_set(e, -EOPNOTSUPP, "cluster %s cannot %s a job", a->cluster->name,
                         verb_names[verb]);
    if (a->n == 0)
        return 0;
    r = x->say(a, &c);
    if (r < 0)
        return error_set(e, r, "cannot ask cluster %s to %s: %s", a->cluster->name,
                         verb_names[verb], strerror(-r));
    r = a->cluster->transport->run(t, &c, &o, e);
    if (r == 0)
        x->hear(a, &o, reports);
    return r;
}

static const char *const languages[LANG_COUNT] = {
    [LANG_ANY] = "the cluster's scheduler",
    [LANG_SLURM] = "Slurm",
    [LANG_PBS] = "PBS",
    [LANG_SGE] = "Grid Engine",
};

static bool speaks(const struct scheduler_ops *scheduler, enum spec_language language)
{
    if (scheduler->ignores & KEY_BIT(KEY_NATIVE))
        return false;
    return language == LANG_ANY || language == scheduler->language;
}

/* Options in another scheduler's language are not passed on; each is named. */
static int warn_of_native(const struct cluster *cluster, const struct spec *spec,
                          struct strv *warnings)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < spec->n_native; i++) {
        const struct spec_native *n = &spec->native[i];

        if (!speaks(cluster->scheduler, n->language))
            r = strv_printf(warnings, "%s is an option for %s; it has no meaning on cluster %s",
                            n->option, languages[n->language], cluster->name);
    }
    return r;
}

static int warn_of_keys(const struct cluster *cluster, uint64_t keys, struct strv *warnings)
{
    int r = 0;

    for (int k = 0; r == 0 && k < SPEC_KEY_COUNT; k++)
        if (keys & KEY_BIT(k))
            r = strv_printf(warnings, "%s has no effect on cluster %s and is left out",
                            spec_key_name((enum spec_key)k), cluster->name);
    return r;
}

static int refuse_keys(const struct cluster *cluster, uint64_t keys, struct error *e)
{
    for (int k = 0; k < SPEC_KEY_COUNT; k++)
        if (keys & KEY_BIT(k))
            return error_set(e, -EINVAL, "cluster %s cannot carry out %s: leave it out, or name "
                             "another cluster", cluster->name, spec_key_name((enum spec_key)k));
    return 0;
}

/* What depends on values only the scheduler can tell: it renders the spec once, for nobody. */
static int rehearse(const struct cluster *cluster, const struct spec *spec, struct error *e)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;
    const struct job_ref                   ref = {
        .token = "cfx000000000000",
        .native = "",
        .attempt = 1,
    };

    return cluster->scheduler->render(spec, cluster, &ref, &files, e);
}

static int warn_of_unmet(const struct cluster *cluster, struct strv *warnings)
{
    return strv_printf(warnings,
                       "cluster %s was not reached yet, so its scheduler is not known: what that "
                       "cannot carry out is refused when the job goes there",
                       cluster->name);
}

int scheduler_accepts(const struct cluster *cluster, const struct spec *spec,
                      struct strv *warnings, struct error *e)
{
    const struct cluster        look = cluster_look(cluster);
    const struct scheduler_ops *scheduler = look.scheduler;
    int                         r;

    if (!scheduler)
        return warn_of_unmet(&look, warnings);
    r = rehearse(&look, spec, e);
    if (r < 0)
        return r;
    r = refuse_keys(&look, spec->given & ~scheduler->honours & ~scheduler->ignores, e);
    if (r < 0)
        return r;
    /* Native options are named one by one. */
    r = warn_of_keys(&look, spec->given & scheduler->ignores & ~KEY_BIT(KEY_NATIVE), warnings);
    return r < 0 ? r : warn_of_native(&look, spec, warnings);
}

int path_job(struct buf *out, const struct cluster *c, const char *token)
{
    return buf_printf(out, "%s/%s", c->root, token);
}

int path_run(struct buf *out, const struct cluster *c, const struct job_ref *ref, const char *file)
{
    char run[RUN_NAME_MAX];

    run_name(run, JOB_ELEMENT(ref->id), ref->attempt);
    return buf_printf(out, "%s/%s/%s%s%s", c->root, ref->token, run, file ? "/" : "",
                      file ? file : "");
}

/* "--dependency=...", "-d ...", "-W depend=...", "-hold_jid ...": whoever's language it is in. */
static bool says_for_whom(const char *option)
{
    return strncmp(option, "-d", 2) == 0 || strstr(option, "depend") || strstr(option, "-hold_jid");
}

bool scheduler_can_wait(const struct scheduler_ops *s, const struct spec *spec)
{
    for (size_t i = 0; i < spec->n_native; i++)
        if (says_for_whom(spec->native[i].option))
            return false;
    return s->after;
}

int scheduler_after(const struct cluster *c, const struct job_ref *ref, const char *words,
                    struct far_files *files)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    int                        r = path_run(&path, c, ref, NULL);

    if (r == 0)
        r = buf_add_str(&path, ".after");
    return r < 0 ? r : far_files_add(files, path.data, 0600, span_str(words));
}
