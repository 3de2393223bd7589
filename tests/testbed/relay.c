/*
 * relay.c - a TCP relay with a delay: loopback becomes a link to another town
 *
 * `relay LISTEN-PORT TARGET-PORT [DELAY-MS]`, on 127.0.0.1. What arrives on one side leaves on the
 * other DELAY-MS later (10: a round trip takes 20 ms). Making a connection costs one round trip, as
 * it does on a link. SIGUSR1 stops all forwarding, as when packets get lost, SIGUSR2 goes on, SIGHUP
 * closes every connection. It says "ready" when it listens.
 *
 * The idea: each direction is a ring of bytes and a ring of marks "bytes up to here leave at that
 * time". A read appends a mark, a write goes up to the last mark that is due; no byte is moved or
 * looked at. A full ring is not read from, so TCP holds the sender back.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    RING = 64 << 20,  /* bytes on their way in one direction; a power of two */
    MARKS = 1 << 14,  /* a power of two */
    READ_MAX = 1 << 20,
    PAIRS_MAX = 256,
};

struct mark {
    uint64_t end; /* bytes before this one leave ... */
    int64_t due;  /* ... from this time on, in ns */
};

struct flow {
    uint8_t *ring;
    struct mark *marks;
    uint64_t in, out;         /* bytes ever read and written */
    uint64_t first, last;     /* marks in [first, last) are in use */
    int64_t end_due;          /* when the end of the stream leaves, 0: not seen */
    bool ended;
};

/* A connection: side 0 is the client's socket, 1 the target's; flow i comes from side i. */
struct pair {
    int fd[2];
    int64_t open_due; /* the third packet of the handshake is there; 0 when that is over */
    struct flow flow[2];
};

struct relay {
    int listener, signals;
    struct sockaddr_in target;
    int64_t delay;
    bool stopped, resetting;
    int count;
    struct pair *pairs[PAIRS_MAX];
};

static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "relay: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* The pages of a ring that stays nearly empty are never touched, so they cost nothing. */
static void *pages(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (p == MAP_FAILED)
        die("mmap");
    return p;
}

/* With a reset, as by a firewall that has forgotten about it. */
static void pair_close(struct relay *r, int i)
{
    struct linger reset = {.l_onoff = r->resetting};
    struct pair *p = r->pairs[i];

    for (int side = 0; side < 2; side++) {
        setsockopt(p->fd[side], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        close(p->fd[side]);
        munmap(p->flow[side].ring, RING);
        munmap(p->flow[side].marks, MARKS * sizeof(struct mark));
    }
    free(p);
    r->pairs[i] = r->pairs[--r->count];
}

static void pair_accept(struct relay *r)
{
    int fd = accept4(r->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
    struct pair *p;

    if (fd < 0)
        return;
    p = calloc(1, sizeof(*p));
    if (!p)
        die("calloc");
    p->fd[0] = fd;
    p->fd[1] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->fd[1] < 0)
        die("socket");
    p->open_due = now() + 3 * r->delay;
    for (int side = 0; side < 2; side++) {
        setsockopt(p->fd[side], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        p->flow[side].ring = pages(RING);
        p->flow[side].marks = pages(MARKS * sizeof(struct mark));
    }
    r->pairs[r->count++] = p;
}

static size_t room(const struct flow *f)
{
    uint64_t at = f->in % RING, used = f->in - f->out, size = RING - used;

    if (f->last - f->first == MARKS || f->end_due)
        return 0;
    if (size > RING - at)
        size = RING - at;
    return size < READ_MAX ? size : READ_MAX;
}

static bool flow_read(struct flow *f, int fd, int64_t due)
{
    size_t size = room(f);
    ssize_t n = size ? read(fd, f->ring + f->in % RING, size) : -1;

    if (n > 0) {
        f->in += n;
        f->marks[f->last++ % MARKS] = (struct mark){.end = f->in, .due = due};
        return true;
    }
    if (n == 0)
        f->end_due = due;
    return n == 0 || !size || errno == EAGAIN || errno == EINTR;
}

/* What the client has said up to here has come along with the end of the handshake. */
static bool pair_connect(struct relay *r, struct pair *p, int64_t t)
{
    p->open_due = 0;
    if (connect(p->fd[1], (struct sockaddr *)&r->target, sizeof(r->target)) < 0 &&
        errno != EINPROGRESS)
        return false;
    return flow_read(&p->flow[0], p->fd[0], t);
}

/* How far it may be written now. */
static uint64_t due_end(struct flow *f, int64_t t)
{
    uint64_t end = f->out;

    for (uint64_t m = f->first; m < f->last && f->marks[m % MARKS].due <= t; m++)
        end = f->marks[m % MARKS].end;
    return end;
}

static bool flow_write(struct flow *f, int fd, int64_t t)
{
    uint64_t end = due_end(f, t), at = f->out % RING;
    size_t size = end - f->out;
    ssize_t n;

    if (size > RING - at)
        size = RING - at;
    n = size ? send(fd, f->ring + at, size, MSG_NOSIGNAL) : 0;
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    f->out += n;
    while (f->first < f->last && f->marks[f->first % MARKS].end <= f->out)
        f->first++;
    if (f->out == f->in) /* again from the pages that are in memory */
        f->in = f->out = 0;
    if (f->end_due && f->out == f->in && f->end_due <= t && !f->ended) {
        f->ended = true;
        shutdown(fd, SHUT_WR);
    }
    return true;
}

/* When this flow has something to do that no descriptor tells of. */
static int64_t flow_due(const struct flow *f)
{
    if (f->first < f->last)
        return f->marks[f->first % MARKS].due;
    return f->end_due && !f->ended ? f->end_due : INT64_MAX;
}

/* -> false when there is nothing left to do. */
static bool pair_work(struct relay *r, struct pair *p, const struct pollfd *fds)
{
    int64_t t = now();

    if (p->open_due)
        return p->open_due > t || pair_connect(r, p, t);
    for (int side = 0; side < 2; side++) {
        struct flow *f = &p->flow[side];

        if (fds[side].revents & (POLLIN | POLLHUP | POLLERR))
            if (!flow_read(f, p->fd[side], t + r->delay))
                return false;
        if (flow_due(f) <= t && !flow_write(f, p->fd[!side], t))
            return false;
    }
    return !(p->flow[0].ended && p->flow[1].ended);
}

/* What to wait for; what is due and was not written waits for its receiver, not for the clock. */
static int64_t pair_wait(const struct pair *p, struct pollfd *fds, int64_t t)
{
    int64_t due = INT64_MAX;

    fds[0].events = fds[1].events = 0;
    for (int side = 0; side < 2 && !p->open_due; side++) {
        int64_t d = flow_due(&p->flow[side]);

        if (room(&p->flow[side]))
            fds[side].events |= POLLIN;
        if (d <= t)
            fds[!side].events |= POLLOUT;
        else if (d < due)
            due = d;
    }
    for (int side = 0; side < 2; side++)
        fds[side].fd = fds[side].events ? p->fd[side] : -1;
    return p->open_due ? p->open_due : due;
}

static void on_signal(struct relay *r)
{
    struct signalfd_siginfo s;

    if (read(r->signals, &s, sizeof(s)) != sizeof(s))
        return;
    if (s.ssi_signo == SIGHUP) {
        r->resetting = true;
        while (r->count)
            pair_close(r, r->count - 1);
        r->resetting = false;
        puts("closed");
    } else {
        r->stopped = s.ssi_signo == SIGUSR1;
        puts(r->stopped ? "stopped" : "going on");
    }
}

static void turn(struct relay *r)
{
    struct pollfd fds[2 + 2 * PAIRS_MAX] = {{.fd = r->signals, .events = POLLIN}};
    int64_t t = now(), due = INT64_MAX, wait;
    int count = r->stopped ? 0 : r->count;
    struct timespec timeout;

    fds[1] = (struct pollfd){.fd = r->stopped || count == PAIRS_MAX ? -1 : r->listener,
                             .events = POLLIN};
    for (int i = 0; i < count; i++) {
        int64_t d = pair_wait(r->pairs[i], fds + 2 + 2 * i, t);

        due = d < due ? d : due;
    }
    wait = due > t ? due - t : 0;
    timeout = (struct timespec){.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
    if (ppoll(fds, 2 + 2 * count, due == INT64_MAX ? NULL : &timeout, NULL) < 0)
        return;
    for (int i = count - 1; i >= 0; i--) /* from the end: closing moves the last one down */
        if (!pair_work(r, r->pairs[i], fds + 2 + 2 * i))
            pair_close(r, i);
    if (fds[1].revents)
        pair_accept(r);
    if (fds[0].revents)
        on_signal(r);
}

int main(int argc, char **argv)
{
    struct sockaddr_in here = {.sin_family = AF_INET};
    struct relay r = {.delay = (argc > 3 ? atoi(argv[3]) : 10) * 1000000LL};
    sigset_t set;
    int one = 1;

    if (argc < 3 || argc > 4 || atoi(argv[1]) < 1 || atoi(argv[2]) < 1 || r.delay < 0) {
        fprintf(stderr, "usage: relay LISTEN-PORT TARGET-PORT [ONE-WAY-DELAY-IN-MS]\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    r.signals = signalfd(-1, &set, SFD_CLOEXEC);
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    r.target = here;
    here.sin_port = htons(atoi(argv[1]));
    r.target.sin_port = htons(atoi(argv[2]));
    r.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(r.listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(r.listener, (struct sockaddr *)&here, sizeof(here)) < 0 || listen(r.listener, 64) < 0)
        die("listen");
    puts("ready");
    for (;;)
        turn(&r);
}
