/*
 * loop.c - takes the kernel's requests, one after the other
 *
 * One thread, on purpose: the kernel queues the release of a file before close() returns and hands
 * requests out in order, so a job is there for every look at the tree that comes after the
 * program that wrote its spec. With several threads that holds only most of the time.
 *
 * Signals come through a descriptor: a handler would need a global, and could come between the
 * look at its flag and the wait.
 */
#include "fs/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clustrixfs/clock.h"
#include "clustrixfs/log.h"
#include "fs/fuse.h"
#include "fs/lent.h"
#include "fs/mount.h"
#include "fs/mountpoint.h"
#include "fs/notify.h"
#include "fs/raise.h"
#include "fs/waiters.h"

/* For how long requests are still taken after a signal, if they do not stop coming. */
#define LAST_REQUESTS_NS (1 * NS_PER_S)

enum { REQUESTS, SIGNALS, MOUNTS, SOURCES };

struct loop {
    struct mount   *mount;
    struct fuse_buf buf;
    struct pollfd   sources[SOURCES];
    int             mounts; /* /proc/self/mountinfo: polls readable when a mount comes or goes */
    char            device[MOUNT_DEVICE_MAX];
};

static void stop_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
}

void loop_block_signals(void)
{
    sigset_t set;

    stop_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    /* A reader that goes away is an errno, not the end. */
    signal(SIGPIPE, SIG_IGN);
}

/* One request, if there is one. */
static void take_request(struct loop *l)
{
    if (fuse_session_receive_buf(l->mount->session, &l->buf) > 0)
        fuse_session_process_buf(l->mount->session, &l->buf);
    lent_answered(l->mount->lent);
}

/*
 * `fusermount3 -u -z` takes the mount out of sight while files of it are open: then those who wait
 * in one of them would wait for ever, and we for them.
 */
static void check_mounts(struct loop *l)
{
    if (mountpoint_is_seen(l->device))
        return;
    log_line(LOG_INFO, "unmounted: ending when the last open file is closed");
    waiters_stop(l->mount->waiters);
}

static void take_all(struct loop *l)
{
    while (!fuse_session_exited(l->mount->session)) {
        /* Nobody else's mounts wake us while nobody waits. */
        l->sources[MOUNTS].fd = waiters_any(l->mount->waiters) ? l->mounts : -1;
        if (poll(l->sources, SOURCES, -1) < 0)
            continue;
        if (l->sources[SIGNALS].revents)
            return;
        if (l->sources[REQUESTS].revents)
            take_request(l);
        if (l->sources[MOUNTS].revents)
            check_mounts(l);
    }
}

/*
 * Answer what was asked before we were told to stop, most of all the releases that submit a job.
 * And keep answering until the notifier is done: it may be inside the kernel, waiting for a
 * directory that is locked until we have answered something.
 */
static void take_last(struct loop *l)
{
    int64_t until = clock_mono_ns() + LAST_REQUESTS_NS;
    struct pollfd fds[] = {
        { .fd = l->sources[REQUESTS].fd, .events = POLLIN },
        { .fd = notify_fd(l->mount->notify), .events = POLLIN },
    };

    while (!fuse_session_exited(l->mount->session)) {
        bool is_notified = fds[1].revents != 0;

        if (poll(fds, 2, is_notified ? 0 : -1) < 0)
            continue;
        if (is_notified && (!fds[0].revents || clock_mono_ns() > until))
            return;
        if (fds[0].revents)
            take_request(l);
    }
}

static int open_sources(struct loop *l, const char *mountpoint, struct error *e)
{
    int requests = fuse_session_fd(l->mount->session);
    sigset_t set;

    stop_signals(&set);
    l->sources[REQUESTS] = (struct pollfd){ .fd = requests, .events = POLLIN };
    l->sources[SIGNALS] =
        (struct pollfd){ .fd = signalfd(-1, &set, SFD_CLOEXEC), .events = POLLIN };
    l->sources[MOUNTS] = (struct pollfd){ .fd = -1, .events = POLLPRI };
    if (l->sources[SIGNALS].fd < 0)
        return error_set(e, -errno, "cannot listen for signals: %s", strerror(errno));
    /* A request may be gone between poll() and read(): then read() must not wait for the next. */
    if (fcntl(requests, F_SETFL, fcntl(requests, F_GETFL) | O_NONBLOCK) < 0)
        return error_set(e, -errno, "cannot set up the connection to FUSE: %s", strerror(errno));
    if (mountpoint_device(mountpoint, l->device)) {
        raiser_mounted(l->mount->raiser, mountpoint, l->device);
        l->mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    }
    return 0;
}

int loop_run(struct mount *m, const char *mountpoint, struct error *e)
{
    struct loop l = { .mount = m, .mounts = -1 };
    int r = open_sources(&l, mountpoint, e);

    if (r == 0)
        take_all(&l);
    waiters_stop(m->waiters);
    notify_stop(m->notify);
    if (r == 0)
        take_last(&l);
    if (l.sources[SIGNALS].fd >= 0)
        close(l.sources[SIGNALS].fd);
    if (l.mounts >= 0)
        close(l.mounts);
    free(l.buf.mem);
    return r;
}
