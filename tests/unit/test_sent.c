/*
 * test_sent.c - what the keeper tells of submits
 */
#include <string.h>

#include "clustrixfs/scheduler.h"
#include "unit.h"

static const struct cluster hpc = {
    .name = (char *)(uintptr_t)"hpc",
    .root = (char *)(uintptr_t)"/root",
    .keeper = (char *)(uintptr_t)"/root/keeper",
};

static const struct job_ref refs[] = {
    { JOB_ID(1, 0), "cfxaaaaaaaaaaaa", "", 1 }, { JOB_ID(2, 0), "cfxbbbbbbbbbbbb", "", 2 },
    { JOB_ID(3, 8), "cfxcccccccccccc", "", 1 }, { JOB_ID(4, 0), "cfxdddddddddddd", "", 1 },
    { JOB_ID(5, 0), "cfxeeeeeeeeeeee", "", 1 }, { JOB_ID(6, 0), "cfxffffffffffff", "", 1 },
};

static const struct ask all = { .cluster = &hpc, .refs = refs, .n = ARRAY_SIZE(refs) };

/* The answer of the first holds what would end it, were it not counted. */
#define OUT "1\0Z\0\n2"
static const char text[] =
    "J cfxaaaaaaaaaaaa/attempt1\0R 0\0o 6\0" OUT "\0e 0\0\0Z\0"
    "J cfxbbbbbbbbbbbb/attempt2\0R 1\0o 0\0\0e 5\0oops\n\0C\0Z\0"
    "J cfxcccccccccccc/task7.attempt1\0U\0Z\0"
    "J cfxdddddddddddd/attempt1\0K 4711\0Z\0"
    "J cfxeeeeeeeeeeee/attempt1\0S\0C\0Z\0"
    "J cfxffffffffffff/attempt1\0F there is no file x\0Z";

static const enum sent_is expected[] = { SENT_ANSWER, SENT_ANSWER, SENT_NEVER,
                                         SENT_TRYING, SENT_LOST,   SENT_FAILED };

START_TEST(every_answer_is_understood)
{
    struct sent sent[ARRAY_SIZE(refs)];

    sent_hear(&all, (struct span){ text, sizeof text }, sent);
    for (size_t i = 0; i < ARRAY_SIZE(refs); i++) {
        ck_assert_int_eq(sent[i].is, expected[i]);
        ck_assert_int_eq(sent[i].claimed, i == 1 || i == 4);
    }
    ck_assert_int_eq(sent[0].status, 0);
    ck_assert_uint_eq(sent[0].out.len, 6);
    ck_assert_mem_eq(sent[0].out.data, OUT, 6);
    ck_assert_uint_eq(sent[0].err.len, 0);
    ck_assert_int_eq(sent[1].status, 1);
    ck_assert(span_is(sent[1].err, "oops\n"));
    ck_assert(span_is(sent[5].err, "there is no file x"));
}
END_TEST

START_TEST(what_was_cut_off_was_not_said)
{
    for (size_t len = 0; len < sizeof text; len++) {
        struct sent sent[ARRAY_SIZE(refs)];

        sent_hear(&all, (struct span){ text, len }, sent);
        for (size_t i = 0; i < ARRAY_SIZE(refs); i++)
            ck_assert(sent[i].is == expected[i] || sent[i].is == SENT_NOTHING);
        ck_assert_int_eq(sent[ARRAY_SIZE(refs) - 1].is, SENT_NOTHING);
    }
}
END_TEST

START_TEST(nonsense_says_nothing)
{
    static const char *const odd[] = { "R 0", "R x", "o 9999999999", "o -1", "X", "" };
    struct sent              sent[ARRAY_SIZE(refs)];

    for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
        _cleanup_(bufp) struct buf b = BUF_INIT;

        buf_printf(&b, "J cfxaaaaaaaaaaaa/attempt1%c%s%cZ%c", 0, odd[i], 0, 0);
        buf_printf(&b, "J cfxaaaaaaaaaaaa/attempt9%cU%cZ%cU%cZ%c", 0, 0, 0, 0, 0);
        sent_hear(&all, buf_span(&b), sent);
        for (size_t k = 0; k < ARRAY_SIZE(refs); k++)
            ck_assert_int_eq(sent[k].is, SENT_NOTHING);
    }
}
END_TEST

START_TEST(one_command_for_all)
{
    _cleanup_(commandp) struct command c = COMMAND_INIT;

    ck_assert_int_eq(sent_say(&all, true, &c), 0);
    ck_assert_uint_eq(c.argv.n, 3 + ARRAY_SIZE(refs));
    ck_assert_str_eq(c.argv.v[0], "/root/keeper");
    ck_assert_str_eq(c.argv.v[1], "submit");
    ck_assert_str_eq(c.argv.v[2], "/root");
    ck_assert_str_eq(c.argv.v[5], "cfxcccccccccccc/task7.attempt1");
}
END_TEST

UNIT_MAIN("sent", { every_answer_is_understood, what_was_cut_off_was_not_said,
                    nonsense_says_nothing, one_command_for_all })
