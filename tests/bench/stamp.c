/*
 * stamp.c - a job that says when it began and when it ended
 *
 * The interpreter of latency.py's script. It is linked statically: what a shell and date(1) take to
 * start is theirs, and on a slow machine more than all that is to be measured.
 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(void)
{
    char      line[64];
    long long first = now_ns();

    usleep(50 * 1000);
    if (write(STDOUT_FILENO, line, sprintf(line, "%lld %lld\n", first, now_ns())) < 0)
        return 1;
    _exit(0);
}
