/*
 * test_slurm_hear.c - what Slurm's programs printed, and what it means
 */
#include <errno.h>
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

/* ---- sbatch ---- */

static void submitted(const char *name, struct report *r)
{
    _cleanup_(bufp) struct buf out = BUF_INIT, err = BUF_INIT, status = BUF_INIT;
    char                       path[200];

    snprintf(path, sizeof path, AT "sbatch-%s.out", name);
    captured(path, &out);
    snprintf(path, sizeof path, AT "sbatch-%s.err", name);
    captured(path, &err);
    snprintf(path, sizeof path, AT "sbatch-%s.rc", name);
    captured(path, &status);
    scheduler_slurm.hear_submit(atoi(status.data), buf_span(&out), buf_span(&err), r);
}

static void check_submitted(const char *name, enum report_is is, const char *words)
{
    struct report r;

    submitted(name, &r);
    ck_assert_msg(r.is == is, "%s: %d, %s", name, (int)r.is, r.note);
    if (is == REPORT_QUEUED)
        ck_assert_str_eq(r.native, words);
    else
        ck_assert_msg(strstr(r.note, words) != NULL, "%s: %s", name, r.note);
}

START_TEST(a_submit_brings_the_number)
{
    check_submitted("ok", REPORT_QUEUED, "7");
    check_submitted("plain", REPORT_QUEUED, "8");
}
END_TEST

static void check_answer(int status, const char *out, const char *err, enum report_is is,
                         const char *native)
{
    struct report r;

    scheduler_slurm.hear_submit(status, span_str(out), span_str(err), &r);
    ck_assert_msg(r.is == is, "%s: %d", out, (int)r.is);
    ck_assert_str_eq(r.native, native);
}

START_TEST(a_number_is_found_in_chatter)
{
    check_answer(0, "15;clxtest\n", "", REPORT_QUEUED, "15");
    check_answer(0, "Welcome!\nYour balance: 17 hours\n\n12\n", "", REPORT_QUEUED, "12");
    check_answer(0, "*** Submitted batch job 4711 on cluster x\nEstimate: 5 hours\n", "",
                 REPORT_QUEUED, "4711");
    check_answer(0, "", "", REPORT_UNKNOWN, "");
    check_answer(0, "0\n-3\n99999999999\n1 2\n", "", REPORT_UNKNOWN, "");
    check_answer(137, "12", "", REPORT_UNKNOWN, "");
}
END_TEST

START_TEST(a_refusal_has_its_words)
{
    static const char *const refused[][2] = {
        { "partition", "Invalid partition name specified" },
        { "memory", "Memory specification can not be satisfied; Requested node configuration" },
        { "nodes", "More processors requested than permitted" },
        { "cpus", "More processors requested than permitted" },
        { "time", "Requested time limit is invalid" },
        { "array", "Invalid job array specification" },
        { "constraint", "Invalid feature specification" },
        { "gres", "Invalid generic resource (gres) specification" },
        { "gpus", "Invalid generic resource (gres) specification" },
        { "licence", "Invalid license specification" },
        { "reservation", "Requested reservation is invalid" },
        { "nodelist", "Invalid node name specified" },
        { "option", "unrecognized option '--nosuch'" },
        { "begin", "Invalid --begin specification" },
        { "script", "Unable to open file /nonexistent" },
        { "noscript", "This does not look like a batch script" },
        { "dos", "Batch script contains DOS line breaks" },
        { "badtime", "Invalid --time specification" },
        { "badmem", "Invalid --mem specification" },
        { "nice", "Invalid --nice value" },
        { "dependency", "Job dependency problem" },
        { "mailtype", "Invalid --mail-type specification" },
        { "account", "Invalid account or account/partition combination specified" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
        check_submitted(refused[i][0], REPORT_REFUSED, refused[i][1]);
}
END_TEST

START_TEST(a_refusal_for_another_job_is_known_as_one)
{
    struct report r;

    submitted("dependency", &r);
    ck_assert_int_eq(r.cause, CAUSE_DEPENDENCY);
    submitted("partition", &r);
    ck_assert_int_eq(r.cause, CAUSE_NONE);
}
END_TEST

START_TEST(a_certain_no_may_be_a_yes_later)
{
    check_submitted("limit", REPORT_REFUSED, "AssocMaxSubmitJobLimit");
    check_submitted("noprogram", REPORT_ABSENT, "command not found");
    check_submitted("down", REPORT_ABSENT, "connect failure");
}
END_TEST

START_TEST(a_lost_answer_is_none)
{
    check_submitted("stopped", REPORT_UNKNOWN, "Socket timed out");
    check_answer(1, "", "sbatch: error: QOSMaxSubmitJobPerUserLimit\n"
                 "sbatch: error: Batch job submission failed: Socket timed out on send/recv "
                 "operation\n", REPORT_UNKNOWN, "");
    check_answer(1, "", "sbatch: error: something new\n", REPORT_UNKNOWN, "");
    check_answer(255, "", "", REPORT_UNKNOWN, "");
}
END_TEST

/* ---- squeue ---- */

struct seen {
    struct sighting v[400];
    size_t          n;
};

static void see(void *arg, const struct sighting *s)
{
    struct seen *seen = arg;

    ck_assert_uint_lt(seen->n, ARRAY_SIZE(seen->v));
    seen->v[seen->n++] = *s;
}

static int survey_text(struct span text, struct seen *seen, struct error *e)
{
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;

    seen->n = 0;
    ck_assert_int_eq(buf_add_span(&o.out, text), 0);
    return scheduler_slurm.survey.hear(&hpc, &o, see, seen, e);
}

static void survey(const char *name, struct seen *seen)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct error               e = ERROR_INIT;

    captured(name, &text);
    ck_assert_msg(survey_text(buf_span(&text), seen, &e) == 0, "%s", e.text);
}

/* Of an array, the element with that index; -1: what is no element. */
static const struct sighting *sighted(const struct seen *seen, const char *token, int64_t index)
{
    for (size_t i = 0; i < seen->n; i++) {
        const struct sighting *s = &seen->v[i];

        if (strcmp(s->token, token) == 0 &&
            (s->element ? index >= s->range.first && index <= s->range.last &&
                              (index - s->range.first) % s->range.step == 0
                        : index < 0))
            return s;
    }
    return NULL;
}

static void check_sighting(const struct seen *seen, const char *token, int64_t index,
                           enum report_is is, enum job_cause cause, const char *note)
{
    const struct sighting *s = sighted(seen, token, index);

    ck_assert_msg(s != NULL, "%s is not there", token);
    ck_assert_msg(s->report.is == is, "%s: %d", token, (int)s->report.is);
    ck_assert_msg(s->report.cause == cause, "%s: %d", token, (int)s->report.cause);
    ck_assert_msg(strstr(s->report.note, note) != NULL, "%s: %s", token, s->report.note);
}

#define W CAUSE_NONE

START_TEST(the_queue_is_understood)
{
    struct seen seen;

    survey(AT "survey-many", &seen);
    check_sighting(&seen, "cfxpreempt00000", -1, REPORT_QUEUED, W, "down, drained or reserved (N");
    check_sighting(&seen, "cfxbegin0000000", -1, REPORT_QUEUED, W, "may begin (BeginTime)");
    check_sighting(&seen, "cfxdep000000000", -1, REPORT_QUEUED, W, "never start");
    check_sighting(&seen, "cfxbig000000000", -1, REPORT_QUEUED, W, "waits for resources (Res");
    check_sighting(&seen, "cfxprio00000000", -1, REPORT_QUEUED, W, "(Priority)");
    check_sighting(&seen, "cfxheld00000000", -1, REPORT_HELD, W, "write release to ctl");
    check_sighting(&seen, "cfxrunning00000", -1, REPORT_RUNNING, W, "");
    check_sighting(&seen, "cfxdepkill00000", -1, REPORT_ENDED, CAUSE_DEPENDENCY, "never");
    check_sighting(&seen, "cfxcompleted000", -1, REPORT_ENDED, CAUSE_EXIT, "");
    check_sighting(&seen, "cfxfailed000000", -1, REPORT_ENDED, CAUSE_NONE, "");
    ck_assert_str_eq(sighted(&seen, "cfxrunning00000", -1)->report.native, "11");
    ck_assert_str_eq(sighted(&seen, "cfxrunning00000", -1)->report.node, "n1");
    ck_assert_int_gt(sighted(&seen, "cfxrunning00000", -1)->report.started_ns, 0);
    ck_assert_int_eq(sighted(&seen, "cfxbig000000000", -1)->report.started_ns, 0);
    for (size_t i = 0; i < seen.n; i++)
        ck_assert_uint_eq(seen.v[i].attempt, 1);
}
END_TEST

START_TEST(what_will_never_start_says_so)
{
    struct seen seen;

    survey(AT "survey-never", &seen);
    check_sighting(&seen, "cfxparttime0000", -1, REPORT_QUEUED, W, "never start");
    check_sighting(&seen, "cfxpartnodes000", -1, REPORT_QUEUED, W, "never start");
    check_sighting(&seen, "cfxpartcpus0000", -1, REPORT_QUEUED, W, "(PartitionConfig)");
}
END_TEST

START_TEST(an_array_is_its_elements)
{
    struct seen seen;

    survey(AT "survey-array", &seen);
    check_sighting(&seen, "cfxarray0000000", 0, REPORT_RUNNING, W, "");
    check_sighting(&seen, "cfxarray0000000", 3, REPORT_RUNNING, W, "");
    for (int i = 6; i <= 9; i += 3)
        check_sighting(&seen, "cfxarray0000000", i, REPORT_QUEUED, W, "(JobArrayTaskLimit)");
    for (int i = 20; i <= 29; i++)
        check_sighting(&seen, "cfxarray0000000", i, REPORT_QUEUED, W, "(JobArrayTaskLimit)");
    for (int i = 0; i < 40; i++)
        ck_assert(!!sighted(&seen, "cfxarray0000000", i) ==
                  ((i < 10 && i % 3 == 0) || (i >= 20 && i < 30)));
    for (int i = 0; i < 10; i += 3)
        ck_assert_str_eq(sighted(&seen, "cfxarray0000000", i)->report.native, "12");
    /* Far more than the 64 bytes that Slurm gives by itself. */
    for (int i = 0; i < 200; i += 2)
        ck_assert_int_eq(!!sighted(&seen, "cfxscattered000", i * 3), 1);
}
END_TEST

START_TEST(what_was_put_back_waits)
{
    struct seen seen;

    survey(AT "survey-requeue", &seen);
    check_sighting(&seen, "cfxrequeued0000", -1, REPORT_QUEUED, W, "(BeginTime)");
    check_sighting(&seen, "cfxrequeuehold0", -1, REPORT_HELD, W, "write release");
    check_sighting(&seen, "cfxcompleting00", -1, REPORT_RUNNING, W, "COMPLETING");
    ck_assert_uint_eq(sighted(&seen, "cfxcompleting00", -1)->attempt, 3);
    survey(AT "survey-nodefail", &seen);
    check_sighting(&seen, "cfxnodefail0000", -1, REPORT_ENDED, CAUSE_NODE, "NODE_FAIL");
}
END_TEST

START_TEST(what_others_stopped)
{
    struct seen seen;

    survey(AT "survey-suspended", &seen);
    check_sighting(&seen, "cfxstopped00000", -1, REPORT_SUSPENDED, W, "");
    check_sighting(&seen, "cfxbegin0000000", -1, REPORT_HELD, W, "administrator");
    check_sighting(&seen, "cfxcancelrun000", -1, REPORT_ENDED, CAUSE_CANCEL, "cancelled");
    check_sighting(&seen, "cfxcancelpd0000", -1, REPORT_ENDED, CAUSE_CANCEL, "cancelled");
}
END_TEST

START_TEST(jobs_of_others_are_left_out)
{
    struct seen seen;

    survey(AT "survey-many", &seen);
    for (size_t i = 0; i < seen.n; i++)
        ck_assert_str_ne(seen.v[i].report.native, "21");
    survey(AT "survey-none", &seen);
    ck_assert_uint_eq(seen.n, 0);
}
END_TEST

/* At whatever byte it is cut: what does not arrive must not be taken for absent. */
START_TEST(a_cut_survey_proves_nothing)
{
    static const char *const names[] = { AT "survey-many", AT "survey-array", AT "survey-none",
                                         AT "survey-requeue", AT "survey-suspended",
                                         AT "survey-nodefail" };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        _cleanup_(bufp) struct buf text = BUF_INIT;
        struct seen                seen;

        captured(names[i], &text);
        for (size_t len = 0; len < text.len; len++) {
            struct error e = ERROR_INIT;

            ck_assert_int_eq(survey_text((struct span){ text.data, len }, &seen, &e), -EPROTO);
            ck_assert(e.text[0] != '\0');
        }
    }
}
END_TEST

static void check_failed(const char *name, const char *words)
{
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    struct seen                        seen = { .n = 0 };
    struct error                       e = ERROR_INIT;
    char                               path[200];

    snprintf(path, sizeof path, AT "%s.out", name);
    captured(path, &o.out);
    snprintf(path, sizeof path, AT "%s.err", name);
    captured(path, &o.err);
    o.status = 1;
    ck_assert_int_eq(scheduler_slurm.survey.hear(&hpc, &o, see, &seen, &e), -EPROTO);
    ck_assert_msg(strstr(e.text, words) != NULL, "%s", e.text);
}

START_TEST(a_controller_that_is_away_proves_nothing)
{
    check_failed("survey-down", "Unable to contact slurm controller");
    check_failed("survey-stopped", "Socket timed out");
}
END_TEST

START_TEST(numbers_that_are_none_prove_nothing)
{
    static const char *const ids[] = { "13_[1-5,...]", "13_[]", "13_", "13_[5-1]", "x", "13_[1-",
                                       "13_[1,,2]",    "13_4:", "13_[1-9:0]" };
    struct seen              seen;

    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        _cleanup_(bufp) struct buf text = BUF_INIT;

        buf_printf(&text, "J|%s|RUNNING|n1|1|cfxaaaaaaaaaaaa|None|\ncfx-end\n", ids[i]);
        ck_assert_msg(survey_text(buf_span(&text), &seen, NULL) == -EPROTO, "%s", ids[i]);
    }
}
END_TEST

UNIT_MAIN("slurm_hear", { a_submit_brings_the_number, a_number_is_found_in_chatter,
                          a_refusal_has_its_words, a_refusal_for_another_job_is_known_as_one,
                          a_certain_no_may_be_a_yes_later,
                          a_lost_answer_is_none, the_queue_is_understood,
                          what_will_never_start_says_so, an_array_is_its_elements,
                          what_was_put_back_waits, what_others_stopped,
                          jobs_of_others_are_left_out, a_cut_survey_proves_nothing,
                          a_controller_that_is_away_proves_nothing,
                          numbers_that_are_none_prove_nothing })
