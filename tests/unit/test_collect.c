/*
 * test_collect.c - what a far machine says of its jobs is read as it was said, or not at all
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "clustrixfs/collect.h"
#include "unit.h"

#define NS INT64_C(1000000000)

static struct span one(const char *text, size_t len, struct collect_item *item, int expected)
{
    struct span rest = { text, len };

    ck_assert_int_eq(collect_next(&rest, item), expected);
    return rest;
}

#define ONE(text, item, expected) one(text, sizeof(text), item, expected)

START_TEST(a_run_is_read_field_by_field)
{
    static const char text[] = "J cfx/attempt1\0T node n\nend\n\0O 5 17.25\0o 5\0a\0b c\0Z";
    struct span         rest = { text, sizeof(text) };
    struct collect_item item;

    ck_assert_int_eq(collect_next(&rest, &item), 0);
    ck_assert(item.kind == 'J' && span_is(item.text, "cfx/attempt1"));
    ck_assert_int_eq(collect_next(&rest, &item), 0);
    ck_assert(item.kind == 'T' && span_is(item.text, "node n\nend\n"));
    ck_assert_int_eq(collect_next(&rest, &item), 0);
    ck_assert(item.kind == 'O' && item.size == 5 && item.mtime_ns == 17 * NS + NS / 4);
    ck_assert_int_eq(collect_next(&rest, &item), 0);
    ck_assert(item.kind == 'o' && item.text.len == 5 && memcmp(item.text.data, "a\0b c", 5) == 0);
    ck_assert_int_eq(collect_next(&rest, &item), 0);
    ck_assert(item.kind == 'Z' && item.size == 0);
    ck_assert_int_eq(collect_next(&rest, &item), COLLECT_E_END);
}
END_TEST

START_TEST(a_file_may_have_any_name)
{
    struct collect_item item;

    ONE("F f 4755 12 3.000000001 a b/\n\xff 'x", &item, 0);
    ck_assert_uint_eq(item.mode, S_IFREG | 04755);
    ck_assert_uint_eq(item.size, 12);
    ck_assert_int_eq(item.mtime_ns, 3 * NS + 1);
    ck_assert(span_is(item.text, "a b/\n\xff 'x"));
    ONE("F f 644 0 3  leading", &item, 0);
    ck_assert(span_is(item.text, " leading"));
    ONE("F f 644 0 3 ..x/.y/...", &item, 0);
    ck_assert(span_is(item.text, "..x/.y/..."));
}
END_TEST

START_TEST(what_cannot_be_opened_is_told_by_its_type)
{
    static const struct {
        char   letter;
        mode_t type;
    } types[] = { { 'f', S_IFREG },  { 'd', S_IFDIR },  { 'l', S_IFLNK },  { 'p', S_IFIFO },
                  { 's', S_IFSOCK }, { 'c', S_IFSOCK }, { 'b', S_IFSOCK }, { '?', S_IFSOCK } };

    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        char                text[] = "F f 600 0 1.0 x";
        struct collect_item item;

        text[2] = types[i].letter;
        one(text, sizeof(text), &item, 0);
        ck_assert_uint_eq(item.mode, types[i].type | 0600);
    }
}
END_TEST

START_TEST(a_path_that_leads_out_is_empty)
{
    static const char *const wrong[] = {
        "", "/", "/etc/passwd", "..", "../x", "a/..", "a/../../x", ".", "./a", "a/.", "a/./b",
        "a//b", "a/",
    };

    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        _cleanup_(bufp) struct buf text = BUF_INIT;
        struct collect_item        item;

        buf_printf(&text, "F f 644 1 1.0 %s", wrong[i]);
        one(text.data, text.len + 1, &item, 0);
        ck_assert_msg(item.kind == 'F' && item.text.len == 0, "taken: %s", wrong[i]);
    }
}
END_TEST

/* `n` times "d/" and an x. */
static size_t path_of_depth(size_t n)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct collect_item        item;

    buf_add_str(&text, "F f 644 1 1.0 ");
    for (size_t i = 0; i < n; i++)
        buf_add_str(&text, "d/");
    buf_add_str(&text, "x");
    one(text.data, text.len + 1, &item, 0);
    return item.text.len;
}

START_TEST(a_path_is_bounded)
{
    char                name[] = "F f 644 1 1.0 ", text[sizeof(name) + 256];
    struct collect_item item;

    ck_assert_uint_gt(path_of_depth(COLLECT_DEPTH_MAX - 1), 0);
    ck_assert_uint_eq(path_of_depth(COLLECT_DEPTH_MAX), 0);
    ck_assert_uint_eq(path_of_depth(100000), 0);
    memset(text, 'x', sizeof(text));
    memcpy(text, name, sizeof(name) - 1);
    text[sizeof(text) - 1] = '\0';
    one(text, sizeof(text), &item, 0);
    ck_assert_uint_eq(item.text.len, 0);
    text[sizeof(text) - 2] = '\0';
    one(text, sizeof(text) - 1, &item, 0);
    ck_assert_uint_eq(item.text.len, 255);
}
END_TEST

START_TEST(times_keep_their_bounds)
{
    struct collect_item item;

    ONE("O 1 -1.5", &item, 0);
    ck_assert_int_eq(item.mtime_ns, -NS / 2);
    ONE("O 1 1.12345678987654321", &item, 0);
    ck_assert_int_eq(item.mtime_ns, NS + 123456789);
    ONE("O 1 18446744073709551615.999999999", &item, 0);
    ck_assert_int_eq(item.mtime_ns, INT64_MAX);
    ONE("O 1 -18446744073709551615.0", &item, 0);
    ck_assert_int_eq(item.mtime_ns, -INT64_MAX);
}
END_TEST

START_TEST(garbage_is_no_text)
{
    static const char *const garbage[] = {
        "x", "Jx", "O", "O 1", "O x 1.0", "O -1 1.0", "O 9223372036854775808 1.0", "O 1 x",
        "O 1 1.x", "O 1 .5", "O 1 1.-5", "O 1 --1", "F f 644 1 1.0x y", "F ff 644 1 1.0 y",
        "F f 888 1 1.0 y", "F f 17777 1 1.0 y", "F f 777777777777 1 1.0 y", "F f  1 1.0 y",
        "F f 644 1", "Z x", "o 1", "o x", "o -1",
    };
    struct collect_item item;

    for (size_t i = 0; i < ARRAY_SIZE(garbage); i++)
        one(garbage[i], strlen(garbage[i]) + 1, &item, -EPROTO);
    ONE("o 3\0abcd", &item, -EPROTO);
    ONE("o 9\0abcd", &item, -EPROTO);
    ONE("", &item, -EPROTO);
}
END_TEST

START_TEST(a_text_cut_anywhere_is_noticed)
{
    static const char text[] = "J t/attempt1\0O 5 17.25\0o 5\0hello\0Z\0D t\0F f 644 1 1.0 a\0Z 1";

    for (size_t len = 0; len < sizeof(text); len++) {
        struct span         rest = { text, len };
        struct collect_item item, last = { 0 };
        int                 r;

        while ((r = collect_next(&rest, &item)) == 0)
            last = item;
        ck_assert(r == -EPROTO || r == COLLECT_E_END);
        ck_assert_msg(!(last.kind == 'Z' && last.size == 1), "whole at %zu", len);
    }
}
END_TEST

START_TEST(bytes_are_bounded)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    struct collect_item        item;

    buf_printf(&text, "o %d", COLLECT_BYTES + 1);
    buf_set_len(&text, text.len + 1 + COLLECT_BYTES + 1 + 1);
    one(text.data, text.len, &item, -EPROTO);
    buf_set_len(&text, 0);
    buf_printf(&text, "o %d", COLLECT_BYTES);
    buf_set_len(&text, text.len + 1 + COLLECT_BYTES + 1);
    one(text.data, text.len, &item, 0);
    ck_assert_uint_eq(item.text.len, COLLECT_BYTES);
}
END_TEST

UNIT_MAIN("collect", { a_run_is_read_field_by_field, a_file_may_have_any_name,
                       what_cannot_be_opened_is_told_by_its_type, a_path_that_leads_out_is_empty,
                       a_path_is_bounded, times_keep_their_bounds, garbage_is_no_text,
                       a_text_cut_anywhere_is_noticed, bytes_are_bounded })
