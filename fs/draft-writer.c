/*
 * draft-writer.c - what /proc says about who closes a file
 *
 * A close looks the same whether a program finished its work, was killed in the middle of it, or
 * only gave back one of several descriptors; but while the kernel waits for our answer, the
 * process is there to be looked at. Where /proc tells nothing (another pid namespace, a process
 * of somebody else), the answers here are the ones that assume nothing special.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/draft.h"

/* Of include/linux/sched.h; field 9 of /proc/PID/stat shows them. */
#define PF_EXITING 0x4u
#define PF_SIGNALED 0x400u

#define PROC_TEXT_MAX 1024

/* The first bytes of a file of /proc, as a string; "" where there is none. */
static void proc_text(int dir, const char *path, char text[PROC_TEXT_MAX])
{
    _cleanup_(fdp) int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
    ssize_t            n = fd < 0 ? -1 : read(fd, text, PROC_TEXT_MAX - 1);

    text[n < 0 ? 0 : n] = '\0';
}

bool writer_was_killed(pid_t pid)
{
    char        path[64], text[PROC_TEXT_MAX];
    const char *after_name;
    unsigned    flags;

    if (pid <= 0)
        return false;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    proc_text(AT_FDCWD, path, text);
    /* The name before it may hold anything, also ")". */
    after_name = strrchr(text, ')');
    if (!after_name || sscanf(after_name + 1, " %*c %*d %*d %*d %*d %*d %u", &flags) != 1)
        return false;
    return (flags & (PF_EXITING | PF_SIGNALED)) == (PF_EXITING | PF_SIGNALED);
}

/* The number behind "name:" in a file of fdinfo, or 0. */
static uint64_t fdinfo_number(const char *text, const char *name, int base)
{
    const char *at = strstr(text, name);

    return at ? strtoull(at + strlen(name), NULL, base) : 0;
}

/* Inode numbers of drafts have bits set that no other file system uses, see mount.h. */
static bool fd_writes(int dir, const char *fd, fuse_ino_t ino)
{
    char text[PROC_TEXT_MAX];

    proc_text(dir, fd, text);
    return fdinfo_number(text, "ino:", 10) == ino &&
           (fdinfo_number(text, "flags:", 8) & O_ACCMODE) != O_RDONLY;
}

/* A descriptor that is being closed is not among them any more. */
static bool process_writes(pid_t pid, fuse_ino_t ino)
{
    char           path[64];
    struct dirent *entry;
    bool           writes = false;
    DIR           *dir;

    snprintf(path, sizeof(path), "/proc/%d/fdinfo", (int)pid);
    dir = pid > 0 ? opendir(path) : NULL;
    if (!dir)
        return false;
    while (!writes && (entry = readdir(dir)))
        writes = entry->d_name[0] != '.' && fd_writes(dirfd(dir), entry->d_name, ino);
    closedir(dir);
    return writes;
}

bool writer_goes_on(pid_t closer, pid_t opener, fuse_ino_t ino)
{
    return process_writes(closer, ino) || (opener != closer && process_writes(opener, ino));
}
