/*
 * spec-begin.c - "begin": a point in time, as people write it
 *
 * Seconds since 1970; a date, with a time or without; a time of day, today or else tomorrow; or a
 * distance from now. Local time, as in `at` and in every scheduler's own option.
 */
#include "parse.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "clustrixfs/json.h"

#define BEGIN_MAX INT64_C(253402300799) /* the end of the year 9999 */
#define DAY_S 86400

/* Match text with a pattern: "YYYY-MM-DD", where letters stand for digits. False: it differs. */
static bool match_fields(struct span text, const char *pattern, struct tm *tm)
{
    // clang-format off
    const struct { char letter; int *field; } fields[] = {
        { 'Y', &tm->tm_year }, { 'O', &tm->tm_mon }, { 'D', &tm->tm_mday },
        { 'h', &tm->tm_hour }, { 'm', &tm->tm_min }, { 's', &tm->tm_sec },
    };
    // clang-format on

    if (text.len != strlen(pattern))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        size_t f = 0;
        while (f < ARRAY_SIZE(fields) && fields[f].letter != pattern[i])
            f++;
        if (f == ARRAY_SIZE(fields)) {
            if (text.data[i] != pattern[i])
                return false;
            continue;
        }
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        *fields[f].field = *fields[f].field * 10 + (text.data[i] - '0');
    }
    return true;
}

/* `tm` as read: the year in full, the month from 1. A day that does not exist is refused. */
static int to_seconds(struct tm tm, int64_t *out)
{
    struct tm asked;
    time_t seconds;

    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    tm.tm_isdst = -1;
    asked = tm;
    if (tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 59)
        return -EINVAL;
    seconds = mktime(&tm);
    if (tm.tm_mday != asked.tm_mday || tm.tm_mon != asked.tm_mon || tm.tm_year != asked.tm_year)
        return -EINVAL;
    if (seconds < 0 || seconds > BEGIN_MAX)
        return -EINVAL;
    *out = seconds;
    return 0;
}

/*
 * Fill the date of `tm` with today, or with tomorrow where its time of day has passed. Three tries,
 * since a day of 25 hours is not over 24 hours after its beginning.
 */
static int next_time_of_day(struct tm tm, int64_t now_s, int64_t *out)
{
    for (int day = 0; day <= 2; day++) {
        time_t that_day = (time_t)(now_s + (int64_t)day * DAY_S);
        struct tm date;
        if (!localtime_r(&that_day, &date))
            return -EINVAL;
        tm.tm_year = date.tm_year + 1900;
        tm.tm_mon = date.tm_mon + 1;
        tm.tm_mday = date.tm_mday;
        if (to_seconds(tm, out) < 0)
            return -EINVAL;
        if (*out >= now_s)
            return 0;
    }
    return -EINVAL;
}

static int read_date(struct span text, int64_t *out)
{
    static const char *const patterns[] = {
        "YYYY-OO-DDThh:mm:ss", "YYYY-OO-DD hh:mm:ss", "YYYY-OO-DDThh:mm",
        "YYYY-OO-DD hh:mm",    "YYYY-OO-DD",
    };

    for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
        struct tm tm = { 0 };
        if (match_fields(text, patterns[i], &tm))
            return to_seconds(tm, out);
    }
    return -EINVAL;
}

static int read_time_of_day(struct span text, int64_t now_s, int64_t *out)
{
    static const char *const patterns[] = { "hh:mm", "hh:mm:ss" };

    for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
        struct tm tm = { 0 };
        if (match_fields(text, patterns[i], &tm))
            return next_time_of_day(tm, now_s, out);
    }
    return -EINVAL;
}

/* "2h", "2 hours", "90": a number and one unit, seconds when there is none. */
static int read_distance(struct span text, int64_t now_s, int64_t *out)
{
    // clang-format off
    static const struct { const char *name; int64_t seconds; } units[] = {
        { "", 1 },
        { "s", 1 },          { "second", 1 },      { "seconds", 1 },
        { "m", 60 },         { "minute", 60 },     { "minutes", 60 },
        { "h", 3600 },       { "hour", 3600 },     { "hours", 3600 },
        { "d", DAY_S },      { "day", DAY_S },     { "days", DAY_S },
        { "w", 7 * DAY_S },  { "week", 7 * DAY_S },{ "weeks", 7 * DAY_S },
    };
    // clang-format on
    struct span digits = { text.data, 0 }, unit;
    uint64_t n;

    while (digits.len < text.len && text.data[digits.len] >= '0' && text.data[digits.len] <= '9')
        digits.len++;
    unit = span_trim(span_from(text, digits.len));
    if (span_to_u64(digits, &n) < 0 || n > (uint64_t)BEGIN_MAX)
        return -EINVAL;
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        if (!span_is(unit, units[i].name))
            continue;
        if ((int64_t)n > (BEGIN_MAX - now_s) / units[i].seconds)
            return -EINVAL;
        *out = now_s + (int64_t)n * units[i].seconds;
        return 0;
    }
    return -EINVAL;
}

static int read_epoch(struct span text, int64_t *out)
{
    uint64_t n;

    if (span_to_u64(text, &n) < 0 || n == 0 || n > (uint64_t)BEGIN_MAX)
        return -EINVAL;
    *out = (int64_t)n;
    return 0;
}

static int read_begin(struct span text, int64_t now_s, int64_t *out)
{
    if (span_is(text, "now")) {
        *out = now_s;
        return 0;
    }
    if (span_starts(text, "now+"))
        return read_distance(span_from(text, strlen("now+")), now_s, out);
    if (span_starts(text, "+"))
        return read_distance(span_from(text, 1), now_s, out);
    if (read_epoch(text, out) == 0 || read_date(text, out) == 0)
        return 0;
    return read_time_of_day(text, now_s, out);
}

/* The year that two digits mean, and the fields that may be left out in front. */
int begin_compact(struct span text, int64_t now_s, int64_t *out)
{
    static const char *const dated[] = {
        "YYYYOODDhhmm", "YYYYOODDhhmm.ss", "YYOODDhhmm", "YYOODDhhmm.ss", "OODDhhmm", "OODDhhmm.ss",
    };
    static const char *const timed[] = { "hhmm", "hhmm.ss" };
    time_t now = (time_t)now_s;
    struct tm today;

    for (size_t i = 0; i < ARRAY_SIZE(timed); i++) {
        struct tm tm = { 0 };
        if (match_fields(text, timed[i], &tm))
            return next_time_of_day(tm, now_s, out);
    }
    for (size_t i = 0; i < ARRAY_SIZE(dated); i++) {
        struct tm tm = { 0 };
        if (!match_fields(text, dated[i], &tm))
            continue;
        if (!localtime_r(&now, &today))
            return -EINVAL;
        if (dated[i][0] != 'Y')
            tm.tm_year = today.tm_year + 1900;
        else if (tm.tm_year < 100)
            tm.tm_year += 2000;
        return to_seconds(tm, out);
    }
    return -EINVAL;
}

static int begin_text(struct parse *p, const struct key *key, struct span text)
{
    return read_begin(text, p->now_s, key_field(p, key)) < 0 ? key_wants(p, key) : 0;
}

static int begin_json(struct parse *p, const struct key *key, const struct cJSON *j)
{
    if (cJSON_IsString(j))
        return begin_text(p, key, span_str(j->valuestring));
    return json_integer(j, 1, BEGIN_MAX, key_field(p, key)) < 0 ? key_wants(p, key) : 0;
}

const struct kind kind_begin = { begin_json, begin_text };
