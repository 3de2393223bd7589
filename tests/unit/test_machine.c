/*
 * test_machine.c - the table of moves keeps its promises
 */
#include "unit.h"

#include "clustrixfs/job.h"

START_TEST(an_end_is_left_only_by_a_new_attempt)
{
    for (int s = JOB_COMPLETED; s < JOB_STATE_COUNT; s++)
        for (int ev = EV_NONE; ev < JOB_EVENT_COUNT; ev++) {
            enum job_state to = job_next((enum job_state)s, (enum job_event)ev);

            if (ev == EV_RETRIED)
                ck_assert_int_eq(to, JOB_ACCEPTED);
            else if (s == JOB_LOST && ev == EV_EXITED)
                ck_assert_int_eq(to, JOB_COLLECTING);
            else
                ck_assert_msg(to == JOB_NONE, "%s on %s", job_event_name((enum job_event)ev),
                              job_state_name((enum job_state)s));
        }
}
END_TEST

START_TEST(completed_needs_collected_evidence)
{
    for (int s = JOB_NONE; s < JOB_STATE_COUNT; s++)
        for (int ev = EV_NONE; ev < JOB_EVENT_COUNT; ev++)
            if (job_next((enum job_state)s, (enum job_event)ev) == JOB_COMPLETED) {
                ck_assert_int_eq(s, JOB_COLLECTING);
                ck_assert_int_eq(ev, EV_COMPLETED);
            }
}
END_TEST

START_TEST(nothing_is_cancelled_while_its_submission_is_unknown)
{
    ck_assert_int_eq(job_next(JOB_SUBMITTING, EV_CANCELLED), JOB_NONE);
    ck_assert_int_eq(job_next(JOB_RUNNING, EV_CANCELLED), JOB_NONE);
}
END_TEST

START_TEST(only_a_certain_no_leads_back_from_submitting)
{
    for (int ev = EV_NONE; ev < JOB_EVENT_COUNT; ev++)
        if (job_next(JOB_SUBMITTING, (enum job_event)ev) == JOB_QUEUED)
            ck_assert(ev == EV_ABSENT || ev == EV_SUBMITTED);
    ck_assert_int_eq(job_next(JOB_SUBMITTING, EV_SUBMITTING), JOB_NONE);
}
END_TEST

/* A job that has begun is never sent a second time on the word of a scheduler alone. */
START_TEST(only_what_waits_is_forgotten)
{
    for (int s = JOB_NONE; s < JOB_STATE_COUNT; s++)
        ck_assert_int_eq(job_next((enum job_state)s, EV_FORGOTTEN),
                         s == JOB_QUEUED || s == JOB_HELD ? JOB_QUEUED : JOB_NONE);
}
END_TEST

START_TEST(what_a_node_could_not_start_waits_again)
{
    for (int s = JOB_NONE; s < JOB_STATE_COUNT; s++) {
        bool there = s == JOB_QUEUED || s == JOB_HELD || s == JOB_RUNNING || s == JOB_SUSPENDED;

        ck_assert_int_eq(job_next((enum job_state)s, EV_UNSTARTED), there ? JOB_QUEUED : JOB_NONE);
    }
}
END_TEST

START_TEST(every_live_state_can_be_left)
{
    for (int s = JOB_ACCEPTED; s < JOB_COMPLETED; s++) {
        int ways = 0;

        for (int ev = EV_NONE; ev < JOB_EVENT_COUNT; ev++)
            ways += job_next((enum job_state)s, (enum job_event)ev) != JOB_NONE;
        ck_assert_msg(ways > 0, "%s", job_state_name((enum job_state)s));
    }
}
END_TEST

START_TEST(numbers_out_of_range_move_nothing)
{
    ck_assert_int_eq(job_next((enum job_state)99, EV_STARTED), JOB_NONE);
    ck_assert_int_eq(job_next(JOB_QUEUED, (enum job_event)99), JOB_NONE);
}
END_TEST

UNIT_MAIN("machine", {
    an_end_is_left_only_by_a_new_attempt,
    completed_needs_collected_evidence,
    nothing_is_cancelled_while_its_submission_is_unknown,
    only_a_certain_no_leads_back_from_submitting,
    only_what_waits_is_forgotten,
    what_a_node_could_not_start_waits_again,
    every_live_state_can_be_left,
    numbers_out_of_range_move_nothing,
})
