/*
 * test_service.c - a job through the one door, with the real keeper and real processes
 */
#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clustrixfs/service.h"

static char            state_dir[64];
static struct config  *config;
static struct service *service;
static int             changes; /* an eventfd: something changed */

static void changed(void *arg, job_id id, unsigned what)
{
    (void)arg, (void)id, (void)what;
    ck_assert_int_eq(eventfd_write(changes, 1), 0);
}

static void mount_again(void)
{
    struct error e = ERROR_INIT;

    ck_assert_msg(!service_open(&service, config, &e), "%s", e.text);
    service_watch(service, changed, NULL);
}

static void setup(void)
{
    struct error e = ERROR_INIT;

    strcpy(state_dir, "/tmp/cfx-service-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(state_dir));
    changes = eventfd(0, EFD_CLOEXEC);
    ck_assert_msg(!config_load(&config, NULL, state_dir, getenv("KEEPER"), &e), "%s", e.text);
    mount_again();
}

static void teardown(void)
{
    char command[96];

    service_close(service);
    config_free(config);
    close(changes);
    snprintf(command, sizeof(command), "rm -rf %s", state_dir);
    ck_assert_int_eq(system(command), 0);
}

struct answer {
    int          fd, r;
    struct error e;
};

static void answered(void *arg, int r, const struct error *e)
{
    struct answer *a = arg;

    a->r = r;
    if (e)
        a->e = *e;
    ck_assert_int_eq(eventfd_write(a->fd, 1), 0);
}

static int wait_for(struct answer *a)
{
    eventfd_t n;

    ck_assert_int_eq(eventfd_read(a->fd, &n), 0);
    close(a->fd);
    return a->r;
}

/* What a draft goes through: kept durably, then submitted. */
static job_id submit(const char *name, const char *text)
{
    struct answer       a = { .fd = eventfd(0, EFD_CLOEXEC) };
    struct draft_record r = { .id = service_draft_next_id(service), .status = DRAFT_READY,
                              .text = BUF_INIT, .mode = 0644 };
    struct error        e = ERROR_INIT;
    uint64_t            ticket;
    job_id              id;

    r.cluster = strdup("");
    r.name = strdup(name);
    ck_assert_int_eq(buf_add_str(&r.text, text), 0);
    r.size = r.text.len;
    ck_assert_msg(!service_validate(service, "", buf_span(&r.text), &e), "%s", e.text);
    service_draft_keep(service, &r, answered, &a);
    ck_assert_int_eq(wait_for(&a), 0);
    id = service_submit(service, &r, &ticket, &e);
    ck_assert_msg(id, "%s", e.text);
    draft_record_release(&r);
    return id;
}

static struct job_view *wait_until(job_id id, bool (*met)(const struct job_view *v))
{
    for (;;) {
        struct job_view *v = service_job(service, id);
        eventfd_t        n;

        ck_assert_ptr_nonnull(v);
        if (met(v))
            return v;
        job_view_unref(v);
        ck_assert_int_eq(eventfd_read(changes, &n), 0);
    }
}

static bool has_ended(const struct job_view *v)
{
    return job_ended(v->state);
}

static bool is_running(const struct job_view *v)
{
    return v->state == JOB_RUNNING;
}

static void read_file(job_id id, enum job_file what, char *text, size_t size)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;
    FILE  *f;
    size_t n;

    ck_assert_int_eq(service_local_path(service, id, 0, what, &path), 0);
    f = fopen(path.data, "r");
    ck_assert_msg(f, "%s", path.data);
    n = fread(text, 1, size - 1, f);
    text[n] = '\0';
    fclose(f);
}

START_TEST(a_command_runs_and_its_output_is_exact)
{
    char   text[64];
    job_id id = submit("hello", "{\"command\": \"echo out; echo err >&2\"}");
    _cleanup_(viewp) struct job_view *v = wait_until(id, has_ended);

    ck_assert_str_eq(job_state_name(v->state), "completed");
    ck_assert_int_eq(v->exit_code, 0);
    ck_assert_str_eq(v->name, "hello");
    read_file(id, JOB_STDOUT, text, sizeof(text));
    ck_assert_str_eq(text, "out\n");
    read_file(id, JOB_STDERR, text, sizeof(text));
    ck_assert_str_eq(text, "err\n");
    ck_assert_uint_eq(service_by_name(service, "hello"), id);
}
END_TEST

START_TEST(an_exit_code_is_a_failure_that_says_so)
{
    job_id id = submit("bad", "#!/bin/sh\nexit 3\n");
    _cleanup_(viewp) struct job_view *v = wait_until(id, has_ended);

    ck_assert_str_eq(job_state_name(v->state), "failed");
    ck_assert_int_eq(v->exit_code, 3);
    ck_assert_str_eq(v->reason, "it exited 3");
}
END_TEST

START_TEST(retries_run_again_in_a_directory_of_their_own)
{
    job_id id = submit("flaky", "{\"command\": \"echo $CLUSTRIXFS_ATTEMPT; "
                                "test $CLUSTRIXFS_ATTEMPT = 2\", \"retries\": 3}");
    _cleanup_(viewp) struct job_view *v = wait_until(id, has_ended);
    char text[16];

    ck_assert_str_eq(job_state_name(v->state), "completed");
    ck_assert_uint_eq(v->attempt, 2);
    read_file(id, JOB_STDOUT, text, sizeof(text));
    ck_assert_str_eq(text, "2\n");
}
END_TEST

START_TEST(a_word_reaches_a_running_job)
{
    job_id        id = submit("long", "{\"command\": \"sleep 1000\"}");
    struct answer a = { .fd = eventfd(0, EFD_CLOEXEC) };

    job_view_unref(wait_until(id, is_running));
    service_control(service, id, SPAN_LIT("cancel\n"), answered, &a);
    ck_assert_int_eq(wait_for(&a), 0);
    _cleanup_(viewp) struct job_view *v = wait_until(id, has_ended);
    ck_assert_str_eq(job_state_name(v->state), "cancelled");
}
END_TEST

START_TEST(a_running_job_is_found_again)
{
    job_id id = submit("over", "{\"command\": \"read x < fifo; echo $x\", "
                               "\"before\": [\"mkfifo fifo\"]}");
    char   text[96];
    _cleanup_(bufp) struct buf path = BUF_INIT;

    job_view_unref(wait_until(id, is_running));
    service_close(service);
    mount_again();
    ck_assert_int_eq(service_local_path(service, id, 0, JOB_FILES, &path), 0);
    snprintf(text, sizeof(text), "echo gone on > %s/fifo", path.data);
    ck_assert_int_eq(system(text), 0);
    _cleanup_(viewp) struct job_view *v = wait_until(id, has_ended);
    ck_assert_str_eq(job_state_name(v->state), "completed");
    read_file(id, JOB_STDOUT, text, sizeof(text));
    ck_assert_str_eq(text, "gone on\n");
}
END_TEST

START_TEST(an_array_ends_when_its_elements_have)
{
    job_id id = submit("array", "{\"command\": \"exit $CLUSTRIXFS_TASK\", \"array\": \"0-2\"}");
    _cleanup_(viewp) struct job_view *v = wait_until(id, has_ended);
    struct job_brief element[4];

    ck_assert_str_eq(job_state_name(v->state), "failed");
    ck_assert_uint_eq(v->counts[JOB_COMPLETED], 1);
    ck_assert_uint_eq(v->counts[JOB_FAILED], 2);
    ck_assert_uint_eq(service_list_elements(service, id, id, element, 4), 3);
    ck_assert_uint_eq(element[2].id, id + 3);
    ck_assert_int_eq(element[2].exit_code, 2);
}
END_TEST

START_TEST(who_waits_goes_on_or_is_told)
{
    job_id first = submit("first", "{\"command\": \"exit 1\"}");
    job_id any = submit("any", "{\"command\": \"true\", \"after\": {\"any\": [\"first\"]}}");
    job_id ok = submit("ok", "{\"command\": \"true\", \"after\": \"first\"}");
    _cleanup_(viewp) struct job_view *v = wait_until(any, has_ended);
    _cleanup_(viewp) struct job_view *never = wait_until(ok, has_ended);

    ck_assert_uint_gt(first, 0);
    ck_assert_str_eq(job_state_name(v->state), "completed");
    ck_assert_str_eq(job_state_name(never->state), "failed");
    ck_assert_int_eq(never->cause, CAUSE_DEPENDENCY);
}
END_TEST

int main(void)
{
    Suite   *s = suite_create("service");
    TCase   *tc = tcase_create("jobs");
    SRunner *sr;
    int      failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 30);
    tcase_add_test(tc, a_command_runs_and_its_output_is_exact);
    tcase_add_test(tc, an_exit_code_is_a_failure_that_says_so);
    tcase_add_test(tc, retries_run_again_in_a_directory_of_their_own);
    tcase_add_test(tc, a_word_reaches_a_running_job);
    tcase_add_test(tc, a_running_job_is_found_again);
    tcase_add_test(tc, an_array_ends_when_its_elements_have);
    tcase_add_test(tc, who_waits_goes_on_or_is_told);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
