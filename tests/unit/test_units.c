/*
 * test_units.c - amounts as people write them
 */
#include <errno.h>

#include "clustrixfs/units.h"
#include "unit.h"

#define KI UINT64_C(1024)
#define MI (KI * KI)
#define GI (MI * KI)
#define NO UINT64_MAX /* refused */

struct memory_case {
    const char *text;
    uint64_t    unit, bytes;
};

START_TEST(memory)
{
    static const struct memory_case cases[] = {
        { "4GB", 0, 4 * GI },
        { "4Gi", 0, 4 * GI },
        { "4g", 0, 4 * GI },
        { "4GiB", 0, 4 * GI },
        { "4096M", 0, 4 * GI },
        { " 4 gb ", 0, 4 * GI },
        { "1.5G", 0, GI + GI / 2 },
        { "0.125K", 0, 128 },
        { "1K", 0, KI },
        { "2TB", 0, 2 * KI * GI },
        { "8191P", 0, 8191 * MI * GI },
        { "100B", 0, 100 },
        { "0", UNITS_BYTES, 0 },
        { "4096", UNITS_BYTES, 4096 },
        { "4096", UNITS_MB, 4 * GI },
        { "4096", 0, NO },
        { "9223372036854775807", UNITS_BYTES, UNITS_MEMORY_MAX },
        { "9223372036854775808", UNITS_BYTES, NO },
        { "8192P", 0, NO },
        { "18014398509481984K", 0, NO }, /* 2^64 */
        { "18446744073709551616", UNITS_BYTES, NO },
        { "", UNITS_BYTES, NO },
        { "G", 0, NO },
        { ".5G", 0, NO },
        { "1.G", 0, NO },
        { "1.2345G", 0, NO },
        { "1,5G", 0, NO },
        { "-1G", 0, NO },
        { "4Gx", 0, NO },
        { "4GBB", 0, NO },
        { "4iB", 0, NO },
        { "4BG", 0, NO },
        { "4 G B", 0, NO },
        { "0x10", UNITS_BYTES, NO },
        { "four", UNITS_BYTES, NO },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t bytes = NO;
        int      r = units_memory(span_str(cases[i].text), cases[i].unit, &bytes);
        ck_assert_msg(bytes == cases[i].bytes, "\"%s\": %ju", cases[i].text, (uintmax_t)bytes);
        ck_assert_int_eq(r, cases[i].bytes == NO ? -EINVAL : 0);
    }
}
END_TEST

struct time_case {
    const char *text;
    uint64_t    json, slurm;
};

START_TEST(time_limits)
{
    static const struct time_case cases[] = {
        { "90", 90, 5400 },
        { "0", 0, 0 },
        { "02:00:00", 7200, 7200 },
        { "90:00", 5400, 5400 },
        { "1:30", 90, 90 },
        { "1-12", 129600, 129600 },
        { "1-12:00", 129600, 129600 },
        { "1-00:00:01", 86401, 86401 },
        { "90m", 5400, 5400 },
        { "2h30m", 9000, 9000 },
        { "2H30M", 9000, 9000 },
        { "1d", 86400, 86400 },
        { "1d1s", 86401, 86401 },
        { "1d2h3m4s", 93784, 93784 },
        { " 45s ", 45, 45 },
        { "9223372036", UNITS_TIME_MAX, NO },
        { "9223372037", NO, NO },
        { "18446744073709551615d", NO, NO },
        { "18446744073709551615-18446744073709551615", NO, NO },
        { "307445734561825861:00", NO, NO },
        { "", NO, NO },
        { ":", NO, NO },
        { "1:", NO, NO },
        { ":30", NO, NO },
        { "1:2:3:4", NO, NO },
        { "1-2:3:4:5", NO, NO },
        { "1-", NO, NO },
        { "-1", NO, NO },
        { "1-2-3", NO, NO },
        { "1:30-2", NO, NO },
        { "30m2h", NO, NO },
        { "2h2h", NO, NO },
        { "h", NO, NO },
        { "2h30", NO, NO },
        { "1.5h", NO, NO },
        { "1:30m", NO, NO },
        { "1 h", NO, NO },
        { "5w", NO, NO },
        { "soon", NO, NO },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t json = NO, slurm = NO;
        int      r = units_time(span_str(cases[i].text), UNITS_TIME_SECONDS, &json);
        int      s = units_time(span_str(cases[i].text), UNITS_TIME_MINUTES, &slurm);
        ck_assert_msg(json == cases[i].json, "\"%s\": %ju", cases[i].text, (uintmax_t)json);
        ck_assert_msg(slurm == cases[i].slurm, "\"%s\": %ju", cases[i].text, (uintmax_t)slurm);
        ck_assert_int_eq(r, json == NO ? -EINVAL : 0);
        ck_assert_int_eq(s, slurm == NO ? -EINVAL : 0);
    }
}
END_TEST

UNIT_MAIN("units", { memory, time_limits })
