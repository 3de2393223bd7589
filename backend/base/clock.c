/*
 * clock.c - what time it is
 *
 * Two clocks, because the one that people read may be set back while a deadline is pending.
 */
#include "clustrixfs/clock.h"

#include <errno.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t clock_now_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_mono_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_boot_ns(void)
{
    return read_clock(CLOCK_REALTIME) - read_clock(CLOCK_BOOTTIME);
}

int clock_format(struct buf *out, int64_t ns)
{
    int64_t rest = ns % NS_PER_S;
    time_t  s = (time_t)(ns / NS_PER_S);
    char    text[32];

    struct tm tm;

    /* C rounds towards zero; before 1970 that would be the second after. */
    if (rest < 0) {
        rest += NS_PER_S;
        s--;
    }
    if (!gmtime_r(&s, &tm) || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
        return -EINVAL;
    return buf_printf(out, "%s.%03dZ", text, (int)(rest / NS_PER_MS));
}
