/*
 * units.c - amounts of memory and of time as people write them
 *
 * Each parser cuts its text from the front; what is left over at the end is a mistake. Sums and
 * products are checked where they are made, so no amount wraps around into a small one.
 */
#include "clustrixfs/units.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static struct span trim(struct span s)
{
    while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t'))
        s = (struct span){ s.data + 1, s.len - 1 };
    while (s.len > 0 && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
        s.len--;
    return s;
}

/* Cut `c` from the front, in any letter case. */
static bool cut_char(struct span *s, char c)
{
    if (s->len == 0 || tolower((unsigned char)s->data[0]) != tolower((unsigned char)c))
        return false;
    *s = (struct span){ s->data + 1, s->len - 1 };
    return true;
}

static int cut_number(struct span *s, uint64_t *n)
{
    struct span digits = { s->data, 0 };

    while (digits.len < s->len && isdigit((unsigned char)s->data[digits.len]))
        digits.len++;
    *s = (struct span){ s->data + digits.len, s->len - digits.len };
    return span_to_u64(digits, n) < 0 ? -EINVAL : 0;
}

/* *sum += n * unit */
static int add_amount(uint64_t *sum, uint64_t n, uint64_t unit)
{
    uint64_t amount;

    if (__builtin_mul_overflow(n, unit, &amount) || __builtin_add_overflow(*sum, amount, sum))
        return -EINVAL;
    return 0;
}

/* ".5": as thousandths. Three digits at most, so that a thousandth of any unit is exact enough. */
static int cut_fraction(struct span *s, uint64_t *thousandths)
{
    size_t before = s->len;
    int    r;

    if ((r = cut_number(s, thousandths)) < 0)
        return r;
    size_t digits = before - s->len;
    if (digits > 3)
        return -EINVAL;
    for (; digits < 3; digits++)
        *thousandths *= 10;
    return 0;
}

/* The whole of `s` is a unit; empty is the default one. 0 where it is none. */
static uint64_t memory_unit(struct span s, uint64_t default_unit)
{
    static const char letters[] = "KMGTP";

    if (s.len == 0)
        return default_unit;
    for (unsigned i = 0; letters[i]; i++) {
        if (cut_char(&s, letters[i])) {
            cut_char(&s, 'i');
            cut_char(&s, 'B');
            return s.len == 0 ? UINT64_C(1) << 10 * (i + 1) : 0;
        }
    }
    return cut_char(&s, 'B') && s.len == 0 ? UNITS_BYTES : 0;
}

int units_memory(struct span text, uint64_t default_unit, uint64_t *bytes)
{
    struct span rest = trim(text);
    uint64_t    whole, thousandths = 0, sum = 0;
    int         r;

    if ((r = cut_number(&rest, &whole)) < 0)
        return r;
    if (cut_char(&rest, '.') && (r = cut_fraction(&rest, &thousandths)) < 0)
        return r;
    uint64_t unit = memory_unit(trim(rest), default_unit);
    if (unit == 0)
        return -EINVAL;
    if ((r = add_amount(&sum, whole, unit)) < 0)
        return r;
    if ((r = add_amount(&sum, thousandths * unit / 1000, 1)) < 0)
        return r;
    if (sum > UNITS_MEMORY_MAX)
        return -EINVAL;
    *bytes = sum;
    return 0;
}

enum { SECOND = 1, MINUTE = 60, HOUR = 3600, DAY = 86400 };

/* What the first, second and third field count, by how many there are. */
static const unsigned clock_units[][4][3] = {
    [UNITS_TIME_SECONDS] = { [1] = { SECOND }, { MINUTE, SECOND }, { HOUR, MINUTE, SECOND } },
    [UNITS_TIME_MINUTES] = { [1] = { MINUTE }, { MINUTE, SECOND }, { HOUR, MINUTE, SECOND } },
};
static const unsigned after_days_units[4][3] = {
    [1] = { HOUR }, { HOUR, MINUTE }, { HOUR, MINUTE, SECOND },
};

/* "02:00:00": what each field counts follows from how many there are. */
static int add_fields(struct span s, const unsigned (*units)[3], uint64_t *sum)
{
    uint64_t fields[3];
    size_t   n = 0;
    int      r;

    do {
        if (n == ARRAY_SIZE(fields))
            return -EINVAL;
        if ((r = cut_number(&s, &fields[n++])) < 0)
            return r;
    } while (cut_char(&s, ':'));
    if (s.len > 0)
        return -EINVAL;
    for (size_t i = 0; i < n; i++)
        if ((r = add_amount(sum, fields[i], units[n][i])) < 0)
            return r;
    return 0;
}

/* "1-12:00", "02:00:00", "90" */
static int clock_time(struct span s, enum units_time_style style, uint64_t *sum)
{
    uint64_t days;
    int      r;

    if (s.len == 0 || !memchr(s.data, '-', s.len))
        return add_fields(s, clock_units[style], sum);
    if ((r = cut_number(&s, &days)) < 0)
        return r;
    if (!cut_char(&s, '-'))
        return -EINVAL;
    if ((r = add_amount(sum, days, DAY)) < 0)
        return r;
    return add_fields(s, after_days_units, sum);
}

/* "2h30m" */
static int letter_time(struct span s, uint64_t *sum)
{
    static const struct {
        char     letter;
        unsigned seconds;
    } units[] = { { 'd', DAY }, { 'h', HOUR }, { 'm', MINUTE }, { 's', SECOND } };
    uint64_t n;
    size_t   i = 0;
    int      r;

    while (s.len > 0) {
        if ((r = cut_number(&s, &n)) < 0)
            return r;
        while (i < ARRAY_SIZE(units) && !cut_char(&s, units[i].letter))
            i++;
        if (i == ARRAY_SIZE(units))
            return -EINVAL;
        if ((r = add_amount(sum, n, units[i++].seconds)) < 0)
            return r;
    }
    return 0;
}

int units_time(struct span text, enum units_time_style style, uint64_t *seconds)
{
    struct span s = trim(text);
    uint64_t    sum = 0;
    int         r;

    if (s.len > 0 && isalpha((unsigned char)s.data[s.len - 1]))
        r = letter_time(s, &sum);
    else
        r = clock_time(s, style, &sum);
    if (r < 0)
        return r;
    if (sum > UNITS_TIME_MAX)
        return -EINVAL;
    *seconds = sum;
    return 0;
}
