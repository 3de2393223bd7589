/*
 * watches.c - which files of a device the processes of this machine watch
 *
 * /proc/PID/fdinfo/N of an inotify descriptor has a line for each watch. A process that ends while
 * we look, or that is not ours to look into, has none.
 */
#include "fs/watches.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define INOTIFY_LINK "anon_inode:inotify"
/* As the kernel writes a device's number: not as stat() does. */
#define KERNEL_MINOR_BITS 20

static int add(struct watches *w, uint64_t ino)
{
    if (w->n == w->alloc) {
        size_t alloc = w->alloc ? w->alloc * 2 : 32;
        uint64_t *bigger = reallocarray(w->v, alloc, sizeof(*bigger));

        if (!bigger)
            return -ENOMEM;
        w->v = bigger;
        w->alloc = alloc;
    }
    w->v[w->n++] = ino;
    return 0;
}

static int read_fdinfo(struct watches *w, dev_t device, const char *pid, const char *fd)
{
    unsigned ours = major(device) << KERNEL_MINOR_BITS | minor(device), theirs;
    unsigned long ino;
    char path[64], line[512];
    FILE *f;
    int r = 0;

    snprintf(path, sizeof(path), "/proc/%.16s/fdinfo/%.16s", pid, fd);
    f = fopen(path, "re");
    while (f && r == 0 && fgets(line, sizeof(line), f))
        if (sscanf(line, "inotify wd:%*x ino:%lx sdev:%x", &ino, &theirs) == 2 && theirs == ours)
            r = add(w, ino);
    if (f)
        fclose(f);
    return r;
}

static int look_into(struct watches *w, dev_t device, const char *pid)
{
    char path[64], link[sizeof(INOTIFY_LINK)];
    struct dirent *e;
    DIR *d;
    int r = 0;

    snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
    d = opendir(path);
    while (d && r == 0 && (e = readdir(d))) {
        ssize_t n = readlinkat(dirfd(d), e->d_name, link, sizeof(link));

        if (n == (ssize_t)strlen(INOTIFY_LINK) && memcmp(link, INOTIFY_LINK, (size_t)n) == 0)
            r = read_fdinfo(w, device, pid, e->d_name);
    }
    if (d)
        closedir(d);
    return r;
}

int watches_find(struct watches *w, dev_t device)
{
    DIR *d = opendir("/proc");
    struct dirent *e;
    int r = 0;

    while (d && r == 0 && (e = readdir(d)))
        if (e->d_name[0] >= '1' && e->d_name[0] <= '9')
            r = look_into(w, device, e->d_name);
    if (d)
        closedir(d);
    return r;
}
