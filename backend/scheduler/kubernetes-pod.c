/*
 * kubernetes-pod.c - a run as a pod: the script that makes it, and the one that it runs
 *
 * `submit` serves every attempt and every element, so the pod's name and the ids of the account
 * are put in there; all else is known here and goes in as it is, in one quoted word.
 */
#include <string.h>

#include "batch.h"
#include "clustrixfs/json.h"
#include "clustrixfs/quote.h"
#include "kubernetes.h"

/* Only in case the wrapper cannot end it: images may take their time to arrive, which counts. */
#define DEADLINE_MARGIN_S 3600
/* For the wrapper to write its record, after the job was killed. */
#define GRACE_MARGIN_S 10

/* In what a container is started with "$(X)" stands for a variable. */
static void add_word(struct buf *out, const char *text)
{
    _cleanup_(bufp) struct buf b = BUF_INIT;

    for (; *text; text++) {
        if (text[0] == '$' && text[1] == '(')
            buf_add_char(&b, '$');
        buf_add_char(&b, *text);
    }
    json_add_string(out, buf_span(&b));
}

static void add_path(struct buf *out, const struct cluster *c, const struct job_ref *ref,
                     const char *file)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;

    batch_add_path(&path, c, ref, file);
    add_word(out, path.data);
}

/* As much of each as it may take is kept for it; a job without a word has one core. */
static void add_resources(struct buf *out, const struct spec *spec)
{
    _cleanup_(bufp) struct buf amounts = BUF_INIT;
    uint64_t cores = (uint64_t)(spec->cores ? spec->cores : 1) * (spec->tasks ? spec->tasks : 1);

    buf_printf(&amounts, "{\"cpu\":\"%llu\"", (unsigned long long)cores);
    if (spec->memory > 0)
        buf_printf(&amounts, ",\"memory\":\"%llu\"", (unsigned long long)spec->memory);
    if (spec->gpus > 0)
        buf_printf(&amounts, ",\"nvidia.com/gpu\":\"%u\"", spec->gpus);
    buf_printf(out, ",\"resources\":{\"requests\":%s},\"limits\":%s}}", amounts.data, amounts.data);
}

static void add_volume(struct buf *out, const struct cluster *c)
{
    size_t len = strcspn(c->volume, ":");

    if (c->volume[0] == '/') {
        buf_add_str(out, "{\"hostPath\":{\"path\":");
        json_add_string(out, span_str(c->volume));
        buf_add_str(out, ",\"type\":\"Directory\"}");
    } else {
        buf_add_str(out, "{\"persistentVolumeClaim\":{\"claimName\":");
        json_add_string(out, (struct span){ c->volume, len });
        buf_add_char(out, '}');
    }
    buf_add_str(out, ",\"name\":\"jobs\"}");
}

static void add_container(struct buf *out, const struct spec *spec, const struct cluster *c,
                          const struct job_ref *ref)
{
    buf_add_str(out, "{\"name\":\"job\"");
    json_pair_string(out, "image", spec->image ? spec->image : c->image);
    add_resources(out, spec);
    buf_add_str(out, ",\"terminationMessagePolicy\":\"FallbackToLogsOnError\"");
    buf_add_str(out, ",\"volumeMounts\":[{\"name\":\"jobs\",\"mountPath\":");
    json_add_string(out, span_str(strchr(c->volume, '/')));
    /* The account has no home in the image; and a record says on which node it was made. */
    buf_add_str(out, "}],\"env\":[{\"name\":\"HOME\",\"value\":");
    add_path(out, c, ref, "files");
    buf_add_str(out, "},{\"name\":\"CLUSTRIXFS_NODE\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":"
                     "\"spec.nodeName\"}}}],\"command\":[\"/bin/sh\",");
    add_path(out, c, ref, "job.sh");
    buf_add_str(out, "],\"args\":");
}

/* Up to the arguments of its container. */
static int add_pod(struct buf *out, const struct spec *spec, const struct cluster *c,
                   const struct job_ref *ref)
{
    buf_printf(out, "\"restartPolicy\":\"Never\",\"enableServiceLinks\":false,"
                    "\"terminationGracePeriodSeconds\":%u", c->grace_s + GRACE_MARGIN_S);
    if (spec->time_s > 0)
        buf_printf(out, ",\"activeDeadlineSeconds\":%llu",
                   (unsigned long long)spec->time_s + c->grace_s + DEADLINE_MARGIN_S);
    if (c->service_account)
        json_pair_string(out, "serviceAccountName", c->service_account);
    else
        json_pair_bool(out, "automountServiceAccountToken", false);
    if (c->node_selector)
        buf_printf(out, ",\"nodeSelector\":%s", c->node_selector);
    buf_add_str(out, ",\"volumes\":[");
    add_volume(out, c);
    buf_add_str(out, "],\"containers\":[");
    add_container(out, spec, c, ref);
    return buf_error(out);
}

/* Where this is written first, all later commands have to lead, see kube_add_setup(). */
static const char keep_target[] =
    "if [ -z \"$known\" ]; then\n"
    "    printf '%s\\n' \"$here\" >\"$target.$$\" && ln \"$target.$$\" \"$target\" 2>/dev/null\n"
    "    rm -f \"$target.$$\"\n"
    "    known=$(cat \"$target\")\n"
    "    [ \"$known\" = \"$here\" ] || exit 1\n"
    "fi\n";

static const char head[] =
    "{\n"
    "    printf '{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"%s\",' \"$pod\"\n"
    "    printf '\"labels\":{\"" KUBE_LABEL "\":\"clustrixfs\",\"" KUBE_POD_LABEL "\":\"%s\"}},' "
    "\"$pod\"\n"
    "    printf '\"spec\":{\"securityContext\":{\"runAsUser\":%s,\"runAsGroup\":%s,"
    "\"supplementalGroups\":[%s]},' \\\n"
    "        \"$(id -u)\" \"$(id -g)\" \"$(id -G | tr ' ' ,)\"\n"
    "    printf '%s[\"%s\"%s]}]}}\\n' ";

static const char tail[] =
    " \\\n        \"$attempt\" \"${task:+,\\\"$task\\\"}\"\n"
    "} | kube create --raw \"/api/v1/namespaces/$ns/pods\" -f - >/dev/null && echo \"pod/$pod\"\n";

int kube_submit_script(const struct spec *spec, const struct cluster *cluster,
                       const struct job_ref *ref, struct buf *out)
{
    _cleanup_(bufp) struct buf pod = BUF_INIT;
    int                        r = add_pod(&pod, spec, cluster, ref);

    if (r < 0)
        return r;
    buf_add_str(out, "#!/bin/sh\n# submit RUN: makes the pod of one run\n");
    r = kube_add_setup(out, cluster);
    if (r < 0)
        return r;
    buf_add_str(out, keep_target);
    buf_printf(out, "run=$1 task=\n"
                    "attempt=${run##*attempt} pod=%s-a${run##*attempt}\n"
                    "case $run in\n"
                    "task*) task=${run#task} task=${task%%%%.*} pod=%s-t$task-a$attempt ;;\n"
                    "esac\n", ref->token, ref->token);
    buf_add_str(out, head);
    quote_word(out, buf_span(&pod));
    return buf_add_str(out, tail);
}

/*
 * The first process of the pod. Whoever deletes the pod wants the job to end: it is told, and
 * killed when it does not heed that, while there still is somebody to write down how it ended.
 */
static const char watch[] =
    "end()\n"
    "{\n"
    "    kill -TERM \"$child\"\n"
    "    sleep \"$grace\"\n"
    "    sh \"$keeper\" signal KILL \"$root\" \"$name\" >/dev/null\n"
    "}\n"
    "trap 'end &' TERM\n"
    "name=$token/${2:+task$2.}attempt$1\n"
    "sh \"$keeper\" run \"$root\" \"$token\" \"$@\" &\n"
    "child=$! status=1\n"
    "while kill -0 \"$child\" 2>/dev/null; do\n"
    "    wait \"$child\"\n"
    "    status=$?\n"
    "done\n"
    "exit \"$status\"\n";

int kube_job_script(const struct cluster *cluster, const struct job_ref *ref, struct buf *out)
{
    buf_add_str(out, "#!/bin/sh\n# job.sh ATTEMPT [INDEX]: what the pod runs\nkeeper=");
    quote_word(out, span_str(cluster->keeper));
    buf_add_str(out, " root=");
    quote_word(out, span_str(cluster->root));
    buf_printf(out, " token=%s grace=%u\n", ref->token, cluster->grace_s);
    return buf_add_str(out, watch);
}
