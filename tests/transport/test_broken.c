/*
 * test_broken.c - links that break: stopped, killed, cut off, and given up
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit/unit.h"
#include "clustrixfs/clock.h"
#include "clustrixfs/cluster.h"
#include "clustrixfs/transport.h"
#include "sshd.h"

static const struct transport_ops *const kinds[] = {&transport_ssh, &transport_openssh};

struct site {
    struct sshd sshd;
    struct cluster cluster;
    const struct transport_ops *ops;
    struct transport *t;
    struct error e;
};

static void site_open(struct site *s, const struct transport_ops *ops)
{
    static char name[] = "far";

    *s = (struct site){.ops = ops, .cluster = {.name = name, .host = name, .alive_s = 3}};
    sshd_start(&s->sshd, NULL, NULL);
    ck_assert_msg(ops->open(&s->t, &s->cluster, &s->e) == 0, "%s", s->e.text);
    ck_assert_msg(ops->connect(s->t, &s->e) == 0, "%s", s->e.text);
}

static void sitep_cleanup(struct site *s)
{
    s->ops->close(s->t);
    sshd_stop(&s->sshd);
}

/* From now on a link is dead that is silent for so long. */
static void set_alive(struct site *s, uint32_t seconds)
{
    s->cluster.alive_s = seconds;
    s->ops->disconnect(s->t);
    ck_assert_msg(s->ops->connect(s->t, &s->e) == 0, "%s", s->e.text);
}

static int run(struct site *s, const char *script, unsigned timeout_ms)
{
    _cleanup_(commandp) struct command c = COMMAND_INIT;
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;

    ck_assert_int_eq(strv_add(&c.argv, "/bin/sh"), 0);
    ck_assert_int_eq(strv_add(&c.argv, "-c"), 0);
    ck_assert_int_eq(strv_add(&c.argv, script), 0);
    c.timeout_ms = timeout_ms;
    return s->ops->run(s->t, &c, &o, &s->e);
}

static double seconds_since(int64_t begin)
{
    return (double)(clock_mono_ns() - begin) / 1e9;
}

/* Nothing works until connect() is said, and then all does. */
static void check_connects_again(struct site *s)
{
    ck_assert_int_eq(run(s, "true", 0), TRANSPORT_E_NOT_RUN);
    s->cluster.alive_s = 15;
    ck_assert_msg(s->ops->connect(s->t, &s->e) == 0, "%s", s->e.text);
    ck_assert_msg(run(s, "true", 0) == 0, "%s", s->e.text);
}

START_TEST(a_stopped_host_is_not_waited_for)
{
    _cleanup_(sitep) struct site s;
    int64_t begin;

    site_open(&s, kinds[_i]);
    sshd_signal(&s.sshd, SIGSTOP);
    begin = clock_mono_ns();
    ck_assert_int_eq(run(&s, "true", 500), TRANSPORT_E_UNKNOWN);
    ck_assert(seconds_since(begin) < 5);
    sshd_signal(&s.sshd, SIGCONT);
    check_connects_again(&s);
}
END_TEST

/* The script kills the very connection that it came over. */
static const char suicide[] =
    "p=$$; while :; do p=$(ps -o ppid= -p $p | tr -d ' '); "
    "case $(ps -o comm= -p $p) in sshd) break ;; esac; done; kill -9 $p; sleep 30";

START_TEST(a_killed_connection_cannot_be_told)
{
    _cleanup_(sitep) struct site s;
    int64_t begin;

    site_open(&s, kinds[_i]);
    begin = clock_mono_ns();
    ck_assert_int_eq(run(&s, suicide, 0), TRANSPORT_E_UNKNOWN);
    ck_assert(seconds_since(begin) < 20);
    check_connects_again(&s);
}
END_TEST

static void drop(const struct site *s, const char *what)
{
    must("iptables -w %s INPUT -i lo -p tcp --dport %u -j DROP; "
         "iptables -w %s INPUT -i lo -p tcp --sport %u -j DROP",
         what, s->sshd.port, what, s->sshd.port);
}

/* Whatever we have sent is on its way for ever: noticed within alive_s, however long a command may
 * take. */
START_TEST(dropped_packets_are_noticed_while_a_command_runs)
{
    _cleanup_(sitep) struct site s;
    int64_t begin;

    if (geteuid() != 0)
        return;
    site_open(&s, kinds[_i]);
    set_alive(&s, 3);
    drop(&s, "-I");
    begin = clock_mono_ns();
    ck_assert_int_eq(run(&s, "true", 30000), TRANSPORT_E_UNKNOWN);
    ck_assert_msg(seconds_since(begin) < 6, "it took %.1f s", seconds_since(begin));
    begin = clock_mono_ns();
    ck_assert_int_eq(s.ops->connect(s.t, &s.e), TRANSPORT_E_NOT_RUN);
    ck_assert_msg(seconds_since(begin) < 6, "it took %.1f s", seconds_since(begin));
    drop(&s, "-D");
    check_connects_again(&s);
}
END_TEST

/* And while there is nothing to do: the descriptor tells. */
START_TEST(dropped_packets_are_noticed_when_nothing_is_said)
{
    _cleanup_(sitep) struct site s;
    _cleanup_(bufp) struct buf b = BUF_INIT;
    struct pollfd p = {.events = POLLIN};

    if (geteuid() != 0)
        return;
    site_open(&s, kinds[_i]);
    set_alive(&s, 3);
    p.fd = s.ops->follow(s.t, sshd_path(&s.sshd, "events"), &s.e);
    ck_assert_msg(p.fd >= 0, "%s", s.e.text);
    drop(&s, "-I");
    ck_assert_msg(poll(&p, 1, 6000) == 1, "nothing was noticed");
    drop(&s, "-D");
    ck_assert_int_eq(s.ops->follow_read(s.t, &b, &s.e), -ENOTCONN);
    check_connects_again(&s);
    p.fd = s.ops->follow(s.t, sshd_path(&s.sshd, "events"), &s.e);
    ck_assert_msg(p.fd >= 0, "%s", s.e.text);
}
END_TEST

/* Not even the program that followed the file. */
START_TEST(nothing_is_left_there_when_a_connection_ends)
{
    _cleanup_(sitep) struct site s;
    int i;

    site_open(&s, kinds[_i]);
    ck_assert_int_ge(s.ops->follow(s.t, sshd_path(&s.sshd, "events"), &s.e), 0);
    must("pgrep -f '^tail .*%s/events' >/dev/null", s.sshd.dir);
    sshd_signal(&s.sshd, SIGKILL);
    for (i = 0; i < 1000 && may("pgrep -f '^tail .*%s/events' >/dev/null", s.sshd.dir) == 0; i++)
        usleep(10000);
    ck_assert_msg(i < 1000, "tail goes on");
}
END_TEST

static void *interrupt_soon(void *arg)
{
    struct site *s = arg;

    /* Until the command is at it. */
    while (access(sshd_path(&s->sshd, "running"), F_OK) < 0)
        usleep(1000);
    s->ops->interrupt(s->t);
    return NULL;
}

START_TEST(an_interrupt_ends_a_command_and_all_after_it)
{
    _cleanup_(sitep) struct site s;
    pthread_t thread;
    char script[200];
    int64_t begin;

    site_open(&s, kinds[_i]);
    snprintf(script, sizeof script, ": >%s/running; exec sleep 20", s.sshd.dir);
    ck_assert_int_eq(pthread_create(&thread, NULL, interrupt_soon, &s), 0);
    begin = clock_mono_ns();
    ck_assert_int_eq(run(&s, script, 0), TRANSPORT_E_UNKNOWN);
    ck_assert(seconds_since(begin) < 5);
    pthread_join(thread, NULL);
    begin = clock_mono_ns();
    ck_assert_int_eq(run(&s, "true", 0), TRANSPORT_E_NOT_RUN);
    ck_assert_int_eq(s.ops->connect(s.t, &s.e), TRANSPORT_E_NOT_RUN);
    ck_assert(seconds_since(begin) < 1);
}
END_TEST

static int slow(void *arg, const char *data, size_t n)
{
    struct site *s = arg;

    (void)data;
    (void)n;
    must(": >%s/running", s->sshd.dir);
    return 0;
}

START_TEST(an_interrupt_ends_a_long_read)
{
    _cleanup_(sitep) struct site s;
    pthread_t thread;

    site_open(&s, kinds[_i]);
    must("truncate -s 1T %s/endless", s.sshd.dir);
    ck_assert_int_eq(pthread_create(&thread, NULL, interrupt_soon, &s), 0);
    ck_assert_int_eq(s.ops->read(s.t, sshd_path(&s.sshd, "endless"), 0, UINT64_MAX, slow, &s, &s.e),
                     TRANSPORT_E_UNKNOWN);
    pthread_join(thread, NULL);
}
END_TEST

static int cut(void *arg, const char *data, size_t n)
{
    struct site *s = arg;

    (void)data;
    (void)n;
    sshd_signal(&s->sshd, SIGKILL);
    return 0;
}

START_TEST(a_read_that_is_cut_off_is_no_end_of_file)
{
    _cleanup_(sitep) struct site s;

    site_open(&s, kinds[_i]);
    must("truncate -s 1T %s/endless", s.sshd.dir);
    ck_assert_int_eq(s.ops->read(s.t, sshd_path(&s.sshd, "endless"), 0, UINT64_MAX, cut, &s, &s.e),
                     TRANSPORT_E_UNKNOWN);
    check_connects_again(&s);
}
END_TEST

static void *kill_soon(void *arg)
{
    struct site *s = arg;

    while (access(sshd_path(&s->sshd, "out.part/big"), F_OK) < 0)
        usleep(1000);
    sshd_signal(&s->sshd, SIGKILL);
    return NULL;
}

START_TEST(a_move_that_is_cut_off_begins_again)
{
    _cleanup_(sitep) struct site s;
    pthread_t thread;
    char here[200], there[200];

    site_open(&s, kinds[_i]);
    must("cd %s && mkdir in && head -c 300000000 /dev/zero >in/big && echo a >in/z", s.sshd.dir);
    snprintf(here, sizeof here, "%s/in", s.sshd.dir);
    snprintf(there, sizeof there, "%s/out", s.sshd.dir);
    ck_assert_int_eq(pthread_create(&thread, NULL, kill_soon, &s), 0);
    ck_assert_int_eq(s.ops->move_in(s.t, here, there, &s.e), TRANSPORT_E_UNKNOWN);
    pthread_join(thread, NULL);
    must("cd %s && [ ! -e out ] && [ -e in/z ]", s.sshd.dir);
    check_connects_again(&s);
    ck_assert_msg(s.ops->move_in(s.t, here, there, &s.e) == 0, "%s", s.e.text);
    must("cd %s && [ $(stat -c %%s out/big) = 300000000 ] && [ -e out/z ] && [ ! -e in ] && "
         "[ ! -e out.part ]",
         s.sshd.dir);
}
END_TEST

START_TEST(a_full_disk_says_so)
{
    _cleanup_(sitep) struct site s;
    _cleanup_(far_filesp) struct far_files files = FAR_FILES_INIT;
    _cleanup_(bufp) struct buf data = BUF_INIT;

    if (geteuid() != 0)
        return;
    site_open(&s, kinds[_i]);
    must("cd %s && mkdir small in && mount -t tmpfs -o size=1m none small && "
         "head -c 3000000 /dev/zero >in/big",
         s.sshd.dir);
    ck_assert_int_eq(buf_set_len(&data, 2000000), 0);
    ck_assert_int_eq(far_files_add(&files, sshd_path(&s.sshd, "small/a"), 0600, buf_span(&data)),
                     0);
    int put = s.ops->put(s.t, &files, &s.e), moved;
    struct error why = s.e;
    int again = run(&s, "true", 0);
    moved = s.ops->move_in(s.t, sshd_path(&s.sshd, "in"), sshd_path(&s.sshd, "small/in"), &s.e);
    must("umount %s/small", s.sshd.dir);
    ck_assert_msg(put == -ENOSPC, "%d %s", put, why.text);
    ck_assert_int_eq(again, 0);
    ck_assert_msg(moved < 0 && strstr(s.e.text, "No space left"), "%d %s", moved, s.e.text);
    must("cd %s && [ -e in/big ]", s.sshd.dir);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        a_stopped_host_is_not_waited_for,
        a_killed_connection_cannot_be_told,
        dropped_packets_are_noticed_while_a_command_runs,
        dropped_packets_are_noticed_when_nothing_is_said,
        nothing_is_left_there_when_a_connection_ends,
        an_interrupt_ends_a_command_and_all_after_it,
        an_interrupt_ends_a_long_read,
        a_read_that_is_cut_off_is_no_end_of_file,
        a_move_that_is_cut_off_begins_again,
        a_full_disk_says_so,
    };
    Suite *suite = suite_create("broken");
    SRunner *runner = srunner_create(suite);
    int failed;

    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        TCase *one = tcase_create(tests[i]->name);

        tcase_set_timeout(one, 60);
        tcase_add_loop_test(one, tests[i], 0, (int)ARRAY_SIZE(kinds));
        suite_add_tcase(suite, one);
    }
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
