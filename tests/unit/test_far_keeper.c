/*
 * test_far_keeper.c - how jobs start and end under far-keeper.sh
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "far_site.h"

#define OPEN(f)                                                                                    \
    _cleanup_(farp) struct far f = { .transport = NULL };                                          \
    if (!fsite_open(&f, _i))                                                                       \
    return

static void check_file(struct far *f, const char *path, const char *text)
{
    _cleanup_(bufp) struct buf out = BUF_INIT;

    fsite_read(f, path, &out);
    ck_assert_str_eq(out.data, text);
}

/* Which of the two it was, a shell's status does not tell: 143 is both. */
static const struct {
    const char    *command;
    enum job_cause cause;
    int            code, signal;
} ends[] = {
    { "exit 0", CAUSE_EXIT, 0, 0 },
    { "exit 3", CAUSE_EXIT, 3, 0 },
    { "exit 125", CAUSE_EXIT, 125, 0 },
    { "exit 127", CAUSE_EXIT, 127, 0 },
    { "exit 143", CAUSE_EXIT, 143, 0 },
    { "exit 130", CAUSE_EXIT, 130, 0 },
    { "exit 255", CAUSE_EXIT, 255, 0 },
    { "kill -TERM $$", CAUSE_SIGNAL, -1, SIGTERM },
    { "kill -KILL $$", CAUSE_SIGNAL, -1, SIGKILL },
    { "kill -SEGV $$", CAUSE_SIGNAL, -1, SIGSEGV },
    { "kill -PIPE $$", CAUSE_SIGNAL, -1, SIGPIPE },
    { "kill -USR1 $$", CAUSE_SIGNAL, -1, SIGUSR1 },
    { "sleep 0.2; kill -HUP $$", CAUSE_SIGNAL, -1, SIGHUP },
};

START_TEST(exit_codes_and_signals_are_told_apart)
{
    OPEN(f);
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        char          run[64], spec[96];
        struct record r;

        snprintf(run, sizeof(run), TOKEN "/attempt%zu", i + 1);
        snprintf(spec, sizeof(spec), "{\"command\": \"%s\"}", ends[i].command);
        fsite_job(&f, TOKEN, spec);
        fsite_run(&f, run, &r);
        ck_assert_msg(r.cause == ends[i].cause && r.exit_code == ends[i].code &&
                          r.signal == ends[i].signal,
                      "%s: %s %d %d", ends[i].command, job_cause_name(r.cause), r.exit_code,
                      r.signal);
        ck_assert_int_gt(r.job_pid, 0);
        ck_assert_uint_gt(r.job_ticks, 0);
        ck_assert_int_ne(r.keeper_pid, r.job_pid);
        ck_assert_int_gt(r.started_ns, 0);
        ck_assert_int_ge(r.ended_ns + 20000000, r.started_ns);
    }
}
END_TEST

START_TEST(output_is_exact)
{
    OPEN(f);
    _cleanup_(bufp) struct buf out = BUF_INIT;
    struct record              r;

    fsite_job(&f, TOKEN, "#!/bin/sh\nprintf 'a\\000b\\377\\n'; printf 'no newline' >&2\n"
                       "echo reopened >>/dev/stdout\n");
    fsite_run(&f, RUN, &r);
    fsite_read(&f, RUN "/stdout", &out);
    ck_assert_uint_eq(out.len, 14);
    ck_assert_int_eq(memcmp(out.data, "a\0b\377\nreopened\n", 14), 0);
    check_file(&f, RUN "/stderr", "no newline");
}
END_TEST

START_TEST(a_job_inherits_nothing)
{
    OPEN(f);
    _cleanup_(bufp) struct buf out = BUF_INIT, want = BUF_INIT;
    mode_t                     mask = umask(0);
    struct record              r;

    umask(mask);
    fsite_job(&f, TOKEN, "#!/bin/sh\n"
                       "readlink /proc/self/fd/0; pwd; umask\n"
                       "set -- $(cat /proc/$$/stat); [ $5 = $$ ] && [ $6 = $$ ] && echo leads\n"
                       "set -- $(grep -E '^Sig(Blk|Ign)' /proc/$$/status | cut -f2)\n"
                       "echo $((0x$1)) $((0x$2 & ~0x180000000))\n");
    fsite_run(&f, RUN, &r);
    fsite_read(&f, RUN "/stdout", &out);
    buf_printf(&want, "/dev/null\n%s/" TOKEN "/files\n%04o\nleads\n0 ", f.root, mask);
    ck_assert_msg(strncmp(out.data, want.data, want.len) == 0, "%s", out.data);
    /* busybox has nothing that would take back what its shell ignores for us: INT and QUIT. */
    ck_assert_str_eq(out.data + want.len, _i == 3 ? "6\n" : "0\n");
}
END_TEST

/* Every byte but NUL, in an argument, in the environment, in a name and in the input. */
START_TEST(all_bytes_arrive)
{
    OPEN(f);
    _cleanup_(bufp) struct buf text = BUF_INIT, want = BUF_INIT, out = BUF_INIT, spec = BUF_INIT;
    struct record              r;

    for (int c = 1; c < 256; c++)
        if (c < 0x80)
            buf_add_char(&text, (char)c);
    buf_add_str(&text, "'$(touch x)`touch x`\\ -n \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 \n\n");
    buf_add_str(&spec, "{\"script\": \"#!/bin/sh\\nprintf '%s|%s|%s|' \\\"$1\\\" \\\"$2\\\" "
                       "\\\"$V\\\"; cat\\n\", \"args\": [\"-n\", \"");
    for (int pass = 0; pass < 3; pass++) {
        for (size_t i = 0; i < text.len; i++)
            buf_printf(&spec, (unsigned char)text.data[i] < ' ' || text.data[i] == '"' ||
                                      text.data[i] == '\\' ? "\\u%04x" : "%c",
                       (unsigned char)text.data[i]);
        buf_add_str(&spec, pass == 0   ? "\"], \"env\": {\"V\": \""
                           : pass == 1 ? "\"}, \"stdin\": \""
                                       : "\"}");
    }
    fsite_job(&f, TOKEN, spec.data);
    fsite_run(&f, RUN, &r);
    fsite_read(&f, RUN "/stdout", &out);
    buf_printf(&want, "-n|%s|%s|%s", text.data, text.data, text.data);
    ck_assert_str_eq(out.data, want.data);
    ck_assert(!fsite_has(&f, TOKEN "/files/x"));
}
END_TEST

START_TEST(the_environment_is_the_logins_and_the_jobs)
{
    OPEN(f);
    struct record r;

    setenv("root", "theirs", 1);
    setenv("run", "too", 1);
    fsite_job(&f, TOKEN, "{\"command\": \"echo $root $run $UID_OF-$CLUSTRIXFS_TASK."
                       "$CLUSTRIXFS_ATTEMPT $CLUSTRIXFS_JOB $CLUSTRIXFS_TOKEN; "
                       "env | grep -c ^UID=5; env | grep -c '^[kr]_'\", "
                       "\"env\": {\"UID\": \"5\", \"UID_OF\": \"a b\"}}");
    fsite_run(&f, TOKEN "/task7.attempt2", &r);
    check_file(&f, TOKEN "/task7.attempt2/stdout",
               "theirs too a b-7.2 17 " TOKEN "\n1\n0\n");
}
END_TEST

static const struct {
    const char *spec, *why;
} impossible[] = {
    { "{\"command\": \"x\", \"workdir\": \"/nonexistent\"}",
      "cannot change to its working directory /nonexistent: No such file or directory" },
    { "{\"command\": \"x\", \"workdir\": \"/dev/null\"}",
      "cannot change to its working directory /dev/null: Not a directory" },
    { "#! /no/such/shell -x\n",
      "cannot run it: the interpreter in its first line, /no/such/shell, is not on this machine" },
    { "#!/bin/sh\r\n", "cannot run it: its first line ends in CR LF, as on Windows; save it with "
                       "Unix line ends" },
    { "#!/etc/passwd\n", "cannot run it: Permission denied" },
};

START_TEST(what_cannot_start_says_why)
{
    OPEN(f);
    for (size_t i = 0; i < ARRAY_SIZE(impossible); i++) {
        char          run[64];
        struct record r;

        snprintf(run, sizeof(run), TOKEN "/attempt%zu", i + 1);
        fsite_job(&f, TOKEN, "{\"command\": \"true\"}");
        fsite_write(&f, TOKEN "/script", 0700, impossible[i].spec);
        if (impossible[i].spec[0] == '{')
            fsite_job(&f, TOKEN, impossible[i].spec);
        fsite_run(&f, run, &r);
        ck_assert_int_eq(r.cause, CAUSE_START);
        ck_assert_int_eq(r.exit_code, -1);
        ck_assert_str_eq(r.note, impossible[i].why);
        fsite_check(&f, "look", NULL, run, "ended");
    }
}
END_TEST

START_TEST(a_time_limit_ends_it)
{
    OPEN(f);
    struct record r;

    fsite_job(&f, TOKEN, "{\"command\": \"trap 'echo asked' TERM; while :; do sleep 0.1; done\", "
                       "\"time\": 1}");
    fsite_run(&f, RUN, &r);
    ck_assert_int_eq(r.cause, CAUSE_TIME_LIMIT);
    ck_assert_int_eq(r.signal, SIGKILL);
    check_file(&f, RUN "/stdout", "asked\n");
}
END_TEST

START_TEST(a_cancel_is_no_signal)
{
    OPEN(f);
    struct record r;

    fsite_job(&f, TOKEN, "{\"command\": \"trap 'echo asked; exit 9' TERM; touch ready; "
                       "while :; do sleep 0.1; done\"}");
    fsite_check(&f, "start", NULL, RUN, "started %");
    fsite_await(&f, TOKEN "/files/ready");
    fsite_check(&f, "signal", "cancel", RUN, "done");
    fsite_end(&f, RUN, &r);
    ck_assert_int_eq(r.cause, CAUSE_CANCEL);
    ck_assert_int_eq(r.exit_code, 9);
    fsite_check(&f, "signal", "cancel", RUN, "gone");
}
END_TEST

START_TEST(it_is_suspended_and_resumed_and_signalled)
{
    OPEN(f);
    struct record r;

    fsite_job(&f, TOKEN, "{\"command\": \"trap 'echo told; exit 4' USR2; touch ready; "
                       "while :; do sleep 0.1; done\"}");
    fsite_check(&f, "start", NULL, RUN, "started %");
    fsite_await(&f, TOKEN "/files/ready");
    fsite_check(&f, "signal", "suspend", RUN, "done");
    fsite_check(&f, "look", NULL, RUN, "suspended");
    fsite_check(&f, "signal", "resume", RUN, "done");
    fsite_check(&f, "look", NULL, RUN, "alive");
    fsite_check(&f, "signal", "SIGUSR2", RUN, "done");
    fsite_end(&f, RUN, &r);
    ck_assert_int_eq(r.cause, CAUSE_EXIT);
    ck_assert_int_eq(r.exit_code, 4);
    check_file(&f, RUN "/stdout", "told\n");
}
END_TEST

/* What it leaves behind ends with it. */
START_TEST(nothing_outlives_it)
{
    OPEN(f);
    _cleanup_(bufp) struct buf pid = BUF_INIT;
    char                       path[64], target[64];
    struct record              r;

    fsite_job(&f, TOKEN, "{\"command\": \"sleep 1000 & echo $!\"}");
    fsite_run(&f, RUN, &r);
    fsite_read(&f, RUN "/stdout", &pid);
    ck_assert_int_gt(atoi(pid.data), 0);
    snprintf(path, sizeof(path), "/proc/%d/fd/1", atoi(pid.data));
    ck_assert_int_lt(readlink(path, target, sizeof(target)), 0);
}
END_TEST

FAR_MAIN("far_keeper", { exit_codes_and_signals_are_told_apart, output_is_exact,
                         a_job_inherits_nothing, all_bytes_arrive,
                         the_environment_is_the_logins_and_the_jobs, what_cannot_start_says_why,
                         a_time_limit_ends_it, a_cancel_is_no_signal,
                         it_is_suspended_and_resumed_and_signalled, nothing_outlives_it })
