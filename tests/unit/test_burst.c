/*
 * test_burst.c - when starts are gathered, and that they never are for long
 */
#include "unit.h"

#include "burst.h"
#include "clustrixfs/clock.h"

#define T0 (1000 * NS_PER_S)

START_TEST(a_few_jobs_start_at_once)
{
    struct burst b = { 0 };

    for (int i = 0; i < 7; i++) {
        burst_add(&b, T0 + i);
        ck_assert_int_eq(burst_gathers(&b, T0 + i), 0);
    }
}
END_TEST

START_TEST(slow_submissions_start_at_once)
{
    struct burst b = { 0 };

    for (int i = 0; i < 100; i++) {
        burst_add(&b, T0 + i * NS_PER_S / 10);
        ck_assert_int_eq(burst_gathers(&b, T0 + i * NS_PER_S / 10), 0);
    }
}
END_TEST

/* A submission each 5 ms: five rounds of starts a second, and the last after the burst. */
START_TEST(in_a_burst_they_start_together)
{
    struct burst b = { 0 };
    int          rounds = 0;
    int64_t      until = 0, now = T0;

    for (int i = 0; i < 400; i++, now += 5 * NS_PER_MS) {
        burst_add(&b, now);
        until = burst_gathers(&b, now);
        rounds += i >= 200 && !until;
        ck_assert_int_le(until, now + NS_PER_S / 10);
        ck_assert(!until || until > now);
    }
    ck_assert_int_ge(rounds, 4);
    ck_assert_int_le(rounds, 6);
    while ((until = burst_gathers(&b, now)))
        now = until;
    now += NS_PER_S;
    ck_assert_int_eq(burst_gathers(&b, now), 0);
    ck_assert_int_eq(burst_gathers(&b, now), 0);
}
END_TEST

UNIT_MAIN("burst", { a_few_jobs_start_at_once, slow_submissions_start_at_once,
                     in_a_burst_they_start_together })
