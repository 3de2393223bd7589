/*
 * test_kubernetes.c - what is put there for Kubernetes, and what kubectl printed
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "captured.h"
#include "clustrixfs/scheduler.h"
#include "kube.h"

/* ---- what is put there ---- */

START_TEST(a_run_is_one_pod)
{
    struct cluster c = kube_cluster("/vol");

    check_has(&c, "{\"command\": \"x\"}", "submit", "pod=" TOKEN "-a${run##*attempt}\n");
    check_has(&c, "{\"command\": \"x\"}", "submit", "pod=" TOKEN "-t$task-a$attempt ;;\n");
    check_has(&c, "{\"command\": \"x\"}", "submit", "\"restartPolicy\":\"Never\"");
    check_has(&c, "{\"command\": \"x\"}", "submit", "\"terminationGracePeriodSeconds\":17,");
    check_has(&c, "{\"command\": \"x\"}", "submit", "\"image\":\"debian:12\"");
    check_has(&c, "{\"command\": \"x\", \"image\": \"a:1\"}", "submit", "\"image\":\"a:1\"");
    check_has(&c, "{\"command\": \"x\"}", "submit", "\"automountServiceAccountToken\":false");
    check_has(&c, "{\"command\": \"x\"}", "submit",
              "\"/vol/my $$(dir)/" TOKEN "/job.sh\"],\"args\":");
    check_has(&c, "{\"command\": \"x\", \"time\": 90}", "plan.sh", "plan_time=90\n");
    c.context = (char *)(uintptr_t)"it's";
    check_has(&c, "{\"command\": \"x\"}", "submit", " --context='it'\\''s' ");
}
END_TEST

START_TEST(resources_are_kept_and_limited)
{
    struct cluster c = kube_cluster("/vol");

    check_has(&c, "{\"command\": \"x\"}", "submit", "\"requests\":{\"cpu\":\"1\"}");
    check_has(&c, "{\"command\": \"x\", \"cores\": 2, \"tasks\": 3, \"memory\": \"1Mi\", "
                  "\"gpus\": 2}", "submit",
              "\"limits\":{\"cpu\":\"6\",\"memory\":\"1048576\",\"nvidia.com/gpu\":\"2\"}");
    c.node_selector = (char *)(uintptr_t)"{\"disk\":\"ssd\"}";
    c.service_account = (char *)(uintptr_t)"runner";
    c.volume = (char *)(uintptr_t)"claim:/vol";
    check_has(&c, "{\"command\": \"x\"}", "submit", "\"nodeSelector\":{\"disk\":\"ssd\"}");
    check_has(&c, "{\"command\": \"x\"}", "submit", "\"serviceAccountName\":\"runner\"");
    check_has(&c, "{\"command\": \"x\"}", "submit", "{\"claimName\":\"claim\"}");
    check_has(&c, "{\"command\": \"x\"}", "submit", "\"mountPath\":\"/vol\"");
}
END_TEST

START_TEST(what_cannot_be_done_is_refused)
{
    struct cluster c = kube_cluster("/vol");

    check_refused(&c, "{\"command\": \"x\", \"nodes\": 2}", "one node");
    c.image = NULL;
    check_refused(&c, "{\"command\": \"x\"}", "name an image");
    c.volume = (char *)(uintptr_t)"/vol/m";
    check_refused(&c, "{\"command\": \"x\"}", "not on its volume /vol/m");
}
END_TEST

/* ---- create ---- */

static void check_submitted(const char *name, enum report_is is, const char *words)
{
    _cleanup_(bufp) struct buf out = BUF_INIT, err = BUF_INIT, status = BUF_INIT;
    char                       path[200];
    struct report              r;

    snprintf(path, sizeof path, AT "create-%s.out", name);
    captured(path, &out);
    snprintf(path, sizeof path, AT "create-%s.err", name);
    captured(path, &err);
    snprintf(path, sizeof path, AT "create-%s.rc", name);
    captured(path, &status);
    scheduler_kubernetes.hear_submit(atoi(status.data), buf_span(&out), buf_span(&err), &r);
    ck_assert_msg(r.is == is, "%s: %d, %s", name, (int)r.is, r.note);
    ck_assert_msg(strstr(is == REPORT_QUEUED ? r.native : r.note, words) != NULL, "%s: %s", name,
                  r.note);
}

START_TEST(a_submit_brings_a_name_or_words)
{
    check_submitted("ok", REPORT_QUEUED, "cfxcaptured0001-a1");
    check_submitted("again", REPORT_QUEUED, "cfxcaptured0001-a1");
    check_submitted("quota", REPORT_ABSENT, "exceeded quota");
    check_submitted("nobody", REPORT_ABSENT, "cannot create resource");
    check_submitted("expired", REPORT_ABSENT, "logged in");
    check_submitted("down", REPORT_ABSENT, "refused");
    check_submitted("namespace", REPORT_ABSENT, "nosuch");
    check_submitted("account", REPORT_ABSENT, "service account");
    check_submitted("context", REPORT_ABSENT, "context");
    check_submitted("elsewhere", REPORT_ABSENT, "kubectl leads to");
    check_submitted("invalid", REPORT_REFUSED, "is invalid");
    check_submitted("hung", REPORT_ABSENT, "TLS handshake timeout");
    check_submitted("bare-large", REPORT_REFUSED, "more than 1 MiB");
    check_submitted("bare-nobody", REPORT_ABSENT, "may not create pods/exec");
    check_submitted("bare-secrets", REPORT_ABSENT, "cannot create resource \"secrets\"");
}
END_TEST

/* ---- get ---- */

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
    const struct cluster               c = kube_cluster("/vol");
    struct error                       e = ERROR_INIT;
    int                                r;

    seen->n = 0;
    ck_assert_int_eq(buf_add_span(&o.out, text), 0);
    r = scheduler_kubernetes.survey.hear(&c, &o, see, seen, &e);
    ck_assert(r == 0 || (r == -EPROTO && e.text[0]));
    return r;
}

static const struct sighting *seen_as(const struct seen *seen, const char *native)
{
    for (size_t i = 0; i < seen->n; i++)
        if (strcmp(seen->v[i].report.native, native) == 0)
            return &seen->v[i];
    ck_abort_msg("%s is not there", native);
}

static void check_seen(const struct seen *seen, const char *native, enum report_is is,
                       const char *words)
{
    const struct report *r = &seen_as(seen, native)->report;

    ck_assert_msg(r->is == is, "%s: %d", native, (int)r->is);
    ck_assert_msg(strstr(r->note, words) != NULL, "%s: %s", native, r->note);
}

START_TEST(the_list_is_understood)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct seen                seen;
    const struct sighting     *s;

    captured(AT "survey-many", &text);
    ck_assert_int_eq(survey(buf_span(&text), &seen), 0);
    check_seen(&seen, "cfxrunning00000-a1", REPORT_RUNNING, "");
    check_seen(&seen, "cfxlarge0000000-a1", REPORT_QUEUED, "Insufficient cpu");
    check_seen(&seen, "cfxabsent000000-a1", REPORT_QUEUED, "ImagePull");
    check_seen(&seen, "cfxwrong0000000-a1", REPORT_ENDED, "InvalidImageName");
    check_seen(&seen, "cfxclaim0000000-a1", REPORT_QUEUED, "nosuch");
    check_seen(&seen, "cfxleaving00000-a1", REPORT_RUNNING, "");
    s = seen_as(&seen, "cfxarray0000000-t7-a2");
    ck_assert(s->element && s->range.first == 7 && s->range.last == 7 && s->attempt == 2);
    ck_assert_str_eq(s->token, "cfxarray0000000");
    for (size_t i = 0; i < seen.n; i++)
        ck_assert(strncmp(seen.v[i].token, "cfx", 3) == 0);
}
END_TEST

START_TEST(a_list_that_was_cut_short_proves_nothing)
{
    _cleanup_(bufp) struct buf text = BUF_INIT, nobody = BUF_INIT;
    struct seen                seen;

    captured(AT "survey-many", &text);
    for (size_t len = 0; len < text.len; len++)
        ck_assert_int_eq(survey((struct span){ text.data, len }, &seen), -EPROTO);
    captured(AT "survey-nobody.out", &nobody);
    ck_assert_int_eq(survey(buf_span(&nobody), &seen), -EPROTO);
    ck_assert_uint_eq(seen.n, 0);
}
END_TEST

static const struct job_ref ended[] = {
    { JOB_ID(1, 0), "cfxgood00000000", "", 1 },    { JOB_ID(2, 0), "cfxthree0000000", "", 1 },
    { JOB_ID(3, 0), "cfxmemory000000", "", 1 },    { JOB_ID(4, 0), "cfxdeadline0000", "", 1 },
    { JOB_ID(5, 0), "cfxevicted00000", "", 1 },    { JOB_ID(6, 0), "cfxnoshell00000", "", 1 },
    { JOB_ID(7, 0), "cfxkilled000000", "", 1 },    { JOB_ID(8, 0), "cfxnodir0000000", "", 1 },
    { JOB_ID(9, 0), "cfxnever0000000", "", 1 },    { JOB_ID(10, 0), "cfxleaving00000", "", 1 },
};

#define LEAVING 9 /* it is being deleted, and has its time to end */

static void account(struct span text, struct report *reports)
{
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    const struct cluster               c = kube_cluster("/vol");
    const struct ask                   a = { &c, ended, ARRAY_SIZE(ended), NULL };

    ck_assert_int_eq(buf_add_span(&o.out, text), 0);
    scheduler_kubernetes.verbs[VERB_ACCOUNT].hear(&a, &o, reports);
}

START_TEST(a_pod_tells_the_end)
{
    static const struct {
        enum job_cause cause;
        const char    *words;
    } ends[] = {
        { CAUSE_NONE, "" },       { CAUSE_EXIT, "" },
        { CAUSE_MEMORY, "" },     { CAUSE_TIME_LIMIT, "deadline" },
        { CAUSE_NODE, "Evicted" }, { CAUSE_START, "no such file" },
        { CAUSE_SIGNAL, "" },     { CAUSE_START, "does not have the job's directory" },
        { CAUSE_CANCEL, "deleted" },
    };
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct report              r[ARRAY_SIZE(ended)];

    captured(AT "account", &text);
    account(buf_span(&text), r);
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        ck_assert_msg(r[i].is == REPORT_ENDED && r[i].cause == ends[i].cause, "%s: %d %d %s",
                      ended[i].token, (int)r[i].is, (int)r[i].cause, r[i].note);
        ck_assert_msg(strstr(r[i].note, ends[i].words) != NULL, "%s: %s", ended[i].token,
                      r[i].note);
    }
    ck_assert_int_eq(r[LEAVING].is, REPORT_RUNNING);
    ck_assert_int_eq(r[1].exit_code, 3);
    ck_assert_int_eq(r[6].signal, 9);
    ck_assert_str_eq(r[1].node, "localhost");
    ck_assert(r[1].ended_ns > 0 && r[1].started_ns > 0 && r[1].started_ns <= r[1].ended_ns);
}
END_TEST

START_TEST(a_pod_that_is_deleted_and_has_a_record_has_ended)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct report              r[ARRAY_SIZE(ended)];

    captured(AT "account-leaving", &text);
    account(buf_span(&text), r);
    ck_assert_int_eq(r[LEAVING].is, REPORT_ENDED);
    ck_assert_int_eq(r[LEAVING].cause, CAUSE_CANCEL);
}
END_TEST

START_TEST(no_end_of_the_answer_no_end_of_a_job)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct report              r[ARRAY_SIZE(ended)];

    captured(AT "account", &text);
    for (size_t len = 0; len < text.len; len++) {
        account((struct span){ text.data, len }, r);
        for (size_t i = 0; i < ARRAY_SIZE(ended); i++)
            ck_assert_int_eq(r[i].is, REPORT_UNKNOWN);
    }
}
END_TEST

static void check_delete(const char *name, enum report_is is, const char *words)
{
    static const struct job_ref refs[] = {
        { JOB_ID(1, 0), "cfxrunning00000", "", 1 }, { JOB_ID(2, 0), "cfxnever0000000", "", 1 },
    };
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    const struct cluster               c = kube_cluster("/vol");
    const struct ask                   a = { &c, refs, ARRAY_SIZE(refs), NULL };
    struct report                      r[ARRAY_SIZE(refs)];

    captured(name, &o.out);
    scheduler_kubernetes.verbs[VERB_CANCEL].hear(&a, &o, r);
    for (size_t i = 0; i < ARRAY_SIZE(refs); i++)
        ck_assert_msg(r[i].is == is && strstr(r[i].note, words), "%s: %d %s", name, (int)r[i].is,
                      r[i].note);
}

START_TEST(a_delete_is_said_again_until_it_was_heard)
{
    check_delete(AT "delete", REPORT_DONE, "");
    check_delete(AT "delete-nobody", REPORT_FAILED, "cannot delete resource");
    check_delete(AT "delete-down", REPORT_FAILED, "refused");
}
END_TEST

UNIT_MAIN("kubernetes",
          { a_run_is_one_pod, resources_are_kept_and_limited, what_cannot_be_done_is_refused,
            a_submit_brings_a_name_or_words, the_list_is_understood,
            a_list_that_was_cut_short_proves_nothing, a_pod_tells_the_end,
            a_pod_that_is_deleted_and_has_a_record_has_ended,
            no_end_of_the_answer_no_end_of_a_job, a_delete_is_said_again_until_it_was_heard })
