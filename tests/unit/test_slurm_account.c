/*
 * test_slurm_account.c - how jobs ended, and what came of verbs, as Slurm's programs printed it
 */
#include <string.h>

#include "captured.h"
#include "clustrixfs/scheduler.h"

#define AT "slurm-22.05/"

static const struct cluster hpc = {
    .name = (char *)(uintptr_t)"hpc",
    .scheduler = &scheduler_slurm,
    .root = (char *)(uintptr_t)"/root",
    .keeper = (char *)(uintptr_t)"/root/keeper",
};

struct expected {
    const char    *token, *native;
    uint32_t       element;
    enum report_is is;
    enum job_cause cause;
    int            code; /* exit code or signal */
    const char    *note;
};

static void hear_text(enum scheduler_verb verb, struct span text, const struct expected *v,
                      size_t n, struct report *reports)
{
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    struct job_ref                     refs[32];
    const struct ask                   a = { .cluster = &hpc, .refs = refs, .n = n };

    ck_assert_uint_le(n, ARRAY_SIZE(refs));
    for (size_t i = 0; i < n; i++)
        refs[i] = (struct job_ref){ JOB_ID(i + 1, v[i].element), v[i].token, v[i].native, 1 };
    ck_assert_int_eq(buf_add_span(&o.out, text), 0);
    scheduler_slurm.verbs[verb].hear(&a, &o, reports);
}

static void check_report(const struct expected *v, const struct report *r)
{
    ck_assert_msg(r->is == v->is, "%s: is %d, %s", v->token, (int)r->is, r->note);
    ck_assert_msg(r->cause == v->cause, "%s: cause %d, %s", v->token, (int)r->cause, r->note);
    ck_assert_msg(r->exit_code + r->signal == v->code, "%s: %d %d", v->token, r->exit_code,
                  r->signal);
    ck_assert_msg(strstr(r->note, v->note) != NULL, "%s: %s", v->token, r->note);
}

static void hear(enum scheduler_verb verb, const char *name, const struct expected *v, size_t n,
                 struct report *reports)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;

    captured(name, &text);
    hear_text(verb, buf_span(&text), v, n, reports);
    for (size_t i = 0; i < n; i++)
        check_report(&v[i], &reports[i]);
}

// clang-format off
static const struct expected with_accounting[] = {
    { "cfxcompleted000", "1",  0,  REPORT_ENDED, CAUSE_EXIT,       0,  "" },
    { "cfxfailed000000", "2",  0,  REPORT_ENDED, CAUSE_EXIT,       3,  "" },
    { "cfxsegv00000000", "3",  0,  REPORT_ENDED, CAUSE_SIGNAL,     11, "" },
    { "cfxtimeout00000", "4",  0,  REPORT_ENDED, CAUSE_TIME_LIMIT, 0,  "time limit" },
    { "cfxmemory000000", "5",  0,  REPORT_ENDED, CAUSE_MEMORY,     9,  "more memory" },
    { "cfxcancelrun000", "6",  0,  REPORT_ENDED, CAUSE_CANCEL,     0,  "cancelled by cfxuser" },
    { "cfxcancelpd0000", "7",  0,  REPORT_ENDED, CAUSE_CANCEL,     0,  "cancelled by cfxuser" },
    { "cfxbadlog000000", "8",  0,  REPORT_ENDED, CAUSE_START,      0,  "log cannot be written" },
    { "cfxpreempt00000", "13", 0,  REPORT_ENDED, CAUSE_SIGNAL,     0,  "took its nodes" },
    { "cfxarray0000000", "14", 1,  REPORT_ENDED, CAUSE_EXIT,       0,  "" },
    { "cfxarray0000000", "14", 21, REPORT_ENDED, CAUSE_EXIT,       2,  "" },
    { "cfxarray0000000", "14", 30, REPORT_ENDED, CAUSE_EXIT,       2,  "" },
    { "cfxarray0000000", "14", 2,  REPORT_ABSENT, CAUSE_NONE,      0,  "" },
    { "cfxdepkill00000", "18", 0,  REPORT_ENDED, CAUSE_CANCEL,     0,  "" },
    { "cfxrunning00000", "11", 0,  REPORT_ENDED, CAUSE_SIGNAL,     10, "" },
    { "cfxnone00000000", "9999", 0, REPORT_ABSENT, CAUSE_NONE,     0,  "" },
    /* The number was used again: that job is another. */
    { "cfxanother00000", "2",  0,  REPORT_ABSENT, CAUSE_NONE,      0,  "" },
};

/* Neither accounting nor, any more, the controller: only what the logs say. */
static const struct expected without[] = {
    { "cfxcompleted000", "1", 0, REPORT_ABSENT, CAUSE_NONE,       0, "" },
    { "cfxfailed000000", "2", 0, REPORT_ABSENT, CAUSE_NONE,       0, "" },
    { "cfxmemory000000", "3", 0, REPORT_ENDED,  CAUSE_MEMORY,     0, "more memory" },
    { "cfxcancelrun000", "4", 0, REPORT_ENDED,  CAUSE_CANCEL,     0, "cancelled" },
    { "cfxtimeout00000", "5", 0, REPORT_ENDED,  CAUSE_TIME_LIMIT, 0, "time limit" },
    { "cfxparttime0000", "6", 0, REPORT_QUEUED, CAUSE_NONE,       0, "more time than its part" },
    { "cfxnone00000000", "9999", 0, REPORT_ABSENT, CAUSE_NONE,    0, "" },
};

static const struct expected unknown[] = {
    { "cfxnone00000000", "9999", 0, REPORT_ABSENT, CAUSE_NONE, 0, "" },
};

/* What the controller remembers; elements that were cancelled before they had a number. */
static const struct expected array[] = {
    { "cfxarray0000000", "12", 1,  REPORT_ENDED, CAUSE_EXIT,   0, "" },
    { "cfxarray0000000", "12", 21, REPORT_ENDED, CAUSE_CANCEL, 0, "" },
    { "cfxarray0000000", "12", 25, REPORT_ENDED, CAUSE_CANCEL, 0, "" },
    { "cfxscattered000", "13", 7,  REPORT_ENDED, CAUSE_CANCEL, 0, "" },
    { "cfxnodefail0000", "11", 0,  REPORT_ENDED, CAUSE_NODE,   0, "NODE_FAIL" },
};

/* Of these Slurm says the same, but for who it was: only the first had no start. */
static const struct expected unstarted[] = {
    { "cfxprolog000000", "22", 0, REPORT_ENDED, CAUSE_CANCEL, 0, "cancelled by root" },
    { "cfxbyroot000000", "23", 0, REPORT_ENDED, CAUSE_CANCEL, 0, "cancelled by root" },
    { "cfxbyuser000000", "24", 0, REPORT_ENDED, CAUSE_CANCEL, 0, "cancelled by cfxa" },
    { "cfxbegun0000000", "25", 0, REPORT_ENDED, CAUSE_CANCEL, 0, "cancelled by root" },
    { "cfxwaits0000000", "26", 0, REPORT_ENDED, CAUSE_CANCEL, 0, "cancelled by root" },
};

static const struct expected refused[] = {
    { "cfxrefused00000", "6", 0, REPORT_ENDED, CAUSE_EXIT, 1, "" },
};
// clang-format on

START_TEST(what_a_node_could_not_start_is_told_from_a_cancel)
{
    struct report r[ARRAY_SIZE(unstarted)];

    hear(VERB_ACCOUNT, AT "account-unstarted", unstarted, ARRAY_SIZE(unstarted), r);
    ck_assert_ptr_nonnull(strstr(r[0].unstarted, "on n1 (Prolog error"));
    for (size_t i = 1; i < ARRAY_SIZE(unstarted); i++)
        ck_assert_str_eq(r[i].unstarted, "");
}
END_TEST

/* One that failed by itself has a log, and one whose directory is gone is no proof of anything. */
START_TEST(what_a_node_refused_is_told_from_a_failure)
{
#define REFUSED                                                                                    \
    "R|Q|0\nQ|6|FAILED|n1|1796082163|1796082163|cfxrefused00000|256|NonZeroExitCode\n"             \
    "R|A|0\nA|6|FAILED|1:0|1796082160|1796082163|1796082163|n1||00:00:00|00:00:00|"                \
    "cfxrefused00000\nB|1796082158|1796082202\nP|(null)\n"
    static const char unlogged[] = REFUSED "G|cfxrefused00000/attempt1|\ncfx-end\n";
    static const char logged[] = REFUSED "cfx-end\n";
    struct report     r[1];

    hear_text(VERB_ACCOUNT, SPAN_LIT(unlogged), refused, 1, r);
    check_report(refused, r);
    ck_assert_ptr_nonnull(strstr(r[0].unstarted, "on n1 (which refused it"));
    hear_text(VERB_ACCOUNT, SPAN_LIT(logged), refused, 1, r);
    check_report(refused, r);
    ck_assert_str_eq(r[0].unstarted, "");
}
END_TEST

START_TEST(the_accounting_tells_how_it_ended)
{
    struct report r[ARRAY_SIZE(with_accounting)];

    hear(VERB_ACCOUNT, AT "account-db", with_accounting, ARRAY_SIZE(with_accounting), r);
    ck_assert_str_eq(r[1].node, "n1");
    ck_assert_int_gt(r[1].started_ns, 0);
    ck_assert_int_ge(r[1].ended_ns, r[1].started_ns);
    ck_assert_uint_eq(r[4].usage.max_memory, 79191 * 1024);
    ck_assert_uint_eq(r[1].usage.user_us, 9000);
    ck_assert_uint_eq(r[1].usage.system_us, 9000);
    ck_assert_str_eq(r[6].node, "");
    ck_assert_int_eq(r[6].started_ns, 0);
}
END_TEST

START_TEST(without_accounting_the_others_tell)
{
    struct report r[ARRAY_SIZE(without)];

    hear(VERB_ACCOUNT, AT "account-none", without, ARRAY_SIZE(without), r);
    hear(VERB_ACCOUNT, AT "account-unknown", unknown, ARRAY_SIZE(unknown), r);
    hear(VERB_ACCOUNT, AT "account-array", array, ARRAY_SIZE(array), r);
}
END_TEST

START_TEST(a_cut_account_says_nothing)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct report              r[ARRAY_SIZE(without)];

    captured(AT "account-none", &text);
    for (size_t len = 0; len < text.len; len++) {
        hear_text(VERB_ACCOUNT, (struct span){ text.data, len }, without, ARRAY_SIZE(without), r);
        for (size_t i = 0; i < ARRAY_SIZE(without); i++)
            ck_assert_int_eq(r[i].is, REPORT_UNKNOWN);
    }
}
END_TEST

START_TEST(how_long_the_controller_is_up_is_told_of_the_absent)
{
    static const char gone[] = "R|Q|0\nQ|\nR|A|0\nA|\nB|1796040076|1796040176\ncfx-end\n";
    static const char just[] = "R|Q|0\nQ|\nR|A|0\nA|\nB|1796040076|1796040076\ncfx-end\n";
    static const char mute[] = "R|Q|0\nQ|\nR|A|0\nA|\nB||1796040076\ncfx-end\n";
    struct report     r[1];

    hear_text(VERB_ACCOUNT, SPAN_LIT(gone), unknown, 1, r);
    ck_assert_int_eq(r[0].is, REPORT_ABSENT);
    ck_assert_int_eq(r[0].up_ns, INT64_C(99000000000));
    hear_text(VERB_ACCOUNT, SPAN_LIT(just), unknown, 1, r);
    ck_assert_int_gt(r[0].up_ns, 0);
    hear_text(VERB_ACCOUNT, SPAN_LIT(mute), unknown, 1, r);
    ck_assert_int_eq(r[0].up_ns, 0);
}
END_TEST

START_TEST(a_database_that_is_away_proves_nothing)
{
    static const char text[] = "R|Q|0\nR|A|1\nA|sacct: error: Problem talking to the database: "
                               "Connection refused\ncfx-end\n";
    struct report     r[1];

    hear_text(VERB_ACCOUNT, SPAN_LIT(text), unknown, 1, r);
    ck_assert_int_eq(r[0].is, REPORT_UNKNOWN);
}
END_TEST

/* ---- verbs ---- */

// clang-format off
static const struct expected cancelled[] = {
    { "cfxcancelrun000", "6",    0, REPORT_DONE, CAUSE_NONE, 0, "" },
    { "cfxcancelpd0000", "7",    0, REPORT_DONE, CAUSE_NONE, 0, "" },
    { "cfxbig000000000", "19",   0, REPORT_DONE, CAUSE_NONE, 0, "" },
    { "cfxcompleted000", "1",    0, REPORT_DONE, CAUSE_NONE, 0, "" },
    { "cfxnone00000000", "9999", 0, REPORT_DONE, CAUSE_NONE, 0, "" },
    { "cfxother0000000", "77",   0, REPORT_UNKNOWN, CAUSE_NONE, 0, "" },
};

static const struct expected held[] = {
    { "cfxwaits0000000", "45",   0, REPORT_DONE,   CAUSE_NONE, 0, "" },
    { "cfxrunning00000", "46",   0, REPORT_FAILED, CAUSE_NONE, 0, "it has started" },
    { "cfxcompleted000", "47",   0, REPORT_FAILED, CAUSE_NONE, 0, "it has ended" },
    { "cfxnone00000000", "9999", 0, REPORT_FAILED, CAUSE_NONE, 0, "it has ended" },
};

static const struct expected released[] = {
    { "cfxwaits0000000", "45",   0, REPORT_DONE,   CAUSE_NONE, 0, "" },
    { "cfxrunning00000", "46",   0, REPORT_DONE,   CAUSE_NONE, 0, "" },
    { "cfxcompleted000", "47",   0, REPORT_FAILED, CAUSE_NONE, 0, "it has ended" },
    { "cfxnone00000000", "9999", 0, REPORT_FAILED, CAUSE_NONE, 0, "it has ended" },
};

static const struct expected held_by_admin[] = {
    { "cfxbegin0000000", "10",   0, REPORT_FAILED, CAUSE_NONE, 0, "administrator" },
};

static const struct expected suspended[] = {
    { "cfxstopped00000", "12",   0, REPORT_FAILED,  CAUSE_NONE, 0, "administrators" },
    { "cfxnone00000000", "9999", 0, REPORT_UNKNOWN, CAUSE_NONE, 0, "Unexpected message" },
};

static const struct expected signalled[] = {
    { "cfxrunning00000", "11",   0, REPORT_DONE,   CAUSE_NONE, 0, "" },
    { "cfxbegin0000000", "10",   0, REPORT_FAILED, CAUSE_NONE, 0, "not running" },
    { "cfxnone00000000", "9999", 0, REPORT_FAILED, CAUSE_NONE, 0, "it has ended" },
    { "cfxcompleted000", "1",    0, REPORT_FAILED, CAUSE_NONE, 0, "it has ended" },
};

static const struct expected away[] = {
    { "cfxarray0000000", "12", 0, REPORT_UNKNOWN, CAUSE_NONE, 0, "" },
    { "cfxscattered000", "13", 0, REPORT_UNKNOWN, CAUSE_NONE, 0, "" },
};
// clang-format on

START_TEST(each_job_has_its_verdict)
{
    struct report r[ARRAY_SIZE(cancelled)];

    hear(VERB_CANCEL, AT "cancel", cancelled, ARRAY_SIZE(cancelled), r);
    hear(VERB_HOLD, AT "hold", held, ARRAY_SIZE(held), r);
    hear(VERB_RELEASE, AT "release", released, ARRAY_SIZE(released), r);
    hear(VERB_RELEASE, AT "release-admin", held_by_admin, ARRAY_SIZE(held_by_admin), r);
    hear(VERB_SUSPEND, AT "suspend", suspended, ARRAY_SIZE(suspended), r);
    hear(VERB_RESUME, AT "resume", suspended, 1, r);
    hear(VERB_SIGNAL, AT "signal", signalled, ARRAY_SIZE(signalled), r);
    hear(VERB_CANCEL, AT "cancel-down", away, ARRAY_SIZE(away), r);
    hear(VERB_HOLD, AT "hold-down", away, ARRAY_SIZE(away), r);
}
END_TEST

START_TEST(a_cut_verdict_is_none)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct report              r[ARRAY_SIZE(signalled)];

    captured(AT "signal", &text);
    for (size_t len = 0; len < text.len; len++) {
        size_t lines = 0;

        for (size_t i = 0; i < len; i++)
            lines += text.data[i] == '\n';
        hear_text(VERB_SIGNAL, (struct span){ text.data, len }, signalled, ARRAY_SIZE(signalled),
                  r);
        for (size_t i = 0; i < ARRAY_SIZE(signalled); i++)
            ck_assert_int_eq(r[i].is, i < lines ? signalled[i].is : REPORT_UNKNOWN);
    }
}
END_TEST

UNIT_MAIN("slurm_account", { what_a_node_could_not_start_is_told_from_a_cancel,
                             what_a_node_refused_is_told_from_a_failure,
                             the_accounting_tells_how_it_ended, without_accounting_the_others_tell,
                             how_long_the_controller_is_up_is_told_of_the_absent,
                             a_cut_account_says_nothing, a_database_that_is_away_proves_nothing,
                             each_job_has_its_verdict, a_cut_verdict_is_none })
