/*
 * test_slots.c - whose turn it is
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "live.h"

static struct cluster cluster = { .cores = 4, .memory = 1000 };
static struct place   place = { .cluster = &cluster, .open = true };
static struct job     jobs[200];

static struct job *new_job(int i, uint32_t cores, uint64_t memory, int priority)
{
    struct job *j = &jobs[i];

    memset(j, 0, sizeof(*j));
    j->v.id = JOB_ID(i + 1, 0);
    j->v.cores = cores;
    j->v.memory = memory;
    j->v.priority = priority;
    return j;
}

static struct job *queue(int i, uint32_t cores, uint64_t memory, int priority)
{
    struct job *j = new_job(i, cores, memory, priority);

    ck_assert_int_eq(slots_queue(&place, j), 0);
    return j;
}

START_TEST(first_come_first_served)
{
    queue(0, 2, 0, 0);
    queue(1, 2, 0, 0);
    queue(2, 2, 0, 0);
    ck_assert_ptr_eq(slots_next(&place), &jobs[0]);
    ck_assert_ptr_eq(slots_next(&place), &jobs[1]);
    ck_assert_ptr_null(slots_next(&place));
    slots_give(&place, &jobs[0]);
    ck_assert_ptr_eq(slots_next(&place), &jobs[2]);
    slots_release(&place);
}
END_TEST

START_TEST(priority_goes_first)
{
    queue(0, 4, 0, 0);
    queue(1, 4, 0, 5);
    queue(2, 4, 0, -5);
    ck_assert_ptr_eq(slots_next(&place), &jobs[1]);
    slots_give(&place, &jobs[1]);
    ck_assert_ptr_eq(slots_next(&place), &jobs[0]);
    slots_give(&place, &jobs[0]);
    ck_assert_ptr_eq(slots_next(&place), &jobs[2]);
    slots_release(&place);
}
END_TEST

START_TEST(a_job_that_comes_back_has_its_old_place)
{
    queue(1, 4, 0, 0);
    queue(2, 4, 0, 0);
    queue(0, 4, 0, 0);
    ck_assert_ptr_eq(slots_next(&place), &jobs[0]);
    slots_release(&place);
}
END_TEST

START_TEST(memory_counts_too)
{
    queue(0, 1, 800, 0);
    queue(1, 1, 300, 0);
    queue(2, 1, 200, 0);
    ck_assert_ptr_eq(slots_next(&place), &jobs[0]);
    ck_assert_ptr_eq(slots_next(&place), &jobs[2]);
    ck_assert_ptr_null(slots_next(&place));
    slots_release(&place);
}
END_TEST

/* After a restart, each that was only meant to be started counts until it was looked for. */
START_TEST(more_may_be_taken_than_there_is_and_all_of_it_comes_back)
{
    for (int i = 0; i < 40; i++)
        slots_take(&place, new_job(i, i < 2 ? 2 : 1, 100, 0));
    new_job(100, 1, 100, 0);
    ck_assert_int_eq(slots_queue(&place, &jobs[100]), 0);
    for (int i = 39; i >= 2; i--) {
        ck_assert_ptr_null(slots_next(&place));
        slots_give(&place, &jobs[i]);
        slots_give(&place, &jobs[i]);
    }
    ck_assert_ptr_null(slots_next(&place));
    slots_give(&place, &jobs[0]);
    ck_assert_ptr_eq(slots_next(&place), &jobs[100]);
    slots_give(&place, &jobs[1]);
    slots_give(&place, &jobs[100]);
    ck_assert_uint_eq(place.slots.cores_taken, 0);
    ck_assert_uint_eq(place.slots.memory_taken, 0);
    slots_release(&place);
}
END_TEST

START_TEST(small_ones_fill_gaps_but_never_starve_a_large_one)
{
    int started = 0;

    queue(0, 1, 0, 0);
    ck_assert_ptr_eq(slots_next(&place), &jobs[0]);
    queue(1, 4, 0, 0);
    for (int i = 2; i < 200; i++)
        queue(i, 1, 0, 0);
    /* Each small one that runs ends at once: there is always a gap the large one does not fit. */
    for (struct job *j; (j = slots_next(&place)); started++) {
        ck_assert_ptr_ne(j, &jobs[1]);
        slots_give(&place, j);
    }
    ck_assert_int_eq(started, 64);
    slots_give(&place, &jobs[0]);
    ck_assert_ptr_eq(slots_next(&place), &jobs[1]);
    slots_release(&place);
}
END_TEST

#define MANY 1500

static struct job *elements[MANY];

/* Job 1 is an array of `n`, queued; the jobs after it are queue()d. */
static void queue_array(struct job *whole, uint32_t n, uint32_t cores)
{
    for (uint32_t i = 0; i < n; i++) {
        struct job *j = calloc(1, sizeof(*j));

        j->v.id = JOB_ID(1, i + 1);
        j->v.cores = cores;
        j->whole = whole;
        ck_assert_int_eq(slots_queue(&place, j), 0);
        elements[i] = j;
    }
}

static void free_array(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        free(elements[i]);
}

START_TEST(a_throttled_array_lets_others_pass)
{
    struct spec spec = { .throttle = 1 };
    struct job  whole = { .spec = &spec };

    queue_array(&whole, MANY, 1);
    queue(1, 1, 0, 0);
    queue(2, 1, 0, 0);
    ck_assert_ptr_eq(slots_next(&place), elements[0]);
    ck_assert_ptr_eq(slots_next(&place), &jobs[1]);
    ck_assert_ptr_eq(slots_next(&place), &jobs[2]);
    ck_assert_ptr_null(slots_next(&place));
    for (uint32_t i = 0; i + 1 < MANY; i++) {
        slots_give(&place, elements[i]);
        ck_assert_ptr_eq(slots_next(&place), elements[i + 1]);
    }
    ck_assert_ptr_null(whole.tail);
    slots_release(&place);
    free_array(MANY);
}
END_TEST

START_TEST(an_array_that_does_not_fit_lets_64_others_pass)
{
    struct spec spec = { 0 };
    struct job  whole = { .spec = &spec };
    int         started = 0;

    queue(0, 1, 0, 1);
    ck_assert_ptr_eq(slots_next(&place), &jobs[0]);
    queue_array(&whole, MANY, 4);
    for (int i = 1; i < 100; i++)
        queue(i, 1, 0, 0);
    for (struct job *j; (j = slots_next(&place)); started++) {
        ck_assert_ptr_null(j->whole);
        slots_give(&place, j);
    }
    ck_assert_int_eq(started, 64);
    slots_give(&place, &jobs[0]);
    ck_assert_ptr_eq(slots_next(&place), elements[0]);
    slots_release(&place);
    free_array(MANY);
}
END_TEST

START_TEST(one_of_an_array_that_comes_back_has_its_old_place)
{
    struct spec spec = { 0 };
    struct job  whole = { .spec = &spec };

    queue_array(&whole, 3, 4);
    queue(1, 4, 0, 0);
    slots_unqueue(&place, elements[2]);
    ck_assert_ptr_eq(whole.tail, elements[1]);
    slots_unqueue(&place, elements[1]);
    slots_unqueue(&place, elements[0]);
    ck_assert_ptr_null(whole.tail);
    ck_assert_int_eq(slots_queue(&place, elements[1]), 0);
    ck_assert_int_eq(slots_queue(&place, elements[0]), 0);
    ck_assert_ptr_eq(whole.tail, elements[1]);
    ck_assert_ptr_eq(slots_next(&place), elements[0]);
    slots_give(&place, elements[0]);
    ck_assert_ptr_eq(slots_next(&place), elements[1]);
    slots_give(&place, elements[1]);
    ck_assert_ptr_eq(slots_next(&place), &jobs[1]);
    slots_release(&place);
    free_array(3);
}
END_TEST

/* In whatever order they come and go: the queue is in order of their ids, all the time. */
static void check_order(size_t n)
{
    const struct job *last = NULL;
    size_t            there = 0;

    for (const struct job *j = place.slots.ranks[0].first; j; last = j, j = j->next, there++) {
        ck_assert_ptr_eq(j->prev, last);
        if (last)
            ck_assert_uint_lt(last->v.id, j->v.id);
    }
    ck_assert_ptr_eq(place.slots.ranks[0].last, last);
    ck_assert_uint_eq(there, n);
}

START_TEST(elements_that_come_and_go_stay_in_order)
{
    struct spec spec = { 0 };
    struct job  whole = { .spec = &spec };
    unsigned    seed = 17;

    queue_array(&whole, MANY, 1);
    queue(1, 1, 0, 0);
    queue(2, 1, 0, 0);
    for (int i = 0; i < 3000; i++) {
        struct job *j = elements[(unsigned)rand_r(&seed) % MANY];

        if (j->queued)
            slots_unqueue(&place, j);
        else
            ck_assert_int_eq(slots_queue(&place, j), 0);
        if (i % 100 == 0)
            check_order(place.slots.n_queued);
    }
    for (uint32_t i = 0; i < MANY; i++)
        slots_unqueue(&place, elements[i]);
    ck_assert_ptr_null(whole.tail);
    ck_assert_ptr_null(whole.latest);
    for (uint32_t i = 0; i < MANY; i += 2)
        ck_assert_int_eq(slots_queue(&place, elements[i]), 0);
    for (uint32_t i = 1; i < MANY; i += 2)
        ck_assert_int_eq(slots_queue(&place, elements[i]), 0);
    check_order(MANY + 2);
    slots_release(&place);
    free_array(MANY);
}
END_TEST

UNIT_MAIN("slots", {
    first_come_first_served,
    priority_goes_first,
    a_job_that_comes_back_has_its_old_place,
    memory_counts_too,
    more_may_be_taken_than_there_is_and_all_of_it_comes_back,
    small_ones_fill_gaps_but_never_starve_a_large_one,
    a_throttled_array_lets_others_pass,
    an_array_that_does_not_fit_lets_64_others_pass,
    one_of_an_array_that_comes_back_has_its_old_place,
    elements_that_come_and_go_stay_in_order,
})
