/*
 * walk.c - what a walk over a directory tree needs at every step
 */
#include "walk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

int walk_failed(const struct walk *w, const char *cannot, const char *name)
{
    int r = -errno;

    return error_set(w->e, r, "cannot %s %s: %s", cannot, name, strerror(-r));
}

const struct dirent *walk_next(DIR *d)
{
    const struct dirent *entry;

    do {
        errno = 0;
        entry = readdir(d);
    } while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
    return entry;
}

int walk_open(int at, const char *name)
{
    return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}
