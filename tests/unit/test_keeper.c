/*
 * test_keeper.c - how jobs start and end under the real keeper
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "site.h"
#include "unit.h"

static void check_file(struct site *s, const char *path, const char *text)
{
    _cleanup_(bufp) struct buf out = BUF_INIT;

    site_read(s, path, &out);
    ck_assert_str_eq(out.data, text);
}

START_TEST(exit_codes_are_seen)
{
    _cleanup_(sitep) struct site s = SITE_INIT;
    struct record                r;

    site_open(&s);
    site_script(&s, "#!/bin/sh\nexit $((CLUSTRIXFS_ATTEMPT * 3 - 3))\n");
    site_run(&s, RUN, &r);
    ck_assert_int_eq(r.cause, CAUSE_EXIT);
    ck_assert_int_eq(r.exit_code, 0);
    ck_assert_int_gt(r.job_pid, 0);
    ck_assert_int_gt(r.started_ns, 0);
    ck_assert_int_ge(r.ended_ns, r.started_ns);
    ck_assert_uint_gt(r.usage.max_memory, 100 * 1024);
    ck_assert_uint_lt(r.usage.max_memory, 100 * 1024 * 1024);
    site_run(&s, TOKEN "/attempt2", &r);
    ck_assert_int_eq(r.cause, CAUSE_EXIT);
    ck_assert_int_eq(r.exit_code, 3);
}
END_TEST

/* The hint comes after the record: who is woken by it finds the record there. */
START_TEST(ends_are_announced)
{
    _cleanup_(sitep) struct site s = SITE_INIT;
    _cleanup_(bufp) struct buf   seen = BUF_INIT;
    struct pollfd                p = { .events = POLLIN };
    struct record                r;
    char                         path[128];

    site_open(&s);
    site_script(&s, "#!/bin/sh\n");
    snprintf(path, sizeof path, "%s/events", s.root);
    p.fd = transport_local.follow(s.transport, path, NULL);
    site_start(&s, RUN);
    while (seen.len == 0) {
        ck_assert_int_eq(poll(&p, 1, 10000), 1);
        ck_assert_int_eq(transport_local.follow_read(s.transport, &seen, NULL), 0);
    }
    ck_assert_str_eq(seen.data, "end " RUN "\n");
    site_record(&s, RUN, RECORD_EXIT, &r);
    ck_assert_int_eq(r.cause, CAUSE_EXIT);
}
END_TEST

START_TEST(a_signal_is_seen)
{
    _cleanup_(sitep) struct site s = SITE_INIT;
    struct record                r;

    site_open(&s);
    site_script(&s, "#!/bin/sh\nkill -SEGV $$\n");
    site_run(&s, RUN, &r);
    ck_assert_int_eq(r.cause, CAUSE_SIGNAL);
    ck_assert_int_eq(r.signal, SIGSEGV);
    ck_assert_int_eq(r.exit_code, -1);
}
END_TEST

START_TEST(output_is_exact)
{
    _cleanup_(sitep) struct site s = SITE_INIT;
    _cleanup_(bufp) struct buf   out = BUF_INIT, err = BUF_INIT;
    struct record                r;

    site_open(&s);
    site_script(&s, "#!/bin/sh\nprintf 'a\\000b\\377\\n'; printf 'no newline' >&2\n"
                    "echo reopened >>/dev/stdout\n");
    site_run(&s, RUN, &r);
    site_read(&s, RUN "/stdout", &out);
    site_read(&s, RUN "/stderr", &err);
    ck_assert_uint_eq(out.len, 14);
    ck_assert_int_eq(memcmp(out.data, "a\0b\377\nreopened\n", 14), 0);
    ck_assert_str_eq(err.data, "no newline");
}
END_TEST

/* Three descriptors, no signal ignored or blocked (but the two that belong to the C library, and
 * which its posix_spawn() leaves so), a session of its own, its own directory. */
START_TEST(a_job_inherits_nothing)
{
    _cleanup_(sitep) struct site s = SITE_INIT;
    _cleanup_(bufp) struct buf   out = BUF_INIT, want = BUF_INIT;
    struct record                r;

    site_open(&s);
    site_script(&s, "#!/bin/sh\n"
                    "ls /proc/self/fd | tr '\\n' ' '; echo # its own 3 is the directory it lists\n"
                    "readlink /proc/self/fd/0; pwd\n"
                    "set -- $(grep -E '^Sig(Blk|Ign)' /proc/$$/status | cut -f2)\n"
                    "echo $((0x$1)) $((0x$2 & ~0x180000000))\n"
                    "set -- $(cat /proc/$$/stat); [ $5 = $$ ] && [ $6 = $$ ] && echo leads\n");
    ck_assert_ptr_ne(signal(SIGPIPE, SIG_IGN), SIG_ERR);
    ck_assert_int_ge(dup2(1, 77), 0);
    site_run(&s, RUN, &r);
    site_read(&s, RUN "/stdout", &out);
    buf_printf(&want, "0 1 2 3 \n/dev/null\n%s/" TOKEN "/files\n0 0\nleads\n", s.root);
    ck_assert_str_eq(out.data, want.data);
}
END_TEST

START_TEST(input_and_environment_arrive)
{
    _cleanup_(sitep) struct site s = SITE_INIT;
    char                         path[128];
    struct record                r;

    site_open(&s);
    site_write(&s, "stdin", "one\ntwo");
    site_script(&s, "#!/bin/sh\ncat; echo \"|$LINES_OF|$EMPTY|$CLUSTRIXFS_TASK|$CLUSTRIXFS_ATTEMPT"
                    "|$1|$2\"\n");
    snprintf(path, sizeof path, "%s/" TOKEN "/stdin", s.root);
    site_plan(&s, "stdin", path);
    site_plan(&s, "env", "LINES_OF=first\nsecond = 'x'");
    site_plan(&s, "env", "EMPTY=");
    site_plan(&s, "arg", "an argument\n");
    site_plan(&s, "arg", "");
    site_run(&s, TOKEN "/task7.attempt2", &r);
    check_file(&s, TOKEN "/task7.attempt2/stdout",
               "one\ntwo|first\nsecond = 'x'||7|2|an argument\n|\n");
    site_run(&s, RUN, &r);
    check_file(&s, RUN "/stdout", "one\ntwo|first\nsecond = 'x'|||1|an argument\n|\n");
}
END_TEST

/* It ended at once, the claim stays, and the note says what to do. */
START_TEST(what_cannot_start_says_why)
{
    static const struct {
        const char *script, *note;
    } cases[] = {
        { "#!/no/such/interpreter -x\n", "/no/such/interpreter, is not on this machine" },
        { "#!/bin/sh\r\necho\r\n", "CR LF" },
        { "\x7f" "ELF, but not really", "Exec format error" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(sitep) struct site s = SITE_INIT;
        struct record                r;
        char                         word[32];

        site_open(&s);
        site_script(&s, cases[i].script);
        site_run(&s, RUN, &r);
        ck_assert_int_eq(r.cause, CAUSE_START);
        ck_assert_int_eq(r.exit_code, -1);
        ck_assert_msg(strstr(r.note, cases[i].note) != NULL, "%s", r.note);
        site_look(&s, RUN, word);
        ck_assert_str_eq(word, "ended");
    }
}
END_TEST

START_TEST(a_missing_workdir_says_so)
{
    _cleanup_(sitep) struct site s = SITE_INIT;
    struct record                r;

    site_open(&s);
    site_script(&s, "#!/bin/sh\n");
    site_plan(&s, "cwd", "/no/such/place");
    site_run(&s, RUN, &r);
    ck_assert_int_eq(r.cause, CAUSE_START);
    ck_assert_str_eq(r.note, "cannot change to its working directory /no/such/place: No such file "
                             "or directory");
}
END_TEST

static void check_failed_start(struct site *s, const char *run, const char *why)
{
    _cleanup_(bufp) struct buf out = BUF_INIT;
    char                       want[200], path[300];

    site_ask(s, "start", NULL, run, &out);
    snprintf(want, sizeof want, "%s failed ", run);
    ck_assert_msg(strncmp(out.data, want, strlen(want)) == 0, "%s", out.data);
    ck_assert_msg(strstr(out.data, why) != NULL, "%s", out.data);
    snprintf(path, sizeof path, "%s/%s", s->root, run);
    ck_assert_int_lt(access(path, F_OK), 0);
}

/* Certainly nothing was run, and nothing is left. */
START_TEST(a_failed_start_leaves_nothing)
{
    _cleanup_(sitep) struct site s = SITE_INIT;

    site_open(&s);
    check_failed_start(&s, RUN, "plan");
    site_write(&s, "plan", "arg=/bin/true");
    check_failed_start(&s, RUN, "cut short");
    check_failed_start(&s, "cfxnosuchtoken1/attempt1", "plan");
    check_failed_start(&s, TOKEN "/attempt01", "TOKEN/RUN");
    check_failed_start(&s, "../attempt1", "TOKEN/RUN");
}
END_TEST

/* The plan of a newer version may ask for a bound that this keeper would leave out. */
START_TEST(an_unknown_key_is_refused)
{
    _cleanup_(sitep) struct site s = SITE_INIT;

    site_open(&s);
    site_script(&s, "#!/bin/sh\n");
    site_plan(&s, "gpus", "1");
    site_put_plan(&s);
    check_failed_start(&s, RUN, "gpus=1");
}
END_TEST

/* Fifty at once, in one command and in many: one runs it, and every other is told so. */
START_TEST(a_run_starts_once)
{
    enum { COMMANDS = 10, EACH = 5 };
    _cleanup_(sitep) struct site s = SITE_INIT;
    _cleanup_(bufp) struct buf   witness = BUF_INIT;
    struct record                r;
    int                          null;

    site_open(&s);
    site_script(&s, "#!/bin/sh\necho ran >>witness\n");
    site_run(&s, TOKEN "/attempt2", &r);
    null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    for (int i = 0; i < COMMANDS; i++) {
        pid_t pid = fork();

        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
            dup2(null, 1);
            execl(s.keeper, s.keeper, "start", s.root, RUN, RUN, RUN, RUN, RUN, NULL);
            _exit(127);
        }
    }
    for (int i = 0, status; i < COMMANDS; i++) {
        ck_assert_int_gt(wait(&status), 0);
        ck_assert_int_eq(status, 0);
    }
    close(null);
    site_end(&s, RUN, &r);
    site_read(&s, TOKEN "/files/witness", &witness);
    ck_assert_str_eq(witness.data, "ran\nran\n");

    _cleanup_(bufp) struct buf again = BUF_INIT;
    site_ask(&s, "start", NULL, RUN, &again);
    ck_assert_str_eq(again.data, RUN " claimed\n");
}
END_TEST

UNIT_MAIN("keeper", { exit_codes_are_seen, ends_are_announced, a_signal_is_seen, output_is_exact,
                      a_job_inherits_nothing, input_and_environment_arrive,
                      what_cannot_start_says_why, a_missing_workdir_says_so,
                      a_failed_start_leaves_nothing, an_unknown_key_is_refused,
                      a_run_starts_once })
