/*
 * identity.c - which process is meant
 *
 * Everything is read from /proc, where a process cannot lie about its own start.
 */
#include "identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clustrixfs/buf.h"

/* Read a file of a line or so with one read(); a longer one is cut. */
static int read_line(const char *path, char *out, size_t size)
{
    _cleanup_(fdp) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t            n;

    if (fd < 0)
        return -errno;
    n = read(fd, out, size - 1);
    if (n < 0)
        return -errno;
    out[n] = '\0';
    return 0;
}

int identity_boot(char out[BOOT_ID_SIZE])
{
    int r = read_line("/proc/sys/kernel/random/boot_id", out, BOOT_ID_SIZE);

    if (r == 0)
        out[strcspn(out, "\n")] = '\0';
    return r;
}

/*
 * Fields 3 (state) and 22 (start) of /proc/PID/stat. Field 2 is the program's name in brackets and
 * may hold anything, blanks and brackets too: counting begins behind the last bracket.
 */
static int stat_read(const char *path, char *state, uint64_t *ticks)
{
    char        text[1024];
    const char *behind;
    struct span rest, word;
    int         r = read_line(path, text, sizeof text);

    if (r < 0)
        return r;
    behind = strrchr(text, ')');
    rest = span_str(behind ? behind + 1 : NULL);
    for (int field = 3; span_next_word(&rest, &word); field++) {
        if (field == 3)
            *state = word.data[0];
        if (field == 22)
            return span_to_u64(word, ticks);
    }
    return -EIO;
}

int identity_own_ticks(uint64_t *ticks)
{
    char state;

    return stat_read("/proc/self/stat", &state, ticks);
}

enum life identity_life(pid_t pid, uint64_t ticks)
{
    char     path[64], state;
    uint64_t now;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (pid <= 0 || stat_read(path, &state, &now) < 0 || now != ticks)
        return LIFE_GONE;
    if (state == 'Z' || state == 'X')
        return LIFE_GONE;
    return state == 'T' ? LIFE_STOPPED : LIFE_RUNS;
}
