/*
 * test_record.c - evidence is read back as it was written, or it is none
 */
#include <errno.h>
#include <string.h>

#include "clustrixfs/record.h"
#include "unit.h"

static const struct record full = {
    .node = "node-17.cluster.example",
    .boot = "69fbe660-c1aa-4118-bee4-c50fdd42ab27",
    .keeper_pid = 4711,
    .job_pid = INT32_MAX,
    .keeper_ticks = 99,
    .job_ticks = UINT64_MAX,
    .started_ns = INT64_C(1795372274037586364),
    .memory_by = "cgroup v2",
    .cause = CAUSE_TIME_LIMIT,
    .exit_code = -1,
    .signal = 15,
    .ended_ns = INT64_C(1795372999000000001),
    .usage = { .user_us = 1, .system_us = UINT64_MAX, .max_memory = 4096 },
    .note = "cannot run it: the interpreter in its first line, /no/such, is not on this machine",
};

static void check_equal(const struct record *a, const struct record *b)
{
    ck_assert_str_eq(a->node, b->node);
    ck_assert_str_eq(a->boot, b->boot);
    ck_assert_int_eq(a->keeper_pid, b->keeper_pid);
    ck_assert_int_eq(a->job_pid, b->job_pid);
    ck_assert_uint_eq(a->keeper_ticks, b->keeper_ticks);
    ck_assert_uint_eq(a->job_ticks, b->job_ticks);
    ck_assert_int_eq(a->started_ns, b->started_ns);
    ck_assert_str_eq(a->memory_by, b->memory_by);
    ck_assert_int_eq(a->cause, b->cause);
    ck_assert_int_eq(a->exit_code, b->exit_code);
    ck_assert_int_eq(a->signal, b->signal);
    ck_assert_int_eq(a->ended_ns, b->ended_ns);
    ck_assert_uint_eq(a->usage.user_us, b->usage.user_us);
    ck_assert_uint_eq(a->usage.system_us, b->usage.system_us);
    ck_assert_uint_eq(a->usage.max_memory, b->usage.max_memory);
    ck_assert_str_eq(a->note, b->note);
}

static int parse(struct record *r, const char *text)
{
    return record_parse(r, span_str(text));
}

START_TEST(what_was_written_is_read)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct record              back;

    record_format(&full, &text);
    ck_assert_int_eq(buf_error(&text), 0);
    ck_assert_int_eq(record_parse(&back, buf_span(&text)), 0);
    check_equal(&full, &back);
}
END_TEST

START_TEST(every_cause_is_read)
{
    for (int c = CAUSE_NONE + 1; c < JOB_CAUSE_COUNT; c++) {
        _cleanup_(bufp) struct buf text = BUF_INIT;
        struct record              r = { .cause = (enum job_cause)c }, back;

        record_format(&r, &text);
        ck_assert_int_eq(record_parse(&back, buf_span(&text)), 0);
        check_equal(&r, &back);
    }
}
END_TEST

/* A full disk, a killed writer: whatever is left of a record is no evidence. */
START_TEST(a_record_cut_anywhere_is_none)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct record              r;

    record_format(&full, &text);
    for (size_t len = 0; len < text.len; len++)
        ck_assert_int_eq(record_parse(&r, (struct span){ text.data, len }), RECORD_E_NONE);
}
END_TEST

/* The job itself can write into its directory. */
START_TEST(a_text_with_a_newline_adds_no_line)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct record              r = { .cause = CAUSE_START, .note = "a\nexit_code 7\nend\n" }, back;

    record_format(&r, &text);
    ck_assert_int_eq(record_parse(&back, buf_span(&text)), 0);
    ck_assert_int_eq(back.exit_code, 0);
    ck_assert_str_eq(back.note, "a exit_code 7 end ");
}
END_TEST

START_TEST(garbage_is_none)
{
    static const char *const garbage[] = {
        "", "\n", "end", "end\n", "end\nend\n", "started_ns 1\nend\nstarted_ns 1\nend\n",
        "xend\n", "started_ns 1 end\n", "started_ns one\nend\n", "started_ns\nend\n",
        "started_ns  1\nend\n", "started_ns -\nend\n", "started_ns 1\r\nend\n",
        "cause exit\nexit_code 0x10\nend\n", "cause boredom\nend\n", "cause\nend\n",
        "\x7f\x45\x4c\x46\x02\x01\nend\n", "exit_code 0\nend\n",
    };
    struct record r;

    for (size_t i = 0; i < ARRAY_SIZE(garbage); i++)
        ck_assert_msg(parse(&r, garbage[i]) == RECORD_E_NONE, "taken: %s", garbage[i]);
    ck_assert_int_eq(record_parse(&r, SPAN_LIT("cause exit\nno\0de x\nend\n")), RECORD_E_NONE);
}
END_TEST

START_TEST(numbers_keep_their_bounds)
{
    struct record r;

    ck_assert_int_eq(parse(&r, "cause exit\nexit_code 2147483647\nend\n"), 0);
    ck_assert_int_eq(r.exit_code, INT32_MAX);
    ck_assert_int_eq(parse(&r, "cause exit\nexit_code -2147483647\nend\n"), 0);
    ck_assert_int_eq(parse(&r, "cause exit\nexit_code 2147483648\nend\n"), RECORD_E_NONE);
    ck_assert_int_eq(parse(&r, "cause exit\nuser_us -1\nend\n"), RECORD_E_NONE);
    ck_assert_int_eq(parse(&r, "cause exit\nuser_us 18446744073709551616\nend\n"), RECORD_E_NONE);
    ck_assert_int_eq(parse(&r, "started_ns 9223372036854775808\nend\n"), RECORD_E_NONE);
    ck_assert_int_eq(parse(&r, "started_ns 99999999999999999999999999999\nend\n"), RECORD_E_NONE);
}
END_TEST

START_TEST(unknown_keys_are_skipped_and_long_texts_cut)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct record              r;

    buf_add_str(&text, "colour blue\nlater\ncause exit\nnode ");
    for (int i = 0; i < 500; i++)
        buf_add_char(&text, 'n');
    buf_add_str(&text, "\nend\n");
    ck_assert_int_eq(record_parse(&r, buf_span(&text)), 0);
    ck_assert_int_eq(r.cause, CAUSE_EXIT);
    ck_assert_uint_eq(strlen(r.node), sizeof r.node - 1);
}
END_TEST

START_TEST(a_run_has_one_name)
{
    static const char *const wrong[] = {
        "", "attempt", "attempt0", "attempt01", "attempt1 ", "attempt-1", "attempt4294967296",
        "task.attempt1", "task7", "task7.attempt", "task07.attempt1", "task1048575.attempt1",
        "task7.attempt1x", "tasks", "../x", "attempt1/..",
    };
    char     name[RUN_NAME_MAX];
    uint32_t element, attempt;

    run_name(name, 0, 1);
    ck_assert_str_eq(name, "attempt1");
    run_name(name, 8, 1);
    ck_assert_str_eq(name, "task7.attempt1");
    run_name(name, JOB_INDEX_MAX + 1, UINT32_MAX);
    ck_assert_int_eq(run_name_parse(span_str(name), &element, &attempt), 0);
    ck_assert_uint_eq(element, JOB_INDEX_MAX + 1);
    ck_assert_uint_eq(attempt, UINT32_MAX);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        ck_assert_msg(run_name_parse(span_str(wrong[i]), &element, &attempt) == -EINVAL,
                      "taken: %s", wrong[i]);
}
END_TEST

UNIT_MAIN("record", { what_was_written_is_read, every_cause_is_read, a_record_cut_anywhere_is_none,
                      a_text_with_a_newline_adds_no_line, garbage_is_none,
                      numbers_keep_their_bounds, unknown_keys_are_skipped_and_long_texts_cut,
                      a_run_has_one_name })
