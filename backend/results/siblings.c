/*
 * siblings.c - which small files lie beside one, and are not here
 *
 * Programs read a directory's files in the order in which it lists them, and the mount lists them
 * in the order of the mirror: so what comes next is what comes next here. Finding the place costs a
 * look at the names before it, once for some hundred files that come along.
 */
#include "siblings.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* At most so many names are looked at for one question. */
#define LOOK_MAX 4096

static int open_dir(struct results *r, const char *token, struct span dir)
{
    _cleanup_(bufp) struct buf path = BUF_INIT;

    buf_printf(&path, "%s/%.*s", token, (int)dir.len, dir.data);
    return buf_error(&path) < 0 ? -ENOMEM : mirror_walk(r->mirror.fd, path.data,
                                                        O_RDONLY | O_DIRECTORY);
}

/* Forward to the entry of that name; false: it is not there. */
static bool go_to(DIR *d, const char *name)
{
    const struct dirent *entry;

    while ((entry = readdir(d)))
        if (strcmp(entry->d_name, name) == 0)
            return true;
    return false;
}

static bool is_missing(int dir, const char *name, struct stat *st)
{
    return fstatat(dir, name, st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st->st_mode) &&
           st->st_size > 0 && st->st_size <= PIECE && st->st_blocks == 0;
}

static void take_next(DIR *d, struct span dir, size_t n, uint64_t most, struct strv *paths)
{
    const struct dirent *entry;
    struct stat          st;
    unsigned             looked = 0;

    while (paths->n < n && looked++ < LOOK_MAX && (entry = readdir(d))) {
        if (!is_missing(dirfd(d), entry->d_name, &st))
            continue;
        if ((uint64_t)st.st_size > most)
            return;
        most -= (uint64_t)st.st_size;
        if (strv_printf(paths, "%.*s%s%s", (int)dir.len, dir.data, dir.len > 0 ? "/" : "",
                        entry->d_name) < 0)
            return;
    }
}

void siblings_find(struct results *r, const char *token, const char *path, size_t n, uint64_t most,
                   struct strv *paths)
{
    const char *slash = strrchr(path, '/');
    struct span dir = { path, slash ? (size_t)(slash - path) : 0 };
    int         fd = open_dir(r, token, dir);
    DIR        *d = fd < 0 ? NULL : fdopendir(fd);

    if (!d) {
        if (fd >= 0)
            close(fd);
        return;
    }
    if (go_to(d, slash ? slash + 1 : path))
        take_next(d, dir, n, most, paths);
    closedir(d);
}
