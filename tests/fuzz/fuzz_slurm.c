/*
 * fuzz_slurm.c - any bytes, taken for what the far side of a Slurm cluster says
 *
 * Besides not crashing: what is reported has strings that end, a job is named by a token, and an
 * answer without its end never tells that a job is absent.
 */
#include <errno.h>
#include <string.h>

#include "clustrixfs/scheduler.h"
#include "fuzz.h"

static const struct cluster cluster = {
    .name = (char *)(uintptr_t)"hpc",
    .scheduler = &scheduler_slurm,
    .root = (char *)(uintptr_t)"/root",
    .keeper = (char *)(uintptr_t)"/root/keeper",
    .finds_scheduler = true,
};

static const struct job_ref refs[] = {
    { JOB_ID(1, 0), "cfxmemory000000", "3", 1 },   { JOB_ID(2, 0), "cfxcancelrun000", "6", 1 },
    { JOB_ID(3, 21), "cfxarray0000000", "12", 1 }, { JOB_ID(4, 0), "cfxnone00000000", "", 1 },
    { JOB_ID(5, 0), "cfxrunning00000", "11", 1 },
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
    MUST(strlen(s->token) == JOB_TOKEN_LEN && s->report.native[0]);
    MUST(!s->element || (s->range.first <= s->range.last && s->range.step > 0));
}

static bool has_end(const struct outcome *o)
{
    return o->out.len >= 8 && memcmp(o->out.data + o->out.len - 8, "cfx-end\n", 8) == 0;
}

static void hear_verbs(const struct outcome *o)
{
    struct report reports[ARRAY_SIZE(refs)];

    for (int v = 0; v < VERB_COUNT; v++) {
        if (!scheduler_slurm.verbs[v].hear)
            continue;
        scheduler_slurm.verbs[v].hear(&ask, o, reports);
        for (size_t i = 0; i < ARRAY_SIZE(refs); i++) {
            check_report(&reports[i]);
            MUST(has_end(o) || reports[i].is != REPORT_ABSENT);
        }
    }
}

static void hear_others(const struct outcome *o)
{
    struct span    text = buf_span(&o->out);
    struct report  report;
    struct sent    sent[ARRAY_SIZE(refs)];
    struct meeting m;

    scheduler_slurm.hear_submit(0, text, text, &report);
    check_report(&report);
    scheduler_slurm.hear_submit(1, text, text, &report);
    check_report(&report);
    MUST(report.is != REPORT_QUEUED);
    sent_hear(&ask, text, sent);
    for (size_t i = 0; i < ARRAY_SIZE(refs); i++)
        MUST(sent[i].out.len + sent[i].err.len <= text.len);
    if (meeting_hear(&cluster, o, &m, NULL) == 0)
        MUST(m.root[0] == '/' && m.scheduler[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    struct error                       e = ERROR_INIT;
    int                                r;

    MUST(buf_add(&o.out, data, size) == 0);
    r = scheduler_slurm.survey.hear(&cluster, &o, check_sighting, NULL, &e);
    MUST(r == 0 ? has_end(&o) : r == -EPROTO && e.text[0]);
    hear_verbs(&o);
    hear_others(&o);
    return 0;
}
