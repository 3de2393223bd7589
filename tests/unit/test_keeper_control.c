/*
 * test_keeper_control.c - limits, words to running jobs, and keepers that die
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clustrixfs/clock.h"
#include "site.h"
#include "unit.h"

/* Says `ready`, then waits for ever without a process to wait for. */
#define WAITS "mkfifo fifo; : >ready; read line <fifo\n"
#define READY TOKEN "/files/ready"

static int64_t lasted_ms(const struct record *r)
{
    return (r->ended_ns - r->started_ns) / NS_PER_MS;
}

static void check_word(struct site *s, const char *run, const char *want)
{
    char word[32];

    site_look(s, run, word);
    ck_assert_str_eq(word, want);
}

static void check_said(struct site *s, const char *word, const char *run, const char *answer)
{
    _cleanup_(bufp) struct buf out = BUF_INIT;
    char                       want[200];

    site_ask(s, "signal", word, run, &out);
    snprintf(want, sizeof want, "%s %s\n", run, answer);
    ck_assert_str_eq(out.data, want);
}

/* Until the kernel is done with it; a pidfd would not do, since it may be gone already. */
static void await_word(struct site *s, const char *run, const char *want)
{
    int64_t deadline = clock_mono_ns() + 10 * NS_PER_S;
    char    word[32];

    do {
        ck_assert_int_lt(clock_mono_ns(), deadline);
        site_look(s, run, word);
    } while (strcmp(word, want) != 0);
}

START_TEST(the_time_limit_holds)
{
    _cleanup_(sitep) struct site s = SITE_INIT;
    struct record                r;

    site_open(&s);
    site_script(&s, "#!/bin/sh\nsleep 30\n");
    site_plan(&s, "time", "1");
    site_plan(&s, "grace", "5");
    site_run(&s, RUN, &r);
    ck_assert_int_eq(r.cause, CAUSE_TIME_LIMIT);
    ck_assert_int_eq(r.signal, SIGTERM);
    ck_assert_int_ge(lasted_ms(&r), 990);
    ck_assert_int_lt(lasted_ms(&r), 4000);
}
END_TEST

START_TEST(who_ignores_term_is_killed_after_the_grace)
{
    _cleanup_(sitep) struct site s = SITE_INIT;
    _cleanup_(bufp) struct buf   out = BUF_INIT;
    struct record                r;

    site_open(&s);
    site_script(&s, "#!/bin/sh\ntrap 'echo heard' TERM\nwhile :; do sleep 1; done\n");
    site_plan(&s, "time", "1");
    site_plan(&s, "grace", "1");
    site_run(&s, RUN, &r);
    ck_assert_int_eq(r.cause, CAUSE_TIME_LIMIT);
    ck_assert_int_eq(r.signal, SIGKILL);
    ck_assert_int_ge(lasted_ms(&r), 1990);
    site_read(&s, RUN "/stdout", &out);
    ck_assert_str_eq(out.data, "heard\n");
}
END_TEST

START_TEST(a_cancel_is_recorded_as_one)
{
    _cleanup_(sitep) struct site s = SITE_INIT;
    struct record                r;

    site_open(&s);
    site_script(&s, "#!/bin/sh\ntrap 'exit 9' TERM\n" WAITS);
    site_plan(&s, "grace", "20");
    site_start(&s, RUN);
    site_await(&s, READY);
    check_word(&s, RUN, "alive");
    check_said(&s, "cancel", RUN, "done");
    site_end(&s, RUN, &r);
    ck_assert_int_eq(r.cause, CAUSE_CANCEL);
    ck_assert_int_eq(r.exit_code, 9);
    check_word(&s, RUN, "ended");
    check_said(&s, "cancel", RUN, "gone");
    check_said(&s, "cancel", TOKEN "/attempt2", "gone");
}
END_TEST

START_TEST(signals_arrive)
{
    _cleanup_(sitep) struct site s = SITE_INIT;
    struct record                r;

    site_open(&s);
    site_script(&s, "#!/bin/sh\ntrap 'exit 42' USR1\n" WAITS);
    site_start(&s, RUN);
    site_await(&s, READY);
    check_said(&s, "SIGWINCH", RUN, "done");
    check_said(&s, "10", RUN, "done");
    site_end(&s, RUN, &r);
    ck_assert_int_eq(r.cause, CAUSE_EXIT);
    ck_assert_int_eq(r.exit_code, 42);
}
END_TEST

/* The clock stands still with the job: two seconds of limit last longer than that. */
START_TEST(suspended_time_does_not_count)
{
    _cleanup_(sitep) struct site s = SITE_INIT;
    struct record                r;
    int64_t                      stopped, resumed;

    site_open(&s);
    site_script(&s, "#!/bin/sh\n" WAITS);
    site_plan(&s, "time", "2");
    site_start(&s, RUN);
    site_await(&s, READY);
    check_said(&s, "suspend", RUN, "done");
    await_word(&s, RUN, "suspended");
    /* Nothing happens meanwhile, and that is the point: there is nothing to wait for but time. */
    stopped = clock_mono_ns();
    nanosleep(&(struct timespec){ .tv_sec = 1, .tv_nsec = 500 * NS_PER_MS }, NULL);
    resumed = clock_mono_ns();
    check_word(&s, RUN, "suspended");
    check_said(&s, "resume", RUN, "done");
    await_word(&s, RUN, "alive");
    site_end(&s, RUN, &r);
    ck_assert_int_eq(r.cause, CAUSE_TIME_LIMIT);
    ck_assert_int_ge(lasted_ms(&r), 2000 + (resumed - stopped) / NS_PER_MS);
}
END_TEST

START_TEST(a_suspended_job_can_be_cancelled)
{
    _cleanup_(sitep) struct site s = SITE_INIT;
    struct record                r;

    site_open(&s);
    site_script(&s, "#!/bin/sh\n" WAITS);
    site_plan(&s, "grace", "20");
    site_start(&s, RUN);
    site_await(&s, READY);
    check_said(&s, "suspend", RUN, "done");
    await_word(&s, RUN, "suspended");
    check_said(&s, "cancel", RUN, "done");
    site_end(&s, RUN, &r);
    ck_assert_int_eq(r.cause, CAUSE_CANCEL);
    ck_assert_int_eq(r.signal, SIGTERM);
}
END_TEST

/* In a control group the kernel kills it, and that is the cause; with a mere limit on its address
 * space the allocation fails, and the program says so itself. */
START_TEST(the_memory_limit_holds)
{
    _cleanup_(sitep) struct site s = SITE_INIT;
    struct record                r;

    site_open(&s);
    site_script(&s, "#!/bin/sh\nmkfifo f\nhead -c 300M /dev/zero >f &\nexec tail -c 250M <f\n");
    site_plan(&s, "memory", "67108864");
    site_run(&s, RUN, &r);
    ck_assert_str_ne(r.memory_by, "");
    if (strncmp(r.memory_by, "cgroup", 6) == 0) {
        ck_assert_int_eq(r.cause, CAUSE_MEMORY);
        ck_assert_int_eq(r.signal, SIGKILL);
        ck_assert_uint_gt(r.usage.max_memory, 60000000);
        ck_assert_uint_lt(r.usage.max_memory, 90000000);
    } else {
        ck_assert_str_eq(r.memory_by, "rlimit");
        ck_assert_int_eq(r.cause, CAUSE_EXIT);
        ck_assert_int_ne(r.exit_code, 0);
    }
}
END_TEST

START_TEST(enough_memory_is_enough)
{
    _cleanup_(sitep) struct site s = SITE_INIT;
    struct record                r;

    site_open(&s);
    site_script(&s, "#!/bin/sh\nhead -c 30M /dev/zero | tail -c 25M | wc -c\n");
    site_plan(&s, "memory", "268435456");
    site_run(&s, RUN, &r);
    ck_assert_int_eq(r.cause, CAUSE_EXIT);
    ck_assert_int_eq(r.exit_code, 0);
    ck_assert_uint_gt(r.usage.max_memory, 20000000);
}
END_TEST

/* What it left running in the background ends with it, so that its output is complete. */
START_TEST(nothing_outlives_a_job)
{
    _cleanup_(sitep) struct site s = SITE_INIT;
    _cleanup_(bufp) struct buf   out = BUF_INIT;
    _cleanup_(fdp) int           pidfd = -1;
    struct record                r;
    int                          pid;

    site_open(&s);
    site_script(&s, "#!/bin/sh\nsleep 1000 &\necho $!\n");
    site_run(&s, RUN, &r);
    ck_assert_int_eq(r.exit_code, 0);
    site_read(&s, RUN "/stdout", &out);
    pid = atoi(out.data);
    ck_assert_int_gt(pid, 1);
    /* Killed before the record was written; dying takes a moment. (valgrind knows no pidfd.) */
    pidfd = pidfd_open(pid, 0);
    ck_assert(pidfd >= 0 || errno == ESRCH || errno == ENOSYS);
    if (pidfd >= 0)
        ck_assert_int_eq(poll(&(struct pollfd){ .fd = pidfd, .events = POLLIN }, 1, 5000), 1);
}
END_TEST

static void kill_keeper(struct site *s, struct record *r)
{
    site_record(s, RUN, RECORD_STARTED, r);
    ck_assert_int_gt(r->keeper_pid, 1);
    ck_assert_int_eq(kill(r->keeper_pid, SIGKILL), 0);
}

START_TEST(a_job_without_its_keeper_is_known)
{
    _cleanup_(sitep) struct site s = SITE_INIT;
    struct record                r;

    site_open(&s);
    site_script(&s, "#!/bin/sh\n" WAITS);
    site_start(&s, RUN);
    site_await(&s, READY);
    kill_keeper(&s, &r);
    await_word(&s, RUN, "unwatched");
    check_said(&s, "suspend", RUN, "done");
    check_said(&s, "resume", RUN, "done");
    check_said(&s, "cancel", RUN, "done");
    await_word(&s, RUN, "dead");
    check_said(&s, "cancel", RUN, "gone");

    _cleanup_(bufp) struct buf out = BUF_INIT;
    site_ask(&s, "start", NULL, RUN, &out);
    ck_assert_str_eq(out.data, RUN " claimed\n");
}
END_TEST

static void write_started(struct site *s, const struct record *r)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;

    record_format(r, &text);
    site_write(s, "attempt1/started", "%s", text.data);
}

/* A pid alone proves nothing: here it is that of this very test, which must survive. */
START_TEST(a_reused_pid_is_not_the_job)
{
    _cleanup_(sitep) struct site s = SITE_INIT;
    struct record                r = { .started_ns = 1, .keeper_ticks = 1, .job_ticks = 1 };
    char                         path[128];

    site_open(&s);
    site_script(&s, "#!/bin/sh\n");
    site_run(&s, RUN, &(struct record){ 0 });
    site_record(&s, RUN, RECORD_STARTED, &r);
    snprintf(path, sizeof path, "%s/" RUN "/exit", s.root);
    ck_assert_int_eq(unlink(path), 0);

    r.keeper_pid = r.job_pid = getpid();
    r.keeper_ticks = r.job_ticks = 1;
    write_started(&s, &r);
    check_word(&s, RUN, "dead");
    check_said(&s, "KILL", RUN, "gone");

    snprintf(r.boot, sizeof r.boot, "00000000-0000-0000-0000-000000000000");
    write_started(&s, &r);
    check_word(&s, RUN, "rebooted");
    check_said(&s, "cancel", RUN, "gone");
}
END_TEST

/* A keeper that was killed between its claim and the start has run nothing: it may be tried again.
 * As long as it lives, its lock says so. */
START_TEST(a_claim_that_started_nothing_is_taken_back)
{
    _cleanup_(sitep) struct site s = SITE_INIT;
    struct record                r;
    char                         path[128];
    int                          lock;

    site_open(&s);
    site_script(&s, "#!/bin/sh\nexit 5\n");
    check_word(&s, RUN, "none");
    site_write(&s, "attempt1/stdout", "%s", "");
    snprintf(path, sizeof path, "%s/" RUN, s.root);
    lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(flock(lock, LOCK_EX | LOCK_NB), 0);
    check_word(&s, RUN, "alive");
    check_said(&s, "cancel", RUN, "failed it is just being started");
    close(lock);
    check_word(&s, RUN, "none");
    ck_assert_int_lt(access(path, F_OK), 0);
    site_run(&s, RUN, &r);
    ck_assert_int_eq(r.exit_code, 5);
}
END_TEST

START_TEST(records_that_cannot_be_read_are_none)
{
    _cleanup_(sitep) struct site s = SITE_INIT;

    site_open(&s);
    site_write(&s, "attempt1/started", "started_ns 1\nkeeper_p");
    check_word(&s, RUN, "dead");
    site_write(&s, "attempt1/exit", "cause exit\nen");
    check_word(&s, RUN, "dead");
}
END_TEST

UNIT_MAIN("keeper_control",
          { the_time_limit_holds, who_ignores_term_is_killed_after_the_grace,
            a_cancel_is_recorded_as_one, signals_arrive, suspended_time_does_not_count,
            a_suspended_job_can_be_cancelled, the_memory_limit_holds, enough_memory_is_enough,
            nothing_outlives_a_job, a_job_without_its_keeper_is_known, a_reused_pid_is_not_the_job,
            a_claim_that_started_nothing_is_taken_back, records_that_cannot_be_read_are_none })
