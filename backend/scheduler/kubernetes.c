/*
 * kubernetes.c - Kubernetes, through kubectl
 *
 * A run of a job is a pod of its own, never a Job of Kubernetes': that starts a second pod when its
 * first is deleted, and a job must not run twice. The pod mounts the volume on which the job's
 * directory lies, where the transport's host has it too, and runs the wrapper from there: so
 * output, files, exit code and claim are the same records as on any other far cluster. Without a
 * volume they are handed over at the end, see kubernetes-handover.c. What only Kubernetes knows is
 * asked of it by kubectl, so every kubeconfig, context and login plug-in works.
 *
 * It knows no hold, no suspend and no arrays; throttles, begin and dependencies are the daemon's.
 */
#include "kubernetes.h"

#include <errno.h>
#include <string.h>

#include "batch.h"
#include "job-files.h"
#include "meeting.h"
#include "verbs.h"

static bool is_below(const char *dir, const char *top)
{
    size_t len = strlen(top);

    return strncmp(dir, top, len) == 0 && (dir[len] == '/' || !dir[len]);
}

static int check_volume(const struct cluster *c, struct error *e)
{
    const char *path = c->volume ? strchr(c->volume, '/') : NULL;

    if (path && c->root && !is_below(c->root, path))
        return error_set(e, -EINVAL, "the jobs of cluster %s lie in %s, which is not on its volume "
                         "%s: configure a \"dir\" on it", c->name, c->root, path);
    return 0;
}

static int check_spec(const struct spec *spec, const struct cluster *c, struct error *e)
{
    if (!spec->image && !c->image)
        return error_set(e, -EINVAL, "image: cluster %s runs jobs in containers; name an image in "
                         "the spec, or one for all jobs in the cluster's configuration", c->name);
    if (spec->nodes > 1)
        return error_set(e, -EINVAL, "nodes: a pod of cluster %s is on one node; leave it out, or "
                         "make an array", c->name);
    if (spec->workdir && !c->volume)
        return error_set(e, -EINVAL, "workdir: the pods of cluster %s have no directory of its "
                         "host; leave it out, and bring files as inputs, or configure a "
                         "\"volume\"", c->name);
    return 0;
}

static int add_scripts(const struct spec *spec, const struct cluster *cluster,
                       const struct job_ref *ref, struct far_files *files)
{
    _cleanup_(bufp) struct buf submit = BUF_INIT, job = BUF_INIT;
    int                        r = kube_submit_script(spec, cluster, ref, &submit);

    if (r == 0)
        r = kube_job_script(cluster, ref, &job);
    return r < 0 ? r : batch_add_scripts(cluster, ref, &submit, &job, files);
}

static int kube_render(const struct spec *spec, const struct cluster *cluster,
                       const struct job_ref *ref, struct far_files *files, struct error *e)
{
    int r = check_volume(cluster, e);

    if (r == 0)
        r = check_spec(spec, cluster, e);
    /* From its own start on, not from that of the pod, which may wait for its image. */
    if (r == 0)
        r = job_files_add(spec, cluster, ref, files, LIMIT_TIME, e);
    if (r < 0)
        return r;
    r = add_scripts(spec, cluster, ref, files);
    return r < 0 ? error_set(e, r, "cannot make the script of the job: %s", strerror(-r)) : 0;
}

#define HONOURED                                                                                   \
    (KEY_BIT(KEY_COMMAND) | KEY_BIT(KEY_SCRIPT) | KEY_BIT(KEY_ARGS) | KEY_BIT(KEY_STDIN) |         \
     KEY_BIT(KEY_NAME) | KEY_BIT(KEY_CLUSTER) | KEY_BIT(KEY_CORES) | KEY_BIT(KEY_NODES) |          \
     KEY_BIT(KEY_TASKS) | KEY_BIT(KEY_MEMORY) | KEY_BIT(KEY_TIME) | KEY_BIT(KEY_GPUS) |            \
     KEY_BIT(KEY_BEGIN) | KEY_BIT(KEY_ARRAY) | KEY_BIT(KEY_AFTER) | KEY_BIT(KEY_ENV) |             \
     KEY_BIT(KEY_MODULES) | KEY_BIT(KEY_BEFORE) | KEY_BIT(KEY_INPUTS) | KEY_BIT(KEY_WORKDIR) |     \
     KEY_BIT(KEY_IMAGE) | KEY_BIT(KEY_OUTPUTS) | KEY_BIT(KEY_RETRIES))

/* Which Kubernetes kubectl leads to, for one that answers; it leads nowhere without a context. */
static const char question[] =
    "kube() { timeout 20 kubectl --request-timeout=10s --context=\"$context\" \"$@\" "
    "</dev/null 2>/dev/null; }\n"
    "kube_version() {\n"
    "    context=${context:-$(timeout 20 kubectl config current-context 2>/dev/null </dev/null)}\n"
    "    [ -n \"$context\" ] || { echo none; return; }\n"
    "    kube get --raw /version | sed -n 's/.*\"gitVersion\": *\"\\([^\"]*\\)\".*/\\1/p'\n"
    "}\n"
    "has kubectl && tell kubernetes \"$(kube_version)\" &\n";

static enum presence kube_presence(struct span answer)
{
    struct span version = told(answer, "kubernetes");

    if (!version.data || span_is(version, "none"))
        return PRESENCE_NONE;
    return version.len > 0 ? PRESENCE_UP : PRESENCE_SILENT;
}

/* People have a kubectl on many a machine: it is meant where a volume is configured, and has to be
 * asked for elsewhere. */
static bool has_volume(const struct cluster *c)
{
    return c->volume != NULL;
}

static const struct finding finding = {
    .question = question,
    .presence = kube_presence,
    .version = "kubernetes",
    .by_itself = has_volume,
    .aside = "jobs run on that host; its kubectl leads to a Kubernetes, which is used where "
             "\"scheduler\": \"kubernetes\" or a \"volume\" is configured",
};

const struct scheduler_ops scheduler_kubernetes = {
    .name = "kubernetes",
    .finding = &finding,
    .language = LANG_ANY,
    .queues = true,
    .honours = HONOURED,
    .ignores = KEY_BIT(KEY_NATIVE),
    .render = kube_render,
    .verbs = {
        [VERB_CANCEL] = { kube_say_cancel, kube_hear_delete },
        [VERB_ACCOUNT] = { kube_say_account, kube_hear_account },
        [VERB_TIDY] = { kube_say_tidy, kube_hear_delete },
    },
    .hear_submit = kube_hear_submit,
    .survey = { kube_survey_say, kube_survey_hear },
    .once = true,
    .paced = true,
    .explains_late = true,
};
