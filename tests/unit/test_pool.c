/*
 * test_pool.c - work is done once, by several threads, and all of it before the pool is closed
 */
#include "unit.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "fs/mount.h"

#define THREADS 4
#define MANY 1000

static void count(void *arg)
{
    atomic_fetch_add((atomic_uint *)arg, 1);
}

START_TEST(everything_is_done_once)
{
    atomic_uint  done[MANY] = { 0 };
    struct pool *p;

    ck_assert_int_eq(pool_open(&p, THREADS), 0);
    for (size_t i = 0; i < MANY; i++)
        ck_assert_int_eq(pool_run(p, count, &done[i]), 0);
    pool_close(p);
    for (size_t i = 0; i < MANY; i++)
        ck_assert_uint_eq(atomic_load(&done[i]), 1);
}
END_TEST

/* Each waits for all the others: that ends only when they run at the same time. */
static void meet(void *arg)
{
    pthread_barrier_wait(arg);
}

START_TEST(one_that_waits_holds_up_nobody)
{
    pthread_barrier_t all;
    struct pool      *p;

    pthread_barrier_init(&all, NULL, THREADS);
    ck_assert_int_eq(pool_open(&p, THREADS), 0);
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pool_run(p, meet, &all), 0);
    pool_close(p);
    pthread_barrier_destroy(&all);
}
END_TEST

static void look_at_signals(void *arg)
{
    sigset_t blocked;

    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    *(int *)arg = sigismember(&blocked, SIGTERM);
}

START_TEST(signals_are_for_the_loop)
{
    int          blocked = -1;
    sigset_t     mine;
    struct pool *p;

    ck_assert_int_eq(pool_open(&p, 1), 0);
    ck_assert_int_eq(pool_run(p, look_at_signals, &blocked), 0);
    pool_close(p);
    ck_assert_int_eq(blocked, 1);
    pthread_sigmask(SIG_SETMASK, NULL, &mine);
    ck_assert_int_eq(sigismember(&mine, SIGTERM), 0);
}
END_TEST

START_TEST(closing_nothing_is_fine)
{
    pool_close(NULL);
}
END_TEST

UNIT_MAIN("pool", {
    everything_is_done_once,
    one_that_waits_holds_up_nobody,
    signals_are_for_the_loop,
    closing_nothing_is_fine,
})
