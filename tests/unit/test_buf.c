/*
 * test_buf.c - spans, bufs and lists of strings; and the sentences and times made with them
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "clustrixfs/buf.h"
#include "clustrixfs/clock.h"
#include "clustrixfs/error.h"
#include "unit.h"

START_TEST(lines_are_cut)
{
    struct span rest = SPAN_LIT("one\n\ntwo\r\nlast"), line;

    ck_assert(span_next_line(&rest, &line) && span_is(line, "one"));
    ck_assert(span_next_line(&rest, &line) && span_is(line, ""));
    ck_assert(span_next_line(&rest, &line) && span_is(line, "two\r"));
    ck_assert(span_next_line(&rest, &line) && span_is(line, "last"));
    ck_assert(!span_next_line(&rest, &line));

    rest = span_str("end\n");
    ck_assert(span_next_line(&rest, &line) && span_is(line, "end"));
    ck_assert(!span_next_line(&rest, &line));
    rest = span_str(NULL);
    ck_assert(!span_next_line(&rest, &line));
}
END_TEST

START_TEST(words_are_cut)
{
    struct span rest = SPAN_LIT(" \tsignal  USR1\t"), word;

    ck_assert(span_next_word(&rest, &word) && span_is(word, "signal"));
    ck_assert(span_next_word(&rest, &word) && span_is(word, "USR1"));
    ck_assert(!span_next_word(&rest, &word));
    rest = span_str("");
    ck_assert(!span_next_word(&rest, &word));
}
END_TEST

START_TEST(numbers_are_read)
{
    uint64_t n = 7;

    ck_assert_int_eq(span_to_u64(span_str("18446744073709551615"), &n), 0);
    ck_assert_uint_eq(n, UINT64_MAX);
    ck_assert_int_eq(span_to_u64(span_str("00017"), &n), 0);
    ck_assert_uint_eq(n, 17);
    ck_assert_int_eq(span_to_u64(span_str("18446744073709551616"), &n), -ERANGE);
    ck_assert_int_eq(span_to_u64(span_str("99999999999999999999"), &n), -ERANGE);
    ck_assert_int_eq(span_to_u64(span_str("99999999999999999999x"), &n), -EINVAL);
    ck_assert_int_eq(span_to_u64(span_str(""), &n), -EINVAL);
    ck_assert_int_eq(span_to_u64(span_str("-1"), &n), -EINVAL);
    ck_assert_int_eq(span_to_u64(span_str("+1"), &n), -EINVAL);
    ck_assert_int_eq(span_to_u64(span_str(" 1"), &n), -EINVAL);
    ck_assert_int_eq(span_to_u64(span_str("1a"), &n), -EINVAL);
    ck_assert_uint_eq(n, 17);
}
END_TEST

START_TEST(a_buf_grows_and_ends_with_nul)
{
    _cleanup_(bufp) struct buf b = BUF_INIT;

    ck_assert_str_eq(b.data, "");
    for (int i = 0; i < 10000; i++) {
        ck_assert_int_eq(buf_printf(&b, "%d", i % 10), 0);
        ck_assert_int_eq(b.data[b.len], '\0');
    }
    ck_assert_uint_eq(b.len, 10000);
    ck_assert_uint_eq(strlen(b.data), 10000);
    ck_assert_int_eq(buf_set_len(&b, 3), 0);
    ck_assert_str_eq(b.data, "012");
    ck_assert_int_eq(buf_set_len(&b, 5000), 0);
    ck_assert_mem_eq(b.data, "012\0\0\0", 6);
    ck_assert_uint_eq(b.len, 5000);
    ck_assert_int_eq(buf_set_len(&b, 0), 0);
    ck_assert_int_eq(buf_add(&b, "a\0b", 3), 0);
    ck_assert_uint_eq(b.len, 3);
    ck_assert_int_eq(buf_add_span(&b, SPAN_LIT("cd")), 0);
    ck_assert_mem_eq(b.data, "a\0bcd", 6);
    buf_release(&b);
    ck_assert_str_eq(b.data, "");
    ck_assert_int_eq(buf_set_len(&b, 0), 0);
    ck_assert_int_eq(buf_add(&b, NULL, 0), 0);
}
END_TEST

START_TEST(a_failure_lasts)
{
    _cleanup_(bufp) struct buf b = BUF_INIT;

    ck_assert_int_eq(buf_add_str(&b, "kept"), 0);
    ck_assert_int_eq(buf_reserve(&b, SIZE_MAX / 2), -ENOMEM); /* no machine has that */
    ck_assert_int_eq(buf_reserve(&b, SIZE_MAX), -ENOMEM);
    ck_assert_int_eq(buf_add_str(&b, "not this"), -ENOMEM);
    ck_assert_int_eq(buf_printf(&b, "%s", ""), -ENOMEM);
    ck_assert_int_eq(buf_error(&b), -ENOMEM);
    ck_assert_str_eq(b.data, "kept");
    ck_assert_ptr_null(buf_steal(&b));
    ck_assert_int_eq(buf_error(&b), 0);
    ck_assert_int_eq(buf_add_str(&b, "works again"), 0);
}
END_TEST

START_TEST(a_file_is_read)
{
    _cleanup_(bufp) struct buf b = BUF_INIT;
    int                        ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], "a\0bcd", 5), 5);
    close(ends[1]);
    ck_assert_int_eq(buf_read(&b, ends[0], 3), 3);
    ck_assert_int_eq(buf_read(&b, ends[0], 3), 2);
    ck_assert_int_eq(buf_read(&b, ends[0], 3), 0);
    ck_assert_uint_eq(b.len, 5);
    ck_assert_mem_eq(b.data, "a\0bcd", 6);
    close(ends[0]);
    ck_assert_int_eq(buf_read(&b, ends[0], 3), -EBADF);
}
END_TEST

START_TEST(a_string_is_given_away)
{
    _cleanup_(bufp) struct buf   b = BUF_INIT;
    _cleanup_(freep) char       *empty = buf_steal(&b);
    _cleanup_(freep) char       *copy = span_dup(SPAN_LIT("span"));

    ck_assert_str_eq(empty, "");
    ck_assert_str_eq(copy, "span");
    buf_add_str(&b, "text");
    _cleanup_(freep) char *text = buf_steal(&b);
    ck_assert_str_eq(text, "text");
    ck_assert_str_eq(b.data, "");
}
END_TEST

START_TEST(lists_end_with_null)
{
    _cleanup_(strvp) struct strv s = STRV_INIT, copy = STRV_INIT;

    for (unsigned i = 0; i < 100; i++) {
        ck_assert_int_eq(strv_printf(&s, "word %u", i), 0);
        ck_assert_ptr_null(s.v[s.n]);
    }
    ck_assert_int_eq(strv_add_span(&s, SPAN_LIT("last")), 0);
    ck_assert_int_eq(strv_take(&s, NULL), -ENOMEM);
    ck_assert_uint_eq(s.n, 101);
    ck_assert_int_eq(strv_add(&copy, "was there before"), 0);
    ck_assert_int_eq(strv_copy(&copy, &s), 0);
    ck_assert_uint_eq(copy.n, 101);
    ck_assert(strv_has(&copy, "word 0") && strv_has(&copy, "last") && !strv_has(&copy, "word"));
    ck_assert(!strv_has(&copy, "was there before"));
    strv_release(&s);
    ck_assert(s.n == 0 && !s.v);
    ck_assert_int_eq(strv_copy(&copy, &s), 0);
    ck_assert(copy.n == 0 && !copy.v);
}
END_TEST

START_TEST(sentences)
{
    struct error e = ERROR_INIT;

    ck_assert_int_eq(error_set(NULL, -EIO, "nobody listens"), -EIO);
    ck_assert_int_eq(error_prefix(NULL, 3, "nobody listens"), 3);
    ck_assert_int_eq(error_set(&e, -EINVAL, "key \"%s\"", "a\nb\x1b[2Jc\x7f"), -EINVAL);
    ck_assert_str_eq(e.text, "key \"a?b?[2Jc?\"");
    ck_assert_int_eq(error_prefix(&e, 5, "line %d: ", 3), 5);
    ck_assert_str_eq(e.text, "line 3: key \"a?b?[2Jc?\"");
    ck_assert_int_eq(error_set(&e, 1, "again: %s", e.text), 1);
    ck_assert_str_eq(e.text, "again: line 3: key \"a?b?[2Jc?\"");
}
END_TEST

/* Whatever is before it, a cut leaves whole characters. */
START_TEST(sentences_are_cut_between_characters)
{
    static const char *const fill[] = { "", "x", "xx", "xxx" };
    struct error             e = ERROR_INIT;
    char                     text[4 * 200 + 1] = "";

    for (int i = 0; i < 200; i++)
        memcpy(text + i * 4, "\xf0\x9f\x98\x80", 5);
    for (size_t i = 0; i < ARRAY_SIZE(fill); i++) {
        error_set(&e, 0, "%s%s", fill[i], text);
        ck_assert_uint_eq((strlen(e.text) - i) % 4, 0);
        ck_assert_uint_gt(strlen(e.text), ERROR_TEXT_MAX - 5);
        error_set(&e, 0, "%s", text);
        error_prefix(&e, 0, "%s", fill[i]);
        ck_assert_uint_eq((strlen(e.text) - i) % 4, 0);
        error_prefix(&e, 0, "%s%s", fill[i], text);
        ck_assert_uint_eq((strlen(e.text) - i) % 4, 0);
    }
}
END_TEST

START_TEST(times)
{
    _cleanup_(bufp) struct buf b = BUF_INIT;
    int64_t                    before = clock_mono_ns();

    ck_assert_int_eq(clock_format(&b, 0), 0);
    buf_add_char(&b, ' ');
    ck_assert_int_eq(clock_format(&b, INT64_C(1795370878) * NS_PER_S + 123456789), 0);
    buf_add_char(&b, ' ');
    ck_assert_int_eq(clock_format(&b, -1), 0);
    ck_assert_str_eq(b.data, "1970-01-01T00:00:00.000Z 2026-11-22T18:07:58.123Z "
                             "1969-12-31T23:59:59.999Z");
    ck_assert_int_ge(clock_mono_ns(), before);
    ck_assert_int_gt(clock_now_ns(), INT64_C(1700000000) * NS_PER_S);
}
END_TEST

UNIT_MAIN("buf", { lines_are_cut, words_are_cut, numbers_are_read, a_buf_grows_and_ends_with_nul,
                   a_failure_lasts, a_file_is_read, a_string_is_given_away, lists_end_with_null,
                   sentences, sentences_are_cut_between_characters, times })
