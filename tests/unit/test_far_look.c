/*
 * test_far_look.c - who may start a run, and what is said of runs whose keepers were killed
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "far_site.h"

#define OPEN(f)                                                                                    \
    _cleanup_(farp) struct far f = { .transport = NULL };                                          \
    if (!fsite_open(&f, _i))                                                                       \
    return

#define STARTERS 100

/* A child that starts the run, as soon as all of them are there. */
static void start_apart(const struct far *f, int gate)
{
    char byte;

    if (fork() != 0)
        return;
    if (read(gate, &byte, 1) < 0)
        _exit(1);
    execl(f->keeper, f->keeper, "start", f->root, RUN, NULL);
    _exit(1);
}

START_TEST(of_many_starts_one_runs)
{
    OPEN(f);
    _cleanup_(bufp) struct buf out = BUF_INIT;
    struct record              r;
    int                        gate[2], null = dup(1);

    fsite_job(&f, TOKEN, "{\"command\": \"echo ran >>witness\"}");
    ck_assert_int_eq(pipe(gate), 0);
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stdout));
    for (int i = 0; i < STARTERS; i++)
        start_apart(&f, gate[0]);
    for (int i = 0; i < STARTERS; i++)
        ck_assert_int_eq(write(gate[1], "x", 1), 1);
    for (int i = 0; i < STARTERS; i++)
        ck_assert_int_gt(wait(NULL), 0);
    ck_assert_int_eq(dup2(null, 1), 1);
    fsite_end(&f, RUN, &r);
    fsite_read(&f, TOKEN "/files/witness", &out);
    ck_assert_str_eq(out.data, "ran\n");
    fsite_check(&f, "start", NULL, RUN, "claimed");
}
END_TEST

START_TEST(what_is_not_there_is_none)
{
    OPEN(f);
    _cleanup_(bufp) struct buf out = BUF_INIT;

    fsite_check(&f, "look", NULL, RUN, "none");
    fsite_check(&f, "signal", "TERM", RUN, "gone");
    fsite_check(&f, "start", NULL, RUN, "failed cannot read its plan %");
    fsite_check(&f, "look", NULL, RUN, "none");
    fsite_ask(&f, "look", NULL,
            (const char *const[]){ "../etc/passwd", TOKEN "/attempt01", "x", NULL }, &out);
    ck_assert_str_eq(out.data, "../etc/passwd failed it is not called TOKEN/RUN\n"
                               TOKEN "/attempt01 failed it is not called TOKEN/RUN\n"
                               "x failed it is not called TOKEN/RUN\n");
}
END_TEST

/* The keeper dies: the job runs on, and when it ends nobody has written down how. */
START_TEST(a_killed_keeper_is_noticed)
{
    OPEN(f);
    struct record r;
    char          look[128];

    fsite_job(&f, TOKEN, "{\"command\": \"sleep 1000\"}");
    fsite_check(&f, "start", NULL, RUN, "started %");
    fsite_record(&f, RUN, RECORD_STARTED, &r);
    fsite_check(&f, "look", NULL, RUN, "alive");
    ck_assert_int_eq(kill(r.keeper_pid, SIGKILL), 0);
    snprintf(look, sizeof(look), "/proc/%d/fd/0", r.keeper_pid);
    while (readlink(look, look + 64, 64) >= 0)
        ;
    fsite_check(&f, "look", NULL, RUN, "unwatched");
    fsite_check(&f, "signal", "cancel", RUN, "done");
    snprintf(look, sizeof(look), "/proc/%d/fd/0", r.job_pid);
    while (readlink(look, look + 64, 64) >= 0)
        ;
    fsite_check(&f, "look", NULL, RUN, "dead");
    fsite_check(&f, "signal", "cancel", RUN, "gone");
}
END_TEST

static void write_record(struct far *f, const char *boot, const char *node)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct record              r = { .keeper_pid = 1, .job_pid = 1, .started_ns = 5 };

    snprintf(r.boot, sizeof(r.boot), "%s", boot);
    snprintf(r.node, sizeof(r.node), "%s", node);
    record_format(&r, &text);
    fsite_write(f, RUN "/started", 0600, text.data);
}

START_TEST(another_boot_and_another_machine_are_told)
{
    OPEN(f);
    char name[65] = "";

    ck_assert_int_eq(gethostname(name, sizeof(name) - 1), 0);
    fsite_job(&f, TOKEN, "{\"command\": \"x\"}");
    write_record(&f, "0-0-0", name);
    fsite_check(&f, "look", NULL, RUN, "rebooted");
    write_record(&f, "0-0-0", "elsewhere");
    fsite_check(&f, "look", NULL, RUN, "failed cannot tell: it was started on elsewhere");
    fsite_check(&f, "signal", "TERM", RUN, "failed cannot tell: %");
}
END_TEST

/* A claim whose maker is dead is taken back, with what that may have left; one that has a file of
 * anybody else's is not. */
START_TEST(a_dead_claim_is_taken_back)
{
    OPEN(f);
    struct record r;

    fsite_job(&f, TOKEN, "{\"command\": \"echo ran >>witness\"}");
    fsite_write(&f, RUN "/started.99999999", 0600, "cut");
    fsite_write(&f, RUN ".by.99999999", 0600, "99999999 1 0-0-0 gone\n");
    fsite_check(&f, "look", NULL, RUN, "failed cannot tell: it was being started on gone");
    ck_assert(fsite_has(&f, RUN));
    fsite_write(&f, RUN ".by.99999999", 0600, "");
    fsite_check(&f, "look", NULL, RUN, "none");
    ck_assert(!fsite_has(&f, RUN));
    fsite_write(&f, RUN "/theirs", 0600, "");
    fsite_check(&f, "look", NULL, RUN, "failed cannot tell: Directory not empty");
    fsite_run(&f, TOKEN "/attempt2", &r);
    ck_assert_int_eq(r.exit_code, 0);
}
END_TEST

/* A claim is alive as long as who makes it is: here that is us. */
START_TEST(a_young_claim_is_left_alone)
{
    OPEN(f);
    _cleanup_(bufp) struct buf  stat = BUF_INIT, by = BUF_INIT, boot = BUF_INIT;
    unsigned long long          ticks = 0;
    char                        path[64];
    FILE                       *in = fopen("/proc/self/stat", "r");

    ck_assert_ptr_nonnull(in);
    ck_assert_int_eq(fscanf(in, "%*d %*s %*c %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d "
                                "%*d %*d %*d %*d %*d %llu", &ticks), 1);
    fclose(in);
    in = fopen("/proc/sys/kernel/random/boot_id", "r");
    ck_assert_ptr_nonnull(in);
    ck_assert_int_eq(fscanf(in, "%63s", path), 1);
    fclose(in);
    buf_printf(&by, "%d %llu %s here\n", (int)getpid(), ticks, path);
    fsite_job(&f, TOKEN, "{\"command\": \"x\"}");
    fsite_write(&f, RUN "/started.1", 0600, "");
    fsite_write(&f, RUN ".by.1", 0600, by.data);
    fsite_check(&f, "look", NULL, RUN, "alive");
    fsite_check(&f, "signal", "cancel", RUN, "failed it is just being started");
    fsite_check(&f, "start", NULL, RUN, "claimed");
    ck_assert(fsite_has(&f, RUN "/started.1"));
}
END_TEST

/* What a batch script ends in: in the foreground, and what the scheduler restarts is an attempt of
 * its own. */
START_TEST(a_batch_script_becomes_the_keeper)
{
    OPEN(f);
    struct record r;
    int           status;
    pid_t         pid;

    fsite_job(&f, TOKEN, "{\"command\": \"trap 'exit 6' USR1; touch ready; "
                       "while :; do sleep 0.1; done\"}");
    pid = fork();
    if (pid == 0) {
        setenv("SLURM_RESTART_COUNT", "2", 1);
        setenv("SLURM_ARRAY_TASK_ID", "7", 1);
        execl(f.keeper, f.keeper, "run", f.root, TOKEN, "1", "env", NULL);
        _exit(99);
    }
    fsite_await(&f, TOKEN "/files/ready");
    ck_assert_int_eq(kill(pid, SIGUSR1), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(WEXITSTATUS(status), 6);
    fsite_record(&f, TOKEN "/task7.attempt3", RECORD_EXIT, &r);
    ck_assert_int_eq(r.cause, CAUSE_EXIT);
    ck_assert_int_eq(r.exit_code, 6);
    ck_assert_int_eq(r.keeper_pid, pid);
}
END_TEST

FAR_MAIN("far_look", { of_many_starts_one_runs, what_is_not_there_is_none,
                       a_killed_keeper_is_noticed, another_boot_and_another_machine_are_told,
                       a_dead_claim_is_taken_back, a_young_claim_is_left_alone,
                       a_batch_script_becomes_the_keeper })
