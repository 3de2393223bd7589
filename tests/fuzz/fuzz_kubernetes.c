/*
 * fuzz_kubernetes.c - any bytes, taken for what kubectl printed
 *
 * Besides not crashing: what is reported has strings that end, a pod is named as ours are, and an
 * answer without its end tells of no job that it has ended.
 */
#include <errno.h>
#include <string.h>

#include "clustrixfs/scheduler.h"
#include "fuzz.h"

static const struct cluster cluster = {
    .name = (char *)(uintptr_t)"kube",
    .scheduler = &scheduler_kubernetes,
    .root = (char *)(uintptr_t)"/root",
};

static const struct job_ref refs[] = {
    { JOB_ID(1, 0), "cfxmemory000000", "", 1 },
    { JOB_ID(2, 0), "cfxthree0000000", "", 1 },
    { JOB_ID(3, 8), "cfxarray0000000", "", 2 },
};

static const struct ask ask = { .cluster = &cluster, .refs = refs, .n = ARRAY_SIZE(refs) };

static void check_report(const struct report *r)
{
    MUST(memchr(r->native, '\0', sizeof r->native) && memchr(r->note, '\0', sizeof r->note));
    MUST(memchr(r->node, '\0', sizeof r->node) && !strchr(r->note, '\n'));
    MUST(r->cause < JOB_CAUSE_COUNT && r->exit_code >= 0 && r->exit_code < 256);
    MUST(r->started_ns >= 0 && r->ended_ns >= 0);
}

static void check_sighting(unused_arg void *arg, const struct sighting *s)
{
    check_report(&s->report);
    MUST(strlen(s->token) == JOB_TOKEN_LEN && s->attempt > 0);
    MUST(strncmp(s->report.native, s->token, JOB_TOKEN_LEN) == 0);
}

static bool has_end(const struct outcome *o)
{
    return o->out.len >= 8 && memcmp(o->out.data + o->out.len - 8, "cfx-end\n", 8) == 0;
}

static void hear_verbs(const struct outcome *o)
{
    struct report reports[ARRAY_SIZE(refs)];

    for (int v = 0; v < VERB_COUNT; v++) {
        if (!scheduler_kubernetes.verbs[v].hear)
            continue;
        scheduler_kubernetes.verbs[v].hear(&ask, o, reports);
        for (size_t i = 0; i < ARRAY_SIZE(refs); i++) {
            check_report(&reports[i]);
            MUST(has_end(o) || reports[i].is != REPORT_ENDED);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    struct error                       e = ERROR_INIT;
    struct report                      report;
    int                                r;

    MUST(buf_add(&o.out, data, size) == 0);
    r = scheduler_kubernetes.survey.hear(&cluster, &o, check_sighting, NULL, &e);
    MUST(r == 0 ? has_end(&o) : r == -EPROTO && e.text[0]);
    hear_verbs(&o);
    for (int status = 0; status < 2; status++) {
        scheduler_kubernetes.hear_submit(status, buf_span(&o.out), buf_span(&o.out), &report);
        check_report(&report);
        MUST(report.is != REPORT_QUEUED || report.native[0]);
    }
    return 0;
}
