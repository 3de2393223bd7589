/*
 * kubernetes-say.c - what is asked of kubectl
 *
 * A list that was refused is an empty list on its standard output, so only an answer whose command
 * ended well is followed by the line that makes it whole. A server that hangs would keep kubectl
 * for minutes, whatever it is told of timeouts, so each call has timeout(1) around it.
 */
#include "kubernetes.h"

#include <errno.h>

#include "clustrixfs/quote.h"
#include "verbs.h"

static const char setup_begin[] =
    "command -v kubectl >/dev/null 2>&1 || { [ -r /etc/profile ] && . /etc/profile; } "
    ">/dev/null 2>&1\n"
    "LC_ALL=C; export LC_ALL\n";

static const char call_begin[] = "call() { kube_time=$1; shift; timeout \"$kube_time\" kubectl";
static const char call_end[] = " \"$@\"; }\n"
                               "kube() { call 30 --request-timeout=20s \"$@\"; }\n";

static const char setup_end[] =
    "here=$(kube config view --minify -o 'jsonpath={.clusters[0].cluster.server} "
    "{.contexts[0].context.namespace}' </dev/null) || exit 1\n"
    "[ -n \"$ns\" ] || ns=${here#* }\n"
    "[ -n \"$ns\" ] || ns=default\n"
    "here=\"${here%% *} $ns\"\n"
    "known=$(cat \"$target\" 2>/dev/null)\n"
    "if [ -n \"$known\" ] && [ \"$known\" != \"$here\" ]; then\n"
    "    echo \"kubectl leads to ${here%% *}, namespace $ns now; the jobs here went to "
    "${known%% *}, namespace ${known#* }: set its context back, or, if that is the same cluster, "
    "remove $target\" >&2\n"
    "    exit 1\n"
    "fi\n";

static int add_target(struct buf *out, const struct cluster *c)
{
    _cleanup_(bufp) struct buf target = BUF_INIT;

    buf_printf(&target, "%s/kubernetes", c->root ? c->root : "");
    buf_add_str(out, "target=");
    quote_word(out, buf_span(&target));
    return buf_add_char(out, '\n');
}

int kube_add_call(struct buf *out, const struct cluster *c)
{
    buf_add_str(out, call_begin);
    if (c->context) {
        buf_add_str(out, " --context=");
        quote_word(out, span_str(c->context));
    }
    return buf_add_str(out, call_end);
}

int kube_add_setup(struct buf *out, const struct cluster *c)
{
    int r;

    buf_add_str(out, setup_begin);
    r = kube_add_call(out, c);
    if (r < 0)
        return r;
    buf_add_str(out, "ns=");
    quote_word(out, span_str(c->kube_namespace));
    buf_add_char(out, '\n');
    add_target(out, c);
    return buf_add_str(out, setup_end);
}

/* A line each for what of a pod counts, and `Z`. A message is quoted as Go does: one line. */
#define WITH(field) "{{with " field "}}{{.}}{{end}}"
#define QUOTED(field) "{{with " field "}}{{printf \"%q\" .}}{{end}}"
#define TEMPLATE                                                                                   \
    "{{range .items}}P|{{.metadata.name}}|" WITH(".status.phase") "|"                              \
    WITH(".metadata.deletionTimestamp") "|" WITH(".spec.nodeName") "|"                             \
    WITH(".status.reason") "|" QUOTED(".status.message") "\n"                                      \
    "{{range .status.conditions}}{{if eq .type \"PodScheduled\"}}{{if eq .status \"False\"}}"      \
    "S|" QUOTED(".message") "\n{{end}}{{end}}{{end}}"                                              \
    "{{range .status.containerStatuses}}{{if eq .name \"job\"}}"                                   \
    "{{with .state.waiting}}W|" WITH(".reason") "|" QUOTED(".message") "\n{{end}}"                 \
    "{{with .state.terminated}}T|" WITH(".reason") "|{{.exitCode}}|" WITH(".startedAt") "|"        \
    WITH(".finishedAt") "|" QUOTED(".message") "\n{{end}}"                                         \
    "{{end}}{{end}}Z\n{{end}}"

static const char list_live[] =
    "kube get pods -n \"$ns\" -l " KUBE_LABEL "=clustrixfs "
    "--field-selector=status.phase!=Succeeded,status.phase!=Failed -o go-template='" TEMPLATE "' "
    "</dev/null && echo " TEXT_END "\n";

/* "$@": a pod and its run directory, and so on. */
static const char list_named[] =
    "names=\n"
    "for word; do case $word in */*) ;; *) names=$names,$word ;; esac; done\n"
    "kube get pods -n \"$ns\" -l \"" KUBE_POD_LABEL " in (${names#,})\" "
    "-o go-template='" TEMPLATE "' </dev/null || exit 1\n"
    "while [ $# -gt 1 ]; do\n"
    "    [ ! -e \"$2/exit\" ] || echo \"E|$1\"\n"
    "    why=${2%/*}/.${2##*/}.why\n"
    "    [ ! -s \"$why\" ] || echo \"X|$1|$(head -c 150 \"$why\" | tr '\\n' ' ')\"\n"
    "    shift 2\n"
    "done\n"
    "echo " TEXT_END "\n";

static int say(struct command *c, const struct buf *script)
{
    int r = strv_add(&c->argv, "sh");

    if (r == 0)
        r = strv_add(&c->argv, "-c");
    if (r == 0)
        r = strv_add_span(&c->argv, buf_span(script));
    return r < 0 ? r : strv_add(&c->argv, "cfx");
}

int kube_survey_say(const struct cluster *cluster, struct command *c)
{
    _cleanup_(bufp) struct buf script = BUF_INIT;
    int                        r = kube_add_setup(&script, cluster);

    if (r == 0 && !cluster->volume)
        r = kube_add_porter(&script, cluster);
    if (r == 0)
        r = buf_add_str(&script, list_live);
    return r < 0 ? r : say(c, &script);
}

int kube_say_account(const struct ask *a, struct command *c)
{
    _cleanup_(bufp) struct buf script = BUF_INIT;
    int                        r = kube_add_setup(&script, a->cluster);
    char                       name[NATIVE_ID_MAX];

    if (r == 0)
        r = buf_add_str(&script, list_named);
    if (r == 0)
        r = say(c, &script);

    for (size_t i = 0; r == 0 && i < a->n; i++) {
        _cleanup_(bufp) struct buf run = BUF_INIT;

        kube_name_of(name, &a->refs[i]);
        r = strv_add(&c->argv, name);
        if (r == 0)
            r = path_run(&run, a->cluster, &a->refs[i], NULL);
        if (r == 0)
            r = strv_add_span(&c->argv, buf_span(&run));
    }
    return r;
}

/* Nothing waits for the end of a pod, which takes its time; those that are gone are no error. */
#define DELETE(what)                                                                               \
    "away() {\n"                                                                                   \
    "    case $1 in\n"                                                                             \
    "    *refused*|*'Unable to connect'*|*imeout*|*Unauthorized*|*'logged in'*) true ;;\n"         \
    "    *) false ;;\n"                                                                            \
    "    esac\n"                                                                                   \
    "}\n"                                                                                          \
    "delete() { kube delete " what " -n \"$ns\" --wait=false --ignore-not-found \"$@\" "           \
    "</dev/null; }\n"

static const char cancel[] = DELETE("pods") "all() { delete \"$@\"; }\none() { delete \"$1\"; }\n";

/* Of what has ended nobody asks again: so it is written down first, and what cannot be deleted now,
 * or was not because this was broken off, is with the next that has ended. Its record is complete,
 * so the pod goes at once: one that is deleted while its node does not know yet that it has ended
 * stays for a minute. */
static const char note_ended[] = "printf '%s\\n' \"$@\" >>\"$target.ended\"\n";
#define TIDY                                                                                       \
    "all() {\n"                                                                                    \
    "    mv \"$target.ended\" \"$target.ended.$$.$(date +%s)\" || return\n"                       \
    "    set -- \"$target\".ended.*\n"                                                             \
    "    delete --force --grace-period=0 $(cat \"$@\") && rm -f \"$@\"\n"                          \
    "}\n"                                                                                          \
    "one() { false; }\n"
static const char tidy[] = DELETE("pods") TIDY;
/* The Secret first: without it a pod that is made late never starts. */
static const char tidy_secrets[] = DELETE("secrets,pods") TIDY;

static void pod_of(char out[VERB_ID_MAX], const struct job_ref *ref)
{
    kube_name_of(out, ref);
}

int kube_say_cancel(const struct ask *a, struct command *c)
{
    _cleanup_(bufp) struct buf setup = BUF_INIT;
    int                        r = kube_add_setup(&setup, a->cluster);

    return r < 0 ? r : verb_say(a, c, setup.data, cancel, NULL, pod_of);
}

int kube_say_tidy(const struct ask *a, struct command *c)
{
    _cleanup_(bufp) struct buf setup = BUF_INIT;
    int                        r = add_target(&setup, a->cluster);

    buf_add_str(&setup, note_ended);
    if (r == 0)
        r = kube_add_setup(&setup, a->cluster);
    return r < 0 ? r : verb_say(a, c, setup.data, a->cluster->volume ? tidy : tidy_secrets, NULL,
                                pod_of);
}
