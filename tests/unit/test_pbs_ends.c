/*
 * test_pbs_ends.c - what PBS says of a verb, and of an end
 */
#include <stdio.h>
#include <string.h>

#include "captured.h"
#include "clustrixfs/scheduler.h"

#define SLURMS "pbs-torque-slurm22/"
#define OPEN   "openpbs-23.06/"
#define TEXT(s) (char *)(uintptr_t)(s)

static const struct transport_ops elsewhere = { .name = "elsewhere" };

#define CLUSTER(says)                                                                              \
    { .name = TEXT("hpc"), .transport = &elsewhere, .scripted = true, .scheduler = &scheduler_pbs, \
      .root = TEXT("/home/me/x"), .keeper = TEXT("/home/me/x/keeper-1"), .version = TEXT(says) }

static const struct cluster open_pbs = CLUSTER("pbs_version = 23.06.06");
static const struct cluster slurms = CLUSTER("Slurm's own qsub");

static void hear_text(const struct cluster *c, struct span text, enum scheduler_verb verb,
                      const struct job_ref *refs, size_t n, struct report *reports)
{
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    const struct ask                   a = { c, refs, n, NULL };

    ck_assert_int_eq(buf_add_span(&o.out, text), 0);
    scheduler_pbs.verbs[verb].hear(&a, &o, reports);
}

static void hear(const struct cluster *c, const char *name, enum scheduler_verb verb,
                 const struct job_ref *refs, size_t n, struct report *reports)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;

    captured(name, &text);
    hear_text(c, buf_span(&text), verb, refs, n, reports);
}

/* ---- verbs ---- */

static const struct job_ref told[] = {
    { JOB_ID(1, 0), "cfxrunning00000", "50", 1 }, { JOB_ID(2, 0), "cfxheld00000000", "51", 1 },
    { JOB_ID(3, 0), "cfxnever0000000", "99999", 1 }, { JOB_ID(4, 4), "cfxarray0000000", "53", 2 },
    { JOB_ID(5, 0), "cfxbegin0000000", "52", 1 }, { JOB_ID(6, 0), "cfxthree0000000", "45", 1 },
};

static void check_verb(const char *name, enum scheduler_verb verb, const enum report_is is[6])
{
    struct report reports[ARRAY_SIZE(told)];

    hear(&slurms, name, verb, told, ARRAY_SIZE(told), reports);
    for (size_t i = 0; i < ARRAY_SIZE(told); i++)
        ck_assert_msg(reports[i].is == is[i], "%s %zu: %d %s", name, i, (int)reports[i].is,
                      reports[i].note);
}

#define U REPORT_UNKNOWN
#define D REPORT_DONE
#define F REPORT_FAILED

START_TEST(each_verb_has_its_verdicts)
{
    check_verb(SLURMS "cancel", VERB_CANCEL, (enum report_is[]){ D, D, D, D, D, D });
    check_verb(SLURMS "cancel-down", VERB_CANCEL, (enum report_is[]){ U, U, U, U, U, U });
    check_verb(SLURMS "hold", VERB_HOLD, (enum report_is[]){ F, D, F, F, D, F });
    check_verb(SLURMS "release", VERB_RELEASE, (enum report_is[]){ F, D, F, D, D, F });
    check_verb(SLURMS "suspend", VERB_SUSPEND, (enum report_is[]){ F, F, F, F, F, F });
    check_verb(SLURMS "signal", VERB_SIGNAL, (enum report_is[]){ F, F, F, F, F, F });
}
END_TEST

START_TEST(the_words_of_openpbs_are_known)
{
    static const struct job_ref refs[] = {
        { JOB_ID(1, 0), "cfxarray0000000", "7", 1 }, { JOB_ID(2, 3), "cfxarray0000000", "8[]", 1 },
    };
    static const char text[] = "V|7|153|qdel: Unknown Job Id 7.pbsh\n"
                               "V|8[2]|35|qdel: Job has finished 8[2].pbsh\ncfx-end\n";
    static const char denied[] = "V|7|159|qsig: Unauthorized Request  7.pbsh\n"
                                 "V|8[2]|255|Connection refused qsig: cannot connect to server\n";
    struct report reports[2];

    hear_text(&open_pbs, span_str(text), VERB_CANCEL, refs, 2, reports);
    ck_assert(reports[0].is == REPORT_DONE && reports[1].is == REPORT_DONE);
    hear_text(&open_pbs, span_str(denied), VERB_SUSPEND, refs, 2, reports);
    ck_assert_int_eq(reports[0].is, REPORT_FAILED);
    ck_assert_ptr_nonnull(strstr(reports[0].note, "signal STOP"));
    ck_assert_int_eq(reports[1].is, REPORT_UNKNOWN);
}
END_TEST

/* ---- ends ---- */

static const struct job_ref ended[] = {
    { JOB_ID(1, 0), "cfxzero00000000", "1", 1 },   { JOB_ID(2, 0), "cfxthree0000000", "2", 1 },
    { JOB_ID(3, 0), "cfxsegv00000000", "3", 1 },   { JOB_ID(4, 0), "cfxkilled000000", "4", 1 },
    { JOB_ID(5, 0), "cfxlimit0000000", "5", 1 },   { JOB_ID(6, 0), "cfxnever0000000", "6", 1 },
    { JOB_ID(7, 3), "cfxarray0000000", "7[]", 1 }, { JOB_ID(8, 0), "cfxsignal000000", "8", 1 },
    { JOB_ID(9, 0), "cfxmemory000000", "9", 1 },
    { JOB_ID(10, 0), "cfxother0000000", "2", 1 },  { JOB_ID(11, 0), "cfxgone00000000", "9999", 1 },
};
#define KNOWN 9

START_TEST(the_history_tells_the_end)
{
    static const struct {
        enum job_cause cause;
        int            code, signal;
    } ends[KNOWN] = {
        { CAUSE_EXIT, 0, 0 },   { CAUSE_EXIT, 3, 0 },       { CAUSE_EXIT, 139, 0 },
        { CAUSE_CANCEL, 0, 0 }, { CAUSE_TIME_LIMIT, 0, 0 }, { CAUSE_CANCEL, 0, 0 },
        { CAUSE_EXIT, 1, 0 },   { CAUSE_SIGNAL, 0, 9 },     { CAUSE_MEMORY, 0, 0 },
    };
    struct report reports[ARRAY_SIZE(ended)];

    hear(&open_pbs, OPEN "account", VERB_ACCOUNT, ended, ARRAY_SIZE(ended), reports);
    for (size_t i = 0; i < KNOWN; i++) {
        ck_assert_int_eq(reports[i].is, REPORT_ENDED);
        ck_assert_msg(reports[i].cause == ends[i].cause, "%s: %d %s", ended[i].token,
                      (int)reports[i].cause, reports[i].note);
        ck_assert_int_eq(reports[i].exit_code, ends[i].code);
        ck_assert_int_eq(reports[i].signal, ends[i].signal);
    }
    ck_assert_uint_eq(reports[0].usage.max_memory, 51200 * 1024);
    ck_assert_uint_eq(reports[0].usage.user_us, 62 * 1000000);
    /* A number that is another's now is nobody's end. */
    ck_assert_int_eq(reports[KNOWN].is, REPORT_ABSENT);
    ck_assert_int_eq(reports[KNOWN + 1].is, REPORT_ABSENT);
}
END_TEST

START_TEST(no_end_of_the_answer_no_absence)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct report              reports[ARRAY_SIZE(ended)];

    captured(OPEN "account", &text);
    for (size_t len = 0; len < text.len; len++) {
        hear_text(&open_pbs, (struct span){ text.data, len }, VERB_ACCOUNT, ended,
                  ARRAY_SIZE(ended), reports);
        for (size_t i = 0; i < ARRAY_SIZE(ended); i++)
            ck_assert_int_eq(reports[i].is, REPORT_UNKNOWN);
    }
    hear(&open_pbs, OPEN "account-down", VERB_ACCOUNT, ended, ARRAY_SIZE(ended), reports);
    ck_assert_int_eq(reports[KNOWN + 1].is, REPORT_UNKNOWN);
}
END_TEST

/* What it is asked where the history is off; that it is off says nothing of any job. */
static void check_asks_queue(void)
{
    _cleanup_(commandp) struct command c = COMMAND_INIT;
    const struct ask                   a = { &open_pbs, ended, ARRAY_SIZE(ended), NULL };
    bool                               asks = false;

    ck_assert_int_eq(scheduler_pbs.verbs[VERB_ACCOUNT].say(&a, &c), 0);
    for (size_t i = 0; i < c.argv.n; i++)
        asks |= strstr(c.argv.v[i], "off='PBS is not configured to maintain job history'") &&
                strstr(c.argv.v[i], "*\"$off\"*) answer=$(look -f $list)");
    ck_assert(asks);
}

#define EXITING                                                                                    \
    "Job Id: 2.pbsh\n    Job_Name = cfxthree0000000\n    job_state = E\n"                          \
    "    substate = 51\n    Exit_status = 0\n"

START_TEST(without_a_history_the_queue_does)
{
    static const struct {
        const char    *text;
        enum report_is is;
    } answers[] = {
        { "S|1\nW|qstat: PBS is not configured to maintain job history\ncfx-end\n",
          REPORT_UNKNOWN },
        { "S|35\nW|qstat: 2.pbsh Job has finished, use -x or -H to obtain historical job "
          "information\ncfx-end\n", REPORT_ABSENT },
        { "S|153\nW|qstat: Unknown Job Id 2.pbsh\ncfx-end\n", REPORT_ABSENT },
        { "S|255\nW|Connection refused\nW|qstat: cannot connect to server pbsh (errno=15010)\n"
          "cfx-end\n", REPORT_UNKNOWN },
        { EXITING "S|0\ncfx-end\n", REPORT_RUNNING },
        { EXITING "S|153\nW|qstat: Unknown Job Id 3.pbsh\ncfx-end\n", REPORT_RUNNING },
    };
    struct report r;

    check_asks_queue();
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        hear_text(&open_pbs, span_str(answers[i].text), VERB_ACCOUNT, &ended[1], 1, &r);
        ck_assert_msg(r.is == answers[i].is, "%s: %d", answers[i].text, (int)r.is);
    }
}
END_TEST

static const struct job_ref gone[] = {
    { JOB_ID(1, 0), "cfxthree0000000", "45", 1 }, { JOB_ID(2, 0), "cfxkilled000000", "48", 1 },
    { JOB_ID(3, 0), "cfxgone00000000", "49", 1 }, { JOB_ID(4, 0), "cfxmemory000000", "46", 1 },
    { JOB_ID(5, 0), "cfxnever0000000", "99999", 1 }, { JOB_ID(6, 0), "cfxother0000000", "45", 1 },
};

START_TEST(without_a_history_the_log_does)
{
    static const enum job_cause causes[] = { CAUSE_NONE, CAUSE_CANCEL, CAUSE_CANCEL, CAUSE_MEMORY };
    struct report reports[ARRAY_SIZE(gone)];

    hear(&slurms, SLURMS "account", VERB_ACCOUNT, gone, ARRAY_SIZE(gone), reports);
    for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
        ck_assert_int_eq(reports[i].is, REPORT_ENDED);
        ck_assert_msg(reports[i].cause == causes[i], "%s: %d", gone[i].token,
                      (int)reports[i].cause);
    }
    ck_assert_int_eq(reports[4].is, REPORT_ABSENT);
    ck_assert_int_eq(reports[5].is, REPORT_ABSENT);
    hear(&slurms, SLURMS "account-down", VERB_ACCOUNT, gone, ARRAY_SIZE(gone), reports);
    ck_assert_int_eq(reports[4].is, REPORT_UNKNOWN);
    hear(&slurms, SLURMS "account-none", VERB_ACCOUNT, gone, ARRAY_SIZE(gone), reports);
    ck_assert_int_eq(reports[4].is, REPORT_ABSENT);
}
END_TEST

UNIT_MAIN("pbs_ends", { each_verb_has_its_verdicts, the_words_of_openpbs_are_known,
                        the_history_tells_the_end, no_end_of_the_answer_no_absence,
                        without_a_history_the_queue_does, without_a_history_the_log_does })
