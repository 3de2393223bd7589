/*
 * host.c - what this machine offers
 *
 * Only what we may use counts: a batch system or a container gives a process fewer CPUs and less
 * memory than the machine has.
 */
#include "clustrixfs/host.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clustrixfs/buf.h"

#define CPUS_MAX 65536 /* of the mask to ask for; the largest machines have a few thousand */

uint32_t host_cpus(void)
{
    _cleanup_(freep) cpu_set_t *set = CPU_ALLOC(CPUS_MAX);
    size_t                      size = CPU_ALLOC_SIZE(CPUS_MAX);
    int                         n = 0;

    if (set) {
        CPU_ZERO_S(size, set);
        if (sched_getaffinity(0, size, set) == 0)
            n = CPU_COUNT_S(size, set);
    }
    return n > 0 ? (uint32_t)n : 1;
}

/* The number in a cgroup's limit file; UINT64_MAX for "max" and where there is none to read. */
static uint64_t read_limit(const char *path)
{
    char     text[32] = "";
    uint64_t limit;
    FILE    *f = fopen(path, "re");

    if (!f)
        return UINT64_MAX;
    size_t len = fread(text, 1, sizeof(text) - 1, f);
    fclose(f);
    text[len] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return span_to_u64(span_str(text), &limit) == 0 ? limit : UINT64_MAX;
}

/* The least limit of a group and the groups above it: each of them holds. */
static uint64_t least_limit(const char *mount, struct span group, const char *file)
{
    uint64_t least = UINT64_MAX;

    for (;;) {
        _cleanup_(bufp) struct buf path = BUF_INIT;
        buf_printf(&path, "%s%.*s/%s", mount, (int)group.len, group.data, file);
        uint64_t limit = buf_error(&path) == 0 ? read_limit(path.data) : UINT64_MAX;
        if (limit < least)
            least = limit;
        if (group.len == 0)
            return least;
        while (group.len > 0 && group.data[--group.len] != '/')
            ;
    }
}

/* A line of /proc/self/cgroup: "0::/user.slice/..." (v2) or "7:memory:/..." (v1). */
static uint64_t limit_of_line(const char *line)
{
    const char *controllers = strchr(line, ':');
    const char *group = controllers ? strchr(controllers + 1, ':') : NULL;

    if (!group)
        return UINT64_MAX;
    struct span path = { group + 1, strcspn(group + 1, "\n") };
    if (strncmp(line, "0::", 3) == 0)
        return least_limit("/sys/fs/cgroup", path, "memory.max");
    if (strncmp(controllers, ":memory:", 8) == 0)
        return least_limit("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes");
    return UINT64_MAX;
}

static uint64_t cgroup_memory(void)
{
    _cleanup_(freep) char *line = NULL;
    size_t                 alloc = 0;
    uint64_t               least = UINT64_MAX;
    FILE                  *f = fopen("/proc/self/cgroup", "re");

    if (!f)
        return least;
    while (getline(&line, &alloc, f) > 0) {
        uint64_t limit = limit_of_line(line);
        if (limit < least)
            least = limit;
    }
    fclose(f);
    return least;
}

uint64_t host_memory(void)
{
    uint64_t here = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t allowed = cgroup_memory();

    return allowed < here ? allowed : here;
}
