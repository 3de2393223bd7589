/*
 * test_board.c - what listings see
 */
#include "unit.h"

#include <string.h>

#include "board.h"
#include "views.h"

static struct board *b;

static void show(uint64_t number, enum job_state state, const char *name)
{
    struct job_view v = { .id = JOB_ID(number, 0), .state = state, .name = name };

    ck_assert_int_eq(board_show(b, job_view_make(&v), number % 2), 0);
}

static void fill(void)
{
    ck_assert_int_eq(board_create(&b), 0);
    show(1, JOB_RUNNING, "a");
    show(2, JOB_COMPLETED, "b");
    show(4, JOB_RUNNING, "a");
}

START_TEST(a_listing_is_ascending_and_filtered)
{
    struct job_brief v[4];

    fill();
    ck_assert_uint_eq(board_list(b, STATE_ANY, CLUSTER_ANY, 0, v, 4), 3);
    ck_assert_uint_eq(JOB_NUMBER(v[2].id), 4);
    ck_assert_uint_eq(board_list(b, JOB_RUNNING, CLUSTER_ANY, JOB_ID(1, 0), v, 4), 1);
    ck_assert_uint_eq(board_list(b, STATE_ANY, 1, 0, v, 4), 1);
    ck_assert_uint_eq(board_list(b, STATE_ANY, CLUSTER_ANY, 0, v, 2), 2);
    board_destroy(b);
}
END_TEST

START_TEST(a_dropped_view_leaves_its_brief)
{
    struct job_brief v;
    uint64_t         counts[JOB_STATE_COUNT];

    fill();
    board_drop(b, JOB_ID(2, 0));
    ck_assert_ptr_null(board_view(b, JOB_ID(2, 0)));
    ck_assert(board_brief(b, JOB_ID(2, 0), &v));
    ck_assert_int_eq(v.state, JOB_COMPLETED);
    board_counts(b, counts);
    ck_assert_uint_eq(counts[JOB_RUNNING], 2);
    board_destroy(b);
}
END_TEST

START_TEST(a_removed_job_is_nowhere)
{
    struct job_brief v;

    fill();
    board_remove(b, JOB_ID(4, 0));
    ck_assert(!board_brief(b, JOB_ID(4, 0), &v));
    ck_assert_uint_eq(board_latest(b), JOB_ID(2, 0));
    board_destroy(b);
}
END_TEST

START_TEST(numbers_only_grow)
{
    fill();
    board_set_floor(b, 9);
    ck_assert_uint_eq(board_number(b), 10);
    board_set_floor(b, 3);
    ck_assert_uint_eq(board_number(b), 11);
    board_destroy(b);
}
END_TEST

START_TEST(a_view_in_hand_outlives_the_next_one)
{
    struct job_view *v;

    fill();
    v = board_view(b, JOB_ID(1, 0));
    show(1, JOB_COMPLETED, "a");
    ck_assert_int_eq(v->state, JOB_RUNNING);
    job_view_unref(v);
    board_destroy(b);
}
END_TEST

UNIT_MAIN("board", {
    a_listing_is_ascending_and_filtered,
    a_dropped_view_leaves_its_brief,
    a_removed_job_is_nowhere,
    numbers_only_grow,
    a_view_in_hand_outlives_the_next_one,
})
