/*
 * test_kubernetes_bare.c - what is put there for pods without a volume, and their last words
 */
#include <stdlib.h>

#include "captured.h"
#include "clustrixfs/scheduler.h"
#include "kube.h"

/* ---- what is put there ---- */

START_TEST(a_pod_without_a_volume_has_a_secret_and_somebody_who_stays)
{
    struct cluster c = kube_cluster(NULL);

    check_has(&c, "{\"command\": \"x\"}", "submit", "{\"name\":\"jobs\",\"emptyDir\":{}}");
    check_has(&c, "{\"command\": \"x\"}", "submit",
              "\"secret\":{\"secretName\":\"%s\"}}],' \"$pod\"");
    check_has(&c, "{\"command\": \"x\"}", "submit", "\"uid\":\"%s\"}],' \"$uid\"");
    check_has(&c, "{\"command\": \"x\"}", "submit",
              "{\"name\":\"results\",\"image\":\"debian:12\"");
    check_has(&c, "{\"command\": \"x\"}", "submit", "\"mountPath\":\"/vol/my $(dir)\"}");
    /* It is what a container is started with: there $(dir) would be a variable. */
    check_has(&c, "{\"command\": \"x\"}", "submit",
              ",\"/vol/my $$(dir)\",\"" TOKEN "\"],\"args\":");
    check_has(&c, "{\"command\": \"x\"}", "submit", "words=$$(tar -xzf ");
    check_has(&c, "{\"command\": \"x\"}", "submit", "\nroot='/vol/my $(dir)'\n");
    check_has(&c, "{\"command\": \"x\"}", "submit", "\ncfx_root='/vol/my $(dir)'\n");
    check_has(&c, "{\"command\": \"x\"}", "job.sh", "cat \"$root/$name/exit\"");
}
END_TEST

START_TEST(a_pod_without_a_volume_has_time_to_be_fetched)
{
    struct cluster c = kube_cluster(NULL);

    check_has(&c, "{\"command\": \"x\"}", "submit", "\"terminationGracePeriodSeconds\":77,");
    check_has(&c, "{\"command\": \"x\", \"time\": 90}", "submit",
              "\"activeDeadlineSeconds\":4297,");
}
END_TEST

START_TEST(without_a_volume_nothing_of_the_host_is_promised)
{
    struct cluster c = kube_cluster(NULL);

    check_refused(&c, "{\"command\": \"x\", \"workdir\": \"/data\"}", "configure a \"volume\"");
    c.volume = (char *)(uintptr_t)"/vol";
    check_has(&c, "{\"command\": \"x\", \"workdir\": \"/data\"}", "plan.sh", "plan_cwd=/data\n");
}
END_TEST

static bool survey_has(const struct cluster *c, const char *words)
{
    _cleanup_(commandp) struct command cmd = COMMAND_INIT;

    ck_assert_int_eq(scheduler_kubernetes.survey.say(c, &cmd), 0);
    return strstr(cmd.argv.v[2], words) != NULL;
}

static bool tidy_has(const struct cluster *c, const char *words)
{
    static const struct job_ref        ref = { JOB_ID(1, 0), TOKEN, "", 1 };
    const struct ask                   a = { c, &ref, 1, NULL };
    _cleanup_(commandp) struct command cmd = COMMAND_INIT;

    ck_assert_int_eq(scheduler_kubernetes.verbs[VERB_TIDY].say(&a, &cmd), 0);
    return strstr(cmd.argv.v[2], words) != NULL;
}

START_TEST(only_where_there_is_no_volume_somebody_fetches)
{
    const struct cluster without = kube_cluster(NULL);
    struct cluster       with = without;

    with.volume = (char *)(uintptr_t)"/vol";
    ck_assert(survey_has(&without, "cfx-porter \"$cfx_root\""));
    ck_assert(!survey_has(&with, "cfx-porter"));
    ck_assert(tidy_has(&without, "delete secrets,pods "));
    ck_assert(tidy_has(&with, "delete pods "));
}
END_TEST

/* ---- what was heard ---- */

static const struct job_ref unfetched[] = {
    { JOB_ID(1, 0), "cfxfive00000000", "", 1 },   { JOB_ID(2, 0), "cfxgood00000000", "", 1 },
    { JOB_ID(3, 0), "cfxlimit0000000", "", 1 },   { JOB_ID(4, 0), "cfxmemory000000", "", 1 },
    { JOB_ID(5, 0), "cfxfetched00000", "", 1 },
};

START_TEST(a_pod_without_a_volume_tells_the_end_in_its_last_words)
{
    static const struct {
        enum job_cause cause;
        int            code;
        const char    *words;
    } ends[] = {
        { CAUSE_EXIT, 5, "are lost: error: unable to upgrade connection" },
        { CAUSE_EXIT, 0, "are lost: error: cannot exec" },
        { CAUSE_TIME_LIMIT, 0, "not fetched" },
        { CAUSE_MEMORY, 0, "not fetched" },
        { CAUSE_EXIT, 3, "" },
    };
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    const struct cluster               c = kube_cluster(NULL);
    const struct ask                   a = { &c, unfetched, ARRAY_SIZE(unfetched), NULL };
    struct report                      r[ARRAY_SIZE(unfetched)];

    captured(AT "account-bare", &o.out);
    scheduler_kubernetes.verbs[VERB_ACCOUNT].hear(&a, &o, r);
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        ck_assert_msg(r[i].is == REPORT_ENDED && r[i].cause == ends[i].cause &&
                          r[i].exit_code == ends[i].code, "%s: %d %d %d %s", unfetched[i].token,
                      (int)r[i].is, (int)r[i].cause, r[i].exit_code, r[i].note);
        ck_assert_msg(strstr(r[i].note, ends[i].words) != NULL, "%s: %s", unfetched[i].token,
                      r[i].note);
    }
    ck_assert_str_eq(r[4].note, "");
    ck_assert(r[0].usage.max_memory > 0 && r[0].ended_ns > r[0].started_ns);
}
END_TEST

UNIT_MAIN("kubernetes_bare",
          { a_pod_without_a_volume_has_a_secret_and_somebody_who_stays,
            a_pod_without_a_volume_has_time_to_be_fetched,
            without_a_volume_nothing_of_the_host_is_promised,
            only_where_there_is_no_volume_somebody_fetches,
            a_pod_without_a_volume_tells_the_end_in_its_last_words })
