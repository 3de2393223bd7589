/*
 * test_window.c - how many bytes a server may have under way to us
 */
#include "unit.h"

#include "clustrixfs/clock.h"
#include "ssh-window.h"

static struct window window;
static int64_t       now;
static uint64_t      come;

static void sign_after(int64_t took_ns)
{
    window_ask(&window, now, come);
    now += took_ns;
    come += 36;
    window_size(&window, now, come);
}

static void begin(int64_t round_trip_ns)
{
    window = (struct window){ 0 };
    now = NS_PER_S;
    come = 1000;
    sign_after(round_trip_ns);
}

/* A link that carries so much in a round trip, or what the window lets it. */
static size_t read_for(int slots, int64_t slot_ns, uint64_t carries)
{
    size_t size = 0;

    for (int i = 0; i < slots; i++) {
        size_t may = window.size > WINDOW_LEAST ? window.size * 3 / 4 : WINDOW_LEAST / 2;

        now += slot_ns;
        come += carries < may ? carries : may;
        size = window_size(&window, now, come);
    }
    return size;
}

START_TEST(a_quick_link_keeps_what_libssh_has_by_itself)
{
    begin(NS_PER_MS / 2);
    ck_assert_uint_eq(read_for(100, NS_PER_MS, 400 * 1000), WINDOW_LEAST);
}
END_TEST

START_TEST(it_grows_while_it_is_what_limits)
{
    begin(20 * NS_PER_MS);
    ck_assert_uint_eq(read_for(100, 20 * NS_PER_MS, 100 * 1000 * 1000), WINDOW_MOST);
}
END_TEST

START_TEST(and_no_longer)
{
    size_t size;

    begin(20 * NS_PER_MS);
    size = read_for(200, 20 * NS_PER_MS, 1000 * 1000);
    ck_assert_uint_gt(size, 2000 * 1000);
    ck_assert_uint_lt(size, 3000 * 1000);
}
END_TEST

START_TEST(one_sign_that_is_wrong_changes_nothing)
{
    begin(20 * NS_PER_MS);
    sign_after(20 * NS_PER_MS);
    sign_after(NS_PER_MS / 50);
    ck_assert_int_eq(window.round_trip_ns, 20 * NS_PER_MS);
    sign_after(20 * NS_PER_MS);
    sign_after(NS_PER_S);
    ck_assert_int_eq(window.round_trip_ns, 20 * NS_PER_MS);
}
END_TEST

START_TEST(a_pause_changes_nothing)
{
    size_t size;

    begin(20 * NS_PER_MS);
    size = read_for(100, 20 * NS_PER_MS, 100 * 1000 * 1000);
    now += NS_PER_S;
    ck_assert_uint_eq(window_size(&window, now, come), size);
}
END_TEST

START_TEST(nothing_is_known_before_the_first_sign)
{
    window = (struct window){ 0 };
    now = NS_PER_S;
    come = 0;
    window_ask(&window, now, come);
    now += NS_PER_S;
    ck_assert_uint_eq(window_size(&window, now, come), 0);
    ck_assert_int_eq(window.round_trip_ns, 0);
}
END_TEST

UNIT_MAIN("window", {
    a_quick_link_keeps_what_libssh_has_by_itself,
    it_grows_while_it_is_what_limits,
    and_no_longer,
    one_sign_that_is_wrong_changes_nothing,
    a_pause_changes_nothing,
    nothing_is_known_before_the_first_sign,
})
