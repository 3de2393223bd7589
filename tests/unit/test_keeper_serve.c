/*
 * test_keeper_serve.c - the keeper that the local transport keeps at hand
 */
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clustrixfs/cluster.h"
#include "clustrixfs/transport.h"

static char              root[64];
static struct cluster    cluster;
static struct transport *transport;

static void open_site(void)
{
    struct error e = ERROR_INIT;

    strcpy(root, "/tmp/cfx-serve-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    cluster.keeper = getenv("KEEPER");
    ck_assert_ptr_nonnull(cluster.keeper);
    ck_assert_int_eq(transport_local.open(&transport, &cluster, &e), 0);
}

static void close_site(void)
{
    transport_local.close(transport);
    ck_assert_int_eq(rmdir(root), 0);
}

/* Ask for n runs that are not there: as many lines of "none" come back. */
static void ask(unsigned n)
{
    _cleanup_(commandp) struct command c = COMMAND_INIT;
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    struct error e = ERROR_INIT;
    char         want[64];
    const char  *at;

    ck_assert_int_eq(strv_add(&c.argv, cluster.keeper), 0);
    ck_assert_int_eq(strv_add(&c.argv, "look"), 0);
    ck_assert_int_eq(strv_add(&c.argv, root), 0);
    for (unsigned i = 1; i <= n; i++)
        ck_assert_int_eq(strv_printf(&c.argv, "cfxaaaaaaaaaaab/attempt%u", i), 0);
    ck_assert_msg(!transport_local.run(transport, &c, &o, &e), "%s", e.text);
    ck_assert_int_eq(o.status, 0);
    at = o.out.data;
    for (unsigned i = 1; i <= n; i++) {
        int len = snprintf(want, sizeof(want), "cfxaaaaaaaaaaab/attempt%u none\n", i);

        ck_assert_int_eq(strncmp(at, want, (size_t)len), 0);
        at += len;
    }
    ck_assert_str_eq(at, "");
}

static int children(pid_t *pids, int most)
{
    FILE *f = fopen("/proc/thread-self/children", "r");
    int   n = 0;

    ck_assert_ptr_nonnull(f);
    while (n < most && fscanf(f, "%d", &pids[n]) == 1)
        n++;
    fclose(f);
    return n;
}

START_TEST(one_process_answers_many_commands)
{
    pid_t first[4], later[4];

    open_site();
    ask(1);
    ck_assert_int_eq(children(first, 4), 1);
    for (unsigned n = 1; n < 100; n += 7)
        ask(n);
    ck_assert_int_eq(children(later, 4), 1);
    ck_assert_int_eq(first[0], later[0]);
    close_site();
}
END_TEST

START_TEST(it_is_started_again_when_it_was_killed)
{
    siginfo_t end;
    pid_t     pids[4];

    open_site();
    ask(2);
    ck_assert_int_eq(children(pids, 4), 1);
    ck_assert_int_eq(kill(pids[0], SIGKILL), 0);
    ck_assert_int_eq(waitid(P_PID, (id_t)pids[0], &end, WEXITED | WNOWAIT), 0);
    ask(3);
    close_site();
}
END_TEST

START_TEST(a_stopped_one_is_given_up_in_time)
{
    _cleanup_(commandp) struct command c = COMMAND_INIT;
    _cleanup_(outcomep) struct outcome o = OUTCOME_INIT;
    struct error e = ERROR_INIT;
    pid_t        pids[4];

    open_site();
    ask(1);
    ck_assert_int_eq(children(pids, 4), 1);
    ck_assert_int_eq(kill(pids[0], SIGSTOP), 0);
    ck_assert_int_eq(strv_add(&c.argv, cluster.keeper), 0);
    ck_assert_int_eq(strv_add(&c.argv, "look"), 0);
    ck_assert_int_eq(strv_add(&c.argv, root), 0);
    c.timeout_ms = 100;
    ck_assert_int_eq(transport_local.run(transport, &c, &o, &e), TRANSPORT_E_UNKNOWN);
    ck_assert_int_eq(children(pids, 4), 0);
    ask(1);
    close_site();
}
END_TEST

UNIT_MAIN("keeper serve", {
    one_process_answers_many_commands,
    it_is_started_again_when_it_was_killed,
    a_stopped_one_is_given_up_in_time,
})
