/*
 * file.c - small files, read and replaced whole, relative to a directory
 *
 * Nothing here follows a link in the last place of a path, and nothing syncs: a record that a power
 * cut takes away is told from the boot id, and waiting for the disk at every end would cost more
 * than many jobs do.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static int open_at(int dir, const char *path, int flags)
{
    int fd = openat(dir, path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);

    return fd < 0 ? -errno : fd;
}

static int write_whole(int fd, struct span data)
{
    ssize_t n = write(fd, data.data, data.len);

    if (n < 0)
        return -errno;
    /* A regular file takes less than all only when the disk is full. */
    return (size_t)n == data.len ? 0 : -ENOSPC;
}

int file_read(int dir, const char *path, struct buf *out)
{
    _cleanup_(fdp) int fd = open_at(dir, path, O_RDONLY | O_NONBLOCK);
    size_t             before = out->len;

    if (fd < 0)
        return fd;
    for (;;) {
        ssize_t n;
        int     r = buf_reserve(out, 4096);

        if (r < 0)
            return r;
        n = read(fd, out->data + out->len, 4096);
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0;
        out->len += (size_t)n;
        out->data[out->len] = '\0';
        if (out->len - before > FILE_SIZE_MAX)
            return -EFBIG;
    }
}

static int file_put(int dir, const char *name, struct span data, int flags)
{
    _cleanup_(fdp) int fd = open_at(dir, name, O_WRONLY | flags);

    return fd < 0 ? fd : write_whole(fd, data);
}

int file_replace(int dir, const char *name, struct span data)
{
    char fresh[NAME_MAX + 1];
    int  r;

    snprintf(fresh, sizeof fresh, "%s.new", name);
    r = file_put(dir, fresh, data, O_CREAT | O_TRUNC);
    if (r < 0)
        return r;
    return renameat(dir, fresh, dir, name) < 0 ? -errno : 0;
}

int file_write(int dir, const char *name, struct span data)
{
    return file_put(dir, name, data, 0);
}

int file_append(int dir, const char *name, struct span data)
{
    return file_put(dir, name, data, O_CREAT | O_APPEND);
}
