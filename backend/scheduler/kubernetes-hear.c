/*
 * kubernetes-hear.c - what kubectl printed about our pods
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kubernetes.h"
#include "verbs.h"

static int not_whole(const struct outcome *o, struct error *e)
{
    struct span rest = buf_span(&o->err), line;
    char        words[300] = "";

    while (!words[0] && span_next_line(&rest, &line))
        span_copy(words, sizeof words, line);
    if (words[0])
        return error_set(e, -EPROTO, "kubectl: %s", words);
    if (o->status == 124)
        return error_set(e, -EPROTO, "kubectl: the server did not answer for half a minute");
    return error_set(e, -EPROTO, "the answer of kubectl was cut short");
}

static void see(const struct kube_pod *pod, const struct kube_name *name, sighting_fn *fn,
                void *arg)
{
    struct sighting s = {
        .element = name->element,
        .range = { name->index, name->index, 1 },
        .attempt = name->attempt,
    };

    memcpy(s.token, name->token, sizeof s.token);
    kube_report(pod, false, &s.report);
    fn(arg, &s);
}

int kube_survey_hear(unused_arg const struct cluster *cluster, const struct outcome *o,
                     sighting_fn *fn, void *arg, struct error *e)
{
    struct span      rest;
    struct kube_pod  pod;
    struct kube_name name;

    if (!text_whole(buf_span(&o->out), &rest))
        return not_whole(o, e);
    while (kube_pod_next(&rest, &pod))
        if (kube_name_cut(pod.name, &name))
            see(&pod, &name, fn, arg);
    return 0;
}

/* Whether there is a line "E|NAME": the record of its end is kept. */
static bool is_kept(struct span text, const char *name)
{
    struct span line;

    while (span_next_line(&text, &line))
        if (span_begins(line, "E|") && span_is((struct span){ line.data + 2, line.len - 2 }, name))
            return true;
    return false;
}

/* "X|NAME|WORDS": why what it has left could not be fetched. */
static void add_why(struct span text, const char *name, struct report *r)
{
    struct span line;

    while (span_next_line(&text, &line)) {
        if (!span_begins(line, "X|"))
            continue;
        (void)span_until(&line, '|');
        if (span_is(span_until(&line, '|'), name)) {
            size_t n = (size_t)snprintf(r->note, sizeof r->note, "%s: ", KUBE_LOST_NOTE);

            span_copy(r->note + n, sizeof r->note - n, line);
            return;
        }
    }
}

/* The list was whole, so a pod that is not in it is no more: somebody has deleted it. */
static void account_for(struct span text, const char *name, struct report *r)
{
    struct span     rest = text;
    struct kube_pod pod;

    while (kube_pod_next(&rest, &pod))
        if (span_is(pod.name, name)) {
            kube_report(&pod, is_kept(text, name), r);
            if (strcmp(r->note, KUBE_LOST_NOTE) == 0)
                add_why(text, name, r);
            return;
        }
    *r = (struct report){ .is = REPORT_ENDED, .cause = CAUSE_CANCEL };
    snprintf(r->note, sizeof r->note, "its pod was deleted");
}

void kube_hear_account(const struct ask *a, const struct outcome *o, struct report *reports)
{
    struct error e = ERROR_INIT;
    struct span  text;
    bool         whole = text_whole(buf_span(&o->out), &text);
    char         name[NATIVE_ID_MAX];

    if (!whole)
        (void)not_whole(o, &e);
    for (size_t i = 0; i < a->n; i++) {
        reports[i] = (struct report){ .is = REPORT_UNKNOWN };
        kube_name_of(name, &a->refs[i]);
        if (whole)
            account_for(text, name, &reports[i]);
        else
            snprintf(reports[i].note, sizeof reports[i].note, "%.*s",
                     (int)sizeof reports[i].note - 1, e.text);
    }
}

static const struct verdict verdicts[] = {
    { "(NotFound)", REPORT_DONE, "it had ended" },
    { "", REPORT_FAILED, NULL },
    { NULL },
};

static void pod_of(char out[VERB_ID_MAX], const struct job_ref *ref)
{
    kube_name_of(out, ref);
}

/* It may be said again without harm: so what is not known to be done is to be. */
void kube_hear_delete(const struct ask *a, const struct outcome *o, struct report *reports)
{
    verb_hear(a, o, reports, verdicts, pod_of);
    for (size_t i = 0; i < a->n; i++)
        if (reports[i].is == REPORT_UNKNOWN) {
            reports[i].is = REPORT_FAILED;
            if (!reports[i].note[0])
                snprintf(reports[i].note, sizeof reports[i].note, "kubectl gave no answer");
        }
}
