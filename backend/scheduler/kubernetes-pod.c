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
/* For what a deleted pod has left to be fetched, where there is no volume; and, of one that is not
 * deleted, see kubernetes-stay.sh. */
#define FETCH_GRACE_S 60
#define FETCH_PATIENCE_S 600
/* Where a pod without a volume finds its Secret, see kubernetes-boot.sh. */
#define PACK_DIR "/.clustrixfs-pack"

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

    buf_add_str(out, "\"volumes\":[");
    if (c->volume[0] == '/') {
        buf_add_str(out, "{\"hostPath\":{\"path\":");
        json_add_string(out, span_str(c->volume));
        buf_add_str(out, ",\"type\":\"Directory\"}");
    } else {
        buf_add_str(out, "{\"persistentVolumeClaim\":{\"claimName\":");
        json_add_string(out, (struct span){ c->volume, len });
        buf_add_char(out, '}');
    }
    buf_add_str(out, ",\"name\":\"jobs\"}],");
}

/* Where the jobs are: on the volume, or in a directory of the pod's own in the same place. */
static void add_mounts(struct buf *out, const struct cluster *c)
{
    buf_add_str(out, ",\"volumeMounts\":[{\"name\":\"jobs\",\"mountPath\":");
    json_add_string(out, span_str(c->volume ? strchr(c->volume, '/') : c->root));
}

/* "/bin/sh", "-c", a script and its $0. */
static void add_script(struct buf *out, const struct cluster *c, const char *script)
{
    buf_add_str(out, "\"command\":[\"/bin/sh\",\"-c\",");
    add_word(out, script);
    buf_add_char(out, ',');
    add_word(out, c->root ? c->root : "");
}

/* Stays with the results of a pod without a volume: it takes no core from the jobs, and has limits
 * for clusters that want them. It comes first, for the job waits for it. */
static void add_stay(struct buf *out, const struct spec *spec, const struct cluster *c)
{
    buf_add_str(out, "{\"name\":\"results\"");
    json_pair_string(out, "image", spec->image ? spec->image : c->image);
    buf_add_str(out, ",\"resources\":{\"requests\":{\"cpu\":\"0\",\"memory\":\"32Mi\"},"
                     "\"limits\":{\"cpu\":\"1\",\"memory\":\"64Mi\"}}");
    add_mounts(out, c);
    buf_add_str(out, "}],");
    add_script(out, c, kube_stay_text);
    buf_add_str(out, "]},");
}

/* Its arguments follow: with a volume ATTEMPT [INDEX], else TOKEN before them. */
static void add_command(struct buf *out, const struct cluster *c, const struct job_ref *ref)
{
    if (c->volume) {
        buf_add_str(out, "\"command\":[\"/bin/sh\",");
        add_path(out, c, ref, "job.sh");
    } else {
        add_script(out, c, kube_boot_text);
        buf_printf(out, ",\"%s\"", ref->token);
    }
    buf_add_str(out, "],\"args\":");
}

static void add_container(struct buf *out, const struct spec *spec, const struct cluster *c,
                          const struct job_ref *ref)
{
    buf_add_str(out, "{\"name\":\"job\"");
    json_pair_string(out, "image", spec->image ? spec->image : c->image);
    add_resources(out, spec);
    buf_add_str(out, ",\"terminationMessagePolicy\":\"FallbackToLogsOnError\"");
    add_mounts(out, c);
    if (!c->volume)
        buf_add_str(out, "},{\"name\":\"pack\",\"mountPath\":\"" PACK_DIR "\",\"readOnly\":true");
    /* The account has no home in the image; and a record says on which node it was made. */
    buf_add_str(out, "}],\"env\":[{\"name\":\"HOME\",\"value\":");
    add_path(out, c, ref, "files");
    buf_add_str(out, "},{\"name\":\"CLUSTRIXFS_NODE\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":"
                     "\"spec.nodeName\"}}}],");
    add_command(out, c, ref);
}

/* From the word to end on, for all that has to come after it. */
static unsigned grace_of(const struct cluster *c)
{
    return c->grace_s + KUBE_GRACE_MARGIN_S + (c->volume ? 0 : FETCH_GRACE_S);
}

/* Up to the arguments of its container. */
static int add_pod(struct buf *out, const struct spec *spec, const struct cluster *c,
                   const struct job_ref *ref)
{
    buf_printf(out, "\"restartPolicy\":\"Never\",\"enableServiceLinks\":false,"
                    "\"terminationGracePeriodSeconds\":%u", grace_of(c));
    if (spec->time_s > 0)
        buf_printf(out, ",\"activeDeadlineSeconds\":%llu",
                   (unsigned long long)spec->time_s + c->grace_s + DEADLINE_MARGIN_S +
                       (c->volume ? 0 : FETCH_PATIENCE_S));
    if (c->service_account)
        json_pair_string(out, "serviceAccountName", c->service_account);
    else
        json_pair_bool(out, "automountServiceAccountToken", false);
    if (c->node_selector)
        buf_printf(out, ",\"nodeSelector\":%s", c->node_selector);
    buf_add_char(out, ',');
    if (c->volume)
        add_volume(out, c);
    buf_add_str(out, "\"containers\":[");
    if (!c->volume)
        add_stay(out, spec, c);
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
    "    printf '{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"%s\",' "
    "\"$pod\"\n";

/* Without a volume: its Secret owns it, and goes into it. */
static const char owner[] =
    "    printf '\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"name\":\"%s\",' "
    "\"$pod\"\n"
    "    printf '\"uid\":\"%s\"}],' \"$uid\"\n";

static const char account[] =
    "    printf '\"labels\":{\"" KUBE_LABEL "\":\"clustrixfs\",\"" KUBE_POD_LABEL "\":\"%s\"}},' "
    "\"$pod\"\n"
    "    printf '\"spec\":{\"securityContext\":{\"runAsUser\":%s,\"runAsGroup\":%s,"
    "\"supplementalGroups\":[%s]},' \\\n"
    "        \"$(id -u)\" \"$(id -g)\" \"$(id -G | tr ' ' ,)\"\n";

static const char secret[] =
    "    printf '\"volumes\":[{\"name\":\"jobs\",\"emptyDir\":{}},{\"name\":\"pack\","
    "\"secret\":{\"secretName\":\"%s\"}}],' \"$pod\"\n";

static const char tail[] =
    " \\\n        \"$attempt\" \"${task:+,\\\"$task\\\"}\"\n"
    "} | kube create --raw \"/api/v1/namespaces/$ns/pods\" -f - >/dev/null && echo \"pod/$pod\"";

/* The pod as JSON, with the names of this run. */
static int add_create(struct buf *out, const struct cluster *c, const struct buf *pod)
{
    buf_add_str(out, head);
    if (!c->volume)
        buf_add_str(out, owner);
    buf_add_str(out, account);
    if (!c->volume)
        buf_add_str(out, secret);
    buf_add_str(out, "    printf '%s[\"%s\"%s]}]}}\\n' ");
    quote_word(out, buf_span(pod));
    return buf_add_str(out, tail);
}

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
    if (!cluster->volume)
        r = kube_add_pack(out, cluster, ref);
    if (r == 0)
        r = add_create(out, cluster, &pod);
    if (r < 0 || cluster->volume)
        return r < 0 ? r : buf_add_char(out, '\n');
    buf_add_str(out, " || exit\n");
    return kube_add_porter(out, cluster);
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
    "sh \"$keeper\" run \"$root\" \"$token\" \"$@\" 9>&- &\n"
    "child=$! status=1\n"
    "while kill -0 \"$child\" 2>/dev/null; do\n"
    "    wait \"$child\"\n"
    "    status=$?\n"
    "done\n";

/*
 * What is known of the end is so even if nobody can read the record. That one of its processes was
 * killed for its memory, a node does not always tell.
 */
static const char last_words[] =
    "{\n"
    "    if [ \"$status\" != 0 ] && grep -qs '^oom_kill [1-9]' /sys/fs/cgroup/memory.events \\\n"
    "        /sys/fs/cgroup/memory/memory.oom_control; then\n"
    "        sed -e 's/^cause exit$/cause out of memory/' \\\n"
    "            -e 's/^cause signal$/cause out of memory/' \"$root/$name/exit\"\n"
    "    else\n"
    "        cat \"$root/$name/exit\"\n"
    "    fi\n"
    "} >/dev/termination-log 2>/dev/null\n";

int kube_job_script(const struct cluster *cluster, const struct job_ref *ref, struct buf *out)
{
    buf_add_str(out, "#!/bin/sh\n# job.sh ATTEMPT [INDEX]: what the pod runs\nkeeper=");
    quote_word(out, span_str(cluster->keeper));
    buf_add_str(out, " root=");
    quote_word(out, span_str(cluster->root));
    buf_printf(out, " token=%s grace=%u\n", ref->token, cluster->grace_s);
    buf_add_str(out, watch);
    buf_add_str(out, last_words);
    return buf_add_str(out, "exit \"$status\"\n");
}
