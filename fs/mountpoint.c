/*
 * mountpoint.c - the directory to mount on
 *
 * A daemon that was killed leaves a mount behind on which every call fails with ENOTCONN. Where it
 * is one of ours it is cleared away here, so the user only starts us again; what is anybody
 * else's is left alone and explained.
 */
#include "fs/mountpoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clustrixfs/buf.h"

extern char **environ;

bool path_is_within(const char *path, const char *dir)
{
    size_t n = strlen(dir);

    return strncmp(path, dir, n) == 0 && (path[n] == '\0' || path[n] == '/' || n == 1);
}

/* mountinfo writes blanks, tabs, newlines and backslashes as \040 and the like. */
static bool is_escaped_path(struct span field, const char *path)
{
    size_t i = 0;

    for (; i < field.len && *path; path++) {
        unsigned c = (unsigned char)field.data[i];

        if (c == '\\' && i + 3 < field.len) {
            c = (unsigned)((field.data[i + 1] - '0') << 6 | (field.data[i + 2] - '0') << 3 |
                           (field.data[i + 3] - '0'));
            i += 3;
        }
        if (c != (unsigned char)*path)
            return false;
        i++;
    }
    return i == field.len && !*path;
}

/* "36 35 0:31 / /mnt rw,relatime shared:1 - fuse.clustrixfs clustrixfs rw,user_id=0" */
struct mount_line {
    struct span device, path, type, options;
};

static bool parse_line(struct span line, struct mount_line *out)
{
    struct span word = { "", 0 };

    for (int i = 0; i < 3; i++)
        if (!span_next_word(&line, &word))
            return false;
    out->device = word;
    if (!span_next_word(&line, &word) || !span_next_word(&line, &out->path))
        return false;
    while (span_next_word(&line, &word))
        if (span_is(word, "-"))
            return span_next_word(&line, &out->type) && span_next_word(&line, &word) &&
                   span_next_word(&line, &out->options);
    return false;
}

/* Who made the mount may take it away; root could take away that of a user who works in it. */
static bool is_by_us(struct span options)
{
    char wanted[32];

    snprintf(wanted, sizeof(wanted), ",user_id=%u,", getuid());
    return memmem(options.data, options.len, wanted, strlen(wanted)) != NULL;
}

/* The newest mount of clustrixfs at `path`, or with that device: NULL fits all. */
struct found_mount {
    char device[MOUNT_DEVICE_MAX];
    bool by_us;
};

static bool find_mount(const char *path, const char *device, struct found_mount *found)
{
    FILE *f = fopen("/proc/self/mountinfo", "re");
    _cleanup_(freep) char *line = NULL;
    size_t alloc = 0;
    bool any = false;

    while (f && getline(&line, &alloc, f) > 0) {
        struct mount_line l;

        if (!parse_line(span_str(line), &l) || !span_is(l.type, "fuse." FS_NAME) ||
            (path && !is_escaped_path(l.path, path)) || (device && !span_is(l.device, device)))
            continue;
        any = true;
        found->by_us = is_by_us(l.options);
        snprintf(found->device, MOUNT_DEVICE_MAX, "%.*s", (int)l.device.len, l.device.data);
    }
    if (f)
        fclose(f);
    return any;
}

bool mountpoint_device(const char *path, char device[MOUNT_DEVICE_MAX])
{
    struct found_mount found;

    if (!find_mount(path, NULL, &found))
        return false;
    memcpy(device, found.device, MOUNT_DEVICE_MAX);
    return true;
}

bool mountpoint_is_seen(const char *device)
{
    struct found_mount found;

    return find_mount(NULL, device, &found);
}

/* An absolute path without links. Only the parent is walked: the mount itself may be dead. */
static int resolve(const char *said, char **path, struct error *e)
{
    _cleanup_(freep) char *copy = strdup(said), *parent = NULL;
    char *slash, *name;

    if (!copy)
        return -ENOMEM;
    for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--)
        copy[n - 1] = '\0';
    slash = strrchr(copy, '/');
    name = slash ? slash + 1 : copy;
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        *path = realpath(said, NULL);
        return *path ? 0 : error_set(e, -errno, "%s: %s", said, strerror(errno));
    }
    if (slash)
        *slash = '\0';
    parent = realpath(!slash ? "." : *copy ? copy : "/", NULL);
    if (!parent)
        return error_set(e, -errno, "%s: %s; make the directory with: mkdir -p %s", said,
                         strerror(errno), said);
    if (asprintf(path, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent, name) < 0)
        return -ENOMEM;
    return 0;
}

static bool unmount_lazily(const char *path)
{
    const char *const argv[] = { "fusermount3", "-u", "-z", "-q", "--", path, NULL };
    pid_t pid;
    int status;

    if (posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)argv, environ) != 0)
        return false;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Take a dead mount of ours away; the kernel frees it when nobody uses it any more. */
static int clear_stale(const char *path, struct error *e)
{
    struct found_mount found;

    if (!find_mount(path, NULL, &found))
        return error_set(e, -ENOTCONN,
                         "%s: a FUSE mount lies there whose program is gone, and it is not one of "
                         "clustrixfs; take it away with: fusermount3 -u -z %s",
                         path, path);
    if (umount2(path, MNT_DETACH) == 0 || unmount_lazily(path))
        return 0;
    return error_set(e, -ENOTCONN,
                     "%s: the mount of a clustrixfs that is gone cannot be taken away; try: "
                     "fusermount3 -u -z %s",
                     path, path);
}

/*
 * The kernel may remember the attributes of a dead mount's root, so it is opened, not looked at.
 * To whom is not root, and is not let in by anybody, a dead mount answers with EACCES.
 */
static bool is_dead(const char *path)
{
    struct found_mount found;
    _cleanup_(fdp) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0)
        return false;
    /* ECONNABORTED: it died while we asked. */
    return errno == ENOTCONN || errno == ECONNABORTED ||
           (errno == EACCES && find_mount(path, NULL, &found) && found.by_us);
}

static bool is_empty(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *entry;
    bool empty = true;

    while (d && empty && (entry = readdir(d)))
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    if (d)
        closedir(d);
    return empty;
}

static int check_directory(const char *path, bool may_hide, struct error *e)
{
    struct found_mount found;
    struct stat st;

    if (stat(path, &st) < 0 && errno == ENOENT)
        return error_set(e, -ENOENT, "%s: there is no such directory; make it with: mkdir -p %s",
                         path, path);
    if (stat(path, &st) < 0)
        return error_set(e, -errno, "%s cannot be mounted on: %s", path, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return error_set(e, -ENOTDIR, "%s is not a directory: a mount needs one", path);
    if (find_mount(path, NULL, &found))
        return error_set(e, -EBUSY,
                         "%s: clustrixfs is mounted there already; unmount it with: "
                         "fusermount3 -u %s",
                         path, path);
    if (!may_hide && !is_empty(path))
        return error_set(e, -ENOTEMPTY,
                         "%s is not empty: what is in it would be hidden; mount on an empty "
                         "directory, or say -o nonempty",
                         path);
    return 0;
}

int mountpoint_prepare(const char *said, bool may_hide, char **path, struct error *e)
{
    _cleanup_(freep) char *absolute = NULL;
    int r = resolve(said, &absolute, e);

    if (r == 0 && is_dead(absolute))
        r = clear_stale(absolute, e);
    if (r == 0)
        r = check_directory(absolute, may_hide, e);
    if (r < 0)
        return r;
    *path = STEAL(absolute);
    return 0;
}
