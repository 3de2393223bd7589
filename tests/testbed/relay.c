/*
 * relay.c - a TCP relay with a delay: loopback becomes a link to another town
 *
 * `relay LISTEN-PORT TARGET-PORT [DELAY-MS]`, on 127.0.0.1. What arrives on one side leaves on the
 * other DELAY-MS later (10: a round trip takes 20 ms); a new connection takes its round trip, too.
 * It says "ready PORT" when it listens; 0 asks for any free port. SIGUSR1 stops all forwarding, as
 * when packets get lost ("stopped"), SIGUSR2 goes on ("going on"), SIGHUP resets every connection
 * ("reset").
 *
 * The idea: each direction is a ring of bytes and a ring of marks "bytes up to here leave at that
 * time". A read appends a mark, a write goes up to the last mark that is due; no byte is moved or
 * looked at. A full ring is not read from, so TCP holds the sender back.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { RING = 64 << 20, MARKS = 1 << 14, READ_MAX = 1 << 20, PAIRS_MAX = 256 };

struct flow {
    uint64_t in, out;     /* bytes read and written */
    uint64_t first, last; /* the marks in [first, last) are in use */
    int64_t end_due;      /* when the end of the stream leaves, in ns; 0: it was not seen */
    bool ended;
    struct {
        uint64_t end; /* bytes before this one leave ... */
        int64_t due;  /* ... from this time on */
    } marks[MARKS];
    uint8_t ring[RING]; /* calloc() maps its pages, which cost nothing until they are used */
};

/* A connection: side 0 is the client's socket, 1 the target's; flow i comes from side i. */
struct pair {
    int fd[2];
    int64_t open_due; /* when the handshake reaches the target; 0: it has */
    struct flow flow[2];
};

struct relay {
    int listener, signals;
    struct sockaddr_in target;
    int64_t delay;
    bool stopped;
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

static void pair_close(struct relay *r, int i)
{
    close(r->pairs[i]->fd[0]);
    close(r->pairs[i]->fd[1]);
    free(r->pairs[i]);
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
    for (int side = 0; side < 2; side++)
        setsockopt(p->fd[side], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    p->open_due = now() + 3 * r->delay;
    r->pairs[r->count++] = p;
}

static size_t room(const struct flow *f)
{
    uint64_t size = RING - (f->in - f->out), to_wrap = RING - f->in % RING;

    if (f->last - f->first == MARKS || f->end_due)
        return 0;
    size = size < to_wrap ? size : to_wrap;
    return size < READ_MAX ? size : READ_MAX;
}

/* -> false: the connection is broken. */
static bool flow_read(struct flow *f, int fd, int64_t due)
{
    size_t size = room(f);
    ssize_t n = size ? read(fd, f->ring + f->in % RING, size) : -1;

    if (n > 0) {
        f->in += n;
        f->marks[f->last % MARKS].end = f->in;
        f->marks[f->last++ % MARKS].due = due;
    } else if (n == 0) {
        f->end_due = due;
    }
    return n >= 0 || !size || errno == EAGAIN;
}

static bool flow_write(struct flow *f, int fd, int64_t t)
{
    uint64_t end = f->out, to_wrap = RING - f->out % RING;
    ssize_t n = 0;

    for (uint64_t m = f->first; m < f->last && f->marks[m % MARKS].due <= t; m++)
        end = f->marks[m % MARKS].end;
    if (end > f->out + to_wrap)
        end = f->out + to_wrap;
    if (end > f->out)
        n = send(fd, f->ring + f->out % RING, end - f->out, MSG_NOSIGNAL);
    if (n < 0)
        return errno == EAGAIN;
    f->out += n;
    while (f->first < f->last && f->marks[f->first % MARKS].end <= f->out)
        f->first++;
    if (f->out == f->in) /* again from the pages that are in memory */
        f->in = f->out = 0;
    if (f->out == f->in && f->end_due && f->end_due <= t && !f->ended) {
        shutdown(fd, SHUT_WR);
        f->ended = true;
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

/* What the client has said up to here has come along with the end of the handshake. */
static bool pair_connect(struct relay *r, struct pair *p, int64_t t)
{
    p->open_due = 0;
    if (connect(p->fd[1], (struct sockaddr *)&r->target, sizeof(r->target)) < 0 &&
        errno != EINPROGRESS)
        return false;
    return flow_read(&p->flow[0], p->fd[0], t);
}

/* -> false when there is nothing left to do. */
static bool pair_work(struct relay *r, struct pair *p, const struct pollfd *fds)
{
    int64_t t = now();

    if (p->open_due)
        return p->open_due > t || pair_connect(r, p, t);
    for (int side = 0; side < 2; side++) {
        struct flow *f = &p->flow[side];

        if (fds[side].revents && !flow_read(f, p->fd[side], t + r->delay))
            return false;
        if (flow_due(f) <= t && !flow_write(f, p->fd[!side], t))
            return false;
    }
    return !p->flow[0].ended || !p->flow[1].ended;
}

/* Fills in what to wait for -> until when. What is due but is not written yet waits for its
 * receiver; and a descriptor that nothing is wanted from is left out, as it could be hung up. */
static int64_t pair_wait(const struct pair *p, struct pollfd *fds, int64_t t)
{
    int64_t due = p->open_due ? p->open_due : INT64_MAX;

    fds[0] = fds[1] = (struct pollfd){0};
    for (int side = 0; side < 2 && !p->open_due; side++) {
        int64_t d = flow_due(&p->flow[side]);

        fds[side].events |= room(&p->flow[side]) ? POLLIN : 0;
        fds[!side].events |= d <= t ? POLLOUT : 0;
        due = d > t && d < due ? d : due;
    }
    for (int side = 0; side < 2; side++)
        fds[side].fd = fds[side].events ? p->fd[side] : -1;
    return due;
}

static void reset_all(struct relay *r)
{
    struct linger reset = {.l_onoff = 1};

    while (r->count) {
        for (int side = 0; side < 2; side++)
            setsockopt(r->pairs[0]->fd[side], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        pair_close(r, 0);
    }
}

static void on_signal(struct relay *r)
{
    struct signalfd_siginfo s = {0};

    if (read(r->signals, &s, sizeof(s)) != sizeof(s))
        return;
    if (s.ssi_signo == SIGHUP)
        reset_all(r);
    else
        r->stopped = s.ssi_signo == SIGUSR1;
    puts(s.ssi_signo == SIGHUP ? "reset" : r->stopped ? "stopped" : "going on");
}

static void turn(struct relay *r)
{
    int count = r->stopped ? 0 : r->count;
    struct pollfd fds[2 + 2 * PAIRS_MAX] = {{.fd = r->signals, .events = POLLIN}};
    int64_t t = now(), due = INT64_MAX;
    struct timespec timeout;

    fds[1].fd = r->stopped || count == PAIRS_MAX ? -1 : r->listener;
    fds[1].events = POLLIN;
    for (int i = 0; i < count; i++) {
        int64_t d = pair_wait(r->pairs[i], fds + 2 + 2 * i, t);

        due = d < due ? d : due;
    }
    timeout.tv_sec = (due - t) / 1000000000;
    timeout.tv_nsec = (due - t) % 1000000000;
    if (due < t)
        timeout = (struct timespec){0};
    if (ppoll(fds, 2 + 2 * count, &timeout, NULL) < 0)
        die("ppoll");
    for (int i = count - 1; i >= 0; i--) /* from the end: closing moves the last one down */
        if (!pair_work(r, r->pairs[i], fds + 2 + 2 * i))
            pair_close(r, i);
    if (fds[1].revents)
        pair_accept(r);
    if (fds[0].revents)
        on_signal(r);
}

/* Says which port it has become. */
static int listen_at(struct sockaddr_in at)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    socklen_t size = sizeof(at);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 64) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &size) < 0)
        die("listen");
    printf("ready %d\n", ntohs(at.sin_port));
    return fd;
}

int main(int argc, char **argv)
{
    struct relay r = {.delay = (argc > 3 ? atoi(argv[3]) : 10) * 1000000LL};
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    sigset_t set;

    if (argc < 3 || argc > 4 || r.delay < 0) {
        fprintf(stderr, "usage: relay LISTEN-PORT TARGET-PORT [ONE-WAY-DELAY-IN-MS]\n");
        return 2;
    }
    setlinebuf(stdout);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    r.signals = signalfd(-1, &set, SFD_CLOEXEC);
    r.target = here;
    r.target.sin_port = htons(atoi(argv[2]));
    here.sin_port = htons(atoi(argv[1]));
    r.listener = listen_at(here);
    for (;;)
        turn(&r);
}
