/*
 * test_given.c - what the kernel may have of a job, and of which element
 */
#include "clustrixfs/service.h"
#include "fs/given.h"
#include "fs/watched.h"
#include "unit.h"

START_TEST(what_was_given_is_known)
{
    const job_id given[] = { JOB_ID(1, 0), JOB_ID(700000, 0), JOB_ID(63, 0), JOB_ID(64, 0) };
    struct given g = { 0 };

    ck_assert(!given_job(&g, JOB_ID(1, 0)));
    for (size_t i = 0; i < ARRAY_SIZE(given); i++)
        given_add(&g, given[i], 0);
    for (size_t i = 0; i < ARRAY_SIZE(given); i++)
        ck_assert(given_job(&g, given[i]));
    ck_assert(!given_job(&g, JOB_ID(2, 0)));
    ck_assert(!given_job(&g, JOB_ID(65, 0)));
    ck_assert(!given_job(&g, JOB_ID(9000000, 0)));
    given_release(&g);
}
END_TEST

START_TEST(of_an_array_each_element_is_one)
{
    struct given g = { 0 };

    given_add(&g, JOB_ID(9, 100000), 0);
    given_add(&g, JOB_ID(3, 1), 2);
    given_add(&g, JOB_ID(5, 0), 0);
    ck_assert(given_job(&g, JOB_ID(9, 100000)));
    ck_assert(given_job(&g, JOB_ID(3, 1)));
    ck_assert(!given_job(&g, JOB_ID(9, 1)));
    ck_assert(!given_job(&g, JOB_ID(9, 100001)));
    ck_assert(!given_job(&g, JOB_ID(3, 2)));
    ck_assert(!given_job(&g, JOB_ID(5, 5)));
    /* The whole is none of them. */
    ck_assert(!given_job(&g, JOB_ID(9, 0)));
    ck_assert(given_job(&g, JOB_ID(5, 0)));
    ck_assert(!given_job(&g, JOB_ID(4, 0)));
    ck_assert_uint_eq(g.attempts, 2);
    given_release(&g);
}
END_TEST

START_TEST(a_listing_is_taken_back_once)
{
    struct given g = { .listings = LISTING_JOBS | LISTING_STATE(JOB_RUNNING) };

    ck_assert_uint_eq(given_take_listings(&g, CHANGE_JOB_STATE), LISTING_STATE(JOB_RUNNING));
    ck_assert_uint_eq(given_take_listings(&g, CHANGE_JOB_STATE), 0);
    ck_assert_uint_eq(given_take_listings(&g, CHANGE_JOB_NEW), LISTING_JOBS);
    ck_assert_uint_eq(g.listings, 0);
}
END_TEST

UNIT_MAIN("given", {
    what_was_given_is_known,
    of_an_array_each_element_is_one,
    a_listing_is_taken_back_once,
})
