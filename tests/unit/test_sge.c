/*
 * test_sge.c - what is put there for Grid Engine, and what its programs printed
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "captured.h"
#include "clustrixfs/scheduler.h"
#include "render.h"

#define AT "sge-8.1.9/"

static const struct transport_ops elsewhere = { .name = "elsewhere" };

static const struct cluster hpc = {
    .name = (char *)(uintptr_t)"hpc",
    .transport = &elsewhere,
    .scripted = true,
    .scheduler = &scheduler_sge,
    .root = (char *)(uintptr_t)"/my dir",
    .keeper = (char *)(uintptr_t)"/my dir/keeper-1",
};

/* ---- what is put there ---- */

START_TEST(a_job_is_one_qsub)
{
    check_has(&hpc, "{\"command\": \"x\", \"after\": {\"any\": [3]}}", "submit",
              "if [ -n \"$after\" ]; then\n    set -- \"$@\" -hold_jid \"$after\"\n");
    ck_assert_str_eq(scheduler_sge.after(&hpc, AFTER_ANY), "");
    ck_assert_ptr_null(scheduler_sge.after(&hpc, AFTER_COMPLETED));
    check_has(&hpc, "{\"command\": \"x\"}", "submit",
              "exec qsub \"$@\" -terse -N " TOKEN " -b n -S /bin/sh -r n -sync n -now n -j y");
    check_has(&hpc, "{\"command\": \"x\"}", "submit", "-o '/my dir/" TOKEN "/'\"$run.log\"");
    check_has(&hpc, "{\"command\": \"x\", \"time\": 90, \"partition\": \"it's\", "
                    "\"account\": \"p\", \"priority\": -3}",
              "submit", "-l 'h_rt=90' -q 'it'\\''s' -P p -p -3\n");
    check_has(&hpc, "{\"command\": \"x\", \"array\": \"0-8:2%3\"}", "submit", "*) tasks=1-9:2 ;;");
    check_has(&hpc, "{\"command\": \"x\", \"array\": \"0-8:2%3\"}", "submit",
              "-t \"$tasks\" -tc 3\n");
    check_has(&hpc, "{\"command\": \"x\", \"array\": \"5\"}", "job.sh",
              "SGE_TASK_ID=$((SGE_TASK_ID - 1)); export");
}
END_TEST

START_TEST(memory_is_for_each_slot)
{
    check_has(&hpc, "{\"command\": \"x\", \"cores\": 2, \"tasks\": 2, \"memory\": \"4097M\"}",
              "submit",
              "-l 'h_vmem=1025M'");
    check_has(&hpc, "{\"command\": \"x\", \"cores\": 2, \"tasks\": 2}", "submit",
              "-pe \"$pe\" 4\n");
}
END_TEST

START_TEST(a_native_option_is_one_option)
{
    check_has(&hpc, "{\"command\": \"x\", \"native\": [\"-l gpu=1\", \"-pe 'o mp' 4\"]}", "submit",
              "set -- -l 'gpu=1' -pe 'o mp' 4\n");
    check_refused(&hpc, "{\"command\": \"x\", \"native\": [\"-notify x\"]}",
                  "is not one option of qsub");
    check_refused(&hpc, "{\"command\": \"x\", \"native\": [\"-unheard x\"]}", "is not one option");
    check_refused(&hpc, "{\"command\": \"x\", \"native\": [\"-t 1-3\"]}", "the key array");
    check_refused(&hpc, "{\"command\": \"x\", \"array\": \"1-3,7\"}", "takes one range");
    check_refused(&hpc, "{\"command\": \"x\", \"nodes\": 2}", "parallel environment");
}
END_TEST

/* ---- qsub ---- */

static void check_submitted(const char *name, enum report_is is, const char *words)
{
    _cleanup_(bufp) struct buf out = BUF_INIT, err = BUF_INIT, status = BUF_INIT;
    char                       path[200];
    struct report              r;

    snprintf(path, sizeof path, AT "qsub-%s.out", name);
    captured(path, &out);
    snprintf(path, sizeof path, AT "qsub-%s.err", name);
    captured(path, &err);
    snprintf(path, sizeof path, AT "qsub-%s.rc", name);
    captured(path, &status);
    scheduler_sge.hear_submit(atoi(status.data), buf_span(&out), buf_span(&err), &r);
    ck_assert_msg(r.is == is, "%s: %d, %s", name, (int)r.is, r.note);
    if (is == REPORT_QUEUED)
        ck_assert_str_eq(r.native, words);
    else
        ck_assert_msg(strstr(r.note, words) && !strstr(r.note, "Exiting"), "%s: %s", name, r.note);
}

START_TEST(a_submit_brings_a_number_or_words)
{
    static const char *const refused[][2] = {
        { "queue", "unknown queue \"nosuch\"" }, { "resource", "unknown resource" },
        { "project", "project \"nosuch\"" }, { "pe", "parallel environment \"nosuch\"" },
        { "never", "no suitable queues" }, { "option", "-zzz" }, { "ranges", "one range" },
        { "badtime", "date/time" }, { "priority", "priority" }, { "badmem", "memory value" },
        { "script", "nosuch.sh" },
    };

    check_submitted("ok", REPORT_QUEUED, "32");
    check_submitted("array", REPORT_QUEUED, "33");
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
        check_submitted(refused[i][0], REPORT_REFUSED, refused[i][1]);
    check_submitted("down", REPORT_ABSENT, "Connection refused");
    check_submitted("root", REPORT_ABSENT, "SGE_ROOT");
}
END_TEST

/* ---- qstat ---- */

struct seen {
    struct sighting v[100];
    size_t          n;
};

static void see(void *arg, const struct sighting *s)
{
    struct seen *seen = arg;

    ck_assert_uint_lt(seen->n, ARRAY_SIZE(seen->v));
    seen->v[seen->n++] = *s;
}

static int survey(struct span text, struct seen *seen)
{
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    struct error                       e = ERROR_INIT;
    int                                r;

    seen->n = 0;
    ck_assert_int_eq(buf_add_span(&o.out, text), 0);
    r = scheduler_sge.survey.hear(&hpc, &o, see, seen, &e);
    ck_assert(r == 0 || (r == -EPROTO && e.text[0]));
    return r;
}

static void check_seen(const struct seen *seen, const char *token, enum report_is is,
                       enum job_cause cause, uint32_t last)
{
    for (size_t i = 0; i < seen->n; i++) {
        const struct sighting *s = &seen->v[i];

        if (strcmp(s->token, token) != 0)
            continue;
        ck_assert_msg(s->report.is == is, "%s: %d", token, (int)s->report.is);
        ck_assert_int_eq(s->report.cause, cause);
        ck_assert_int_eq(s->element, last > 0);
        ck_assert(last == 0 || seen->v[i + (last == 1)].range.last == last);
        return;
    }
    ck_abort_msg("%s is not there", token);
}

START_TEST(the_queue_is_understood)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct seen                seen;

    captured(AT "survey-many", &text);
    ck_assert_int_eq(survey(buf_span(&text), &seen), 0);
    check_seen(&seen, "cfxmemory000000", REPORT_RUNNING, CAUSE_NONE, 0);
    check_seen(&seen, "cfxsuspended000", REPORT_SUSPENDED, CAUSE_NONE, 0);
    check_seen(&seen, "cfxheld00000000", REPORT_HELD, CAUSE_NONE, 0);
    check_seen(&seen, "cfxbegin0000000", REPORT_QUEUED, CAUSE_NONE, 0);
    check_seen(&seen, "cfxerror0000000", REPORT_ENDED, CAUSE_START, 0);
    check_seen(&seen, "cfxerrors000000", REPORT_ENDED, CAUSE_START, 1);
    check_seen(&seen, "cfxarray0000000", REPORT_HELD, CAUSE_NONE, 8);
}
END_TEST

START_TEST(a_queue_that_was_cut_short_proves_nothing)
{
    _cleanup_(bufp) struct buf text = BUF_INIT, down = BUF_INIT;
    struct seen                seen;

    captured(AT "survey-many", &text);
    for (size_t len = 0; len < text.len; len++)
        ck_assert_int_eq(survey((struct span){ text.data, len }, &seen), -EPROTO);
    captured(AT "survey-down.out", &down);
    ck_assert_int_eq(survey(buf_span(&down), &seen), -EPROTO);
}
END_TEST

/* ---- verbs and the accounting ---- */

static void hear(const char *name, size_t len, enum scheduler_verb verb,
                 const struct job_ref *refs, size_t n, struct report *reports)
{
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    const struct ask                   a = { &hpc, refs, n, NULL };

    captured(name, &o.out);
    if (len < o.out.len)
        o.out.len = len;
    scheduler_sge.verbs[verb].hear(&a, &o, reports);
}

static const struct job_ref told[] = {
    { JOB_ID(1, 0), "cfxrunning00000", "34", 1 }, { JOB_ID(2, 0), "cfxheld00000000", "36", 1 },
    { JOB_ID(3, 0), "cfxnever0000000", "99999", 1 }, { JOB_ID(4, 3), "cfxarray0000000", "37", 1 },
    { JOB_ID(5, 0), "cfxbegin0000000", "44", 1 }, { JOB_ID(6, 0), "cfxsuspended000", "35", 1 },
};

static void check_verb(const char *name, enum scheduler_verb verb, const enum report_is is[6])
{
    struct report reports[ARRAY_SIZE(told)];

    hear(name, SIZE_MAX, verb, told, ARRAY_SIZE(told), reports);
    for (size_t i = 0; i < ARRAY_SIZE(told); i++)
        ck_assert_msg(reports[i].is == is[i], "%s %zu: %d %s", name, i, (int)reports[i].is,
                      reports[i].note);
}

#define U REPORT_UNKNOWN
#define D REPORT_DONE
#define F REPORT_FAILED

START_TEST(each_verb_has_its_verdicts)
{
    check_verb(AT "cancel", VERB_CANCEL, (enum report_is[]){ D, D, D, D, U, U });
    check_verb(AT "cancel-down", VERB_CANCEL, (enum report_is[]){ U, U, U, U, U, U });
    check_verb(AT "hold", VERB_HOLD, (enum report_is[]){ F, D, F, D, D, U });
    check_verb(AT "release", VERB_RELEASE, (enum report_is[]){ F, D, F, D, U, U });
    check_verb(AT "suspend", VERB_SUSPEND, (enum report_is[]){ F, F, F, F, U, D });
    check_verb(AT "resume", VERB_RESUME, (enum report_is[]){ F, F, F, F, U, D });
}
END_TEST

static const struct job_ref ended[] = {
    { JOB_ID(1, 0), "cfxthree0000000", "40", 1 },  { JOB_ID(2, 0), "cfxlimit0000000", "41", 1 },
    { JOB_ID(3, 0), "cfxkilled000000", "42", 1 },  { JOB_ID(4, 3), "cfxtasks0000000", "43", 1 },
    { JOB_ID(5, 0), "cfxnever0000000", "99999", 1 }, { JOB_ID(6, 0), "cfxother0000000", "40", 1 },
    { JOB_ID(7, 0), "cfxerror0000000", "38", 1 },
};

START_TEST(the_accounting_tells_the_end)
{
    static const enum job_cause causes[] = { CAUSE_EXIT, CAUSE_TIME_LIMIT, CAUSE_CANCEL,
                                             CAUSE_EXIT, CAUSE_NONE, CAUSE_NONE, CAUSE_START };
    struct report reports[ARRAY_SIZE(ended)];

    hear(AT "account", SIZE_MAX, VERB_ACCOUNT, ended, ARRAY_SIZE(ended), reports);
    for (size_t i = 0; i < ARRAY_SIZE(ended); i++) {
        ck_assert_int_eq(reports[i].is, causes[i] == CAUSE_NONE ? REPORT_ABSENT : REPORT_ENDED);
        ck_assert_int_eq(reports[i].cause, causes[i]);
    }
    ck_assert_int_eq(reports[0].exit_code, 3);
    ck_assert_int_eq(reports[3].exit_code, 3);
}
END_TEST

START_TEST(what_could_not_start_says_why)
{
    static const struct job_ref errors[] = {
        { JOB_ID(1, 0), "cfxerror0000000", "38", 1 }, { JOB_ID(2, 2), "cfxerrors000000", "39", 1 },
    };
    struct report reports[2];

    hear(AT "account-error", SIZE_MAX, VERB_ACCOUNT, errors, 2, reports);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(reports[i].is, REPORT_ENDED);
        ck_assert_int_eq(reports[i].cause, CAUSE_START);
        ck_assert_ptr_nonnull(strstr(reports[i].note, "can't open output file"));
    }
}
END_TEST

/* Remembered, and never accounted for; and one that was accounted for, and one of no trace. */
START_TEST(what_was_deleted_before_it_began_is_told_so)
{
    static const struct job_ref deleted[] = {
        { JOB_ID(1, 0), "cfxwaiting00000", "9", 1 }, { JOB_ID(2, 2), "cfxelement00000", "10", 1 },
        { JOB_ID(3, 0), "cfxran000000000", "11", 1 },
        { JOB_ID(4, 0), "cfxnever0000000", "99999", 1 },
        { JOB_ID(5, 1), "cfxelement00000", "10", 1 },
    };
    struct report reports[ARRAY_SIZE(deleted)];

    hear(AT "account-deleted", SIZE_MAX, VERB_ACCOUNT, deleted, ARRAY_SIZE(deleted), reports);
    ck_assert(reports[0].is == REPORT_ABSENT && reports[0].cause == CAUSE_CANCEL);
    ck_assert(reports[1].is == REPORT_ABSENT && reports[1].cause == CAUSE_CANCEL);
    ck_assert(reports[2].is == REPORT_ENDED && reports[2].cause == CAUSE_EXIT);
    ck_assert(reports[3].is == REPORT_ABSENT && reports[3].cause == CAUSE_NONE);
    ck_assert_int_eq(reports[4].is, REPORT_HELD);
}
END_TEST

START_TEST(no_end_of_the_answer_no_absence)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct report              reports[ARRAY_SIZE(ended)];

    captured(AT "account", &text);
    for (size_t len = 0; len < text.len; len++) {
        hear(AT "account", len, VERB_ACCOUNT, ended, ARRAY_SIZE(ended), reports);
        for (size_t i = 0; i < ARRAY_SIZE(ended); i++)
            ck_assert_int_eq(reports[i].is, REPORT_UNKNOWN);
    }
    hear(AT "account-down", SIZE_MAX, VERB_ACCOUNT, ended, ARRAY_SIZE(ended), reports);
    ck_assert_int_eq(reports[4].is, REPORT_UNKNOWN);
}
END_TEST

UNIT_MAIN("sge", { a_job_is_one_qsub, memory_is_for_each_slot, a_native_option_is_one_option,
                   a_submit_brings_a_number_or_words, the_queue_is_understood,
                   a_queue_that_was_cut_short_proves_nothing, each_verb_has_its_verdicts,
                   the_accounting_tells_the_end, what_could_not_start_says_why,
                   what_was_deleted_before_it_began_is_told_so,
                   no_end_of_the_answer_no_absence })
