/*
 * test_nearest.c - the suggestion is what was meant, and nothing where nothing is near
 */
#include <string.h>

#include "clustrixfs/nearest.h"
#include "unit.h"

static const char *const keys[] = {
    "command", "script", "args", "stdin", "name", "cluster", "cores", "nodes", "tasks", "memory",
    "time", "gpus", "partition", "account", "qos", "priority", "env", "environment_variables",
};

static const char *nearest(const char *word)
{
    return nearest_word(span_str(word), keys, ARRAY_SIZE(keys));
}

START_TEST(what_was_meant)
{
    static const char *const table[][2] = {
        { "memory", "memory" },
        { "memroy", "memory" },
        { "mem0ry", "memory" },
        { "Memory", "memory" },
        { "memmory", "memory" },
        { "comand", "command" },
        { "core", "cores" },
        { "COERS", "cores" },
        { "node", "nodes" },
        { "partion", "partition" },
        { "environment_variable", "environment_variables" },
        { "envrionment-varibles", "environment_variables" },
        { "tiem", "time" },
        { "qso", "qos" },
        { "gpu", "gpus" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        const char *got = nearest(table[i][0]);
        ck_assert_msg(got && strcmp(got, table[i][1]) == 0, "%s: %s", table[i][0],
                      got ? got : "nothing");
    }
}
END_TEST

START_TEST(nothing_is_near)
{
    _cleanup_(bufp) struct buf longest = BUF_INIT;

    ck_assert_ptr_null(nearest("walltime_hours"));
    ck_assert_ptr_null(nearest(""));
    ck_assert_ptr_null(nearest("x"));
    ck_assert_ptr_null(nearest("zz"));
    ck_assert_int_eq(buf_set_len(&longest, 100000), 0);
    ck_assert_ptr_null(nearest_word(buf_span(&longest), keys, ARRAY_SIZE(keys)));
    ck_assert_ptr_null(nearest_word(span_str("time"), keys, 0));
}
END_TEST

START_TEST(the_best_of_several)
{
    static const char *const words[] = { "hold", "held", "help" };

    ck_assert_str_eq(nearest_word(span_str("helt"), words, 3), "held");
    ck_assert_str_eq(nearest_word(span_str("help"), words, 3), "help");
    ck_assert_str_eq(nearest_word(span_str("holf"), words, 3), "hold");
}
END_TEST

UNIT_MAIN("nearest", { what_was_meant, nothing_is_near, the_best_of_several })
