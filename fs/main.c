/*
 * main.c - the program clustrixfs: opens everything in order, and closes it in the opposite one
 *
 * The service is opened before anything is mounted, so a second daemon on the same state is refused
 * with a sentence and without a trace; and the process has left the terminal before it
 * opens the service, since threads and database connections do not survive a fork. The far clusters
 * are met before that: then there is somebody to ask for a password.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/config.h"
#include "clustrixfs/log.h"
#include "fs/ask.h"
#include "fs/daemon.h"
#include "fs/grow.h"
#include "fs/home.h"
#include "fs/lent.h"
#include "fs/loop.h"
#include "fs/mount.h"
#include "fs/mountpoint.h"
#include "fs/notify.h"
#include "fs/ops.h"
#include "fs/options.h"
#include "fs/raise.h"
#include "fs/tree.h"
#include "fs/version.h"
#include "fs/waiters.h"

/* What may wait on a disk is done by this many threads. */
#define POOL_THREADS 4

#define LOCK_WAIT_NS (1 * NS_PER_S)

static const char *const keeper_places[] = { "clustrixfs-keeper",
                                             "../backend/keeper/clustrixfs-keeper" };

/* Beside this program, where it was built, or where it is installed. */
static int find_keeper(char **path)
{
    _cleanup_(freep) char *self = realpath("/proc/self/exe", NULL);
    char *slash = self ? strrchr(self, '/') : NULL;

    if (slash)
        *slash = '\0';
    for (size_t i = 0; slash && i < ARRAY_SIZE(keeper_places); i++) {
        _cleanup_(freep) char *near = NULL;

        if (asprintf(&near, "%s/%s", self, keeper_places[i]) < 0)
            return -ENOMEM;
        *path = realpath(near, NULL);
        if (*path)
            return 0;
    }
    *path = strdup(CLUSTRIXFS_KEEPER);
    return *path ? 0 : -ENOMEM;
}

static int load_config(const struct options *o, struct config **cp, struct error *e)
{
    _cleanup_(freep) char *keeper = NULL;
    struct config_source source = options_source(o);
    int r = find_keeper(&keeper);

    return r < 0 ? r : config_load_source(cp, o->config, o->state_dir, keeper, &source, e);
}

static int load_config_for(const struct options *o, const char *mountpoint, struct config **cp,
                           struct error *e)
{
    _cleanup_(freep) char *state = NULL;
    int r = load_config(o, cp, e);

    if (r < 0)
        return r;
    state = realpath((*cp)->state_dir, NULL);
    if (state && path_is_within(state, mountpoint))
        return error_set(e, -EINVAL,
                         "the state directory %s would be hidden by the mount on %s: choose "
                         "another with -o state=DIR",
                         state, mountpoint);
    return 0;
}

static const struct service_person person = { .ask = ask_person, .tell = tell_person };

static int accept_hostkey(const struct options *o, struct error *e)
{
    _cleanup_(configp) struct config *c = NULL;
    int r = load_config(o, &c, e);

    return r < 0 ? r : service_accept_hostkey(c, &person, e);
}

/* A job for those who wait, to be told of it later. */
struct later {
    struct mount *mount;
    job_id        id;
};

static void tell_waiters(void *arg)
{
    _cleanup_(freep) struct later *later = arg;

    waiters_change(later->mount->waiters, later->id, CHANGE_JOB_STATE);
}

/* Who waited for its end and then looks must not find it where it was. */
static bool wait_later(struct mount *m, job_id id)
{
    struct later *later = waiters_any(m->waiters) ? malloc(sizeof(*later)) : NULL;

    if (!later)
        return false;
    *later = (struct later){ m, id };
    notify_then(m->notify, tell_waiters, later);
    return true;
}

static void on_change(void *arg, job_id id, unsigned what)
{
    struct mount *m = arg;
    struct job_brief b = { 0 };
    bool is_lent = notify_change(m->notify, id, what);

    /* Nobody waits for files; and see service_brief(). */
    if (what & ~(unsigned)CHANGE_JOB_FILES && !(is_lent && wait_later(m, id)))
        waiters_change(m->waiters, id, what);
    if (id && JOB_ELEMENT(id) == 0 && what & (CHANGE_JOB_STATE | CHANGE_JOB_GONE) &&
        (!service_brief(m->service, id, &b) || job_ended(b.state)))
        grow_end(m->grow, id);
}

/* A daemon that was just killed holds its lock until the kernel has taken it to pieces. */
static int open_service(struct mount *m, const struct config *c, struct error *e)
{
    int64_t until = clock_mono_ns() + LOCK_WAIT_NS;
    int r = service_open(&m->service, c, e);

    while (r == -EBUSY && clock_mono_ns() < until) {
        nanosleep(&(struct timespec){ .tv_nsec = 20 * NS_PER_MS }, NULL);
        r = service_open(&m->service, c, e);
    }
    return r;
}

static int open_rooms(struct mount *m, const struct config *c, struct error *e)
{
    int r;

    r = open_service(m, c, e);
    if (r < 0)
        return r;
    r = tree_open(&m->tree);
    if (r == 0)
        r = pool_open(&m->pool, POOL_THREADS);
    if (r == 0)
        r = waiters_open(&m->waiters, m);
    if (r == 0)
        r = raiser_open(&m->raiser, m);
    if (r == 0)
        r = lent_open(&m->lent);
    if (r == 0)
        r = notify_open(&m->notify, m);
    if (r == 0)
        r = grow_open(&m->grow, m);
    if (r == 0)
        r = drafts_open(&m->drafts, m);
    if (r == 0)
        r = pass_open(&m->pass, m);
    if (r < 0)
        return error_set(e, r, "cannot start: %s", strerror(-r));
    service_watch(m->service, on_change, m);
    return 0;
}

/*
 * Reads of far files are answered while there is a pool; and when service_close() returns nobody
 * calls back any more: only then may what is called go.
 */
static void close_rooms(struct mount *m)
{
    drafts_close(m->drafts);
    if (m->service)
        service_far_stop(m->service);
    pool_close(m->pool);
    pass_close(m->pass);
    service_close(m->service);
    grow_close(m->grow);
    notify_close(m->notify);
    lent_close(m->lent);
    raiser_close(m->raiser);
    waiters_close(m->waiters);
    tree_close(m->tree);
}

static int add_fuse_arguments(struct options *o, struct error *e)
{
    int r = fuse_opt_add_arg(&o->fuse, "-ofsname=" FS_NAME ",subtype=" FS_NAME
                                       ",default_permissions");

    if (r == 0 && o->debug)
        r = fuse_opt_add_arg(&o->fuse, "-d");
    return r == 0 ? 0 : error_set(e, -ENOMEM, "out of memory");
}

static int open_mount(struct mount *m, struct options *o, const char *mountpoint, struct error *e)
{
    int r = add_fuse_arguments(o, e);

    if (r < 0)
        return r;
    m->session = fuse_session_new(&o->fuse, &ops, sizeof(ops), m);
    if (!m->session)
        return error_set(e, -EINVAL, "libfuse does not take these options: clustrixfs -h lists "
                                     "those that there are");
    if (fuse_session_mount(m->session, mountpoint) != 0)
        return error_set(e, -EIO,
                         "cannot mount on %s: see the message above, and whether /dev/fuse is "
                         "there and yours to use",
                         mountpoint);
    return 0;
}

static void close_mount(struct mount *m)
{
    if (!m->session)
        return;
    fuse_session_unmount(m->session);
    fuse_session_destroy(m->session);
}

/* From opening to closing; `ready` is -1 in the foreground. */
static int serve(struct options *o, const struct config *c, const char *mountpoint, int ready,
                 struct error *e)
{
    struct mount m = {
        .uid = getuid(), .gid = getgid(), .max_read = o->max_read, .born_ns = clock_now_ns(),
        .state_dir = c->state_dir,
    };
    _cleanup_(freep) char *log = NULL;
    int r;

    if (asprintf(&log, "%s/log", c->state_dir) < 0)
        return error_set(e, -ENOMEM, "out of memory");
    r = log_open(ready < 0 ? NULL : log, o->debug ? LOG_DEBUG : LOG_INFO);
    if (r < 0)
        return error_set(e, r, "%s: %s", log, strerror(-r));
    r = open_rooms(&m, c, e);
    if (r == 0)
        r = open_mount(&m, o, mountpoint, e);
    if (r == 0) {
        log_line(LOG_INFO, "mounted on %s, state in %s", mountpoint, c->state_dir);
        if (ready >= 0)
            daemon_ready(ready, log);
        r = loop_run(&m, mountpoint, e);
    }
    close_rooms(&m);
    close_mount(&m);
    return r;
}

static int run(struct options *o, struct error *e)
{
    _cleanup_(configp) struct config *c = NULL;
    _cleanup_(freep) char *mountpoint = NULL;
    int ready = -1, r;

    r = mountpoint_prepare(o->mountpoint, o->nonempty, &mountpoint, e);
    if (r == 0)
        r = load_config_for(o, mountpoint, &c, e);
    if (r == 0)
        r = service_meet(c, &person, e);
    if (r == 0 && !o->foreground && !o->debug)
        r = daemon_begin(&ready, e);
    if (r < 0)
        return r;
    umask(077);
    if (chdir("/") < 0)
        return error_set(e, -errno, "cannot go to /: %s", strerror(errno));
    loop_block_signals();
    return serve(o, c, mountpoint, ready, e);
}

int main(int argc, char **argv)
{
    _cleanup_(optionsp) struct options o = { 0 };
    struct error e = ERROR_INIT;
    int r = home_settle();

    if (r == 0)
        r = options_parse(&o, argc, argv, &e);
    if (r == 0 && o.help)
        options_help();
    else if (r == 0 && o.version)
        options_version();
    else if (r == 0 && o.accept_hostkey)
        r = accept_hostkey(&o, &e);
    else if (r == 0)
        r = run(&o, &e);
    if (r < 0)
        fprintf(stderr, "clustrixfs: %s\n", e.text[0] ? e.text : strerror(-r));
    return r < 0 ? 1 : 0;
}
