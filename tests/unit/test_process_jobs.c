/*
 * test_process_jobs.c - real jobs: rendered, put, started, looked at and ended through a real
 * transport
 */
#include <errno.h>

#include "clustrixfs/scheduler.h"
#include "clustrixfs/spec.h"
#include "site.h"
#include "unit.h"

static struct spec *parse(const char *text)
{
    struct spec *spec = NULL;
    struct error e = ERROR_INIT;

    ck_assert_msg(spec_parse(&spec, span_str(text), 0, NULL, &e) == 0, "%s", e.text);
    return spec;
}

struct real {
    struct site    site;
    struct cluster cluster;
};

static void real_open(struct real *x)
{
    x->site = (struct site)SITE_INIT;
    site_open(&x->site);
    x->cluster = (struct cluster){
        .name = (char *)(uintptr_t)"local",
        .transport = &transport_local,
        .scheduler = &scheduler_process,
        .root = x->site.root,
        .keeper = (char *)(uintptr_t)x->site.keeper,
        .grace_s = 30,
    };
}

static void realp_cleanup(struct real *x)
{
    sitep_cleanup(&x->site);
}

static void put(struct real *x, const char *text, const struct job_ref *ref)
{
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;
    _cleanup_(specp) struct spec          *spec = parse(text);
    struct error                           e = ERROR_INIT;

    ck_assert_msg(scheduler_process.render(spec, &x->cluster, ref, &files, &e) == 0, "%s", e.text);
    ck_assert_msg(transport_local.put(x->site.transport, &files, &e) == 0, "%s", e.text);
}

static struct report ask(struct real *x, enum scheduler_verb verb, const struct job_ref *ref)
{
    const struct ask a = { .cluster = &x->cluster, .refs = ref, .n = 1, .word = "USR1" };
    struct report    report;
    struct error     e = ERROR_INIT;

    ck_assert_msg(scheduler_ask(x->site.transport, &a, verb, &report, &e) == 0, "%s", e.text);
    return report;
}

START_TEST(a_job_goes_its_way)
{
    _cleanup_(realp) struct real x;
    _cleanup_(bufp) struct buf   out = BUF_INIT;
    const struct job_ref         ref = { JOB_ID(17, 8), TOKEN, "", 1 };
    struct record                r;

    real_open(&x);
    put(&x, "{\"command\": \"echo $CLUSTRIXFS_JOB $CLUSTRIXFS_TASK $1; cat\", \"stdin\": \"in\", "
            "\"args\": [\"a b\"], \"array\": \"7\"}", &ref);
    ck_assert_int_eq(ask(&x, VERB_FIND, &ref).is, REPORT_ABSENT);
    ck_assert_int_eq(ask(&x, VERB_SUBMIT, &ref).is, REPORT_RUNNING);
    site_end(&x.site, TOKEN "/task7.attempt1", &r);
    ck_assert_int_eq(r.exit_code, 0);
    ck_assert_int_eq(ask(&x, VERB_POLL, &ref).is, REPORT_ENDED);
    ck_assert_int_eq(ask(&x, VERB_SUBMIT, &ref).is, REPORT_UNKNOWN);
    ck_assert_int_eq(ask(&x, VERB_CANCEL, &ref).is, REPORT_DONE);
    site_read(&x.site, TOKEN "/task7.attempt1/stdout", &out);
    ck_assert_str_eq(out.data, "17 7 a b\nin");
}
END_TEST

START_TEST(a_running_job_takes_words)
{
    _cleanup_(realp) struct real x;
    const struct job_ref         ref = { JOB_ID(17, 0), TOKEN, "", 1 };
    struct record                r;

    real_open(&x);
    put(&x, "#!/bin/sh\ntrap 'exit 3' USR1\nmkfifo fifo; : >ready; read x <fifo\n", &ref);
    ck_assert_int_eq(ask(&x, VERB_SUBMIT, &ref).is, REPORT_RUNNING);
    site_await(&x.site, TOKEN "/files/ready");
    ck_assert_int_eq(ask(&x, VERB_POLL, &ref).is, REPORT_RUNNING);
    ck_assert_int_eq(ask(&x, VERB_SUSPEND, &ref).is, REPORT_DONE);
    ck_assert_int_eq(ask(&x, VERB_RESUME, &ref).is, REPORT_DONE);
    ck_assert_int_eq(ask(&x, VERB_SIGNAL, &ref).is, REPORT_DONE);
    site_end(&x.site, TOKEN "/attempt1", &r);
    ck_assert_int_eq(r.exit_code, 3);
}
END_TEST

/* Staged files need not be executable, and their names need not be harmless. */
START_TEST(a_staged_script_is_run)
{
    _cleanup_(realp) struct real x;
    _cleanup_(bufp) struct buf   out = BUF_INIT;
    const struct job_ref         ref = { JOB_ID(17, 0), TOKEN, "", 1 };
    struct record                r;

    real_open(&x);
    site_write(&x.site, "files/my $(id).sh", "#!/bin/sh\necho staged \"$@\"\n");
    put(&x, "{\"script\": \"file:my $(id).sh\", \"args\": [\"a  b\"], \"workdir\": \"/\"}", &ref);
    ck_assert_int_eq(ask(&x, VERB_SUBMIT, &ref).is, REPORT_RUNNING);
    site_end(&x.site, TOKEN "/attempt1", &r);
    site_read(&x.site, TOKEN "/attempt1/stdout", &out);
    ck_assert_str_eq(out.data, "staged a  b\n");
    ck_assert_int_eq(r.exit_code, 0);
}
END_TEST

START_TEST(there_is_nothing_to_hold)
{
    _cleanup_(realp) struct real x;
    struct report                report = { .is = REPORT_DONE };
    struct error                 e = ERROR_INIT;

    real_open(&x);
    const struct job_ref ref = { JOB_ID(17, 0), TOKEN, "", 1 };
    const struct ask     a = { .cluster = &x.cluster, .refs = &ref, .n = 1 };
    ck_assert_int_eq(scheduler_ask(x.site.transport, &a, VERB_HOLD, &report, &e), -EOPNOTSUPP);
    ck_assert_int_eq(report.is, REPORT_UNKNOWN);
    ck_assert_str_eq(e.text, "cluster local cannot hold a job");

    x.cluster.keeper = (char *)(uintptr_t)"/no/such/keeper";
    ck_assert_int_eq(scheduler_ask(x.site.transport, &a, VERB_SUBMIT, &report, &e),
                     TRANSPORT_E_NOT_RUN);
    ck_assert_int_eq(report.is, REPORT_UNKNOWN);
}
END_TEST

UNIT_MAIN("process_jobs", { a_job_goes_its_way, a_running_job_takes_words, a_staged_script_is_run,
                            there_is_nothing_to_hold })
