/*
 * test_lent.c - what is lent is taken back, and not before it has arrived
 */
#include <pthread.h>
#include <stdatomic.h>

#include "fs/lent.h"
#include "unit.h"

static struct lent *lent;
static atomic_bool  has_answered;

START_TEST(it_is_taken_back_once_from_everywhere)
{
    ck_assert_int_eq(lent_open(&lent), 0);
    lent_give(lent, JOB_ID(7, 0), LENT_STATE(JOB_QUEUED));
    lent_give(lent, JOB_ID(7, 0), LENT_ELSEWHERE);
    lent_give(lent, JOB_ID(100000, 0), LENT_STATE(JOB_LOST));
    lent_answered(lent);
    ck_assert_uint_eq(lent_take(lent, JOB_ID(8, 0)), 0);
    ck_assert_uint_eq(lent_take(lent, JOB_ID(7, 1)), 0);
    ck_assert_uint_eq(lent_take(lent, JOB_ID(7, 0)), LENT_STATE(JOB_QUEUED) | LENT_ELSEWHERE);
    ck_assert_uint_eq(lent_take(lent, JOB_ID(7, 0)), 0);
    ck_assert_uint_eq(lent_take(lent, JOB_ID(100000, 0)), LENT_STATE(JOB_LOST));
    ck_assert_uint_eq(lent_take(lent, JOB_ID(4000000, 0)), 0);
    lent_close(lent);
}
END_TEST

START_TEST(where_nothing_is_on_its_way_nobody_waits)
{
    ck_assert_int_eq(lent_open(&lent), 0);
    lent_await(lent);
    lent_answered(lent);
    lent_await(lent);
    lent_give(lent, JOB_ID(1, 0), LENT_ELSEWHERE);
    lent_answered(lent);
    lent_await(lent);
    lent_close(lent);
}
END_TEST

static void *take_back(void *arg unused_arg)
{
    lent_await(lent);
    ck_assert(has_answered);
    return NULL;
}

START_TEST(what_is_on_its_way_is_waited_for)
{
    pthread_t thread;

    ck_assert_int_eq(lent_open(&lent), 0);
    for (int i = 0; i < 1000; i++) {
        has_answered = false;
        lent_give(lent, JOB_ID(1, 0), LENT_ELSEWHERE);
        ck_assert_int_eq(pthread_create(&thread, NULL, take_back, NULL), 0);
        has_answered = true;
        lent_answered(lent);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
    }
    lent_close(lent);
}
END_TEST

UNIT_MAIN("lent", {
    it_is_taken_back_once_from_everywhere,
    where_nothing_is_on_its_way_nobody_waits,
    what_is_on_its_way_is_waited_for,
})
