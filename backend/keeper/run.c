/*
 * run.c - the claim: who may start an attempt, and what a claim without an owner means
 *
 * mkdir lets one keeper through. Between the mkdir and the `started` record that keeper may be
 * killed; whether it was can be asked of the kernel, because it holds a lock on the directory that
 * dies with it. Whoever finds the lock free takes it and removes the directory. A keeper that was
 * merely slow to lock then finds another directory or none, and goes away; it has started nothing
 * yet. So an attempt starts at most once, and one that was never started can be started again.
 */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

static bool token_valid(struct span s)
{
    if (s.len != JOB_TOKEN_LEN || s.data[0] < 'a' || s.data[0] > 'z')
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789", s.data[i]))
            return false;
    return true;
}

int run_init(struct run *r, const char *name)
{
    const char *slash = strchr(name, '/');
    struct span token = { name, slash ? (size_t)(slash - name) : 0 };

    *r = (struct run){
        .name = name, .plan = PLAN_INIT, .cgroup = CGROUP_INIT,
        .dir = -1, .in = -1, .out = -1, .err = -1,
    };
    if (!slash || !token_valid(token))
        return -EINVAL;
    memcpy(r->token, token.data, token.len);
    return run_name_parse(span_str(slash + 1), &r->element, &r->attempt);
}

void run_release(struct run *r)
{
    plan_release(&r->plan);
    fdp_cleanup(&r->in);
    fdp_cleanup(&r->out);
    fdp_cleanup(&r->err);
    fdp_cleanup(&r->dir);
}

static int open_locked(const char *name)
{
    int fd = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    int saved = errno;
    fdp_cleanup(&fd);
    return -saved;
}

/* Appending, so that a job that opens /dev/stdout once more does not write over what is there. */
static int create_output(int dir, const char *name)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);

    return fd < 0 ? -errno : fd;
}

/* Two keepers can only meet here when a claim was taken back between them; O_EXCL parts them. */
static bool lost_race(int r)
{
    return r == -EEXIST || r == -ENOENT || r == -EWOULDBLOCK;
}

/* Holding the lock, and nothing was ever started in it. */
static int take_back(int dir, const char *name)
{
    unlinkat(dir, "stdout", 0);
    unlinkat(dir, "stderr", 0);
    unlinkat(dir, RECORD_STARTED ".new", 0);
    return rmdir(name) == 0 || errno == ENOENT ? 0 : -errno;
}

void run_unclaim(const struct run *r)
{
    (void)take_back(r->dir, r->name);
}

int run_claim(struct run *r, struct error *e)
{
    if (mkdir(r->name, 0700) < 0)
        return errno == EEXIST ? RUN_E_CLAIMED
                               : error_set(e, -errno, "cannot make the directory %s: %s", r->name,
                                           strerror(errno));
    r->dir = open_locked(r->name);
    if (r->dir < 0)
        return lost_race(r->dir) ? RUN_E_CLAIMED
                                 : error_set(e, r->dir, "cannot lock the directory %s: %s", r->name,
                                             strerror(-r->dir));
    r->out = create_output(r->dir, "stdout");
    r->err = r->out < 0 ? r->out : create_output(r->dir, "stderr");
    if (r->err >= 0)
        return 0;
    if (lost_race(r->err))
        return RUN_E_CLAIMED;
    run_unclaim(r);
    return error_set(e, r->err, "cannot make stdout and stderr in %s: %s", r->name,
                     strerror(-r->err));
}

static bool has(int dir, const char *name)
{
    return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int run_reclaim(const char *name)
{
    _cleanup_(fdp) int fd = open_locked(name);
    int                r;

    if (fd == -EWOULDBLOCK)
        return RUN_STARTING;
    if (fd == -ENOENT)
        return RUN_UNCLAIMED;
    if (fd < 0)
        return fd;
    if (has(fd, RECORD_STARTED) || has(fd, RECORD_EXIT))
        return RUN_RECORDED;
    r = take_back(fd, name);
    return r < 0 ? r : RUN_UNCLAIMED;
}

int run_record(const char *name, const char *which, struct record *record)
{
    _cleanup_(bufp) struct buf text = BUF_INIT;
    char                       path[RUN_PATH_MAX + sizeof RECORD_STARTED + 1];
    int                        r;

    snprintf(path, sizeof path, "%s/%s", name, which);
    r = file_read(AT_FDCWD, path, &text);
    if (r == -ENOENT || r == -ENOTDIR)
        return RECORD_E_NONE;
    return r < 0 ? r : record_parse(record, buf_span(&text));
}
