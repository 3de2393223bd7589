/*
 * private-dir.c - a directory that is only ours
 *
 * What lies in it decides which commands run under our name. So nobody else may have had a hand in
 * where it leads: each step of the path is looked at, and made if it is missing.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "clustrixfs/buf.h"
#include "clustrixfs/host.h"

/* Where a lock taken on one machine means nothing on the next; f_type of statfs(2). */
static const struct {
    unsigned long magic;
    const char   *name;
} network_file_systems[] = {
    { 0x6969, "NFS" },
    { 0xff534d42, "SMB" },
    { 0xfe534d42, "SMB" },
    { 0x517b, "SMB" },
};

static int check_file_system(int fd, const char *path, struct error *e)
{
    struct statfs s;

    if (fstatfs(fd, &s) < 0)
        return error_set(e, -errno, "%s: %s", path, strerror(errno));
    for (size_t i = 0; i < ARRAY_SIZE(network_file_systems); i++)
        if ((uint32_t)s.f_type == network_file_systems[i].magic)
            return error_set(e, -EOPNOTSUPP,
                             "%s lies on %s, where the locks of a database do not hold; "
                             "choose a directory on a disk of this machine",
                             path, network_file_systems[i].name);
    return 0;
}

static bool is_empty(int fd)
{
    int            copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR           *dir = copy >= 0 ? fdopendir(copy) : NULL;
    struct dirent *d;
    bool           empty = dir != NULL;

    while (empty && (d = readdir(dir)))
        empty = strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0;
    if (dir)
        closedir(dir);
    else if (copy >= 0)
        close(copy);
    return empty;
}

static int check_owner_and_mode(int fd, const char *path, struct error *e)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return error_set(e, -errno, "%s: %s", path, strerror(errno));
    if (st.st_uid != geteuid())
        return error_set(e, -EPERM, "%s belongs to the user with the number %u; choose another",
                         path, (unsigned)st.st_uid);
    if ((st.st_mode & 07777) == 0700)
        return 0;
    /* Closing somebody's home or /tmp behind their back because of a wrong option would be rude. */
    if ((st.st_mode & 077) != 0 && !is_empty(fd))
        return error_set(e, -EPERM,
                         "%s has contents that others may see; choose another directory, "
                         "or close it with: chmod 700 %s",
                         path, path);
    if (fchmod(fd, 0700) < 0)
        return error_set(e, -errno, "%s: cannot be closed to others: %s", path, strerror(errno));
    return 0;
}

/* One step of the path: make it, or look at whom it belongs to if it leads elsewhere. */
static int step(const char *path, struct error *e)
{
    struct stat st;

    if (mkdir(path, 0700) == 0)
        return 0;
    if (errno != EEXIST && errno != EROFS && errno != EACCES)
        return error_set(e, -errno, "%s: cannot be made: %s", path, strerror(errno));
    int why = errno;
    if (lstat(path, &st) < 0)
        return error_set(e, -why, "%s: cannot be made: %s", path, strerror(why));
    if (S_ISLNK(st.st_mode) && st.st_uid != geteuid() && st.st_uid != 0)
        return error_set(e, -EPERM,
                         "%s is a symbolic link that belongs to the user with the number %u; "
                         "choose another directory",
                         path, (unsigned)st.st_uid);
    return 0;
}

static int make_path(const char *path, struct error *e)
{
    _cleanup_(bufp) struct buf part = BUF_INIT;
    int                        r;

    for (const char *end = path; *end;) {
        end += strspn(end, "/");
        end += strcspn(end, "/");
        buf_set_len(&part, 0);
        if ((r = buf_add(&part, path, (size_t)(end - path))) < 0)
            return error_set(e, r, "out of memory");
        if ((r = step(part.data, e)) < 0)
            return r;
    }
    return 0;
}

int host_private_dir(const char *path, struct error *e)
{
    int r;

    if ((r = make_path(path, e)) < 0)
        return r;
    _cleanup_(fdp) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_set(e, -errno, "%s: %s", path, strerror(errno));
    if ((r = check_owner_and_mode(fd, path, e)) < 0)
        return r;
    return check_file_system(fd, path, e);
}
