/*
 * test_json.c - JSON is taken when it is exactly right, and else the fault is found where it is
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>

#include "clustrixfs/json.h"
#include "unit.h"

static int scan(const char *text, size_t len, size_t *at, struct error *e)
{
    /* In a block of its own size, so that valgrind and ASan see a read behind the end. */
    _cleanup_(freep) char *exact = malloc(len > 0 ? len : 1);

    memcpy(exact, text, len);
    return json_scan((struct span){ exact, len }, at, e);
}

#define CASE(text, r, at) { text, sizeof(text) - 1, r, at }

struct scan_case {
    const char *text;
    size_t      len;
    int         r;
    size_t      at; /* looked at for errors only */
};

static void check_cases(const struct scan_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct scan_case *c = &cases[i];
        struct error            e = ERROR_INIT;
        size_t                  at = 0;
        int                     r = scan(c->text, c->len, &at, &e);

        ck_assert_msg(r == c->r, "%s: %d, not %d (%s)", c->text, r, c->r, e.text);
        ck_assert_msg((r != 0) == (e.text[0] != '\0'), "%s: sentence \"%s\"", c->text, e.text);
        if (r < 0)
            ck_assert_msg(at == c->at, "%s: at %zu, not %zu (%s)", c->text, at, c->at, e.text);
        if (r == JSON_E_INCOMPLETE)
            ck_assert_msg(at == c->len, "%s: incomplete, but at %zu", c->text, at);
    }
}

START_TEST(what_is_right)
{
    static const struct scan_case cases[] = {
        CASE("0", 0, 0),
        CASE(" \t\r\n-0 \n", 0, 0),
        CASE("-12.50e+10", 0, 0),
        CASE("1E-3", 0, 0),
        CASE("true", 0, 0),
        CASE("[false,null]", 0, 0),
        CASE("\"\"", 0, 0),
        CASE("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\x7f\"", 0, 0),
        CASE("{}", 0, 0),
        CASE("[ ]", 0, 0),
        CASE("{ \"a\" : [ { \"a\" : 1 } , { \"a\" : 2 } ] , \"b\":{\"a\":3} }", 0, 0),
        CASE("{\"\":1,\" \":2}", 0, 0),
    };

    check_cases(cases, ARRAY_SIZE(cases));
}
END_TEST

START_TEST(what_is_wrong)
{
    static const struct scan_case cases[] = {
        CASE("{'a':1}", -EINVAL, 1),
        CASE("{\"a\":1,}", -EINVAL, 7),
        CASE("[1,]", -EINVAL, 3),
        CASE("[,1]", -EINVAL, 1),
        CASE("[1 2]", -EINVAL, 3),
        CASE("{\"a\" 1}", -EINVAL, 5),
        CASE("{\"a\":1 \"b\":2}", -EINVAL, 7),
        CASE("{1:2}", -EINVAL, 1),
        CASE("[1}", -EINVAL, 2),
        CASE("]", -EINVAL, 0),
        CASE("True", -EINVAL, 0),
        CASE("truex", -EINVAL, 4),
        CASE("nul ", -EINVAL, 0),
        CASE("NaN", -EINVAL, 0),
        CASE("01", -EINVAL, 0),
        CASE("-01", -EINVAL, 1),
        CASE("+1", -EINVAL, 0),
        CASE(".5", -EINVAL, 0),
        CASE("1.", JSON_E_INCOMPLETE, 2),
        CASE("1.x", -EINVAL, 2),
        CASE("1e+x", -EINVAL, 3),
        CASE("0x10", -EINVAL, 1),
        CASE("1 2", -EINVAL, 2),
        CASE("{} {}", -EINVAL, 3),
        CASE("// no\n1", -EINVAL, 0),
        CASE("\xef\xbb\xbf{}", -EINVAL, 0),
        CASE("\"a\nb\"", -EINVAL, 2),
        CASE("\"a\\x\"", -EINVAL, 2),
        CASE("\"\\u12g4\"", -EINVAL, 5),
        CASE("\f1", -EINVAL, 0),
    };

    check_cases(cases, ARRAY_SIZE(cases));
}
END_TEST

START_TEST(nul_is_refused_wherever_it_stands)
{
    static const struct scan_case cases[] = {
        CASE("\0", -EINVAL, 0),
        CASE("{}\0", -EINVAL, 2),
        CASE("[1\0]", -EINVAL, 2),
        CASE("1\0", -EINVAL, 1),
        CASE("\"a\0b\"", -EINVAL, 2),
        CASE("{\"a\0\":1}", -EINVAL, 3),
        CASE("\"a\\u0000\"", -EINVAL, 2),
        CASE("\"\\u00\0\x30\"", -EINVAL, 5),
    };

    check_cases(cases, ARRAY_SIZE(cases));
}
END_TEST

START_TEST(utf8_is_checked)
{
    static const struct scan_case cases[] = {
        CASE("\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xef\xbf\xbf \xf4\x8f\xbf\xbf\"", 0, 0),
        CASE("\"\x80\"", -EINVAL, 1),
        CASE("\"\xff\"", -EINVAL, 1),
        CASE("\"\xc0\x80\"", -EINVAL, 1),         /* overlong NUL     */
        CASE("\"\xc1\xbf\"", -EINVAL, 1),         /* overlong 0x7f    */
        CASE("\"\xe0\x9f\xbf\"", -EINVAL, 1),     /* overlong U+07FF  */
        CASE("\"\xf0\x8f\xbf\xbf\"", -EINVAL, 1), /* overlong U+FFFF  */
        CASE("\"\xed\xa0\x80\"", -EINVAL, 1),     /* surrogate        */
        CASE("\"\xed\xbf\xbf\"", -EINVAL, 1),     /* surrogate        */
        CASE("\"\xf4\x90\x80\x80\"", -EINVAL, 1), /* above U+10FFFF   */
        CASE("\"\xf8\x88\x80\x80\x80\"", -EINVAL, 1),
        CASE("\"ab\xe2\x82\"", -EINVAL, 3),
        CASE("\"ab\xc3\"", -EINVAL, 3),
        CASE("\"ab\xc3", JSON_E_INCOMPLETE, 0),
        CASE("\"ab\xf0\x9f\x98", JSON_E_INCOMPLETE, 0),
        CASE("\"ab\xf0\x8f", -EINVAL, 3), /* no more bytes mend an overlong form */
        CASE("\"\\ud800\"", -EINVAL, 1),
        CASE("\"\\udc00\"", -EINVAL, 1),
        CASE("\"\\ud800\\u0041\"", -EINVAL, 1),
        CASE("\"\\ud800x\"", -EINVAL, 1),
        CASE("\"\\ud83d\\", JSON_E_INCOMPLETE, 0),
    };

    check_cases(cases, ARRAY_SIZE(cases));
}
END_TEST

START_TEST(keys_are_there_once)
{
    static const struct scan_case cases[] = {
        CASE("{\"a\":1,\"b\":2,\"a\":3}", -EINVAL, 13),
        CASE("{\"a\":1,\"\\u0061\":2}", -EINVAL, 7),
        CASE("{\"\\uD83D\\uDE00\":1,\"\xf0\x9f\x98\x80\":2}", -EINVAL, 18),
        CASE("{\"\\n\\/\":1,\"\\u000a/\":2}", -EINVAL, 10),
        CASE("[[{\"x\":{\"k\":[],\"k\":{}}}]]", -EINVAL, 15),
        CASE("{\"a\":1,\"a\":2", -EINVAL, 7), /* not closed, but nothing can mend it */
        CASE("{\"b\":1,\"b\":[{\"a\":", -EINVAL, 7),
        CASE("{\"a\":1,\"A\":2,\"aa\":3,\"\":4}", 0, 0),
        CASE("{\"a\":{\"a\":{\"a\":1}}}", 0, 0),
        CASE("{\"a\":1,\"a", JSON_E_INCOMPLETE, 0), /* may become "ab" */
    };

    check_cases(cases, ARRAY_SIZE(cases));
}
END_TEST

START_TEST(a_hundred_thousand_keys_take_no_time)
{
    _cleanup_(bufp) struct buf b = BUF_INIT;
    size_t                     at;

    buf_add_char(&b, '{');
    for (int i = 0; i < 100000; i++)
        buf_printf(&b, "%s\"%x\":1", i > 0 ? "," : "", i * 7);
    size_t before_last = b.len + 1;
    buf_add_str(&b, ",\"0\":2}");
    ck_assert_int_eq(buf_error(&b), 0);
    ck_assert_int_eq(json_scan(buf_span(&b), &at, NULL), -EINVAL);
    ck_assert_uint_eq(at, before_last);
}
END_TEST

START_TEST(cut_at_every_byte)
{
    static const char sample[] =
        "\t{ \"command\": [\"echo\",\n"
        " \"\\u00e9\\\\ \\uD83D\\uDE00 \xe2\x82\xac \xf0\x9f\x98\x80\"],\n"
        "  \"cores\": 12, \"x\": -1.25e-7, \"env\": {\"A\": \"\", \"B\\n\": null},\r\n"
        "  \"exclusive\": true, \"deep\": [[[{}, {\"k\": false}, []]]] }\n";
    size_t at, complete = strrchr(sample, '}') - sample + 1;

    for (size_t len = 0; len < sizeof(sample); len++) {
        struct error e = ERROR_INIT;
        int          r = scan(sample, len, &at, &e);
        ck_assert_msg(r == (len < complete ? JSON_E_INCOMPLETE : 0), "%zu bytes: %d, %s", len, r,
                      e.text);
        ck_assert_uint_eq(at, len);
        if (len == sizeof(sample) - 1)
            break; /* the NUL behind it is no JSON */
    }
}
END_TEST

START_TEST(depth_is_limited)
{
    _cleanup_(bufp) struct buf b = BUF_INIT;
    size_t                     at;

    for (int i = 0; i < 64; i++)
        buf_add_str(&b, i % 2 ? "[" : "{\"k\":");
    ck_assert_int_eq(json_scan(buf_span(&b), &at, NULL), JSON_E_INCOMPLETE);
    size_t len = b.len;
    buf_add_str(&b, "{");
    ck_assert_int_eq(json_scan(buf_span(&b), &at, NULL), -EINVAL);
    ck_assert_uint_eq(at, len);
    buf_set_len(&b, len);
    buf_add_str(&b, "1");
    for (int i = 63; i >= 0; i--)
        buf_add_char(&b, i % 2 ? ']' : '}');
    ck_assert_int_eq(json_scan(buf_span(&b), &at, NULL), 0);
}
END_TEST

START_TEST(integers_are_exact_or_refused)
{
    static const struct scan_case cases[] = {
        CASE("9007199254740991", 0, 0),
        CASE("-9007199254740991", 0, 0),
        CASE("[9007199254740992]", -EINVAL, 1),
        CASE("[9007199254740993]", -EINVAL, 1),
        CASE("-9007199254740992", -EINVAL, 0),
        CASE("1e300", 0, 0),
        CASE("1e400", -EINVAL, 0),
        CASE("0.0000000000000000000000000000000000000000000000000000000001234", 0, 0),
        CASE("0.00000000000000000000000000000000000000000000000000000000012345",
             -EINVAL, 0),
    };

    check_cases(cases, ARRAY_SIZE(cases));
}
END_TEST

static int integer(const char *text, int64_t least, int64_t most, int64_t *out)
{
    _cleanup_(jsonp) struct cJSON *j = json_parse(span_str(text));

    ck_assert_ptr_nonnull(j);
    return json_integer(j, least, most, out);
}

START_TEST(integers_within_bounds)
{
    int64_t n = 77;

    ck_assert_int_eq(integer("9007199254740991", 0, INT64_MAX, &n), 0);
    ck_assert_int_eq(n, INT64_C(9007199254740991));
    ck_assert_int_eq(integer("-9007199254740991", INT64_MIN, 0, &n), 0);
    ck_assert_int_eq(n, INT64_C(-9007199254740991));
    ck_assert_int_eq(integer("1e3", 1, 1000, &n), 0);
    ck_assert_int_eq(n, 1000);
    ck_assert_int_eq(integer("1e3", 1, 999, &n), -EINVAL);
    ck_assert_int_eq(integer("0", 1, 999, &n), -EINVAL);
    ck_assert_int_eq(integer("1.5", 0, 9, &n), -EINVAL);
    ck_assert_int_eq(integer("1e300", INT64_MIN, INT64_MAX, &n), -EINVAL);
    ck_assert_int_eq(integer("9007199254740992.0", INT64_MIN, INT64_MAX, &n), -EINVAL);
    ck_assert_int_eq(integer("\"1\"", 0, 9, &n), -EINVAL);
    ck_assert_int_eq(integer("true", 0, 9, &n), -EINVAL);
    ck_assert_int_eq(n, 1000);
}
END_TEST

START_TEST(keys_are_found)
{
    struct span text =
        SPAN_LIT("\n{\"a\\\"\":\"}\\\",\", \"in\":{\"k\":[1,{\"z\":2}],\"last\" : 5},"
                 " \"n\":[{},[\"]\"]] , \"\\u00e9\":true, \"z\":0}  ");
    size_t      key, value, in;

    ck_assert_int_eq(json_find(text, "a\"", &key, &value), 0);
    ck_assert_uint_eq(key, 2);
    ck_assert_int_eq(strncmp(text.data + value, "\"}", 2), 0);
    ck_assert_int_eq(json_find(text, "z", &key, &value), 0);
    ck_assert_int_eq(text.data[value], '0');
    ck_assert_int_eq(json_find(text, "\xc3\xa9", &key, &value), 0);
    ck_assert_int_eq(text.data[value], 't');
    ck_assert_int_eq(json_find(text, "k", &key, &value), -ENOENT);
    ck_assert_int_eq(json_find(text, "", &key, &value), -ENOENT);

    ck_assert_int_eq(json_find(text, "in", &key, &in), 0);
    struct span rest = { text.data + in, text.len - in };
    ck_assert_int_eq(json_find(rest, "last", &key, &value), 0);
    ck_assert_int_eq(rest.data[value], '5');
    ck_assert_int_eq(json_find(rest, "n", &key, &value), -ENOENT);
    ck_assert_int_eq(json_find(span_str("{ }"), "n", &key, &value), -ENOENT);
    ck_assert_int_eq(json_find(span_str("[\"n\"]"), "n", &key, &value), -ENOENT);
}
END_TEST

START_TEST(places_count_from_one)
{
    struct span text = SPAN_LIT("ab\n\ncd\n");
    unsigned    line, column;

    json_place(text, 0, &line, &column);
    ck_assert(line == 1 && column == 1);
    json_place(text, 2, &line, &column);
    ck_assert(line == 1 && column == 3);
    json_place(text, 5, &line, &column);
    ck_assert(line == 3 && column == 2);
    json_place(text, text.len, &line, &column);
    ck_assert(line == 4 && column == 1);
}
END_TEST

START_TEST(what_is_written_can_be_read)
{
    _cleanup_(bufp) struct buf b = BUF_INIT;
    size_t                     at;

    buf_add_char(&b, '{');
    json_pair_string(&b, "a\"b", "x\\\n\t\x01\x7f\xc3\xa9\xc3(\xed\xa0\x80");
    json_pair_int(&b, "n", INT64_MIN / 1024);
    json_key(&b, "list");
    buf_add_str(&b, "[{");
    json_pair_bool(&b, "yes", true);
    json_pair_bool(&b, "no", false);
    buf_add_str(&b, "}]");
    json_pair_string(&b, "none", NULL);
    buf_add_char(&b, '}');
    ck_assert_str_eq(b.data, "{\"a\\\"b\":\"x\\\\\\n\\t\\u0001\x7f\xc3\xa9\xef\xbf\xbd("
                             "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\",\"n\":-9007199254740992,"
                             "\"list\":[{\"yes\":true,\"no\":false}],\"none\":\"\"}");
    /* The number is one too large for a strict reader; all else is right. */
    ck_assert_int_eq(json_scan(buf_span(&b), &at, NULL), -EINVAL);
    ck_assert_int_eq(strncmp(b.data + at, "-9007", 5), 0);
}
END_TEST

/* Whatever json_scan() takes, cJSON takes: json_parse() fails for want of memory only. */
START_TEST(cjson_agrees)
{
    static const char seed[] =
        "{\"a\":[1,-2.5e3,true,null,\"\\u0041\\ud83d\\ude00\xc3\xa9\"],\"b\":{}}";
    unsigned          state = 20261122;
    int               taken = 0;

    for (int i = 0; i < 200000; i++) {
        char text[sizeof(seed)];
        memcpy(text, seed, sizeof(seed));
        for (int k = 0; k < 2; k++) {
            state = state * 1664525 + 1013904223;
            text[(state >> 8) % (sizeof(seed) - 1)] = seed[(state >> 20) % (sizeof(seed) - 1)];
        }
        struct span s = { text, sizeof(seed) - 1 };
        size_t      at;
        if (json_scan(s, &at, NULL) != 0)
            continue;
        taken++;
        _cleanup_(jsonp) struct cJSON *j = json_parse(s);
        ck_assert_msg(j != NULL, "%s", text);
    }
    ck_assert_int_gt(taken, 1000);
}
END_TEST

UNIT_MAIN("json", { what_is_right, what_is_wrong, nul_is_refused_wherever_it_stands,
                    utf8_is_checked, keys_are_there_once, a_hundred_thousand_keys_take_no_time,
                    cut_at_every_byte, depth_is_limited, integers_are_exact_or_refused,
                    integers_within_bounds, keys_are_found, places_count_from_one,
                    what_is_written_can_be_read, cjson_agrees })
